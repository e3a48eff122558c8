/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	tls_policy - postfix-tls-policy.cf: how TLS is checked where mail leaves, by destination
 *
 *	example.com		secure
 *	example.org		secure match=.mail.example.org
 *	.example.net		encrypt
 *	[smtp.example.com]:587	verify
 *	old.example		none
 *
 * What stands here goes before DANE and MTA-STS. Destinations and levels are those of
 * smtp_tls_policy_maps; a domain does not stand for those below it, ".domain" does.
 *
 * FINDINGS
 *	error	no level, a level or an attribute that is none, a destination that can't be one
 *	warning	a destination twice (the first line counts)
 *
 * SOURCES
 *	postconf(5) smtp_tls_policy_maps; TLS_README "Client TLS security levels".
 */
#ifndef INPUTS_TLS_POLICY_H
#define INPUTS_TLS_POLICY_H

#include "inputs/inputs.h"

#define TLS_POLICY_FILE "postfix-tls-policy.cf"

void tls_policy_parse(struct arena *a, const char *file, struct str text,
		      struct tls_policy_vec *out, struct problems *p);

#endif
