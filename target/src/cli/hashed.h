/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	hashed - `add` and `update` of files with lines "name|{SCHEME}hash"
 *
 * Whether the name may be added or updated is looked at twice: before a password is asked for, and
 * again under the lock that covers the change.
 */
#ifndef CLI_HASHED_H
#define CLI_HASHED_H

#include "cli/edit.h"
#include "cli/pattern.h"

struct hashed {
	const char *file;
	bool is_new;
	/* The command's first argument as it is written to the file; says so when that differs. */
	const char *(*normal)(struct arena *a, const char *given);
	/* Reads the file's text; false with the reason when the name can't be added or updated. */
	bool (*check)(struct edit *e, const char *name, struct str *text_r, struct err *err);
	/* The short way for a new name; false: nothing has changed, the usual way is gone. May be NULL. */
	bool (*quick)(const struct cmd *cmd, const char *name, const char *hash);
	/* Called before the change is committed, with the new hash; may be NULL. What it leaves in
	 * the edit must live until edit_commit() has returned. */
	void (*before_commit)(struct edit *e, const char *name, const char *hash);
};

/* Sets the password of the command's first argument; the exit status. */
int hashed_set(const struct cmd *cmd, const struct hashed *h);

#endif
