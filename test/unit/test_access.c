/* SPDX-License-Identifier: MIT */
/* access: keys, actions, which rule counts for an address, edits. */
#include "unit/inputs_unit.h"

#include "inputs/access.h"

struct parsed {
	struct arena a;
	struct problems p;
	struct access_list list;
};

static void parse(struct parsed *x, const char *text)
{
	*x = (struct parsed){ 0 };
	arena_init(&x->a, "test");
	problems_init(&x->p, &x->a);
	access_parse(&x->a, SEND_ACCESS_FILE, str_from(text), "own_class, other_class", &x->list,
		     &x->p);
}

static void test_bad_lines(void **state UNUSED)
{
	static const struct {
		const char *line;
		enum severity severity;
		const char *part;
	} cases[] = {
		{ "ben@x.example", SEV_ERROR, "has no action" },
		{ "ben@x.example REJCT", SEV_ERROR, "is not known" },
		{ "ben@x.example REJCT", SEV_ERROR, "DEFER_IF_PERMIT" },
		{ "ben@x.example 250 fine", SEV_ERROR, "is not known" },
		{ "ben@x.example 5500 no", SEV_ERROR, "is not known" },
		{ "ben@x.example reject_unknown", SEV_ERROR, "is not known" },
		{ "ben@x.example own_clas", SEV_ERROR, "is not known" },
		{ "ben@x.example BCC nobody", SEV_ERROR, "has no address" },
		{ "ben@x.example REDIRECT", SEV_ERROR, "has no address" },
		{ "ben@x.example FILTER", SEV_ERROR, "has no ':'" },
		{ "ben@x.example PREPEND X-Note", SEV_ERROR, "has no ':'" },
		{ "ben@x_y.example REJECT", SEV_ERROR, "bad domain" },
		{ "ben,anna REJECT", SEV_ERROR, "is no address" },
		{ "b\001n@x.example REJECT", SEV_ERROR, "control character" },
		{ "@x.example REJECT", SEV_WARNING, "without '@'" },
		{ ".x.example REJECT", SEV_WARNING, "without the dot" },
		{ "FIRST@x.example OK", SEV_WARNING, "line 1 already" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf text = BUF_INIT;
		struct parsed x;
		buf_printf(&text, "first@x.example REJECT\n%s\n", cases[i].line);
		parse(&x, text.p);
		assert_finding(&x.p, cases[i].severity, SEND_ACCESS_FILE ":2", cases[i].part);
		assert_int_equal(x.list.rules.n, 1);
		arena_fini(&x.a);
	}
}

static void test_first_line_continues_nothing(void **state UNUSED)
{
	struct parsed x;

	parse(&x, "  ben@x.example REJECT\n");
	assert_finding(&x.p, SEV_ERROR, SEND_ACCESS_FILE ":1", "no line before it");
	arena_fini(&x.a);
}

static void test_good_actions(void **state UNUSED)
{
	static const char *const actions[] = {
		"REJECT",
		"reject go away",
		"DEFER",
		"DEFER_IF_PERMIT later",
		"OK",
		"12345",
		"550",
		"450 4.7.1 Later",
		"DUNNO",
		"HOLD",
		"DISCARD",
		"INFO x",
		"WARN",
		"BCC a@x.example",
		"REDIRECT a@x.example",
		"FILTER smtp:[127.0.0.1]:1",
		"PREPEND X-Note: yes",
		"permit_sasl_authenticated, reject",
		"reject_unverified_sender",
		"check_policy_service unix:private/x",
		"own_class",
		"other_class",
	};

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		autobuf struct buf text = BUF_INIT;
		struct parsed x;
		buf_printf(&text, "Ben@X.example\t%s\n", actions[i]);
		parse(&x, text.p);
		assert_no_findings(&x.p);
		assert_int_equal(x.list.rules.n, 1);
		assert_string_equal(x.list.rules.v[0].key, "ben@x.example");
		assert_string_equal(x.list.rules.v[0].action, actions[i]);
		assert_false(x.list.is_wide);
		arena_fini(&x.a);
	}
}

static void test_continued(void **state UNUSED)
{
	struct parsed x;

	parse(&x, "# c\nben@x.example\n# between\n  550 5.7.1\n\tNo mail\r\n\n<> DISCARD\n");
	assert_no_findings(&x.p);
	assert_int_equal(x.list.rules.n, 2);
	assert_string_equal(x.list.rules.v[0].action, "550 5.7.1 No mail");
	assert_int_equal(x.list.rules.v[0].line, 2);
	arena_fini(&x.a);
}

static void test_which_rule_counts(void **state UNUSED)
{
	static const struct {
		const char *address, *key;
	} cases[] = {
		{ "ben@firma.example", "ben@firma.example" },
		{ "ben+x@firma.example", "ben@firma.example" },
		{ "ben+vip@firma.example", "ben+vip@firma.example" },
		{ "ruben@firma.example", "firma.example" },
		{ "ben@mail.firma.example", "firma.example" },
		{ "ben@notfirma.example", "ben@" },
		{ "ben+x@other.example", "ben@" },
		{ "carl@other.example", NULL },
		{ "carl@firma.example.org", NULL },
		{ "+x@other.example", NULL },
		{ "nobody", NULL },
	};
	struct parsed x;

	parse(&x, "ben@firma.example REJECT\nben+vip@firma.example OK\nfirma.example DUNNO\n"
		  "ben@ HOLD\n");
	assert_no_findings(&x.p);
	assert_true(x.list.is_wide);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct access_rule *r = access_find(&x.a, &x.list, cases[i].address);
		if (cases[i].key == NULL)
			assert_null(r);
		else
			assert_string_equal(r ? r->key : "none", cases[i].key);
	}
	arena_fini(&x.a);
}

static void test_what_logins_get(void **state UNUSED)
{
	static const struct {
		const char *action, *login;
		bool refuses;
	} cases[] = {
		{ "REJECT", "REJECT", true },
		{ "reject no", "reject no", true },
		{ "550 no", "550 no", true },
		{ "450 no", "450 no", true },
		{ "DEFER", "DEFER", true },
		{ "HOLD", "HOLD", false },
		{ "DISCARD", "DISCARD", false },
		{ "reject_unverified_sender", "reject_unverified_sender", false },
		{ "OK", "DUNNO", false },
		{ "1234", "DUNNO", false },
		{ "DUNNO", "DUNNO", false },
		{ "PREPEND X: y", "DUNNO", false },
		{ "permit_sasl_authenticated", "DUNNO", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct access_rule r = { .key = "x", .action = cases[i].action };
		assert_string_equal(access_login_action(&r), cases[i].login);
		assert_int_equal(access_refuses(cases[i].action), cases[i].refuses);
	}
}

static void test_edits(void **state UNUSED)
{
	static const char text[] = "# c\nruben@x.example REJECT\nBen@x.example\n# in between\n"
				   "  550\n  no\nben@x.example.org REJECT";
	autobuf struct buf added = BUF_INIT, deleted = BUF_INIT, kept = BUF_INIT;
	struct str action;
	struct arena a;
	unsigned line;

	arena_init(&a, "test");
	assert_false(access_find_line(&a, STR_LIT(text), "en@x.example", &action, &line));
	assert_true(access_find_line(&a, STR_LIT(text), "ben@x.example", &action, &line));
	assert_int_equal(line, 3);
	assert_true(str_is(action, "550 no"));
	access_edit_add(STR_LIT(text), "x.example", &added);
	assert_true(has_suffix(added.p, "\nben@x.example.org REJECT\nx.example \t\t REJECT\n"));
	assert_true(access_edit_del(STR_LIT(text), "ben@x.example", &deleted));
	assert_string_equal(deleted.p, "# c\nruben@x.example REJECT\n# in between\n"
				       "ben@x.example.org REJECT");
	assert_false(access_edit_del(STR_LIT(text), "x.example", &kept));
	assert_string_equal(kept.p, text);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_first_line_continues_nothing),
		cmocka_unit_test(test_good_actions),
		cmocka_unit_test(test_continued),
		cmocka_unit_test(test_which_rule_counts),
		cmocka_unit_test(test_what_logins_get),
		cmocka_unit_test(test_edits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
