/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	vec - growable array inside an arena
 *
 *	VEC(struct account) accounts = VEC_INIT;
 *	struct account *x = VEC_PUSH(arena, &accounts);
 *	for (size_t i = 0; i < accounts.n; i++) ... accounts.v[i] ...
 *
 * Named types are declared once: `VEC_TYPE(account_vec, struct account);`
 *
 * LIMITS
 *	A push may move the elements: do not keep pointers across pushes. Growth doubles; the old
 *	memory stays in the arena.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/arena.h"

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n;                                                                          \
		size_t cap;                                                                        \
	}
#define VEC_TYPE(name, type)                                                                       \
	struct name {                                                                              \
		type *v;                                                                           \
		size_t n;                                                                          \
		size_t cap;                                                                        \
	}
#define VEC_INIT                                                                                   \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/* Returns memory for `cap` elements of which the first n are copied from old. */
void *vec_grow(struct arena *a, const void *old, size_t n, size_t *cap, size_t size);

/* Adds one zeroed element and gives its address. */
#define VEC_PUSH(a, vec)                                                                           \
	((vec)->n == (vec)->cap ? (void)((vec)->v = vec_grow((a), (vec)->v, (vec)->n, &(vec)->cap, \
							     sizeof(*(vec)->v)))                   \
				: (void)0,                                                         \
	 &(vec)->v[(vec)->n++])

VEC_TYPE(text_vec, const char *);
/* By strcmp(3). */
void text_vec_sort(struct text_vec *texts);

#endif
