/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	lists - the DNS lists that the MTA asks about clients, and whether one can be believed
 *
 * A list is tested with the entries that each must have and must not have: 127.0.0.2 is listed,
 * 127.0.0.1 is not. One that lists both would refuse everybody, one that lists neither is of no use.
 * Lists that fail are kept, with the reason, in a file of lines "DOMAIN REASON": DNS_LISTS_OFF.
 *
 * OWNERSHIP
 *	Texts live in the arena.
 *
 * SOURCES
 *	RFC 5782 §2.1 (answers), §5 (test entries).
 */
#ifndef SERVICES_DNS_LISTS_LISTS_H
#define SERVICES_DNS_LISTS_LISTS_H

#include <netinet/in.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

#define DNS_LISTS_STATE "/var/mail-state/lib-dns-lists"
#define DNS_LISTS_OFF DNS_LISTS_STATE "/off"
#define DNS_LISTS_NOTES "/run/mailserver/notes/dns-lists"
/* The lists in force, "DOMAIN LOW HIGH" a line; no line: the administrator's own are asked. */
#define DNS_LISTS_TESTED "/run/mailserver/boot/current/dns-lists/lists"
#define DNS_ANSWERS_MAX 16

/* Answers that mean "listed" are 127.0.X.Y with Y in low…high. */
struct dns_list {
	const char *domain;
	int64_t low, high;
};
VEC_TYPE(dns_list_vec, struct dns_list);

/* What the resolver said about one name: addresses, or error (of getaddrinfo(3); 0 = none). */
struct dns_answer {
	struct in_addr address[DNS_ANSWERS_MAX];
	size_t n;
	int error;
};

/* Why the list is not to be believed, "" = it is. Within size bytes, one line. */
void dns_list_judge(const struct dns_list *list, const struct dns_answer *listed,
		    const struct dns_answer *unlisted, char *why_r, size_t size);

/* The lines of DNS_LISTS_TESTED. */
bool dns_lists_parse(struct arena *a, struct str text, struct dns_list_vec *out, struct err *err)
	MUST_CHECK;

/* One that is switched off. */
struct dns_list_off {
	const char *domain, *why;
};
VEC_TYPE(dns_list_off_vec, struct dns_list_off);

/* A file that is not there, or can't be read, has no lines. */
void dns_lists_off_read(struct arena *a, const char *path, struct dns_list_off_vec *out);
/* Why, or NULL: it is not switched off. */
const char *dns_lists_off_why(const struct dns_list_off_vec *off, const char *domain);

#endif
