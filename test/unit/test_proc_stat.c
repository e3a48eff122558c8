/* SPDX-License-Identifier: MIT */
/* proc_stat: names that try to look like the fields behind them. */
#include "unit.h"

#include "base/proc_stat.h"

#define FIELDS " S 1 17 17 0 -1 4194560 100 0 0 0 40 2 0 0 20 0 1 0 777 123 456 1\n"

static void test_broken(void **state UNUSED)
{
	static const char *const texts[] = {
		"",
		"17",
		"17 (name",
		"17 name) S",
		"17 )name( S 1",
		"17 (name) S 1 17",
		"17 (name) S 1 17 17 0 -1 4194560 100 0 0 0 x 2 0 0 20 0 1 0 777 123\n",
		"17 (name) S 1 17 17 0 -1 4194560 100 0 0 0 40 2 0 0 20 0 1 0 99999999999999999999999999 1\n",
	};
	struct proc_stat stat = { .state = 'x' };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (proc_stat_parse(str_from(texts[i]), &stat))
			fail_msg("taken: %s", texts[i]);
	assert_int_equal(stat.state, 'x');
	assert_false(proc_stat_read(INT32_MAX, &stat));
	assert_int_equal(proc_age_s(INT32_MAX), -1);
}

static void test_names(void **state UNUSED)
{
	static const char *const names[] = { "clamd", "a b", "x) S 9 9 9 (y", "((",
					     "123456789012345" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char text[200];
		struct proc_stat stat;
		(void)snprintf(text, sizeof(text), "17 (%s)" FIELDS, names[i]);
		assert_true(proc_stat_parse(str_from(text), &stat));
		assert_string_equal(stat.name, names[i]);
		assert_int_equal(stat.state, 'S');
		assert_int_equal(stat.cpu_ticks, 42);
		assert_int_equal(stat.started_ticks, 777);
	}
}

static void test_self(void **state UNUSED)
{
	struct proc_stat stat;

	assert_true(proc_stat_read(getpid(), &stat));
	assert_string_equal(stat.name, "test_proc_stat");
	assert_int_equal(stat.state, 'R');
	assert_in_range(proc_age_s(getpid()), 0, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_self),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
