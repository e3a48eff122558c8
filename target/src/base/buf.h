/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	buf - text being built: grow-only, always NUL-terminated
 *
 *	autobuf struct buf b = BUF_INIT;
 *	buf_printf(&b, "%s = %d\n", name, value);
 *	... b.p (never NULL), b.n ...
 *
 * OWNERSHIP
 *	The struct belongs to the caller; `autobuf` frees its memory at scope end.
 *	b.p is valid until the next buf_ call on the same buffer.
 *
 * ERRORS
 *	Out of memory ends the process.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

struct arena;

struct buf {
	char *p;    /* text; points at a static "" while empty */
	size_t n;   /* bytes without the terminator */
	size_t cap; /* 0 = nothing allocated */
};

extern char buf_empty_text[1];
#define BUF_INIT                                                                                   \
	{                                                                                          \
		.p = buf_empty_text, .n = 0, .cap = 0                                              \
	}

void buf_init(struct buf *b);
void buf_fini(struct buf *b);
/* Wipes the text before freeing it; for passwords. */
void buf_wipe(struct buf *b);
/* Empties the text, keeps the memory. */
void buf_reset(struct buf *b);
/* Makes room for at least `more` further bytes. */
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *data, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/* Cuts the text to its first n bytes; n must not exceed b->n. */
void buf_truncate(struct buf *b, size_t n);
/* A copy of the text in the arena. */
char *buf_dup(struct arena *a, const struct buf *b);

static inline void buf_cleanup_(struct buf *b)
{
	buf_fini(b);
}
#define autobuf __attribute__((cleanup(buf_cleanup_)))

#endif
