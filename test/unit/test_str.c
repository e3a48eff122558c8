/* SPDX-License-Identifier: MIT */
/* str: slices, numbers, distance. */
#include "unit.h"

static void test_parse_int64_refuses(void **state UNUSED)
{
	static const char *const bad[] = { "",
					   " ",
					   " 1",
					   "1 ",
					   "-",
					   "+",
					   "--1",
					   "+-1",
					   "0x1",
					   "1.0",
					   "1e3",
					   "abc",
					   "1a",
					   "\t1",
					   "101",
					   "-101",
					   "9223372036854775808",
					   "-9223372036854775809",
					   "99999999999999999999999" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int64_t v = 7;
		if (parse_int64(bad[i], -100, 100, &v))
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(v, 7);
	}
	int64_t v = 7;
	assert_false(parse_int64("9223372036854775808", INT64_MIN, INT64_MAX, &v));
}

static void test_parse_int64(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t value;
	} cases[] = { { "0", 0 },
		      { "-0", 0 },
		      { "+5", 5 },
		      { "007", 7 },
		      { "-12", -12 },
		      { "9223372036854775807", INT64_MAX },
		      { "-9223372036854775808", INT64_MIN } };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t v = 1;
		assert_true(parse_int64(cases[i].text, INT64_MIN, INT64_MAX, &v));
		assert_true(v == cases[i].value);
	}
}

static void test_lines(void **state UNUSED)
{
	struct str rest = STR_LIT("one\r\n\ntwo\r\r\nlast\r"), line;
	static const char *const want[] = { "one", "", "two\r", "last\r" };
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(str_next_line(&rest, &line));
		assert_true(str_is(line, want[i]));
	}
	assert_false(str_next_line(&rest, &line));
	rest = (struct str){ NULL, 0 };
	assert_false(str_next_line(&rest, &line));
}

static void test_words(void **state UNUSED)
{
	struct str rest = STR_LIT(" ,a, bc,,\td "), word;
	static const char *const want[] = { "a", "bc", "d" };
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(str_next_word(&rest, " ,\t", &word));
		assert_true(str_is(word, want[i]));
	}
	word = STR_LIT("kept");
	assert_false(str_next_word(&rest, " ,\t", &word));
	assert_true(str_is(word, "kept"));
	rest = STR_LIT("a\0b");
	assert_true(str_next_word(&rest, " ", &word));
	assert_int_equal(word.n, 3);
}

static void test_split_trim(void **state UNUSED)
{
	struct str left = STR_LIT("l"), right = STR_LIT("r");
	assert_false(str_split(STR_LIT("abc"), '|', &left, &right));
	assert_false(str_split((struct str){ NULL, 0 }, '|', &left, &right));
	assert_true(str_is(left, "l") && str_is(right, "r"));
	assert_true(str_split(STR_LIT("a|b|c"), '|', &left, &right));
	assert_true(str_is(left, "a") && str_is(right, "b|c"));
	assert_true(str_split(STR_LIT("|"), '|', &left, &right));
	assert_true(str_is(left, "") && str_is(right, ""));
	assert_true(str_is(str_trim(STR_LIT(" \t a b\t ")), "a b"));
	assert_true(str_is(str_trim(STR_LIT(" \t ")), ""));
	assert_true(str_is(str_trim(str_from("")), ""));
	assert_true(str_has_char(STR_LIT("abc"), 'c'));
	assert_false(str_has_char(STR_LIT("abc"), 'd'));
	assert_false(str_is(STR_LIT("abc"), "abcd"));
}

static void test_copies(void **state UNUSED)
{
	struct arena a;
	arena_init(&a, "str");
	assert_string_equal(str_dup(&a, (struct str){ "abc", 2 }), "ab");
	assert_string_equal(str_lower(&a, STR_LIT("AbZ\xc3\x84@[")), "abz\xc3\x84@[");
	arena_fini(&a);
}

static void test_c_strings(void **state UNUSED)
{
	assert_true(streq("a", "a"));
	assert_false(streq("a", "A"));
	assert_true(has_prefix("abc", "ab") && has_prefix("abc", ""));
	assert_false(has_prefix("ab", "abc"));
	assert_true(str_prefix("") < str_prefix("a") && str_prefix("a") < str_prefix("aa"));
	assert_true(str_prefix("zz") < str_prefix("\xc3\xa4"));
	assert_int_equal(str_prefix("abcdefghi"), str_prefix("abcdefghz"));
	assert_true(has_suffix("abc", "bc") && has_suffix("abc", ""));
	assert_false(has_suffix("bc", "abc"));
}

static void test_distance(void **state UNUSED)
{
	static const struct {
		const char *a, *b;
		unsigned max, want;
	} cases[] = {
		{ "", "", 3, 0 },
		{ "", "ab", 3, 2 },
		{ "ab", "", 3, 2 },
		{ "TLS_LEVEL", "tls_level", 3, 0 },
		{ "TLS_LEVL", "TLS_LEVEL", 3, 1 },
		{ "TLS_LEVLE", "TLS_LEVEL", 3, 1 },
		{ "XLS_LEVEL", "TLS_LEVEL", 3, 1 },
		{ "kitten", "sitting", 3, 3 },
		{ "kitten", "sitting", 2, 3 },
		{ "ca", "abc", 9, 3 },
		{ "abcdefgh", "zzzzzzzz", 3, 4 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(str_distance(cases[i].a, cases[i].b, cases[i].max), cases[i].want);
		assert_int_equal(str_distance(cases[i].b, cases[i].a, cases[i].max), cases[i].want);
	}
	char text[66];
	memset(text, 'x', sizeof(text));
	text[64] = '\0';
	assert_int_equal(str_distance(text, text, 2), 0);
	text[64] = 'x';
	text[65] = '\0';
	assert_int_equal(str_distance(text, text, 2), 3);
	assert_int_equal(str_distance("x", text, 2), 3);
}

static void test_hash(void **state UNUSED)
{
	/* Every length and every byte counts; near values do not collide. */
	unsigned char text[40] = { 0 };
	uint64_t seen[40 * 8 + 40];
	size_t count = 0;

	for (size_t n = 0; n < sizeof(text); n++)
		seen[count++] = hash_bytes(text, n);
	for (size_t bit = 0; bit < sizeof(text) * 8; bit++) {
		text[bit / 8] = (unsigned char)(1U << bit % 8);
		seen[count++] = hash_bytes(text, sizeof(text));
		text[bit / 8] = 0;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			assert_true(seen[i] != seen[k]);
	assert_true(hash_bytes("a", 1) == hash_bytes("a", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_int64_refuses),
		cmocka_unit_test(test_parse_int64),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_split_trim),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_c_strings),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
