/* SPDX-License-Identifier: MIT */
/*
 * What comes first, a blank or "|", tells the two forms apart: an address has neither.
 */
#include "inputs/newcomers.h"

#include "base/idn.h"
#include "base/linefile.h"
#include "base/map.h"
#include "inputs/accounts.h"
#include "settings/problems.h"

#define LINE_FORM "a line is: address password, or: address|{SCHEME}hash"

struct parser {
	struct arena *a;
	const char *file;
	unsigned line;
	struct map seen; /* address → number of its line */
	struct newcomer_vec *out;
	struct problems *p;
};

#define FINDING(ps, hint, ...)                                                                     \
	problems_add((ps)->p, SEV_ERROR, arena_printf((ps)->a, "%s:%u", (ps)->file, (ps)->line),   \
		     (hint), __VA_ARGS__)

/* Cuts the line at its first blank or "|"; *is_hash_r: it was "|". */
static struct str take_address(struct str *line, bool *is_hash_r)
{
	struct str rest = str_trim(*line), address;
	size_t n = 0;

	while (n < rest.n && rest.p[n] != ' ' && rest.p[n] != '\t' && rest.p[n] != '|')
		n++;
	address = (struct str){ rest.p, n };
	rest = str_trim((struct str){ rest.p + n, rest.n - n });
	*is_hash_r = rest.n > 0 && rest.p[0] == '|';
	*line = *is_hash_r ? str_trim((struct str){ rest.p + 1, rest.n - 1 }) : rest;
	return address;
}

/* "hash" or "hash|fields". */
static const char *take_hash(struct parser *ps, struct str text, struct newcomer *x)
{
	struct str hash = text, extra = { "", 0 };
	const char *prefix = "";

	(void)str_split(text, '|', &hash, &extra);
	hash = str_trim(hash);
	switch (password_judge(hash, &prefix)) {
	case PASSWORD_HASHED:
		break;
	case PASSWORD_REFUSED:
		return "has a weak hash: nobody could log in with it";
	case PASSWORD_PLAIN:
	case PASSWORD_NO_SCHEME:
	case PASSWORD_NO_HASH:
		return "has no hash such as {SHA512-CRYPT}$6$… behind the '|'";
	}
	x->hash = arena_printf(ps->a, "%s%.*s", prefix, (int)hash.n, hash.p);
	x->extra = str_dup(ps->a, str_trim(extra));
	return NULL;
}

static const char *take_password(struct parser *ps, struct str text, struct newcomer *x)
{
	const char *prefix;

	if (text.n == 0)
		return "has no password";
	if (password_judge(text, &prefix) != PASSWORD_PLAIN)
		return "has a hash where a password belongs: write address|hash";
	x->password = str_dup(ps->a, text);
	return password_problem(x->password);
}

static void parse_line(struct parser *ps, struct str line)
{
	struct newcomer x = { .extra = "", .line = ps->line };
	const char *problem, *ascii = NULL;
	bool is_hash;

	const char *typed = str_dup(ps->a, take_address(&line, &is_hash));
	problem = idn_to_ascii(ps->a, typed, &ascii);
	if (problem == NULL) {
		x.address = str_lower(ps->a, str_from(ascii));
		problem = account_new_problem(x.address);
	}
	if (problem) {
		/* It is not shown: it may be a password in the wrong place. */
		FINDING(ps, LINE_FORM, "the address %s", problem);
		return;
	}
	problem = is_hash ? take_hash(ps, line, &x) : take_password(ps, line, &x);
	if (problem) {
		FINDING(ps, LINE_FORM, "'%s' %s", x.address, problem);
		return;
	}
	uintptr_t here = ps->line;
	if (map_add(&ps->seen, x.address, (void *)here))
		*VEC_PUSH(ps->a, ps->out) = x;
	else
		FINDING(ps, "remove one of the two lines", "'%s' is in line %u already", x.address,
			(unsigned)(uintptr_t)map_get(&ps->seen, x.address));
}

void newcomers_parse(struct arena *a, const char *file, struct str text, struct newcomer_vec *out,
		     struct problems *p)
{
	struct parser ps = { .a = a, .file = file, .out = out, .p = p };
	struct linefile lf;
	struct str line;
	const char *bad;

	map_init(&ps.seen, a, 64);
	linefile_init(&lf, file, text);
	while (linefile_next(&lf, &line, &bad)) {
		ps.line = lf.line;
		if (bad)
			FINDING(&ps, LINE_FORM, "the line %s", bad);
		else
			parse_line(&ps, line);
	}
}
