/* SPDX-License-Identifier: MIT */
/* usage: sizes as numfmt prints them, answers of doveadm. */
#include "unit/unit.h"

#include "cli/usage.h"

static void test_format(void **state UNUSED)
{
	static const struct {
		int64_t kib;
		const char *text;
	} cases[] = {
		{ -1, "0" },	     { 0, "0" },	  { 1, "1.0K" },
		{ 6, "6.0K" },	     { 9, "9.0K" },	  { 10, "10K" },
		{ 1023, "1023K" },   { 1024, "1.0M" },	  { 1025, "1.1M" },
		{ 10189, "10M" },    { 10241, "11M" },	  { 122880, "120M" },
		{ 5242880, "5.0G" }, { 1048575, "1.0G" }, { INT64_MAX >> 10, "8.0E" },
	};
	char text[16];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		usage_format(cases[i].kib, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
}

static void test_parse(void **state UNUSED)
{
	struct arena a;
	struct map usage;

	arena_init(&a, "test");
	map_init(&usage, &a, 4);
	usage_parse(&a,
		    "Username\tQuota name\tType\tValue\tLimit\t%\n"
		    "doveadm(x@x.example): Error: User doesn't exist\n"
		    "anna@x.example\tUser quota\tSTORAGE\t879\t5242880\t0\n"
		    "anna@x.example\tUser quota\tMESSAGE\t1\t-\t0\n"
		    "Ben@x.example\tUser quota\tSTORAGE\t10\t-\t0\n"
		    "c@x.example\tUser quota\tSTORAGE\tmany\t-\t0\n"
		    "d@x.example\tUser quota\tSTORAGE\t1\n",
		    &usage);
	const struct usage *u = map_get(&usage, "anna@x.example");
	assert_int_equal(u->used_kib, 879);
	assert_int_equal(u->limit_kib, 5242880);
	u = map_get(&usage, "ben@x.example");
	assert_int_equal(u->limit_kib, -1);
	assert_null(map_get(&usage, "c@x.example"));
	assert_null(map_get(&usage, "d@x.example"));
	assert_int_equal(usage.n, 2);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_parse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
