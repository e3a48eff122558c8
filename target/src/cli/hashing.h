/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	hashing - hashes of many passwords, on all processors
 */
#ifndef CLI_HASHING_H
#define CLI_HASHING_H

#include "base/arena.h"
#include "base/err.h"

/* Hashes the n passwords (NULL = none at this place, its hash becomes NULL) into hashes_r. When it
 * takes longer than two seconds and stderr is a terminal, it tells how far it is. */
bool hashing_run(struct arena *a, const char *const *passwords, size_t n, const char **hashes_r,
		 struct err *err) MUST_CHECK;

#endif
