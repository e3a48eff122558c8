/* SPDX-License-Identifier: MIT */
/*
 * Texts are composed in a buffer beside err->text, because an argument may be err->text itself. A
 * text that is too long ends in "..." behind its last whole UTF-8 character. Control characters
 * become blanks: an error is one line of a log.
 */
#include "base/err.h"

#define TEXT_MAX sizeof(((struct err *)NULL)->text)

struct text {
	char p[TEXT_MAX];
	size_t n;
	bool full;
};

/* Appends formatted text as far as there is room. */
static void PRINTF_LIKE(2, 0) text_vadd(struct text *t, const char *fmt, va_list ap)
{
	size_t room = TEXT_MAX - t->n;
	int n = vsnprintf(t->p + t->n, room, fmt, ap);
	if (n < 0)
		BUG("format '%s' failed", fmt);
	if ((size_t)n >= room) {
		t->n = TEXT_MAX - 1;
		t->full = true;
	} else {
		t->n += (size_t)n;
	}
}

static void PRINTF_LIKE(2, 3) text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	text_vadd(t, fmt, ap);
	va_end(ap);
}

/* Moves the finished text into err. */
static void text_finish(struct text *t, struct err *err)
{
	if (t->full) {
		size_t cut = TEXT_MAX - 4;
		while (cut > 0 && ((unsigned char)t->p[cut] & 0xc0) == 0x80)
			cut--;
		memcpy(t->p + cut, "...", 4);
		t->n = cut + 3;
	}
	for (size_t i = 0; i < t->n; i++) {
		unsigned char c = (unsigned char)t->p[i];
		if (c < 0x20 || c == 0x7f)
			t->p[i] = ' ';
	}
	memcpy(err->text, t->p, t->n + 1);
}

bool err_set(struct err *err, enum err_class class, const char *fmt, ...)
{
	struct text t = { .n = 0, .full = false };
	va_list ap;
	va_start(ap, fmt);
	text_vadd(&t, fmt, ap);
	va_end(ap);
	text_finish(&t, err);
	err->class = class;
	err->sys = 0;
	return false;
}

bool err_sys(struct err *err, enum err_class class, const char *fmt, ...)
{
	int sys = errno;
	struct text t = { .n = 0, .full = false };
	va_list ap;
	va_start(ap, fmt);
	text_vadd(&t, fmt, ap);
	va_end(ap);
	text_add(&t, ": %s", strerror(sys));
	text_finish(&t, err);
	err->class = class;
	err->sys = sys;
	return false;
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
	struct text t = { .n = 0, .full = false };
	va_list ap;
	va_start(ap, fmt);
	text_vadd(&t, fmt, ap);
	va_end(ap);
	text_add(&t, ": %s", err->text);
	text_finish(&t, err);
	return false;
}

void bug_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	(void)fprintf(stderr, "mailserver: BUG at %s:%d: ", file, line);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	abort();
}
