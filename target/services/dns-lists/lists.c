/* SPDX-License-Identifier: MIT */
/*
 * 127.255.255.Y is what lists answer to resolvers that they do not serve; other addresses outside
 * 127.0.0.0/16 come from domains that were sold, and from resolvers that find every name.
 */
#include "dns-lists/lists.h"

#include <arpa/inet.h>
#include <netdb.h>

#include "base/file.h"

#define FILE_MAX 65536
#define LOOPBACK_16 0x7f000000u
#define REFUSING_24 0x7fffff00u

static uint32_t number_of(struct in_addr address)
{
	return ntohl(address.s_addr);
}

static bool means_listed(const struct dns_list *list, struct in_addr address)
{
	uint32_t x = number_of(address);

	return (x & 0xffff0000u) == LOOPBACK_16 && (x & 0xffu) >= (uint32_t)list->low &&
	       (x & 0xffu) <= (uint32_t)list->high;
}

static bool is_refusing(struct in_addr address)
{
	return (number_of(address) & 0xffffff00u) == REFUSING_24;
}

static const char *text_of(struct in_addr address, char out[INET_ADDRSTRLEN])
{
	return inet_ntop(AF_INET, &address, out, INET_ADDRSTRLEN);
}

/* "No such name" is an answer. */
static bool is_silent(const struct dns_answer *x)
{
	return x->error != 0 && x->error != EAI_NONAME && x->error != EAI_NODATA;
}

void dns_list_judge(const struct dns_list *list, const struct dns_answer *listed,
		    const struct dns_answer *unlisted, char *why_r, size_t size)
{
	const struct dns_answer *both[] = { listed, unlisted };
	bool knows_entry = false;
	char text[INET_ADDRSTRLEN];

	why_r[0] = '\0';
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < both[k]->n; i++)
			if (is_refusing(both[k]->address[i])) {
				(void)snprintf(
					why_r, size,
					"it refuses questions from this resolver (answer %s): "
					"lists want a resolver of your own",
					text_of(both[k]->address[i], text));
				return;
			}
	for (size_t i = 0; i < listed->n; i++)
		knows_entry |= means_listed(list, listed->address[i]);
	if (is_silent(listed) || is_silent(unlisted))
		(void)snprintf(why_r, size, "it does not answer (%s)",
			       gai_strerror(is_silent(listed) ? listed->error : unlisted->error));
	else if (unlisted->n > 0)
		(void)snprintf(
			why_r, size,
			"it lists 127.0.0.1, which no list may (answer %s): it would list everybody",
			text_of(unlisted->address[0], text));
	else if (listed->n > 0 && !knows_entry)
		(void)snprintf(why_r, size, "it answers %s about its test entry 127.0.0.2",
			       text_of(listed->address[0], text));
	else if (!knows_entry)
		(void)snprintf(why_r, size,
			       "it does not list its test entry 127.0.0.2: it would list nobody");
}

bool dns_lists_parse(struct arena *a, struct str text, struct dns_list_vec *out, struct err *err)
{
	struct str line, domain, rest, low, high;

	while (str_next_line(&text, &line)) {
		struct dns_list x;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (!str_split(line, ' ', &domain, &rest) || domain.n == 0 ||
		    !str_split(rest, ' ', &low, &high) ||
		    !parse_int64(str_dup(a, low), 0, 255, &x.low) ||
		    !parse_int64(str_dup(a, high), 0, 255, &x.high) || x.low > x.high)
			return err_set(err, ERR_DATA, "bad line '%.*s'", (int)line.n, line.p);
		x.domain = str_dup(a, domain);
		*VEC_PUSH(a, out) = x;
	}
	return true;
}

void dns_lists_off_read(struct arena *a, const char *path, struct dns_list_off_vec *out)
{
	struct err ignored = ERR_INIT;
	struct str rest, line, domain, why;
	char *text;

	if (!file_read(a, path, FILE_MAX, &text, NULL, &ignored))
		return;
	rest = str_from(text);
	while (str_next_line(&rest, &line))
		if (str_split(line, ' ', &domain, &why) && domain.n > 0)
			*VEC_PUSH(a, out) =
				(struct dns_list_off){ str_dup(a, domain), str_dup(a, why) };
}

const char *dns_lists_off_why(const struct dns_list_off_vec *off, const char *domain)
{
	for (size_t i = 0; i < off->n; i++)
		if (streq(off->v[i].domain, domain))
			return off->v[i].why;
	return NULL;
}
