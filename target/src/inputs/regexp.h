/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	regexp - postfix-regexp.cf: aliases by pattern, a pcre_table(5)
 *
 * Only the shape is checked; whether a pattern compiles is Postfix's business (it warns and skips
 * the line).
 *
 * FINDINGS
 *	error	no closing delimiter, unknown flag, no result, if without endif and the reverse
 *
 * SOURCES
 *	pcre_table(5).
 *
 * SEE ALSO
 *	patterns.h (matching)
 */
#ifndef INPUTS_REGEXP_H
#define INPUTS_REGEXP_H

#include "base/str.h"
#include "settings/problems.h"

#define REGEXP_FILE "postfix-regexp.cf"

enum regexp_kind { REGEXP_RULE, REGEXP_IF, REGEXP_ENDIF };

/* One logical line in its parts, which borrow it. */
struct regexp_line {
	enum regexp_kind kind;
	bool negated;
	struct str pattern; /* without delimiters */
	struct str flags;
	struct str result; /* of a REGEXP_RULE */
};
/* False when the line has not this shape; one that regexp_parse() took has it. */
bool regexp_split(struct str line, struct regexp_line *line_r);

/* Why the library that Postfix uses can't compile the pattern, as a clause in the arena, or NULL. */
const char *regexp_compile_problem(struct arena *a, struct str pattern);

/* Checks each line's shape "/pattern/flags result" (also "!/pattern/", if … endif); returns the
 * text to hand to Postfix: one logical line a line, no comments. */
const char *regexp_parse(struct arena *a, const char *file, struct str text, struct problems *p);

#endif
