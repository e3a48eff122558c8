/* SPDX-License-Identifier: MIT */
/*
 * Input: one byte that chooses the dialect, then a template. Must hold: rendering twice gives the same; what
 * tpl_names() refuses tpl_render() refuses too; an error is one line.
 */
#include "base/arena.h"
#include "base/tpl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tpl_field inner[] = {
	{ "a", { .kind = TPL_TEXT, .text = "inner $ % ' \" \\" } },
	{ "c", { .kind = TPL_BOOL, .truth = true } },
};
static const struct tpl_item items[] = { { inner, 2 }, { inner, 1 }, { NULL, 0 } };

/* Names are chosen by their first letter, so that the fuzzer finds them soon. */
static bool lookup(void *ctx UNUSED, const char *name, struct tpl_value *value_r)
{
	switch (name[0]) {
	case 'a':
		*value_r = tpl_text("text");
		return true;
	case 'b':
		*value_r = tpl_text("");
		return true;
	case 'c':
		*value_r = tpl_bool(false);
		return true;
	case 'd':
		*value_r = (struct tpl_value){ .kind = TPL_LIST, .list = { items, 3 } };
		return true;
	case 'e':
		*value_r = tpl_text(name);
		return true;
	default:
		return false;
	}
}

static void visit(void *ctx, const char *name, unsigned line)
{
	size_t *seen = ctx;
	if (strlen(name) == 0 || line == 0)
		BUG("name '%s' in line %u", name, line);
	(*seen)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	autobuf struct buf one = BUF_INIT;
	autobuf struct buf two = BUF_INIT;
	struct err err = ERR_INIT, again = ERR_INIT;
	size_t seen = 0;
	/* Lists in lists multiply: short templates are enough. */
	if (size < 1 || size > 512)
		return 0;
	arena_init(&a, "fuzz");
	const struct tpl_spec spec = {
		.label = "fuzz",
		.text = arena_strndup(&a, (const char *)data + 1, size - 1),
		.dialect = (enum dialect)(data[0] % (DIALECT_RAW + 1)),
		.lookup = lookup,
	};
	size_t depth = 0;
	for (const char *p = spec.text; (p = strstr(p, "{{#d")) != NULL; p++)
		depth++;
	if (depth <= 6) {
		bool syntax = tpl_names(spec.label, spec.text, visit, &seen, &err);
		bool done = tpl_render(&spec, &one, &err);
		if (done && !syntax)
			BUG("rendered what has bad syntax");
		if (tpl_render(&spec, &two, &again) != done || strcmp(one.p, two.p) != 0)
			BUG("rendered twice, not the same");
		if (!done && (strchr(err.text, '\n') || err.class != ERR_CONFIG))
			BUG("error '%s'", err.text);
	}
	arena_fini(&a);
	return 0;
}
