/* SPDX-License-Identifier: MIT */
/*
 * Plain: small letters, digits and single "-", "_", "." inside, which need no look at RFC 5321.
 * Longer local parts than 32 bytes are left to the full check, and so the limits of length hold.
 */
#include "inputs/address.h"

#define LOCAL_PLAIN_MAX 32
#define DOMAIN_PLAIN_MAX 190

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static size_t slot_of(struct str domain)
{
	return (size_t)hash_bytes(domain.p, domain.n) % ADDRESS_DOMAINS;
}

static bool is_known(const struct address_memory *m, const char *domain)
{
	struct str s = str_from(domain), known;

	if (s.n == 0)
		return false;
	known = m->domains[slot_of(s)];
	return known.n == s.n && memcmp(known.p, s.p, s.n) == 0;
}

bool address_is_plain(const struct address_memory *m, const char *address)
{
	size_t n = 0;

	while (is_letter(address[n]) ||
	       ((address[n] == '-' || address[n] == '_' || address[n] == '.') && n > 0 &&
		is_letter(address[n - 1])))
		n++;
	return n > 0 && n <= LOCAL_PLAIN_MAX && address[n] == '@' && address[n - 1] != '.' &&
	       is_known(m, address + n + 1);
}

void address_remember(struct address_memory *m, const char *address)
{
	const char *at = strrchr(address, '@');
	struct str domain = at ? str_from(at + 1) : (struct str){ "", 0 };

	if (domain.n > 0 && domain.n <= DOMAIN_PLAIN_MAX)
		m->domains[slot_of(domain)] = domain;
}
