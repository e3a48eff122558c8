/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	masters - dovecot-masters.cf: "name|{SCHEME}hash", who may log in as any user
 *
 * A master logs in as "user@domain*name" with the own password. The lines have the form of those of
 * accounts; they are found and edited with accounts_find() and accounts_edit_…().
 *
 * FINDINGS
 *	error	no name, a name that can't be one, no hash, unknown {SCHEME}, a plain password
 *	warning	a name twice (the first line counts), a scheme Dovecot refuses
 *	note	capitals (changed to lower case)
 *
 * SOURCES
 *	docs/compatibility.md; Dovecot 2.4 "Master Users/Passwords", auth_master_user_separator.
 */
#ifndef INPUTS_MASTERS_H
#define INPUTS_MASTERS_H

#include "inputs/inputs.h"

#define MASTERS_FILE "dovecot-masters.cf"

/* Adds every master account of the text to the empty *out, unique names. */
void masters_parse(struct arena *a, const char *file, struct str text, struct master_vec *out,
		   struct problems *p);

/* Why the text can't be the name of a master account, as a clause, or NULL. */
const char *master_name_problem(const char *name);

#endif
