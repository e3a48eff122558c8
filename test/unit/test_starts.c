/* SPDX-License-Identifier: MIT */
/* starts: when the next start of a program that does not stay is due. */
#include "unit.h"

#include "cli/starts.h"

#define MINUTE 60000
#define NOW ((int64_t)100 * MINUTE)

static struct temp t;
static const char *memory;

static int open_temp(void **state UNUSED)
{
	temp_open(&t);
	memory = temp_path(&t, "starts");
	return 0;
}

static int close_temp(void **state UNUSED)
{
	temp_close(&t);
	return 0;
}

static void test_memory_is_no_memory(void **state UNUSED)
{
	static const char *const texts[] = {
		"",
		"\n",
		"xyz",
		"7",
		"7 one two three four",
		"7 -1 -2 -3 -4\n",
		"7 999999999999999 999999999999999 999999999999999\n"
	};

	assert_int_equal(starts_pause_ms("/nonexistent/x", 7, NOW), 0);
	starts_add("/nonexistent/x", 7, NOW);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		temp_write(memory, texts[i]);
		assert_int_equal(starts_pause_ms(memory, 7, NOW), 0);
	}
}

static void test_pause_doubles(void **state UNUSED)
{
	static const int64_t wanted[] = { 0,	 0,	0,	5000,	10000, 20000,
					  40000, 80000, 160000, 300000, 300000 };

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_int_equal(starts_pause_ms(memory, 7, NOW + (int64_t)i), wanted[i]);
		starts_add(memory, 7, NOW + (int64_t)i);
	}
	for (int i = 0; i < 40; i++) /* more than are kept */
		starts_add(memory, 7, NOW + 100);
	assert_int_equal(starts_pause_ms(memory, 7, NOW + 200), 300000);
	/* A restart of the machine begins the clock anew. */
	assert_int_equal(starts_pause_ms(memory, 7, NOW - MINUTE), 0);
}

static void test_staying(void **state UNUSED)
{
	for (int i = 0; i < 5; i++)
		starts_add(memory, 7, NOW);
	assert_int_equal(starts_pause_ms(memory, 7, NOW + MINUTE - 1), 20000);
	assert_int_equal(starts_pause_ms(memory, 7, NOW + MINUTE), 0);
	starts_add(memory, 7, NOW + MINUTE);
	assert_int_equal(starts_pause_ms(memory, 7, NOW + MINUTE + 1), 0);
}

static void test_other_files_other_luck(void **state UNUSED)
{
	for (int i = 0; i < 5; i++)
		starts_add(memory, 7, NOW);
	assert_int_equal(starts_pause_ms(memory, 8, NOW), 0);
	starts_add(memory, 8, NOW);
	assert_int_equal(starts_pause_ms(memory, 7, NOW), 0);
	assert_int_equal(starts_pause_ms(memory, 8, NOW), 0);
}

static void test_fingerprint(void **state UNUSED)
{
	const char *pattern = temp_path(&t, "*.{one,two}");
	uint64_t first, second;

	assert_int_equal(starts_fingerprint(pattern), 0);
	temp_write(temp_path(&t, "a.three"), "x");
	assert_int_equal(starts_fingerprint(pattern), 0);
	temp_write(temp_path(&t, "a.one"), "x");
	first = starts_fingerprint(pattern);
	assert_int_not_equal(first, 0);
	assert_int_equal(starts_fingerprint(pattern), first);
	temp_write(temp_path(&t, "a.one"), "xy");
	second = starts_fingerprint(pattern);
	assert_int_not_equal(second, first);
	temp_write(temp_path(&t, "b.two"), "");
	assert_int_not_equal(starts_fingerprint(pattern), second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_memory_is_no_memory, open_temp, close_temp),
		cmocka_unit_test_setup_teardown(test_pause_doubles, open_temp, close_temp),
		cmocka_unit_test_setup_teardown(test_staying, open_temp, close_temp),
		cmocka_unit_test_setup_teardown(test_other_files_other_luck, open_temp, close_temp),
		cmocka_unit_test_setup_teardown(test_fingerprint, open_temp, close_temp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
