/* SPDX-License-Identifier: MIT */
/*
 * Invariants: p is never NULL; cap == 0 exactly when p is buf_empty_text (which is never written);
 * otherwise n < cap and p[n] == 0. Growing copies by hand and wipes the old memory, because the
 * text may be a password and realloc(3) leaves the old bytes behind.
 */
#include "base/buf.h"

#include "base/arena.h"
#include "base/err.h"

#define BUF_MIN ((size_t)64)

char buf_empty_text[1] = "";

void buf_init(struct buf *b)
{
	*b = (struct buf)BUF_INIT;
}

void buf_fini(struct buf *b)
{
	if (b->cap > 0)
		free(b->p);
	buf_init(b);
}

void buf_wipe(struct buf *b)
{
	if (b->cap > 0)
		explicit_bzero(b->p, b->cap);
	buf_fini(b);
}

void buf_truncate(struct buf *b, size_t n)
{
	if (n > b->n)
		BUG("buf_truncate to %zu of %zu bytes", n, b->n);
	if (b->cap > 0)
		b->p[n] = '\0';
	b->n = n;
}

void buf_reset(struct buf *b)
{
	buf_truncate(b, 0);
}

void buf_reserve(struct buf *b, size_t more)
{
	if (more < b->cap - b->n)
		return;
	if (more > SIZE_MAX / 4 || b->n > SIZE_MAX / 4)
		BUG("buf of %zu bytes", more);
	size_t need = b->n + more + 1;
	size_t cap = b->cap ? b->cap : BUF_MIN;
	while (cap < need)
		cap *= 2;
	char *p = xmalloc(cap);
	memcpy(p, b->p, b->n + 1);
	if (b->cap > 0) {
		explicit_bzero(b->p, b->n);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
}

void buf_add(struct buf *b, const void *data, size_t n)
{
	if (n == 0)
		return;
	buf_reserve(b, n);
	memcpy(b->p + b->n, data, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	/* Mostly the text fits: one pass then, two otherwise. */
	size_t room = b->cap - b->n;
	int n = vsnprintf(b->cap ? b->p + b->n : NULL, room, fmt, ap);
	if (n < 0)
		BUG("format '%s' failed", fmt);
	size_t need = (size_t)n;
	if (need >= room) {
		if (b->cap > 0)
			b->p[b->n] = '\0';
		buf_reserve(b, need);
		(void)vsnprintf(b->p + b->n, need + 1, fmt, again);
	}
	va_end(again);
	b->n += need;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

char *buf_dup(struct arena *a, const struct buf *b)
{
	return arena_strndup(a, b->p, b->n);
}
