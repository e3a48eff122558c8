/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	str - slices of text while parsing, and small text helpers
 *
 * A `struct str` is a borrowed slice, not terminated, used inside parsers only.
 * Finished text is `const char *` in an arena.
 *
 * ERRORS
 *	Predicates and parsers return false and leave outputs untouched.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

struct arena;

struct str {
	const char *p;
	size_t n;
};

#define STR_LIT(s) ((struct str){ (s), sizeof(s) - 1 })

struct str str_from(const char *s);
/* Without leading and trailing blanks and tabs. */
struct str str_trim(struct str s);
bool str_is(struct str s, const char *text);
bool str_has_char(struct str s, char c);
/* Takes the next line off *rest (without its "\n" and without one "\r" before it); false at the
 * end. A last line without "\n" is a line. */
bool str_next_line(struct str *rest, struct str *line_r);
/* Takes the next field separated by any of the bytes in seps, skipping empty fields; false at
 * the end. */
bool str_next_word(struct str *rest, const char *seps, struct str *word_r);
/* Splits at the first `sep`: *left_r before it, *right_r behind it; false if there is none. */
bool str_split(struct str s, char sep, struct str *left_r, struct str *right_r);
char *str_dup(struct arena *a, struct str s);
/* Lower-case ASCII copy. */
char *str_lower(struct arena *a, struct str s);

/* C strings: a == b; both non-NULL. */
bool streq(const char *a, const char *b);
bool has_prefix(const char *s, const char *prefix);
bool has_suffix(const char *s, const char *suffix);

/* Decimal integer with optional sign, whole text, lo <= v <= hi. */
bool parse_int64(const char *s, int64_t lo, int64_t hi, int64_t *v_r) MUST_CHECK;

/* Edit distance (insert, delete, replace, swap of neighbours count 1), capped at `max`+1. ASCII
 * case ignored. For "did you mean". Texts above 64 bytes give max+1. */
unsigned str_distance(const char *a, const char *b, unsigned max);

/* The first eight bytes as a number: sorts as the text does, so that sorting seldom looks at it. */
uint64_t str_prefix(const char *text);

/* 64 bits, for tables and fingerprints of this machine and this build; not for security. */
uint64_t hash_bytes(const void *p, size_t n);

#endif
