/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	logical - logical lines of Postfix tables
 *
 * A line that begins with a blank continues the line before it; empty lines and comments may stand
 * between them.
 *
 *	struct logical lg;
 *	logical_init(&lg, arena, file, text);
 *	while (logical_next(&lg, &line)) ... lg.line, lg.bad ...
 *
 * OWNERSHIP
 *	A line of one piece borrows the text, a joined one lives in the arena.
 *
 * SOURCES
 *	postmap(1) "TEXT INPUT FORMAT", aliases(5), pcre_table(5).
 */
#ifndef INPUTS_LOGICAL_H
#define INPUTS_LOGICAL_H

#include "base/linefile.h"

struct logical {
	struct arena *a;
	struct linefile lf;
	struct str ahead; /* first piece of the next logical line */
	const char *ahead_bad;
	unsigned ahead_line;
	bool has_ahead;
	unsigned line;	 /* number of the first piece of the line last returned */
	const char *bad; /* why it can't be used, a clause, or NULL */
};

void logical_init(struct logical *lg, struct arena *a, const char *file, struct str text);
/* The next line, trimmed, its pieces joined with a blank; false at the end. */
bool logical_next(struct logical *lg, struct str *line_r);
/* Whether the physical line continues the one before. */
static inline bool logical_is_continuation(struct str line)
{
	return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* About how many lines the text has, from its first 8 KiB; never 0. For making room. */
size_t logical_estimate(struct str text);

#endif
