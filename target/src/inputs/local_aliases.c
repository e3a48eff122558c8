/* SPDX-License-Identifier: MIT */
/*
 * A name may stand in double quotes; a target may be an address, a file, a command, or an include,
 * and is left to Postfix.
 *
 * SOURCES
 *	aliases(5).
 */
#include "inputs/local_aliases.h"

#include "base/map.h"
#include "inputs/logical.h"

#define LINE_FORM "a line is name: target, target: correct or remove it"

/* Cuts "name: targets"; the name comes without quotes. Returns why it can't, as a clause, or NULL.
 */
static const char *split_line(struct str line, struct str *name_r, struct str *targets_r)
{
	struct str rest = line;

	if (line.n > 0 && line.p[0] == '"') {
		if (!str_split((struct str){ line.p + 1, line.n - 1 }, '"', name_r, &rest))
			return "has a quote without its partner";
		rest = str_trim(rest);
		if (rest.n == 0 || rest.p[0] != ':')
			return "has no ':' behind the name";
		*targets_r = str_trim((struct str){ rest.p + 1, rest.n - 1 });
	} else {
		if (!str_split(line, ':', name_r, targets_r))
			return "has no ':' behind the name";
		*name_r = str_trim(*name_r);
		*targets_r = str_trim(*targets_r);
		if (str_has_char(*name_r, ' ') || str_has_char(*name_r, '\t'))
			return "has a blank in the name";
	}
	if (name_r->n == 0)
		return "has no name";
	if (str_has_char(*name_r, '@'))
		return "has an address for a name (those belong into postfix-virtual.cf)";
	return targets_r->n > 0 ? NULL : "has no target behind the ':'";
}

const char *local_aliases_parse(struct arena *a, const char *file, struct str text,
				struct problems *p)
{
	autobuf struct buf out = BUF_INIT;
	struct logical lg;
	struct str line, name = { "", 0 }, targets;
	struct map seen;

	map_init(&seen, a, 16);
	logical_init(&lg, a, file, text);
	while (logical_next(&lg, &line)) {
		const char *subject = arena_printf(a, "%s:%u", file, lg.line);
		const char *problem = lg.bad ? lg.bad : split_line(line, &name, &targets);
		uintptr_t here = lg.line;
		if (problem) {
			problems_add(p, SEV_ERROR, subject, LINE_FORM, "the line %s", problem);
			continue;
		}
		const char *key = str_lower(a, name);
		if (streq(key, "root"))
			problems_add(
				p, SEV_WARNING, subject,
				"set POSTMASTER_ADDRESS and remove the line",
				"root's mail goes to POSTMASTER_ADDRESS; this line has no effect");
		else if (!map_add(&seen, key, (void *)here))
			problems_add(p, SEV_WARNING, subject, "put all targets on one line",
				     "'%s' is in line %u already: that one counts", key,
				     (unsigned)(uintptr_t)map_get(&seen, key));
		else
			buf_printf(&out, "%.*s\n", (int)line.n, line.p);
	}
	return buf_dup(a, &out);
}

bool local_aliases_find(struct arena *a, struct str text, const char *name, struct str *targets_r,
			unsigned *line_r)
{
	struct str line, found = { "", 0 }, want = str_from(name);
	struct logical lg;

	logical_init(&lg, a, LOCAL_ALIASES_FILE, text);
	while (logical_next(&lg, &line)) {
		if (lg.bad || split_line(line, &found, targets_r) || found.n != want.n ||
		    strncasecmp(found.p, want.p, want.n) != 0)
			continue;
		*line_r = lg.line;
		return true;
	}
	return false;
}

bool local_aliases_define(const char *text, const char *name)
{
	struct str rest = str_from(text), line, found, targets, want = str_from(name);

	while (str_next_line(&rest, &line))
		if (split_line(line, &found, &targets) == NULL && found.n == want.n &&
		    strncasecmp(found.p, want.p, want.n) == 0)
			return true;
	return false;
}
