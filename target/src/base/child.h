/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	child - a piece of work in a process of its own, beside the caller's
 *
 *	struct child c = { 0 };
 *	if (child_begin(&c, work, arg))
 *		… other work …
 *	ok = child_end(&c, &err);
 *
 * The child has the memory of the moment; what it leaves are files.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include "base/err.h"

struct child {
	pid_t pid; /* 0 = none */
	int why;   /* read end: the error */
};

/* False: there is no child, and nothing was done. */
bool child_begin(struct child *c, bool (*work)(void *arg, struct err *err), void *arg);
/* Waits; false with the error of the work, as ERR_IO. There must be a child, and is none after it. */
bool child_end(struct child *c, struct err *err) MUST_CHECK;

#endif
