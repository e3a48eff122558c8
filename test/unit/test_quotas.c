/* SPDX-License-Identifier: MIT */
/* quotas: limits, whole addresses, edits. */
#include "unit/inputs_unit.h"

#include "inputs/quotas.h"

static void test_limits(void **state UNUSED)
{
	static const char *const bad[] = { "",
					   "5",
					   "G",
					   "5X",
					   "-5G",
					   "5 G",
					   "+5G",
					   "5GB",
					   "0x5G",
					   "9000000T",
					   "00",
					   "5.5G",
					   "99999999999999999999G" };
	static const struct {
		const char *limit;
		int64_t bytes;
	} good[] = { { "0", 0 },
		     { "0M", 0 },
		     { "17B", 17 },
		     { "1k", 1024 },
		     { "1K", 1024 },
		     { "3M", INT64_C(3) << 20 },
		     { "5G", INT64_C(5) << 30 },
		     { "8388607T", INT64_C(8388607) << 40 } };
	int64_t bytes;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (quota_is_valid(bad[i]))
			fail_msg("'%s' passed", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(quota_bytes(good[i].limit, &bytes));
		assert_int_equal(bytes, good[i].bytes);
	}
}

static void test_parse(void **state UNUSED)
{
	struct arena a;
	struct problems p;
	struct quota_vec list = VEC_INIT;
	static const char text[] = "# quotas\n"
				   "Anna@firma.example : 5G\r\n"
				   "anna@firma.example:6G\n"
				   "joanna@firma.example:0\n"
				   "ben@firma.example\n"
				   "ben@firma.example:viel\n"
				   "ben:5G\n"
				   "ben@firma.example:1\0012G\n";

	arena_init(&a, "test");
	problems_init(&p, &a);
	quotas_parse(&a, "dovecot-quotas.cf", STR_LIT(text), &list, &p);
	assert_finding(&p, SEV_WARNING, "dovecot-quotas.cf:3", "line 2 already");
	assert_finding(&p, SEV_ERROR, "dovecot-quotas.cf:5", "no ':'");
	assert_finding(&p, SEV_ERROR, "dovecot-quotas.cf:6", "'viel'");
	assert_finding(&p, SEV_ERROR, "dovecot-quotas.cf:7", "has no '@'");
	assert_finding(&p, SEV_ERROR, "dovecot-quotas.cf:8", "control character");
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].address, "anna@firma.example");
	assert_string_equal(list.v[0].limit, "5G");
	assert_string_equal(list.v[1].address, "joanna@firma.example");
	arena_fini(&a);
}

static void test_del(void **state UNUSED)
{
	static const char text[] =
		"joanna@x.example:5G\n# anna@x.example:5G\nANNA@x.example : 1G\n";
	autobuf struct buf out = BUF_INIT;

	assert_false(quotas_edit_del(STR_LIT(text), "nna@x.example", &out));
	buf_reset(&out);
	assert_true(quotas_edit_del(STR_LIT(text), "anna@x.example", &out));
	assert_string_equal(out.p, "joanna@x.example:5G\n# anna@x.example:5G\n");
}

static void test_set(void **state UNUSED)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{ "", "anna@x.example:5G\n" },
		{ "# c\nben@x.example:1G", "# c\nben@x.example:1G\nanna@x.example:5G\n" },
		{ "Anna@x.example:1M\n# c\n", "Anna@x.example:5G\n# c\n" },
		{ "anna@x.example:1M\nanna@x.example:2M\n", "anna@x.example:5G\n" },
		{ "joanna@x.example:1M\n", "joanna@x.example:1M\nanna@x.example:5G\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf out = BUF_INIT;
		quotas_edit_set(str_from(cases[i].before), "anna@x.example", "5G", &out);
		assert_string_equal(out.p, cases[i].after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_del),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
