/* SPDX-License-Identifier: MIT */
/* tpl: every error, every form of tag, standalone lines, lists. */
#include "unit.h"

#include "base/tpl.h"

static const struct tpl_field port_tls[] = { { "name", { .kind = TPL_TEXT, .text = "smtps" } },
					     { "port", { .kind = TPL_TEXT, .text = "465" } },
					     { "tls", { .kind = TPL_BOOL, .truth = true } } };
static const struct tpl_field port_plain[] = { { "name", { .kind = TPL_TEXT, .text = "smtp" } },
					       { "port", { .kind = TPL_TEXT, .text = "25" } },
					       { "tls", { .kind = TPL_BOOL, .truth = false } } };
static const struct tpl_item ports[] = { { port_tls, 3 }, { port_plain, 3 } };
static const struct tpl_field host_fields[] = {
	{ "host", { .kind = TPL_TEXT, .text = "mx" } },
	{ "ports", { .kind = TPL_LIST, .list = { ports, 2 } } },
};
static const struct tpl_item hosts[] = { { host_fields, 2 } };

static const struct tpl_field names[] = {
	{ "name", { .kind = TPL_TEXT, .text = "outer" } },
	{ "empty", { .kind = TPL_TEXT, .text = "" } },
	{ "zero", { .kind = TPL_TEXT, .text = "0" } },
	{ "money", { .kind = TPL_TEXT, .text = "5 $" } },
	{ "broken", { .kind = TPL_TEXT, .text = "a\nb" } },
	{ "nothing", { .kind = TPL_TEXT, .text = NULL } },
	{ "yes", { .kind = TPL_BOOL, .truth = true } },
	{ "no", { .kind = TPL_BOOL, .truth = false } },
	{ "ports", { .kind = TPL_LIST, .list = { ports, 2 } } },
	{ "hosts", { .kind = TPL_LIST, .list = { hosts, 1 } } },
	{ "none", { .kind = TPL_LIST, .list = { NULL, 0 } } },
};

static bool find_name(void *ctx UNUSED, const char *name, struct tpl_value *value_r)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (streq(names[i].name, name)) {
			*value_r = names[i].value;
			return true;
		}
	}
	return false;
}

static bool render(const char *text, struct buf *out, struct err *err)
{
	const struct tpl_spec spec = {
		.label = "x.tpl", .text = text, .dialect = DIALECT_POSTFIX, .lookup = find_name
	};
	return tpl_render(&spec, out, err);
}

static void test_errors(void **state UNUSED)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{ "a\nb {{nme}}\n", "x.tpl:2: unknown name 'nme'" },
		{ "{{#nme}}{{/nme}}", "x.tpl:1: unknown name 'nme'" },
		{ "{{^nme}}{{/nme}}", "x.tpl:1: unknown name 'nme'" },
		{ "{{#yes}}\n{{#no}}\n{{/yes}}\n{{/no}}\n",
		  "x.tpl:3: {{/yes}} closes the section 'no' of line 2" },
		{ "{{/yes}}\n", "x.tpl:1: {{/yes}} closes a section that is not open" },
		{ "\n{{#yes}}\n{{^no}}\n{{/no}}\n", "x.tpl:2: section 'yes' is not closed" },
		{ "ok\n{{name\n", "x.tpl:2: '{{' without '}}'" },
		{ "{{", "without '}}'" },
		{ "{{}}", "x.tpl:1: '' is not a name" },
		{ "{{#}}", "x.tpl:1: '' is not a name" },
		{ "{{ name }}", "' name ' is not a name" },
		{ "{{Name}}", "'Name' is not a name" },
		{ "{{a.b}}", "'a.b' is not a name" },
		{ "{{&name}}", "'&name' is not a name" },
		{ "{{{name}}}", "'{name' is not a name" },
		{ "{{>file}}", "'>file' is not a name" },
		{ "{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}",
		  "is not a name" },
		{ "{{ports}}", "x.tpl:1: 'ports' is a list, not a text" },
		{ "{{yes}}", "x.tpl:1: 'yes' is a condition, not a text" },
		{ "{{nothing}}", "x.tpl:1: 'nothing' has no value" },
		{ "\n\n{{broken}}",
		  "x.tpl:3: 'broken' can't be written in the postfix dialect: the value has" },
		{ "{{#ports}}\n{{host}}\n{{/ports}}", "x.tpl:2: unknown name 'host'" },
		{ "{{! two\nlines }}\n{{nme}}", "x.tpl:3: unknown name" },
		{ "{{! note\n", "without '}}'" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		if (render(cases[i].text, &out, &err))
			fail_msg("'%s' was rendered", cases[i].text);
		assert_err(&err, ERR_CONFIG, cases[i].part);
	}
}

static void test_depth(void **state UNUSED)
{
	for (int depth = 32; depth <= 33; depth++) {
		autobuf struct buf text = BUF_INIT;
		autobuf struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		for (int i = 0; i < depth; i++)
			buf_adds(&text, "{{#yes}}");
		buf_addc(&text, 'x');
		for (int i = 0; i < depth; i++)
			buf_adds(&text, "{{/yes}}");
		if (depth == 32) {
			assert_done(render(text.p, &out, &err), &err);
			assert_string_equal(out.p, "x");
		} else {
			assert_false(render(text.p, &out, &err));
			assert_err(&err, ERR_CONFIG, "more than 32 sections");
		}
	}
}

static void test_rendered(void **state UNUSED)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "plain\n", "plain\n" },
		{ "a {{name}} b", "a outer b" },
		{ "[{{empty}}]", "[]" },
		{ "{{empty}}\n", "\n" },
		{ "{{money}}", "5 $$" },
		{ "{ { }} } %{x} $y", "{ { }} } %{x} $y" },
		{ "{{name}}}}", "outer}}" },
		/* conditions */
		{ "{{#yes}}1{{/yes}}{{#no}}2{{/no}}{{^yes}}3{{/yes}}{{^no}}4{{/no}}", "14" },
		{ "{{#name}}1{{/name}}{{#empty}}2{{/empty}}{{^empty}}3{{/empty}}{{#zero}}4{{/zero}}",
		  "134" },
		{ "{{#nothing}}1{{/nothing}}{{^nothing}}2{{/nothing}}", "2" },
		{ "{{#none}}1{{/none}}{{^none}}2{{/none}}{{^ports}}3{{/ports}}", "2" },
		{ "{{#no}}{{unknown_in_hidden_part}}{{/no}}", "" },
		/* lists */
		{ "{{#ports}}{{name}}:{{port}}{{#tls}} tls{{/tls}};{{/ports}}{{name}}",
		  "smtps:465 tls;smtp:25;outer" },
		{ "{{#hosts}}{{host}}{{#ports}} {{host}}/{{name}}{{/ports}}{{/hosts}}",
		  "mx mx/smtps mx/smtp" },
		{ "{{#ports}}{{#yes}}{{money}}{{/yes}}{{/ports}}", "5 $$5 $$" },
		/* lines of their own */
		{ "a\n{{#yes}}\nb\n{{/yes}}\nc\n", "a\nb\nc\n" },
		{ "a\n{{#no}}\nb\n{{/no}}\nc\n", "a\nc\n" },
		{ "a\n \t{{#yes}} \n  b\n\t{{/yes}}\t\nc\n", "a\n  b\nc\n" },
		{ "{{#ports}}\n{{port}}\n{{/ports}}\n", "465\n25\n" },
		{ "{{! note }}\na", "a" },
		{ "a\n  {{! note\n of two lines }}  \nb", "a\nb" },
		{ "a {{! note }}\nb", "a \nb" },
		{ "a\n{{/yes}}", NULL },
		{ "{{#yes}}\na\n{{/yes}}", "a\n" },
		{ "{{#yes}}{{/yes}}\nx", "\nx" },
		{ "{{#yes}} x\n{{/yes}}\n", " x\n" },
		{ "  {{#yes}}x\n  {{/yes}}y\n", "  x\n  y\n" },
		{ "{{!}}", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf out = BUF_INIT;
		struct err err = ERR_INIT;
		buf_adds(&out, ">");
		bool done = render(cases[i].text, &out, &err);
		if (!cases[i].want) {
			assert_false(done);
			continue;
		}
		assert_done(done, &err);
		assert_string_equal(out.p + 1, cases[i].want);
	}
}

static void test_no_lookup(void **state UNUSED)
{
	const struct tpl_spec spec = { .label = "x.tpl",
				       .text = "{{name}}",
				       .dialect = DIALECT_RAW };
	autobuf struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	assert_false(tpl_render(&spec, &out, &err));
	assert_err(&err, ERR_CONFIG, "unknown name 'name'");
}

static void note_name(void *ctx, const char *name, unsigned line)
{
	buf_printf(ctx, "%s:%u ", name, line);
}

static void test_names(void **state UNUSED)
{
	autobuf struct buf seen = BUF_INIT;
	struct err err = ERR_INIT;
	assert_done(tpl_names("x.tpl", "{{a}}\n{{#b}}\n{{^c}}{{! d }}{{a}}{{/c}}\n{{/b}}\n{{e}}",
			      note_name, &seen, &err),
		    &err);
	assert_string_equal(seen.p, "a:1 b:2 c:3 a:3 e:5 ");
	buf_reset(&seen);
	assert_false(tpl_names("x.tpl", "{{a}}{{#b}}", note_name, &seen, &err));
	assert_err(&err, ERR_CONFIG, "x.tpl:1: section 'b' is not closed");
	assert_string_equal(seen.p, "");
}

static void test_values(void **state UNUSED)
{
	assert_int_equal(tpl_text("x").kind, TPL_TEXT);
	assert_string_equal(tpl_text("x").text, "x");
	assert_int_equal(tpl_bool(true).kind, TPL_BOOL);
	assert_true(tpl_bool(true).truth);
	assert_false(tpl_bool(false).truth);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),	 cmocka_unit_test(test_depth),
		cmocka_unit_test(test_rendered), cmocka_unit_test(test_no_lookup),
		cmocka_unit_test(test_names),	 cmocka_unit_test(test_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
