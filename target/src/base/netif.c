/* SPDX-License-Identifier: MIT */
#include "base/netif.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/str.h"

#define ROUTES_MAX ((size_t)4 << 20)

static bool is_link_local(const struct cidr *c)
{
	struct cidr v4, v6;

	return (cidr_parse("169.254.0.0/16", &v4) && cidr_contains(&v4, c)) ||
	       (cidr_parse("fe80::/10", &v6) && cidr_contains(&v6, c));
}

bool netif_read(struct arena *a, struct netif_vec *out, struct err *err)
{
	struct ifaddrs *list;

	if (getifaddrs(&list) < 0)
		return err_sys(err, ERR_OS, "ask for network interfaces");
	for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
		struct netif n = { .is_loopback = (i->ifa_flags & IFF_LOOPBACK) != 0 };
		if ((i->ifa_flags & IFF_UP) == 0 ||
		    !cidr_from_sockaddr(i->ifa_addr, NULL, &n.address) ||
		    !cidr_from_sockaddr(i->ifa_addr, i->ifa_netmask, &n.network))
			continue;
		n.name = arena_strdup(a, i->ifa_name);
		n.is_link_local = is_link_local(&n.address);
		*VEC_PUSH(a, out) = n;
	}
	freeifaddrs(list);
	return true;
}

/* Hexadecimal digits, n of them, as bytes in the order in which they stand. */
static bool read_hex(struct str s, unsigned char *out, size_t n)
{
	if (s.n != 2 * n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		const char *digits = "0123456789abcdef";
		const char *at = strchr(digits, tolower((unsigned char)s.p[i]));
		if (at == NULL || *at == '\0')
			return false;
		out[i / 2] = (unsigned char)(out[i / 2] << 4 | (unsigned char)(at - digits));
	}
	return true;
}

static bool all_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* "Iface Destination Gateway …": numbers of 32 bits as the machine holds them. */
void netif_parse_route(struct arena *a, const char *text, struct cidr_vec *out)
{
	struct str rest = str_from(text), line, word;

	while (str_next_line(&rest, &line)) {
		unsigned char fields[2][4] = { { 0 } };
		struct sockaddr_in sa = { .sin_family = AF_INET };
		struct cidr c;
		uint32_t number;
		if (!str_next_word(&line, " \t", &word) || !str_next_word(&line, " \t", &word) ||
		    !read_hex(word, fields[0], 4) || !str_next_word(&line, " \t", &word) ||
		    !read_hex(word, fields[1], 4) || !all_zero(fields[0], 4) ||
		    all_zero(fields[1], 4))
			continue;
		number = (uint32_t)fields[1][0] << 24 | (uint32_t)fields[1][1] << 16 |
			 (uint32_t)fields[1][2] << 8 | fields[1][3];
		memcpy(&sa.sin_addr, &number, sizeof(number));
		if (cidr_from_sockaddr((const struct sockaddr *)(const void *)&sa, NULL, &c))
			*VEC_PUSH(a, out) = c;
	}
}

/* "destination bits source bits gateway …", bytes in network order. */
void netif_parse_ipv6_route(struct arena *a, const char *text, struct cidr_vec *out)
{
	struct str rest = str_from(text), line, words[5];

	while (str_next_line(&rest, &line)) {
		unsigned char destination[16] = { 0 };
		struct cidr c = { .family = AF_INET6, .bits = 128 };
		size_t n = 0;
		while (n < 5 && str_next_word(&line, " \t", &words[n]))
			n++;
		if (n == 5 && str_is(words[1], "00") && read_hex(words[0], destination, 16) &&
		    all_zero(destination, 16) && read_hex(words[4], c.bytes, 16) &&
		    !all_zero(c.bytes, 16))
			*VEC_PUSH(a, out) = c;
	}
}

void netif_gateways(struct arena *a, struct cidr_vec *out)
{
	struct err ignored = ERR_INIT;
	char *text;

	if (file_read(a, "/proc/net/route", ROUTES_MAX, &text, NULL, &ignored))
		netif_parse_route(a, text, out);
	if (file_read(a, "/proc/net/ipv6_route", ROUTES_MAX, &text, NULL, &ignored))
		netif_parse_ipv6_route(a, text, out);
}
