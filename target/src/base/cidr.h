/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	cidr - networks as numbers: parse, print, contain
 *
 * SOURCES
 *	RFC 4632 §3.1; RFC 4291 §2.3; RFC 5952 (as inet_ntop(3) prints).
 */
#ifndef BASE_CIDR_H
#define BASE_CIDR_H

struct arena;

struct cidr {
	int family; /* AF_INET, AF_INET6 */
	unsigned char bytes[16];
	unsigned bits; /* length of the prefix */
};

/* "192.0.2.0/24", "192.0.2.1", "2001:db8::/32"; "[2001:db8::]/32" as Postfix writes it. Bits behind
 * the prefix are cleared. */
bool cidr_parse(const char *text, struct cidr *out) MUST_CHECK;
/* Whether there are bits behind the prefix: "192.0.2.7/24". False for what is no network. */
bool cidr_has_host_bits(const char *text);
/* From a socket address and its mask (NULL: the address alone); false for other families. */
struct sockaddr;
bool cidr_from_sockaddr(const struct sockaddr *address, const struct sockaddr *mask,
			struct cidr *out) MUST_CHECK;
/* Whether every address of b is one of a. */
bool cidr_contains(const struct cidr *a, const struct cidr *b);
bool cidr_equal(const struct cidr *a, const struct cidr *b);
/* "192.0.2.0/24", "2001:db8::/32"; with brackets: "[2001:db8::]/32". */
const char *cidr_text(struct arena *a, const struct cidr *c, bool brackets);
/* The address alone. */
const char *cidr_address(struct arena *a, const struct cidr *c);

#endif
