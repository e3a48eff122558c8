/* SPDX-License-Identifier: MIT */
/*
 * Findings are kept in the order they came and sorted when told. When PROBLEMS_MAX is reached an
 * error still gets in, in the place of a lesser finding: what stops the start must never be lost
 * behind notes.
 */
#include "settings/problems.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

void problems_init(struct problems *p, struct arena *a)
{
	*p = (struct problems){ .arena = a, .list = VEC_INIT, .suppressed = 0 };
}

/* The place of a kept finding that matters less than `severity`, or NULL. */
static struct problem *lesser(struct problems *p, enum severity severity)
{
	for (size_t i = p->list.n; i > 0; i--)
		if (p->list.v[i - 1].severity > severity)
			return &p->list.v[i - 1];
	return NULL;
}

void problems_add(struct problems *p, enum severity severity, const char *subject, const char *hint,
		  const char *fmt, ...)
{
	autobuf struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);

	for (size_t i = 0; i < p->list.n; i++) {
		const struct problem *known = &p->list.v[i];
		if (known->severity == severity && streq(known->subject, subject) &&
		    streq(known->text, text.p))
			return;
	}
	struct problem *slot;
	if (p->list.n < PROBLEMS_MAX) {
		slot = VEC_PUSH(p->arena, &p->list);
	} else {
		p->suppressed++;
		slot = lesser(p, severity);
		if (!slot)
			return;
	}
	*slot = (struct problem){
		.severity = severity,
		.subject = arena_strdup(p->arena, subject),
		.text = buf_dup(p->arena, &text),
		.hint = hint ? arena_strdup(p->arena, hint) : NULL,
	};
}

size_t problems_count(const struct problems *p, enum severity severity)
{
	size_t n = 0;
	for (size_t i = 0; i < p->list.n; i++)
		n += p->list.v[i].severity == severity;
	return n;
}

static int compare(const void *left, const void *right)
{
	const struct problem *a = left;
	const struct problem *b = right;
	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	int by_subject = strcmp(a->subject, b->subject);
	return by_subject ? by_subject : strcmp(a->text, b->text);
}

/* A sorted copy of the findings, p->list.n of them. */
static const struct problem *sorted(const struct problems *p)
{
	struct problem *copy = arena_array(p->arena, p->list.n + 1, sizeof(*copy));
	for (size_t i = 0; i < p->list.n; i++)
		copy[i] = p->list.v[i];
	qsort(copy, p->list.n, sizeof(*copy), compare);
	return copy;
}

static const char *severity_word(enum severity severity)
{
	switch (severity) {
	case SEV_ERROR:
		return "error";
	case SEV_WARNING:
		return "warning";
	case SEV_NOTE:
		return "note";
	}
	BUG("severity %d", (int)severity);
}

void problems_print(const struct problems *p, struct buf *out)
{
	const struct problem *list = sorted(p);
	for (size_t i = 0; i < p->list.n; i++) {
		const char *word = severity_word(list[i].severity);
		buf_printf(out, "%s: %s: %s\n", word, list[i].subject, list[i].text);
		if (list[i].hint)
			buf_printf(out, "%*s%s\n", (int)strlen(word) + 2, "", list[i].hint);
	}
	if (p->suppressed > 0)
		buf_printf(out, "and %zu more\n", p->suppressed);
}

static enum log_level severity_level(enum severity severity)
{
	switch (severity) {
	case SEV_ERROR:
		return LOG_LVL_ERROR;
	case SEV_WARNING:
		return LOG_LVL_WARN;
	case SEV_NOTE:
		return LOG_LVL_INFO;
	}
	BUG("severity %d", (int)severity);
}

void problems_log(const struct problems *p)
{
	const struct problem *list = sorted(p);
	for (size_t i = 0; i < p->list.n; i++) {
		enum log_level level = severity_level(list[i].severity);
		if (list[i].hint)
			log_at(level, "%s: %s; %s", list[i].subject, list[i].text, list[i].hint);
		else
			log_at(level, "%s: %s", list[i].subject, list[i].text);
	}
	if (p->suppressed > 0)
		log_warn("%zu further findings are not shown", p->suppressed);
}
