/* SPDX-License-Identifier: MIT */
/*
 * A pattern that does not compile would end the daemon when it starts; it is compiled here with the
 * library whose language is the same but for rare corners.
 */
#include "inputs/greylist.h"

#include "base/linefile.h"
#include "base/net.h"
#include "inputs/regexp.h"

#define LINE_FORM "an entry is a name, an address, a network or /pattern/: correct or remove it"

static bool is_pattern(struct str entry)
{
	return entry.n >= 2 && entry.p[0] == '/' && entry.p[entry.n - 1] == '/';
}

/* Digits, dots and a slash: a network, or the beginning of an address. */
static bool is_numeric(struct str entry)
{
	for (size_t i = 0; i < entry.n; i++)
		if (!isdigit((unsigned char)entry.p[i]) && entry.p[i] != '.' && entry.p[i] != '/')
			return false;
	return true;
}

/* The first two or three parts of an address stand for a network; written out, because the daemon
 * takes two parts for something else. */
static struct str write_out(struct arena *a, struct str entry)
{
	struct str rest = entry, part;
	unsigned parts = 0;

	while (str_next_word(&rest, ".", &part))
		parts++;
	if ((parts != 2 && parts != 3) || str_has_char(entry, '/'))
		return entry;
	return str_from(
		arena_printf(a, "%.*s%s", (int)entry.n, entry.p, parts == 2 ? ".0.0/16" : ".0/24"));
}

/* Why the entry can't be used, as a clause, or NULL. */
static const char *entry_problem(struct arena *a, struct str entry)
{
	if (str_has_char(entry, ' ') || str_has_char(entry, '\t'))
		return "has a blank within";
	if (is_pattern(entry))
		return entry.n == 2 ? "has an empty pattern"
				    : regexp_compile_problem(
					      a, (struct str){ entry.p + 1, entry.n - 2 });
	if (entry.p[0] == '/')
		return "has a pattern without its closing '/'";
	if (!is_numeric(entry) && !str_has_char(entry, ':'))
		return NULL;
	return is_network(str_dup(a, entry)) ? NULL : "is no address and no network";
}

const char *greylist_parse(struct arena *a, const char *file, struct str text, struct problems *p)
{
	autobuf struct buf out = BUF_INIT;
	struct linefile lf;
	struct str line;
	const char *bad;

	linefile_init(&lf, file, text);
	while (linefile_next(&lf, &line, &bad)) {
		const char *hash = memchr(line.p, '#', line.n);
		struct str entry = line;
		if (hash) /* a comment may stand behind an entry */
			entry.n = (size_t)(hash - line.p);
		entry = str_trim(entry);
		if (entry.n == 0 && bad == NULL)
			continue;
		if (is_numeric(entry))
			entry = write_out(a, entry);
		const char *problem = bad ? bad : entry_problem(a, entry);
		if (problem)
			problems_add(p, SEV_ERROR, arena_printf(a, "%s:%u", file, lf.line),
				     LINE_FORM, "the line %s", problem);
		else
			buf_printf(&out, "%.*s\n", (int)entry.n, entry.p);
	}
	return buf_dup(a, &out);
}
