/* SPDX-License-Identifier: MIT */
/*
 * Input: a table of access rules. What is accepted has a good key and a known action, and reads the same again;
 * what is deleted is gone, and nothing else.
 */
#include "base/err.h"
#include "inputs/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(struct arena *a, struct str text, struct access_list *list)
{
	struct problems p;

	*list = (struct access_list){ 0 };
	problems_init(&p, a);
	access_parse(a, "f", text, "own_class", list, &p);
}

static void check_rule(struct arena *a, struct str text, const struct access_list *list, size_t i)
{
	const struct access_rule *x = &list->rules.v[i];
	autobuf struct buf out = BUF_INIT;
	struct access_list rest;
	struct str action;
	unsigned line;

	if (access_key_problem(x->key) || access_action_problem(x->action, "own_class"))
		BUG("accepted '%s' '%s'", x->key, x->action);
	if (access_find(a, list, x->key) != x)
		BUG("'%s' does not find itself", x->key);
	if (!access_find_line(a, text, x->key, &action, &line))
		BUG("'%s' has no line", x->key);
	if (!access_edit_del(text, x->key, &out))
		BUG("'%s' can't be deleted", x->key);
	parse(a, (struct str){ out.p, out.n }, &rest);
	if (rest.rules.n > list->rules.n - 1)
		BUG("deleting '%s' made rules", x->key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct access_list list, again;
	autobuf struct buf out = BUF_INIT;
	struct arena a;

	arena_init(&a, "fuzz");
	parse(&a, text, &list);
	for (size_t i = 0; i < list.rules.n; i++) {
		check_rule(&a, text, &list, i);
		buf_printf(&out, "%s %s\n", list.rules.v[i].key, list.rules.v[i].action);
	}
	parse(&a, (struct str){ out.p, out.n }, &again);
	if (again.rules.n != list.rules.n)
		BUG("the table changes when read again");
	(void)access_find(&a, &list, arena_strndup(&a, text.p, text.n));
	arena_fini(&a);
	return 0;
}
