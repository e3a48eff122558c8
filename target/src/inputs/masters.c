/* SPDX-License-Identifier: MIT */
/*
 * Dovecot takes what stands behind the first "*" of a login for the master's name, so a name has
 * none; "@" may be in it.
 */
#include "inputs/masters.h"

#include "base/linefile.h"
#include "inputs/password.h"

#define LINE_FORM                                                                                  \
	"a line is name|{SCHEME}hash, as 'setup dovecot-master add' writes it: correct or remove it"
#define COMMAND "setup dovecot-master update NAME"
#define NAME_MAX_BYTES 254

const char *master_name_problem(const char *name)
{
	if (*name == '\0')
		return "is empty";
	if (strlen(name) > NAME_MAX_BYTES)
		return "is longer than 254 bytes";
	if (*name == '#')
		return "begins with '#', which makes the line a comment";
	for (const char *c = name; *c; c++)
		if (*c == '|')
			return "has a '|', which separates the fields of the file";
		else if (*c == '*')
			return "has a '*', which separates it from the user's name";
		else if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return "has a blank or a control character";
	return NULL;
}

struct parser {
	struct arena *a;
	struct map seen;
	struct master_vec *out;
	struct problems *p;
};

static void parse_line(struct parser *ps, const char *subject, unsigned number, struct str line)
{
	struct str name = line, rest = { "", 0 }, hash, extra;
	const char *prefix = "";

	if (str_split(line, '|', &name, &rest))
		(void)str_split(rest, '|', &rest, &extra);
	name = str_trim(name);
	hash = str_trim(rest);
	struct master x = { .name = str_lower(ps->a, name), .line = number };
	const char *problem = master_name_problem(x.name);
	if (problem) {
		problems_add(ps->p, SEV_ERROR, subject, LINE_FORM, "the name '%s' %s", x.name,
			     problem);
		return;
	}
	if (hash.n == 0) {
		problems_add(ps->p, SEV_ERROR, subject, "set a password: " COMMAND,
			     "'%s' has no password: " LINE_FORM, x.name);
		return;
	}
	if (!password_report(ps->p, subject, x.name, password_judge(hash, &prefix), COMMAND))
		return;
	x.hash = arena_printf(ps->a, "%s%.*s", prefix, (int)hash.n, hash.p);
	if (!str_is(name, x.name))
		problems_add(ps->p, SEV_NOTE, subject, NULL, "the name is '%s', in small letters",
			     x.name);
	uintptr_t here = number;
	/* The cast: the map holds pointers. */
	if (map_add(&ps->seen, x.name, (void *)here))
		*VEC_PUSH(ps->a, ps->out) = x;
	else
		problems_add(ps->p, SEV_WARNING, subject, "remove one of the two",
			     "'%s' is in line %u already: that one counts", x.name,
			     (unsigned)(uintptr_t)map_get(&ps->seen, x.name));
}

void masters_parse(struct arena *a, const char *file, struct str text, struct master_vec *out,
		   struct problems *p)
{
	struct parser ps = { .a = a, .out = out, .p = p };
	struct linefile lf;
	struct str line;
	const char *bad;

	map_init(&ps.seen, a, 8);
	linefile_init(&lf, file, text);
	while (linefile_next(&lf, &line, &bad)) {
		const char *subject = arena_printf(a, "%s:%u", file, lf.line);
		if (bad)
			problems_add(p, SEV_ERROR, subject, LINE_FORM, "the line %s", bad);
		else
			parse_line(&ps, subject, lf.line, line);
	}
}
