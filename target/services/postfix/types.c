/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	postconf(1) -d; postconf(5) "time units"; Postfix conv_time(3), mail_conf_bool(3).
 */
#include "postfix/types.h"

#include "base/proc.h"

#define TIME_UNITS "smhdw"

static bool is_number(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isdigit((unsigned char)s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_time(struct str s, bool needs_unit)
{
	bool has_unit = s.n > 1 && strchr(TIME_UNITS, tolower((unsigned char)s.p[s.n - 1]));

	if (has_unit)
		s.n--;
	return is_number(s) && (has_unit || !needs_unit);
}

enum parameter_kind types_kind_of(const char *default_value)
{
	struct str s = str_from(default_value);

	if (str_is(s, "yes") || str_is(s, "no"))
		return PARAMETER_SWITCH;
	if (is_number(s))
		return PARAMETER_NUMBER;
	return is_time(s, true) ? PARAMETER_TIME : PARAMETER_TEXT;
}

const char *types_problem(enum parameter_kind kind, const char *value)
{
	struct str s = str_trim(str_from(value));

	if (str_has_char(s, '$'))
		return NULL;
	switch (kind) {
	case PARAMETER_TEXT:
		return NULL;
	case PARAMETER_SWITCH:
		return strcasecmp(value, "yes") == 0 || strcasecmp(value, "no") == 0 ? NULL
										     : "yes or no";
	case PARAMETER_NUMBER:
		/* Some numbers may be negative or times without a unit; letters are never right. */
		return is_number(s) || (s.n > 1 && (s.p[0] == '-' || s.p[0] == '+') &&
					is_number((struct str){ s.p + 1, s.n - 1 }))
			       ? NULL
			       : "a whole number";
	case PARAMETER_TIME:
		return is_time(s, false) ? NULL : "a number with one of the units s, m, h, d, w";
	}
	BUG("kind %d", (int)kind);
}

static void judge(struct arena *a, const struct override_vec *list, struct str name,
		  const char *default_value, struct problems *p)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct override *x = &list->v[i];
		const char *problem;
		if (!str_is(name, x->name))
			continue;
		problem = types_problem(types_kind_of(default_value), x->value);
		if (problem)
			problems_add(p, SEV_ERROR, arena_printf(a, "%s:%u", x->file, x->line), NULL,
				     "%s = %s: the value must be %s", x->name, x->value, problem);
	}
}

bool types_check(struct arena *a, const struct override_vec *list, struct problems *p,
		 struct err *err)
{
	const char **argv = arena_array(a, list->n + 4, sizeof(*argv));
	struct proc_spec spec = { .argv = (const char *const *)argv, .timeout_ms = 10000 };
	struct proc_result res = { 0 };
	struct str rest, line, name, value;
	size_t n = 0;

	if (list->n == 0)
		return true;
	argv[n++] = "/usr/sbin/postconf";
	argv[n++] = "-d";
	argv[n++] = "--";
	for (size_t i = 0; i < list->n; i++)
		argv[n++] = list->v[i].name;
	if (!proc_run(&spec, &res, err))
		return false;
	/* Names it does not know are told by the checker of the whole file. */
	rest = str_from(res.output.p);
	while (str_next_line(&rest, &line))
		if (str_split(line, '=', &name, &value))
			judge(a, list, str_trim(name), str_dup(a, str_trim(value)), p);
	buf_fini(&res.output);
	return true;
}
