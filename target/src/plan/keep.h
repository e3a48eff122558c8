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

struct arena;

/* Keeps the good files of `in`, or, when name is not NULL, the one file `name` with this text.
 * The child holds no lock but that of the copies. Trouble is logged. */
void keep_later(const struct inputs_where *where, const struct inputs *in, const char *name,
		struct str text);

/* For a line that is added to the accounts file: its copy gets the line too, so that nothing is read or
 * written that grows with the file. begin, before the line is added: takes the lock of the copies; false
 * unless the copy is known to be what the file is (PATH_KEPT: which file the last child has left). later:
 * after the line is in force. */
bool keep_line_begin(struct arena *a, const struct inputs_where *where, int *lock_r) MUST_CHECK;
void keep_line_later(const struct inputs_where *where, const char *line, int lock);

#endif
