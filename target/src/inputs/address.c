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

bool address_is_plain(const struct address_memory *m, const char *address)
{
	size_t n = 0;

	while (is_letter(address[n]) ||
	       ((address[n] == '-' || address[n] == '_' || address[n] == '.') && n > 0 &&
		is_letter(address[n - 1])))
		n++;
	return n > 0 && n <= LOCAL_PLAIN_MAX && address[n] == '@' && address[n - 1] != '.' &&
	       m->domain.n > 0 && strncmp(address + n + 1, m->domain.p, m->domain.n) == 0 &&
	       address[n + 1 + m->domain.n] == '\0';
}

void address_remember(struct address_memory *m, const char *address)
{
	const char *at = strrchr(address, '@');
	struct str domain = at ? str_from(at + 1) : (struct str){ "", 0 };

	if (domain.n <= DOMAIN_PLAIN_MAX)
		m->domain = domain;
}
