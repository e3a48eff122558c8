/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	status - what the workers that applied the administrator's files left for others to know
 *
 * Written by every apply; missing = the last one could not even write it.
 *
 * Lines of PATH_STATUS: "finding TEXT" (why the server is not as its files say), "accounts N".
 * Unknown lines are skipped.
 *
 * OWNERSHIP
 *	Texts live in the arena.
 */
#ifndef PLAN_STATUS_H
#define PLAN_STATUS_H

#include "base/err.h"
#include "inputs/inputs.h"

struct status {
	struct text_vec findings;
	int64_t accounts; /* -1 = not known */
};

/* A file that does not exist has no findings. */
bool status_read(struct arena *a, const char *path, struct status *status_r, struct err *err)
	MUST_CHECK;
/* The same for text that was read already. */
void status_parse(struct arena *a, struct str text, struct status *status_r);
/* What is worth knowing and no failure: every line of every file in dir (PATH_NOTES), the files by
 * name. */
void status_notes(struct arena *a, const char *dir, struct text_vec *out);

#endif
