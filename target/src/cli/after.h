/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	after - what accounts and aliases will mean with an edit, before it is written
 *
 *	after_read(&e, &x);
 *	… x.before, x.now …
 *	after_warn(&x);
 *
 * OWNERSHIP
 *	Everything lives until edit_end().
 */
#ifndef CLI_AFTER_H
#define CLI_AFTER_H

#include "cli/edit.h"
#include "inputs/inputs.h"
#include "settings/problems.h"

struct after {
	struct settings s;
	struct inputs before, now;
	struct problems before_p, now_p;
};

/* Reads all files twice: as they are, and with the texts that the edit has. */
void after_read(struct edit *e, struct after *x);
/* Warns of what is wrong with the edit and was not without it: targets that nobody receives any
 * more, aliases that take an account's mail, circles, a postmaster address that vanishes. */
void after_warn(const struct after *x);

#endif
