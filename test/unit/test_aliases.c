/* SPDX-License-Identifier: MIT */
/* aliases, regexp, local_aliases, logical: shapes, continuation lines, edits. */
#include "unit/inputs_unit.h"

#include "inputs/aliases.h"
#include "inputs/logical.h"

#define FILE_NAME "postfix-virtual.cf"

struct parsed {
	struct arena a;
	struct alias_vec list;
	struct map index;
	struct problems p;
};

static void parse(struct parsed *x, const char *text)
{
	*x = (struct parsed){ 0 };
	arena_init(&x->a, "test");
	problems_init(&x->p, &x->a);
	aliases_parse(&x->a, FILE_NAME, str_from(text), &x->list, &x->index, &x->p);
}

static void test_bad_lines(void **state UNUSED)
{
	static const struct {
		const char *line, *part;
	} cases[] = {
		{ "info@firma.example", "has no target" },
		{ "info@firma.example ,,", "has no target" },
		{ "info@fir_ma.example a@x.example", "not a valid host name" },
		{ "@ a@x.example", "no valid domain" },
		{ "@b@c a@x.example", "no valid domain" },
		{ "in(fo a@x.example", "not allowed" },
		{ "info@firma.example |/bin/sh", "postfix-aliases.cf" },
		{ "info@firma.example a@x.example,/dev/null", "postfix-aliases.cf" },
		{ "info@firma.example :include:/x", "postfix-aliases.cf" },
		{ "info@firma.example a@x.example # note", "line of its own" },
		{ "info@firma.example a@@x.example", "more than one '@'" },
		{ "info@firma.example a@[1.2.3]", "not a valid host name" },
		{ "info@firma.example a\001@x.example", "control character" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf text = BUF_INIT;
		struct parsed x;
		buf_printf(&text, "\n%s\nlast@x.example a@x.example", cases[i].line);
		parse(&x, text.p);
		assert_finding(&x.p, SEV_ERROR, FILE_NAME ":2", cases[i].part);
		assert_int_equal(x.list.n, 1);
		arena_fini(&x.a);
	}
	struct parsed x;
	parse(&x, "  first@x.example a@x.example\n");
	assert_finding(&x.p, SEV_ERROR, FILE_NAME ":1", "no line before it");
	arena_fini(&x.a);
}

static void test_good_lines(void **state UNUSED)
{
	static const struct {
		const char *key, *targets;
		unsigned line;
	} want[] = {
		{ "info@firma.example", "anna@firma.example", 2 },
		{ "team@firma.example", "anna@firma.example,Ben@firma.example,c@x.example,d", 3 },
		{ "@alt.example", "@neu.example", 7 },
		{ "root", "anna+root@firma.example", 8 },
		{ "self@x.example", "self@x.example", 9 },
		{ "a@localhost", "b@localhost", 10 },
		{ "ip@x.example", "a@[192.0.2.1],b@[IPv6:2001:db8::1]", 11 },
	};
	struct parsed x;
	size_t at;

	parse(&x, "# aliases\n"
		  "Info@Firma.example\tanna@firma.example\r\n"
		  "team@firma.example anna@firma.example, Ben@firma.example,\n"
		  "# between\n"
		  "\n"
		  "   c@x.example d\n"
		  "@alt.example @neu.example\n"
		  "root anna+root@firma.example\n"
		  "self@x.example self@x.example\n"
		  "a@localhost b@localhost\n"
		  "ip@x.example a@[192.0.2.1] b@[IPv6:2001:db8::1]\n"
		  "INFO@firma.example other@x.example");
	assert_finding(&x.p, SEV_WARNING, FILE_NAME ":12", "line 2 already: that one counts");
	assert_int_equal(x.p.list.n, 1);
	assert_int_equal(x.list.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_string_equal(x.list.v[i].key, want[i].key);
		assert_string_equal(x.list.v[i].targets, want[i].targets);
		assert_int_equal(x.list.v[i].line, want[i].line);
	}
	assert_true(inputs_index_get(&x.index, "root", &at));
	assert_int_equal(at, 3);
	arena_fini(&x.a);
}

static void test_env(void **state UNUSED)
{
	struct parsed x = { 0 };

	arena_init(&x.a, "test");
	problems_init(&x.p, &x.a);
	aliases_parse_env(&x.a,
			  "a=b@x.example=c@x.example,d@x.example\n root=e@x.example nix "
			  "@x.example=f@x.example root=z",
			  &x.list, &x.index, &x.p);
	assert_finding(&x.p, SEV_ERROR, "MAIL_ALIASES:3", "has no '='");
	assert_finding(&x.p, SEV_WARNING, "MAIL_ALIASES:5", "entry 2 already");
	assert_int_equal(x.list.n, 3);
	assert_string_equal(x.list.v[0].key, "a=b@x.example");
	assert_string_equal(x.list.v[0].targets, "c@x.example,d@x.example");
	assert_string_equal(x.list.v[1].key, "root");
	assert_string_equal(x.list.v[2].key, "@x.example");
	arena_fini(&x.a);
}

static void test_regexp(void **state UNUSED)
{
	static const struct {
		const char *line, *part;
	} bad[] = {
		{ "/^a@x$", "closing delimiter" },
		{ "/^a@x$/", "no target" },
		{ "// b@x.example", "empty pattern" },
		{ "/a/iq b@x.example", "flag" },
		{ "abc b@x.example", "delimiter" },
		{ "endif", "without an if" },
		{ "if /x/ text\nendif", "text behind" },
		{ "if", "no pattern" },
		{ "if /x/", "has no endif" },
		{ "/a\\/ b", "closing delimiter" },
		{ "!", "no pattern" },
		{ "if /x/\nendif x", "behind endif" },
	};
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		problems_init(&p, &a);
		(void)regexp_parse(&a, "r", str_from(bad[i].line), &p);
		const char *subject = strstr(bad[i].line, "endif x") ? "r:2" : "r:1";
		assert_finding(&p, SEV_ERROR, subject, bad[i].part);
	}
	problems_init(&p, &a);
	const char *text =
		regexp_parse(&a, "r",
			     STR_LIT("# c\n/^re ch\\/[0-9]+@x$/im\n  a@x.example,\n  $1@x.example\n"
				     "if !/y/\n/z/ b\nENDIF\n!/^(.*)@q$/ c\n|a/b| d\n"),
			     &p);
	assert_no_findings(&p);
	assert_string_equal(
		text, "/^re ch\\/[0-9]+@x$/im a@x.example, $1@x.example\nif !/y/\n/z/ b\nENDIF\n"
		      "!/^(.*)@q$/ c\n|a/b| d\n");
	arena_fini(&a);
}

static void test_local_aliases(void **state UNUSED)
{
	static const struct {
		const char *line, *part;
	} bad[] = {
		{ "devnull /dev/null", "no ':'" },
		{ ": x", "no name" },
		{ "a:", "no target" },
		{ "a@x.example: b", "virtual.cf" },
		{ "\"a: b", "quote" },
		{ "\"a\" b: c", "no ':'" },
		{ "a b: c", "blank in the name" },
	};
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		problems_init(&p, &a);
		(void)local_aliases_parse(&a, "l", str_from(bad[i].line), &p);
		assert_finding(&p, SEV_ERROR, "l:1", bad[i].part);
	}
	problems_init(&p, &a);
	const char *text = local_aliases_parse(
		&a, "l",
		STR_LIT("devnull: /dev/null\nROOT: x\nlist: a,\n  \"|prog -x\"\n"
			"\"two words\": b\nDevNull: y\n"),
		&p);
	assert_finding(&p, SEV_WARNING, "l:2", "POSTMASTER_ADDRESS");
	assert_finding(&p, SEV_WARNING, "l:6", "line 1 already");
	assert_string_equal(text, "devnull: /dev/null\nlist: a, \"|prog -x\"\n\"two words\": b\n");
	assert_true(local_aliases_define(text, "LIST"));
	assert_true(local_aliases_define(text, "two words"));
	assert_false(local_aliases_define(text, "root"));
	arena_fini(&a);
}

struct edit_case {
	const char *before, *key, *recipient, *after; /* after NULL: false */
};

static void run_edits(const struct edit_case *cases, size_t n,
		      bool (*edit)(struct str, const char *, const char *, struct buf *))
{
	for (size_t i = 0; i < n; i++) {
		autobuf struct buf out = BUF_INIT;
		bool done = edit(str_from(cases[i].before), cases[i].key, cases[i].recipient, &out);
		assert_int_equal(done, cases[i].after != NULL);
		if (done)
			assert_string_equal(out.p, cases[i].after);
	}
}

static void test_edit_add(void **state UNUSED)
{
	static const struct edit_case cases[] = {
		{ "a@x b@x\n", "a@x", "B@x", NULL },
		{ "a@x c@x,\n\tb@x\n", "A@x", "b@x", NULL },
		{ "", "a@x", "b@x", "a@x b@x\n" },
		{ "# c\nz@x y@x", "a@x", "b@x", "# c\nz@x y@x\na@x b@x\n" },
		{ "A@x c@x  \r\nz@x y@x\n", "a@x", "b@x", "A@x c@x,b@x\r\nz@x y@x\n" },
		{ "a@x c@x,\n  d@x\nz@x y@x\n", "a@x", "b@x", "a@x c@x,b@x,\n  d@x\nz@x y@x\n" },
		{ "a@x\n  d@x\n", "a@x", "b@x", "a@x b@x\n  d@x\n" },
		{ "a@x c@x\na@x b@x\n", "a@x", "b@x", "a@x c@x,b@x\na@x b@x\n" },
		{ "aa@x b@x\n", "a@x", "b@x", "aa@x b@x\na@x b@x\n" },
		{ "a@x \001\na@x c@x\n", "a@x", "b@x", "a@x \001\na@x c@x,b@x\n" },
		{ " a@x c@x\n", "a@x", "b@x", " a@x c@x\na@x b@x\n" },
	};

	run_edits(cases, ARRAY_SIZE(cases), aliases_edit_add);
}

static void test_edit_del(void **state UNUSED)
{
	static const struct edit_case cases[] = {
		{ "a@x b@x\n", "a@x", "c@x", NULL },
		{ "a@x bb@x\n", "a@x", "b@x", NULL },
		{ "aa@x b@x\n", "a@x", "b@x", NULL },
		{ "", "_", "b@x", NULL },
		{ "A@x  B@x\n# c\n", "a@x", "b@x", "# c\n" },
		{ "a@x c@x,b@x, d@x \n", "a@x", "b@x", "a@x c@x,d@x\n" },
		{ "a@x\tb@x c@x\r\nz@x b@x\n", "a@x", "b@x", "a@x\tc@x\r\nz@x b@x\n" },
		{ "a@x b@x,\n  c@x\n", "a@x", "b@x", "a@x\n  c@x\n" },
		{ "a@x c@x,\n  b@x\n", "a@x", "b@x", "a@x c@x,\n" },
		{ "a@x b@x,\n# c\n  b@x\nz@x b@x\n", "a@x", "b@x", "# c\nz@x b@x\n" },
		{ "a@x b@x\nz@x b@x,c@x\nb@x d@x\n", "_", "b@x", "z@x c@x\nb@x d@x\n" },
		{ "a@x b@x\na@x b@x,c@x\n", "a@x", "b@x", "a@x c@x\n" },
		{ " a@x b@x\nz@x b@x\n", "_", "b@x", " a@x b@x\n" },
	};

	run_edits(cases, ARRAY_SIZE(cases), aliases_edit_del);
}

static void test_find(void **state UNUSED)
{
	struct str targets;
	struct arena a;

	arena_init(&a, "test");
	assert_false(aliases_find(&a, STR_LIT("a@x b@x\n"), "b@x", &targets));
	assert_true(aliases_find(&a, STR_LIT("z@x b@x\nA@x b@x,\n c@x\n"), "a@X", &targets));
	assert_true(str_is(targets, "b@x, c@x"));
	arena_fini(&a);
}

static void test_logical_estimate(void **state UNUSED)
{
	autobuf struct buf text = BUF_INIT;

	assert_int_equal(logical_estimate(STR_LIT("")), 1);
	assert_int_equal(logical_estimate(STR_LIT("a\nb\nc")), 4);
	for (int i = 0; i < 10000; i++)
		buf_adds(&text, "0123456789012345678\n");
	size_t n = logical_estimate((struct str){ text.p, text.n });
	assert_in_range(n, 10000, 12000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_env),
		cmocka_unit_test(test_regexp),
		cmocka_unit_test(test_local_aliases),
		cmocka_unit_test(test_edit_add),
		cmocka_unit_test(test_edit_del),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_logical_estimate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
