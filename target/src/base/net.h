/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	net - syntax of host names, addresses, networks, e-mail addresses
 *
 * SOURCES
 *	RFC 1123 §2.1, RFC 5890 (A-labels), RFC 4291 §2.2, RFC 5321 §4.1.2 and §4.5.3.1.
 */
#ifndef BASE_NET_H
#define BASE_NET_H

#include "base/err.h"

struct arena;

/* Letters, digits, hyphens and dots, labels 1..63, whole name <= 253, no trailing dot;
 * underscore refused. */
bool is_hostname(const char *s);
/* A host name with at least one dot. */
bool is_fqdn(const char *s);
bool is_ip_address(const char *s);
/* Address with optional "/bits". */
bool is_network(const char *s);
/* host, host:port, [host], [host]:port, [v6]:port */
bool is_hostport(const char *s);

/* Dot-string local part (no quoted strings) of at most 64 bytes, "@", FQDN domain; whole <= 254.
 * Bytes above 0x7f in the local part are allowed (RFC 6531); a U-label domain is not (write the
 * A-label). */
bool is_email(const char *s);
/* The domain behind the last "@", or NULL. Points into s. */
const char *email_domain(const char *s);
/* The value of a Date: header, in UTC (RFC 5322 §3.3); seconds since 1970. */
const char *email_date(struct arena *a, int64_t s);
/* Why s is not an e-mail address, as a clause for a message ("has no '@'"), or NULL when it is
 * one. */
const char *email_problem(const char *s);

#endif
