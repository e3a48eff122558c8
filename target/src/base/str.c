/* SPDX-License-Identifier: MIT */
/*
 * Plain loops over slices; nothing depends on the locale.
 *
 * SOURCES
 *	Optimal string alignment distance, three rows; multiplicative hashing of 8-byte words,
 *	as the table look-ups of 100,000 accounts spend their time there.
 */
#include "base/str.h"

#include "base/arena.h"

#define DISTANCE_MAX 64

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* memchr that may be asked about the empty slice { NULL, 0 }. */
static const char *find(struct str s, char c)
{
	return s.n ? memchr(s.p, c, s.n) : NULL;
}

struct str str_from(const char *s)
{
	return (struct str){ s, strlen(s) };
}

struct str str_trim(struct str s)
{
	while (s.n > 0 && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_is(struct str s, const char *text)
{
	size_t n = strlen(text);
	return s.n == n && (n == 0 || memcmp(s.p, text, n) == 0);
}

bool str_has_char(struct str s, char c)
{
	return find(s, c) != NULL;
}

bool str_next_line(struct str *rest, struct str *line_r)
{
	if (rest->n == 0)
		return false;
	const char *lf = find(*rest, '\n');
	size_t n = lf ? (size_t)(lf - rest->p) : rest->n;
	size_t taken = lf ? n + 1 : n;
	*line_r = (struct str){ rest->p, n };
	if (lf && n > 0 && rest->p[n - 1] == '\r')
		line_r->n--;
	rest->p += taken;
	rest->n -= taken;
	return true;
}

/* c is one of the bytes in set; NUL never is. */
static bool is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

bool str_next_word(struct str *rest, const char *seps, struct str *word_r)
{
	struct str s = *rest;
	while (s.n > 0 && is_in(s.p[0], seps)) {
		s.p++;
		s.n--;
	}
	size_t n = 0;
	while (n < s.n && !is_in(s.p[n], seps))
		n++;
	if (n == 0)
		return false;
	*word_r = (struct str){ s.p, n };
	*rest = (struct str){ s.p + n, s.n - n };
	return true;
}

bool str_split(struct str s, char sep, struct str *left_r, struct str *right_r)
{
	const char *p = find(s, sep);
	if (!p)
		return false;
	size_t n = (size_t)(p - s.p);
	*left_r = (struct str){ s.p, n };
	*right_r = (struct str){ p + 1, s.n - n - 1 };
	return true;
}

char *str_dup(struct arena *a, struct str s)
{
	return arena_strndup(a, s.p, s.n);
}

char *str_lower(struct arena *a, struct str s)
{
	char *p = arena_strndup(a, s.p, s.n);
	for (size_t i = 0; i < s.n; i++)
		p[i] = lower(p[i]);
	return p;
}

bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool parse_int64(const char *s, int64_t lo, int64_t hi, int64_t *v_r)
{
	const char *digits = s[0] == '-' || s[0] == '+' ? s + 1 : s;
	/* strtoimax(3) would also take blanks in front and another sign. */
	if (digits[0] < '0' || digits[0] > '9')
		return false;
	char *end = NULL;
	errno = 0;
	intmax_t v = strtoimax(s, &end, 10);
	if (errno != 0 || *end != '\0' || v < lo || v > hi)
		return false;
	*v_r = (int64_t)v;
	return true;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;
	return m < c ? m : c;
}

unsigned str_distance(const char *a, const char *b, unsigned max)
{
	size_t na = strnlen(a, DISTANCE_MAX + 1), nb = strnlen(b, DISTANCE_MAX + 1);
	if (na > DISTANCE_MAX || nb > DISTANCE_MAX)
		return max + 1;
	unsigned rows[3][DISTANCE_MAX + 1] = { { 0 } };
	unsigned *before = rows[0], *prev = rows[1], *cur = rows[2];
	for (size_t j = 0; j <= nb; j++)
		prev[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		cur[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);
			cur[j] = min3(prev[j] + 1, cur[j - 1] + 1, prev[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y &&
			    before[j - 2] + 1 < cur[j])
				cur[j] = before[j - 2] + 1;
		}
		unsigned *oldest = before;
		before = prev;
		prev = cur;
		cur = oldest;
	}
	return prev[nb] > max ? max + 1 : prev[nb];
}

uint64_t hash_bytes(const void *p, size_t n)
{
	const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio */
	const unsigned char *c = p;
	uint64_t h = (uint64_t)n * odd, word;

	for (; n >= sizeof(word); n -= sizeof(word), c += sizeof(word)) {
		memcpy(&word, c, sizeof(word));
		h = (h ^ word) * odd;
		h ^= h >> 32;
	}
	word = 0;
	if (n > 0)
		memcpy(&word, c, n);
	h = (h ^ word) * odd;
	return h ^ h >> 29;
}

uint64_t str_prefix(const char *text)
{
	uint64_t prefix = 0;

	for (int i = 0; i < 8; i++) {
		prefix = prefix << 8 | (unsigned char)*text;
		text += *text != '\0';
	}
	return prefix;
}
