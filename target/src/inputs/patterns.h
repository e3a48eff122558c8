/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	patterns - which line of a pattern table an address matches, as Postfix would find it
 *
 *	patterns = patterns_compile(&arena, text);
 *	hit = patterns_match(patterns, "info@example.com");
 *
 * OWNERSHIP
 *	Everything lives in the arena, the compiled patterns too. The text stays borrowed.
 *
 * LIMITS
 *	A line that Postfix could not use (regexp_parse() reports it) is passed over. if … endif nests
 *	at most 32 deep.
 *
 * SOURCES
 *	pcre_table(5) "TABLE FORMAT", "TEXT SUBSTITUTION"; pcre2api(3).
 *
 * SEE ALSO
 *	regexp.h (checking the text)
 */
#ifndef INPUTS_PATTERNS_H
#define INPUTS_PATTERNS_H

#include "base/arena.h"
#include "base/str.h"

struct patterns;

struct pattern_hit {
	const char *result; /* with $1 … filled in; NULL = no line matches */
	bool is_fixed;	    /* nothing had to be filled in */
	unsigned line;	    /* number of the line in the text */
};

struct patterns *patterns_compile(struct arena *a, struct str text);
bool patterns_are_none(const struct patterns *p);
/* The first rule that matches. */
struct pattern_hit patterns_match(const struct patterns *p, const char *address);

#endif
