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
 */
#ifndef INPUTS_REGEXP_H
#define INPUTS_REGEXP_H

#include "base/str.h"
#include "settings/problems.h"

#define REGEXP_FILE "postfix-regexp.cf"

/* Checks each line's shape "/pattern/flags result" (also "!/pattern/", if … endif); returns the
 * text to hand to Postfix: one logical line a line, no comments. */
const char *regexp_parse(struct arena *a, const char *file, struct str text, struct problems *p);

#endif
