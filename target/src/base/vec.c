/* SPDX-License-Identifier: MIT */
/* Capacity doubles from VEC_MIN; a size that overflows ends the process in arena_array(). */
#include "base/vec.h"

#define VEC_MIN ((size_t)8)

void *vec_grow(struct arena *a, const void *old, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : VEC_MIN;
	void *p = arena_array(a, more, size);
	if (n > 0)
		memcpy(p, old, n * size);
	*cap = more;
	return p;
}

static int by_text(const void *x, const void *y)
{
	/* The elements of a text_vec. */
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

void text_vec_sort(struct text_vec *texts)
{
	if (texts->n > 1)
		qsort(texts->v, texts->n, sizeof(*texts->v), by_text);
}
