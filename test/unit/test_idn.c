/* SPDX-License-Identifier: MIT */
/* idn: domains outside ASCII. */
#include "unit/unit.h"

#include "base/idn.h"

static void test_refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"anna@\xff\xfe.example",	      /* no UTF-8 */
		"anna@-m\xc3\xbcller.example",	      /* hyphen first */
		"anna@\xe2\x82\xac\xef\xbf\xbf.test", /* a code point that is no character */
	};
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *ascii = "untouched";
		const char *problem = idn_to_ascii(&a, bad[i], &ascii);
		if (problem == NULL)
			fail_msg("%s is taken as %s", bad[i], ascii);
		assert_string_equal(ascii, "untouched");
		assert_non_null(strstr(problem, "domain"));
	}
	arena_fini(&a);
}

static void test_forms(void **state UNUSED)
{
	static const struct {
		const char *text, *ascii;
	} cases[] = {
		{ "anna@m\xc3\xbcller.example", "anna@xn--mller-kva.example" },
		{ "anna@M\xc3\x9cLLER.Example", "anna@xn--mller-kva.example" },
		/* u and a combining diaeresis are the same letter */
		{ "anna@mu\xcc\x88ller.example", "anna@xn--mller-kva.example" },
		{ "@m\xc3\xbcller.example", "@xn--mller-kva.example" },
		{ "anna@stra\xc3\x9f"
		  "e.example",
		  "anna@xn--strae-oqa.example" },
		{ "\xc3\xa4@m\xc3\xbcller.example", "\xc3\xa4@xn--mller-kva.example" },
		{ "anna@xn--mller-kva.example", "anna@xn--mller-kva.example" },
		{ "Anna@Example.COM", "Anna@Example.COM" },
		{ "bare", "bare" },
		{ "", "" },
	};
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *ascii = NULL;
		const char *problem = idn_to_ascii(&a, cases[i].text, &ascii);
		if (problem)
			fail_msg("%s %s", cases[i].text, problem);
		assert_string_equal(ascii, cases[i].ascii);
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
