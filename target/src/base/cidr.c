/* SPDX-License-Identifier: MIT */
#include "base/cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

static unsigned family_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

static void clear_host_bits(struct cidr *c)
{
	for (unsigned i = c->bits; i < family_bits(c->family); i++)
		c->bytes[i / 8] &= (unsigned char)~(0x80u >> i % 8);
}

/* "[…]" → "…" */
static bool copy_address(struct str s, char *out, size_t size)
{
	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = (struct str){ s.p + 1, s.n - 2 };
	if (s.n >= size)
		return false;
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return true;
}

bool cidr_parse(const char *text, struct cidr *out)
{
	struct str address = str_from(text), bits;
	bool has_bits = str_split(address, '/', &address, &bits);
	char copy[INET6_ADDRSTRLEN], number[8];
	struct cidr c = { 0 };
	int64_t n;

	if (!copy_address(address, copy, sizeof(copy)))
		return false;
	c.family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(c.family, copy, c.bytes) != 1)
		return false;
	c.bits = family_bits(c.family);
	if (has_bits) {
		if (!copy_address(bits, number, sizeof(number)) ||
		    !parse_int64(number, 0, (int64_t)c.bits, &n))
			return false;
		c.bits = (unsigned)n;
	}
	clear_host_bits(&c);
	*out = c;
	return true;
}

bool cidr_has_host_bits(const char *text)
{
	struct str address = str_from(text), bits;
	char alone[INET6_ADDRSTRLEN + 2]; /* with brackets */
	struct cidr network, host;

	(void)str_split(address, '/', &address, &bits);
	(void)snprintf(alone, sizeof(alone), "%.*s", (int)address.n, address.p);
	return cidr_parse(text, &network) && cidr_parse(alone, &host) &&
	       memcmp(network.bytes, host.bytes, sizeof(host.bytes)) != 0;
}

static const unsigned char *address_bytes(const struct sockaddr *sa)
{
	/* The casts: struct sockaddr stands for the struct of its family. */
	if (sa->sa_family == AF_INET)
		return (const unsigned char *)&((const struct sockaddr_in *)(const void *)sa)
			->sin_addr;
	if (sa->sa_family == AF_INET6)
		return (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)sa)
			->sin6_addr;
	return NULL;
}

bool cidr_from_sockaddr(const struct sockaddr *address, const struct sockaddr *mask,
			struct cidr *out)
{
	const unsigned char *bytes = address ? address_bytes(address) : NULL;
	const unsigned char *mask_bytes = mask ? address_bytes(mask) : NULL;
	struct cidr c = { 0 };

	if (bytes == NULL)
		return false;
	c.family = address->sa_family;
	c.bits = family_bits(c.family);
	memcpy(c.bytes, bytes, c.bits / 8);
	if (mask_bytes) {
		unsigned n = 0;
		while (n < c.bits && (mask_bytes[n / 8] & (0x80u >> n % 8)))
			n++;
		c.bits = n;
	}
	clear_host_bits(&c);
	*out = c;
	return true;
}

bool cidr_contains(const struct cidr *a, const struct cidr *b)
{
	if (a->family != b->family || a->bits > b->bits)
		return false;
	struct cidr cut = *b;
	cut.bits = a->bits;
	clear_host_bits(&cut);
	return memcmp(cut.bytes, a->bytes, sizeof(cut.bytes)) == 0;
}

bool cidr_equal(const struct cidr *a, const struct cidr *b)
{
	return a->bits == b->bits && cidr_contains(a, b);
}

const char *cidr_address(struct arena *a, const struct cidr *c)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(c->family, c->bytes, text, sizeof(text)) == NULL)
		BUG("address of family %d", c->family);
	return arena_strdup(a, text);
}

const char *cidr_text(struct arena *a, const struct cidr *c, bool brackets)
{
	const char *address = cidr_address(a, c);

	return brackets && c->family == AF_INET6 ? arena_printf(a, "[%s]/%u", address, c->bits)
						 : arena_printf(a, "%s/%u", address, c->bits);
}
