/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	known - where an account comes from, for commands that change one
 */
#ifndef CLI_KNOWN_H
#define CLI_KNOWN_H

#include "cli/edit.h"

enum known { KNOWN_NOT, KNOWN_FILE, KNOWN_ENVIRONMENT };

/* Whether MAIL_ACCOUNTS defines the account (lower case); no command can change it there. */
bool known_in_environment(struct arena *a, const char *address);
/* Whether an alias of the text or of MAIL_ALIASES keeps the address (lower case) from being a new
 * account: one that does not deliver to itself. */
bool known_alias_takes(struct edit *e, struct str aliases, const char *address);
/* Reads the accounts file within the edit. *known_r is set when true is returned. */
bool known_account(struct edit *e, const char *address, enum known *known_r, struct err *err)
	MUST_CHECK;

#endif
