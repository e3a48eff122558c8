/* SPDX-License-Identifier: MIT */
/* expiry: when something is told, what is remembered, and the words for it. */
#include "unit/unit.h"

#include "plan/expiry.h"

#define DAY INT64_C(86400)
#define NOW INT64_C(1900000000)

static struct expiry cert(const char *id, int64_t left)
{
	return (struct expiry){ .name = "mail.a.test", .leaf_id = id, .not_after = NOW + left };
}

static void test_steps(void **state UNUSED)
{
	static const struct {
		int64_t left;
		const char *told, *then;
		bool is_news;
	} cases[] = {
		{ 14 * DAY + 1, "", "", false },
		{ 14 * DAY, "", "a 14\n", true },
		{ 14 * DAY - 1, "a 14\n", "a 14\n", false },
		{ 7 * DAY + 1, "a 14\n", "a 14\n", false },
		{ 7 * DAY, "a 14\n", "a 7\n", true },
		{ 3 * DAY, "a 7\n", "a 3\n", true },
		{ 1 * DAY, "a 3\n", "a 1\n", true },
		{ DAY / 2, "a 1\n", "a 1\n", false },
		{ 0, "a 1\n", "a 0\n", true },
		{ -DAY, "a 0\n", "a 0\n", false },
		{ 2 * DAY, "", "a 3\n", true },	      /* first seen late: one warning, not three */
		{ 2 * DAY, "b 3\n", "a 3\n", true },  /* another certificate was told of */
		{ 5 * DAY, "a 3\n", "a 3\n", false }, /* a clock that was set back */
		{ 5 * DAY, "a x\na 99\nrubbish\n", "a 7\n", true },
		{ 60 * DAY, "a 14\n", "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf told = BUF_INIT;
		struct expiry_vec certs = VEC_INIT, news;
		struct arena a;
		arena_init(&a, "test");
		*VEC_PUSH(&a, &certs) = cert("a", cases[i].left);
		expiry_news(&a, &certs, NOW, str_from(cases[i].told), &news, &told);
		if (news.n != (cases[i].is_news ? 1 : 0) ||
		    strcmp(told.n ? told.p : "", cases[i].then) != 0)
			fail_msg("case %zu: %zu news, then '%s'", i, news.n, told.n ? told.p : "");
		arena_fini(&a);
	}
}

static void test_several(void **state UNUSED)
{
	autobuf struct buf told = BUF_INIT;
	struct expiry_vec certs = VEC_INIT, news;
	struct arena a;

	arena_init(&a, "test");
	*VEC_PUSH(&a, &certs) = cert("a", 6 * DAY);
	*VEC_PUSH(&a, &certs) = cert("b", 60 * DAY);
	*VEC_PUSH(&a, &certs) = cert("c", 2 * DAY);
	expiry_news(&a, &certs, NOW, str_from("a 7\nold 1\n"), &news, &told);
	assert_int_equal(news.n, 1);
	assert_string_equal(news.v[0].leaf_id, "c");
	assert_string_equal(told.p, "a 7\nc 3\n");
	arena_fini(&a);
}

static void test_text(void **state UNUSED)
{
	static const struct {
		int64_t left;
		int64_t days;
		const char *says;
	} cases[] = {
		{ 6 * DAY + 5, 6, "expires in 6 days, on 2030-03-" },
		{ DAY, 1, "expires in 1 day, on" },
		{ DAY - 1, 0, "expires today, on" },
		{ -1, -1, "of mail.a.test expired on 2030-03-17 17:46 UTC" },
		{ -DAY - 1, -2, "expired on 2030-03-16" },
	};
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct expiry e = cert("a", cases[i].left);
		assert_int_equal(expiry_days(&e, NOW), cases[i].days);
		if (!strstr(expiry_text(&a, &e, NOW), cases[i].says))
			fail_msg("'%s' lacks '%s'", expiry_text(&a, &e, NOW), cases[i].says);
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
