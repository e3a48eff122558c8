/* SPDX-License-Identifier: MIT */
/*
 * Input: a postfix-main.cf, also read as a postfix-master.cf. What is accepted has a name and fits
 * into one line; every finding has a line of the file for its subject.
 */
#include "base/err.h"
#include "inputs/overrides.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct override_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct override *x = &list->v[i];
		if (*x->name == '\0' && (x->service == NULL || *x->value == '\0'))
			BUG("accepted a line without a name");
		if (strpbrk(x->value, "\r\n") || strpbrk(x->name, " \t\r\n/="))
			BUG("accepted '%s' = '%s'", x->name, x->value);
		for (size_t k = 0; k < i; k++)
			if (streq(list->v[k].name, x->name) &&
			    (x->service == NULL || streq(list->v[k].service, x->service)))
				BUG("'%s' twice", x->name);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct override_vec main_cf = VEC_INIT, master_cf = VEC_INIT;
	struct line_vec lines = VEC_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "fuzz");
	problems_init(&p, &a);
	overrides_parse_main(&a, "f", text, &main_cf, &p);
	overrides_parse_master(&a, "f", text, &master_cf, &p);
	overrides_parse_lines(&a, "f", text, &lines, &p);
	check(&main_cf);
	check(&master_cf);
	for (size_t i = 0; i < p.list.n; i++)
		if (!has_prefix(p.list.v[i].subject, "f:"))
			BUG("finding about '%s'", p.list.v[i].subject);
	arena_fini(&a);
	return 0;
}
