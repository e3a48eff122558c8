/* SPDX-License-Identifier: MIT */
/* greylist: entries of the two white lists. */
#include "unit/inputs_unit.h"

#include "inputs/greylist.h"

static void test_bad_entries(void **state UNUSED)
{
	static const struct {
		const char *line, *part;
	} cases[] = {
		{ "two words", "blank within" },
		{ "/open", "without its closing" },
		{ "//", "empty pattern" },
		{ "/(/", "error after 1" },
		{ "300.1.1.1", "is no address" },
		{ "192.0.2.0/33", "is no address" },
		{ "2001:db8::/129", "is no address" },
		{ "1.2.3.4.5", "is no address" },
		{ "7", "is no address" },
		{ "host\001", "control character" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf text = BUF_INIT;
		struct problems p;
		struct arena a;
		arena_init(&a, "test");
		problems_init(&p, &a);
		buf_printf(&text, "good.example\n%s\n", cases[i].line);
		const char *out = greylist_parse(&a, GREYLIST_CLIENTS_FILE, str_from(text.p), &p);
		assert_finding(&p, SEV_ERROR, GREYLIST_CLIENTS_FILE ":2", cases[i].part);
		assert_string_equal(out, "good.example\n");
		arena_fini(&a);
	}
}

static void test_good_entries(void **state UNUSED)
{
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	problems_init(&p, &a);
	assert_string_equal(
		greylist_parse(&a, GREYLIST_CLIENTS_FILE,
			       str_from("# list\n\n  mx.example.org # behind\r\n192.0.2.7\n"
					"192.0.2.0/24\n192.0\n192.0.2\n2001:db8::/32\n"
					"/^mx[0-9]+\\.example\\.org$/\nuser@\n"
					"user@example.org"),
			       &p),
		"mx.example.org\n192.0.2.7\n192.0.2.0/24\n192.0.0.0/16\n192.0.2.0/24\n"
		"2001:db8::/32\n/^mx[0-9]+\\.example\\.org$/\nuser@\nuser@example.org\n");
	assert_no_findings(&p);
	assert_string_equal(greylist_parse(&a, GREYLIST_CLIENTS_FILE, str_from(""), &p), "");
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_entries),
		cmocka_unit_test(test_good_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
