/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	newcomers - a list of accounts to add: "address password" or "address|{SCHEME}hash[|fields]"
 *
 * Lines as in linefile.h: comments, CR LF. Blanks at the ends of a line are no part of a password.
 *
 * FINDINGS
 *	error	no password, an address that can't be a new account, an address twice, something
 *		that is no hash behind "|", a hash in place of a password
 *
 * A finding has the subject "<file>:<line>" and never shows what may be a password.
 */
#ifndef INPUTS_NEWCOMERS_H
#define INPUTS_NEWCOMERS_H

#include "base/str.h"
#include "base/vec.h"

struct problems;

struct newcomer {
	const char *address;  /* lower case, ASCII domain */
	const char *password; /* NULL = it has a hash */
	const char *hash;     /* NULL = it has a password */
	const char *extra;    /* third field, "" = none; never with a password */
	unsigned line;
};
VEC_TYPE(newcomer_vec, struct newcomer);

void newcomers_parse(struct arena *a, const char *file, struct str text, struct newcomer_vec *out,
		     struct problems *p);

#endif
