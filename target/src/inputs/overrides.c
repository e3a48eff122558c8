/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	postconf(5) "main.cf file format"; master(5) "SYNTAX".
 */
#include "inputs/overrides.h"

#include "inputs/logical.h"

#define MAIN_FORM "a line is parameter = value: correct or remove it"
#define MASTER_FORM                                                                                \
	"a line is service/type/parameter=value, such as "                                         \
	"submission/inet/smtpd_client_connection_count_limit=20: correct or remove it"
#define ENTRY_FIELDS 8

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && strchr("_-.", s.p[i]) == NULL)
			return false;
	return s.n > 0;
}

/* Service names may be host:port and hold what a path element may hold. */
static bool is_service_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && strchr("_-.:[]", s.p[i]) == NULL)
			return false;
	return s.n > 0;
}

static bool is_service_type(struct str s)
{
	static const char *const types[] = { "inet", "unix", "unix-dgram", "fifo", "pass" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_is(s, types[i]))
			return true;
	return false;
}

static bool is_same(const struct override *x, const struct override *y)
{
	return streq(x->name, y->name) && (x->service == NULL) == (y->service == NULL) &&
	       (x->service == NULL || streq(x->service, y->service));
}

/* Adds x, or puts it in the place of the one with its name. */
static void put(struct arena *a, struct override_vec *out, const struct override *x,
		struct problems *p)
{
	for (size_t i = 0; i < out->n; i++) {
		struct override *old = &out->v[i];
		if (!is_same(old, x))
			continue;
		problems_add(p, SEV_WARNING, arena_printf(a, "%s:%u", x->file, x->line),
			     "remove one of the two lines",
			     "'%s' is in line %u already: the later line counts",
			     *x->name ? x->name : x->service, old->line);
		*old = *x;
		return;
	}
	*VEC_PUSH(a, out) = *x;
}

/* "parameter = value"; returns why not, as a clause, or NULL. */
static const char *split_main(struct arena *a, struct str line, struct override *x)
{
	struct str name, value;

	if (!str_split(line, '=', &name, &value))
		return "has no '='";
	name = str_trim(name);
	if (!is_name(name))
		return "does not begin with the name of a parameter";
	x->name = str_dup(a, name);
	x->value = str_dup(a, str_trim(value));
	return NULL;
}

static size_t count_words(struct str s)
{
	struct str word;
	size_t n = 0;

	while (str_next_word(&s, " \t", &word))
		n++;
	return n;
}

/* A whole service: its fields must begin with its name and type. */
static const char *check_entry(struct str fields, struct str name, struct str type)
{
	struct str rest = fields, word;

	if (count_words(fields) < ENTRY_FIELDS)
		return "does not have the eight fields of master(5) behind the '='";
	if (!str_next_word(&rest, " \t", &word) || word.n != name.n ||
	    memcmp(word.p, name.p, name.n) != 0 || !str_next_word(&rest, " \t", &word) ||
	    word.n != type.n || memcmp(word.p, type.p, type.n) != 0)
		return "has other fields behind the '=' than the service and type before it";
	return NULL;
}

static const char *split_master(struct arena *a, struct str line, struct override *x)
{
	struct str key, value, name, rest, type, parameter = { "", 0 };

	if (!str_split(line, '=', &key, &value))
		return "has no '='";
	key = str_trim(key);
	value = str_trim(value);
	if (!str_split(key, '/', &name, &rest))
		return "has no '/' behind the service";
	bool whole = !str_split(rest, '/', &type, &parameter);
	if (whole)
		type = rest;
	if (!is_service_name(name))
		return "does not begin with the name of a service";
	if (!is_service_type(type))
		return "has a type that is not one of inet, unix, unix-dgram, fifo, pass";
	if (!whole && !is_name(parameter))
		return "has no name of a parameter before the '='";
	x->service = arena_printf(a, "%.*s/%.*s", (int)name.n, name.p, (int)type.n, type.p);
	x->name = str_dup(a, parameter);
	x->value = str_dup(a, value);
	return whole ? check_entry(value, name, type) : NULL;
}

static void parse(struct arena *a, const char *file, struct str text, struct override_vec *out,
		  struct problems *p, const char *form,
		  const char *(*split)(struct arena *a, struct str line, struct override *x))
{
	struct logical lg;
	struct str line;

	logical_init(&lg, a, file, text);
	while (logical_next(&lg, &line)) {
		struct override x = { .file = file, .line = lg.line };
		const char *problem = lg.bad ? lg.bad : split(a, line, &x);
		if (problem)
			problems_add(p, SEV_ERROR, arena_printf(a, "%s:%u", file, lg.line), form,
				     "the line %s", problem);
		else
			put(a, out, &x, p);
	}
}

void overrides_parse_main(struct arena *a, const char *file, struct str text,
			  struct override_vec *out, struct problems *p)
{
	parse(a, file, text, out, p, MAIN_FORM, split_main);
}

void overrides_parse_master(struct arena *a, const char *file, struct str text,
			    struct override_vec *out, struct problems *p)
{
	parse(a, file, text, out, p, MASTER_FORM, split_master);
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return true;
	return false;
}

void overrides_parse_lines(struct arena *a, const char *file, struct str text, struct line_vec *out,
			   struct problems *p)
{
	struct str rest = text, line;
	unsigned number = 0;

	while (str_next_line(&rest, &line)) {
		number++;
		if (has_control(line))
			problems_add(p, SEV_ERROR, arena_printf(a, "%s:%u", file, number),
				     "write it as plain text", "the line has a control character");
		*VEC_PUSH(a, out) = str_dup(a, line);
	}
}
