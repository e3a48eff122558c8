/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	idn - domains with letters outside ASCII: "anna@müller.example" → "anna@xn--mller-kva.example"
 *
 * Files and tables hold the ASCII form only; a person may type either.
 *
 * The library is loaded when such a domain is met, and not before: a server that has none carries
 * no Unicode tables.
 *
 * SOURCES
 *	RFC 5890 (A-label, U-label), RFC 5891, UTS #46; libidn2: idn2_lookup_u8(3).
 */
#ifndef BASE_IDN_H
#define BASE_IDN_H

struct arena;

/* The ASCII form of an address, "@domain" or bare name: what stands behind the last "@" is
 * converted when it is not ASCII, the rest stays. Whether the result is an address is for others to
 * say. NULL = done; else why not, as a clause ("has a
 * domain that …"), and *ascii_r is untouched. */
const char *idn_to_ascii(struct arena *a, const char *text, const char **ascii_r) MUST_CHECK;

#endif
