/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	accounts - postfix-accounts.cf: "address|{SCHEME}hash[|userdb_x=y …]", and MAIL_ACCOUNTS
 *
 * Shared by the server (reading) and `setup email` (reading and editing).
 *
 * FINDINGS
 *	error	no address, bad address, no hash, unknown {SCHEME}, a plain password in the file
 *	warning	an address twice (the first line counts), a scheme Dovecot refuses, fields of 2.3
 *	note	capitals (changed to lower case)
 *
 * SOURCES
 *	docs/compatibility.md; Dovecot "passwd-file", "Password schemes".
 */
#ifndef INPUTS_ACCOUNTS_H
#define INPUTS_ACCOUNTS_H

#include "inputs/inputs.h"
#include "inputs/password.h"

#define ACCOUNTS_FILE "postfix-accounts.cf"

/* Adds every account of the text to the empty *out. *index becomes address → position in out, to be
 * read with inputs_index_get(). Hashes stay in the text, which must live as long. */
void accounts_parse(struct arena *a, const char *file, struct str text, struct account_vec *out,
		    struct map *index, struct problems *p);
/* MAIL_ACCOUNTS: "user@domain:password-or-{SCHEME}hash" separated by white space; plain passwords
 * are hashed with a salt made from key, so that the result is the same each time; key NULL = don't
 * hash, write PASSWORD_PLACEHOLDER. Findings count the entries ("MAIL_ACCOUNTS:2") and never show
 * what may be a password. */
void accounts_parse_env(struct arena *a, const char *value, const struct password_key *key,
			struct account_vec *out, struct map *index, struct problems *p);

/* Why the address can't be an account, or NULL: syntax, "/" in the local part (a mailbox is a
 * directory), "|", "*", a leading "#". */
const char *account_address_problem(const char *address);

/* The same, and why it should not become one now: "+" before the "@". */
const char *account_new_problem(const char *address);

/* The first line of an account (any case), trimmed; its number from 1 in *line_no_r (may be NULL).
 * False when there is none. */
bool accounts_find(struct str text, const char *address, struct str *line_r, unsigned *line_no_r);

/* Edits of the file's text; each appends the new text to out. */
/* Replaces the hash on every line of the address, keeps a third field; false when the address is
 * not there. */
bool accounts_edit_update(struct str text, const char *address, const char *hash, struct buf *out);
bool accounts_edit_del(struct str text, const char *address, struct buf *out);

#endif
