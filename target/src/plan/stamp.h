/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	stamp - has anything changed that an apply would read?
 *
 * A text with one line per file: device, inode, size, times. Equal texts mean
 * that nothing needs to be read. Made before reading, stored after the apply succeeded.
 *
 * LIMITS
 *	A file rewritten in place within one clock tick of the file system, to the same size, looks
 *	unchanged.
 */
#ifndef PLAN_STAMP_H
#define PLAN_STAMP_H

#include "inputs/inputs.h"

/* The line of one file, as stat(2) has told. */
const char *stamp_line(struct arena *a, const char *path, const struct stat *st);
/* In the arena. */
const char *stamp_make(struct arena *a, const struct settings *s, const struct inputs_where *where);
/* The stamp of what is live in dir, or "". */
const char *stamp_stored(struct arena *a, const char *dir);
bool stamp_store(struct arena *a, const char *dir, const char *stamp, struct err *err) MUST_CHECK;

#endif
