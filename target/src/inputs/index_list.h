/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	index_list - the index of a list whose elements begin with their key
 *
 *	out->n = index_list(index, out->v, out->n, sizeof(*out->v), report_double, arg);
 *
 * Of those with one key the first stays; the others are reported and taken out.
 */
#ifndef INPUTS_INDEX_LIST_H
#define INPUTS_INDEX_LIST_H

#include "base/map.h"

/* The first member of an element is a `const char *`. The index becomes key → position, to be read with
 * inputs_index_get(); it has the position of the first when a double is reported. Returns how many
 * stay. */
size_t index_list(struct map *index, void *list, size_t n, size_t size,
		  void (*report_double)(void *arg, const void *element), void *arg) MUST_CHECK;

#endif
