/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	quick - one account added or given a new password, without reading everything again
 *
 *	lock the config directory
 *	quick_begin(&arena, &source)		stamp of the files as they are
 *	change the accounts file
 *	quick_put(&arena, &source, stamp, …)	true: live; false: call apply_live()
 *	unlock
 *
 * A new account can be added to the file and made live without that anything is read, which takes
 * as long with 100,000 accounts as with ten:
 *
 *	lock the config directory
 *	quick_add(&arena, &source, …)		true: live; false: nothing has changed
 *	unlock
 *
 * With 100,000 accounts reading all files takes a third of a second; this takes milliseconds. It is
 * possible only when what is live is what the files said before the change, and when every service
 * can take the account by itself (can_put).
 *
 * The fingerprint of the accounts is forgotten: the next full apply compares every row, also when
 * the file is then what it was before.
 */
#ifndef PLAN_QUICK_H
#define PLAN_QUICK_H

#include "plan/plan.h"

const char *quick_begin(struct arena *a, const struct settings_source *src);
/* `path` was replaced by the caller with `text`. False when any other file has changed since
 * `before`, when the file is not what was written, and after a failure half way: apply_live()
 * then puts things right. */
bool quick_put(struct arena *a, const struct settings_source *src, const char *before,
	       const char *path, struct str text, const struct account *account);
/* Adds `line` to the accounts file, and the account, which it describes, to the tables. These are what tells
 * that there is no such account or alias yet, so it is possible only when they are what the files say.
 * False: the usual way is to be gone, which also finds the reason if it is the account's own. */
bool quick_add(struct arena *a, const struct settings_source *src, const char *line,
	       const struct account *account);

#endif
