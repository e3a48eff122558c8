/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	dns - one question to the resolvers of /etc/resolv.conf, with what DNSSEC says of the answer
 *
 *	dns_ask(&arena, "example.com", DNS_MX, 5, &answer, &err)
 *
 * ERRORS
 *	No usable answer: no resolver, none in time, SERVFAIL (which a validating resolver also says of
 *	forged answers). That a name or a type does not exist is an answer: n == 0.
 *
 * LIMITS
 *	"secure" is the word of the resolver (AD bit), and worth as much as the way to it.
 *	Of a negative answer the library does not tell whether it was secure.
 *
 * SOURCES
 *	resolver(3), RES_TRUSTAD in resolv.conf(5); RFC 4035 §3.2.3, RFC 6698 §2.1.
 */
#ifndef BASE_DNS_H
#define BASE_DNS_H

#include "base/arena.h"
#include "base/err.h"

enum dns_type { DNS_NS = 2, DNS_MX = 15, DNS_TLSA = 52 };

struct dns_answer {
	bool secure; /* the resolver has validated it */
	size_t n;    /* records of the type; for a TLSA only usable ones (DANE-TA, DANE-EE) */
	const char **names; /* MX: the hosts, lower case; "" for the root. Else NULL */
};

bool dns_ask(struct arena *a, const char *name, enum dns_type type, int timeout_s,
	     struct dns_answer *answer_r, struct err *err) MUST_CHECK;

/* Takes a message apart as it came over the network; for dns_ask() and tests. */
bool dns_parse(struct arena *a, const unsigned char *message, size_t n, enum dns_type type,
	       struct dns_answer *answer_r, struct err *err) MUST_CHECK;

#endif
