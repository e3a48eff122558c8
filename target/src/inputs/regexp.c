/* SPDX-License-Identifier: MIT */
/*
 * The delimiter is the first character that is no blank; it ends the pattern where it stands
 * without a backslash before it. Blanks inside a pattern belong to it.
 *
 * SOURCES
 *	pcre_table(5) "TABLE FORMAT"; pcre2api(3).
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "inputs/regexp.h"

#include <pcre2.h>

#include "inputs/logical.h"

#define FLAGS "AEUXimsx"
#define LINE_FORM "a line is /pattern/ target@domain: correct or remove it"

static const char *compile_problem(struct arena *a, struct str pattern, bool is_extended)
{
	char text[160] = "";
	PCRE2_SIZE at = 0;
	int code = 0;
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
					     is_extended ? PCRE2_EXTENDED : 0, &code, &at, NULL);

	if (compiled) {
		pcre2_code_free(compiled);
		return NULL;
	}
	(void)pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text));
	return arena_printf(a, "has a pattern with an error after %zu characters: %s", (size_t)at,
			    text);
}

/* Takes "!/pattern/flags" off *rest into the line; returns why it can't, as a clause, or NULL. */
static const char *split_pattern(struct str *rest, struct regexp_line *line)
{
	struct str s = str_trim(*rest);
	size_t n = 1;

	for (; s.n > 0 && s.p[0] == '!'; line->negated = !line->negated)
		s = str_trim((struct str){ s.p + 1, s.n - 1 });
	if (s.n == 0)
		return "has no pattern";
	if (isalnum((unsigned char)s.p[0]) || s.p[0] == '\\')
		return "does not begin with a delimiter such as '/'";
	while (n < s.n && s.p[n] != s.p[0])
		n += s.p[n] == '\\' ? 2 : 1;
	if (n >= s.n)
		return "has a pattern without its closing delimiter";
	if (n == 1)
		return "has an empty pattern";
	line->pattern = (struct str){ s.p + 1, n - 1 };
	line->flags = (struct str){ s.p + n + 1, 0 };
	for (n++; n < s.n && s.p[n] != ' ' && s.p[n] != '\t'; n++, line->flags.n++)
		if (strchr(FLAGS, s.p[n]) == NULL)
			return "has a flag behind the pattern that is not one of " FLAGS;
	*rest = str_trim((struct str){ s.p + n, s.n - n });
	return NULL;
}

static const char *take_pattern(struct arena *a, struct str *rest)
{
	struct regexp_line line = { 0 };
	const char *problem = split_pattern(rest, &line);

	return problem ? problem : compile_problem(a, line.pattern, str_has_char(line.flags, 'x'));
}

/* The word "if" or "endif" at the start. */
static bool take_word(struct str *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n < n || strncasecmp(s->p, word, n) != 0 ||
	    (s->n > n && isalnum((unsigned char)s->p[n])))
		return false;
	*s = str_trim((struct str){ s->p + n, s->n - n });
	return true;
}

/* Why the line is wrong, or NULL; *depth counts open ifs. */
static const char *line_problem(struct arena *a, struct str line, unsigned *depth)
{
	const char *problem;

	if (take_word(&line, "endif")) {
		if (*depth == 0)
			return "is an endif without an if";
		--*depth;
		return line.n > 0 ? "has text behind endif" : NULL;
	}
	if (take_word(&line, "if")) {
		++*depth;
		problem = take_pattern(a, &line);
		return problem || line.n == 0 ? problem : "has text behind the pattern of an if";
	}
	problem = take_pattern(a, &line);
	return problem || line.n > 0 ? problem : "has no target behind the pattern";
}

const char *regexp_compile_problem(struct arena *a, struct str pattern)
{
	return compile_problem(a, pattern, false);
}

bool regexp_split(struct str line, struct regexp_line *line_r)
{
	*line_r = (struct regexp_line){ 0 };
	if (take_word(&line, "endif"))
		line_r->kind = REGEXP_ENDIF;
	else if (take_word(&line, "if"))
		line_r->kind = REGEXP_IF;
	if (line_r->kind == REGEXP_ENDIF)
		return true;
	if (split_pattern(&line, line_r))
		return false;
	line_r->result = line;
	return true;
}

const char *regexp_parse(struct arena *a, const char *file, struct str text, struct problems *p)
{
	autobuf struct buf out = BUF_INIT;
	struct logical lg;
	struct str line;
	unsigned depth = 0, line_of_if = 0;

	logical_init(&lg, a, file, text);
	while (logical_next(&lg, &line)) {
		unsigned before = depth;
		const char *problem = lg.bad ? lg.bad : line_problem(a, line, &depth);
		if (problem)
			problems_add(p, SEV_ERROR, arena_printf(a, "%s:%u", file, lg.line),
				     LINE_FORM, "the line %s", problem);
		if (before == 0 && depth == 1)
			line_of_if = lg.line;
		buf_add(&out, line.p, line.n);
		buf_addc(&out, '\n');
	}
	if (depth > 0)
		problems_add(p, SEV_ERROR, arena_printf(a, "%s:%u", file, line_of_if),
			     "add the line endif", "the if has no endif");
	return buf_dup(a, &out);
}
