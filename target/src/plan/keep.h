/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	keep - keep copies of good files, without anybody waiting for the disk
 *
 * The copies need fsync on the state volume. A child of its own writes them, from the texts that
 * were read and found good, not from the files. It holds the lock of the copies from before it is
 * made, so whoever falls back on a copy meanwhile waits for it and finds what was in force.
 */
#ifndef PLAN_KEEP_H
#define PLAN_KEEP_H

#include "inputs/inputs.h"

/* Keeps the good files of `in`, or, when name is not NULL, the one file `name` with this text.
 * apply_lock is closed in the child. Trouble is logged. */
void keep_later(const struct inputs_where *where, const struct inputs *in, const char *name,
		struct str text, int apply_lock);

#endif
