/* SPDX-License-Identifier: MIT */
/* One line of look-ahead; only lines with continuations are copied. */
#include "inputs/logical.h"

#include "base/arena.h"

#define SAMPLE ((size_t)8 << 10)

void logical_init(struct logical *lg, struct arena *a, const char *file, struct str text)
{
	*lg = (struct logical){ .a = a };
	linefile_init(&lg->lf, file, text);
}

static void look_ahead(struct logical *lg)
{
	lg->has_ahead = linefile_next(&lg->lf, &lg->ahead, &lg->ahead_bad);
	lg->ahead_line = lg->lf.line;
}

static bool ahead_continues(const struct logical *lg)
{
	return lg->has_ahead && logical_is_continuation(lg->ahead);
}

static struct str join(struct logical *lg, struct str first)
{
	autobuf struct buf all = BUF_INIT;

	buf_add(&all, first.p, first.n);
	while (ahead_continues(lg)) {
		struct str piece = str_trim(lg->ahead);
		buf_addc(&all, ' ');
		buf_add(&all, piece.p, piece.n);
		if (lg->bad == NULL)
			lg->bad = lg->ahead_bad;
		look_ahead(lg);
	}
	return (struct str){ buf_dup(lg->a, &all), all.n };
}

bool logical_next(struct logical *lg, struct str *line_r)
{
	struct str line;

	if (!lg->has_ahead)
		look_ahead(lg);
	if (!lg->has_ahead)
		return false;
	line = lg->ahead;
	lg->line = lg->ahead_line;
	lg->bad = lg->ahead_bad;
	if (logical_is_continuation(line) && lg->bad == NULL)
		lg->bad = "begins with a blank, but there is no line before it to continue";
	look_ahead(lg);
	*line_r = ahead_continues(lg) ? join(lg, line) : line;
	*line_r = str_trim(*line_r);
	return true;
}

size_t logical_estimate(struct str text)
{
	struct str sample = { text.p, text.n < SAMPLE ? text.n : SAMPLE }, line;
	size_t lines = 0;

	while (str_next_line(&sample, &line))
		lines++;
	/* A sixteenth more, because numbered names grow. */
	return text.n <= SAMPLE ? lines + 1 : text.n / SAMPLE * (lines + lines / 16 + 1);
}
