/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	account_rows - accounts as rows of the account table
 *
 *	account_fields_init(&f, &arena);
 *	account_fields_note_all(&f, accounts);	  extra fields are columns
 *	account_rows_write(&arena, db, &f, list, n);
 *
 * OWNERSHIP
 *	Names and rows live in the arena; accounts must live as long.
 */
#ifndef DOVECOT_ACCOUNT_ROWS_H
#define DOVECOT_ACCOUNT_ROWS_H

#include "inputs/inputs.h"

#define ACCOUNT_FIELDS_MAX 64

struct sqlite3;

/* Extra columns ("userdb_mail_path") in their order; the first one is where the quota goes. */
struct account_fields {
	struct arena *arena;
	const char *names[ACCOUNT_FIELDS_MAX];
	size_t n;
	struct map index;
};

void account_fields_init(struct account_fields *f, struct arena *a);
/* More than ACCOUNT_FIELDS_MAX are left out. */
void account_fields_note(struct account_fields *f, const char *name);
/* The usual ones, and all that these accounts have. */
void account_fields_note_all(struct account_fields *f, const struct account_vec *accounts);

/* Of all that the row holds: tells whether a row is as it should be. */
int64_t account_sum(const struct account *acc);

/* Puts rows of the accounts into the table, in place of those with the same name; changes the order of
 * the list. False: ask sqlite3_errmsg(). */
bool account_rows_write(struct arena *a, struct sqlite3 *db, const struct account_fields *f,
			const struct account **list, size_t n) MUST_CHECK;

#endif
