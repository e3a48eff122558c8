/* SPDX-License-Identifier: MIT */
/* acme: both shapes of acme.json, and what is none. */
#include "unit/unit.h"

#include "inputs/acme.h"

#define ENTRY(main, sans, text)                                                                    \
	"{\"domain\": {\"main\": \"" main "\", \"sans\": " sans "}, \"certificate\": \"" text      \
	"\", \"key\": \"S0VZ\"}"

static struct acme_vec entries;

/* Looks for SSL_DOMAIN, host name, domain. */
static bool find(struct arena *a, const char *json, struct err *err)
{
	static const char *const names[] = { "*.a.test", "mail.a.test", "a.test" };

	return acme_find(a, str_from(json), names, ARRAY_SIZE(names), "mail.a.test", &entries, err);
}

static void test_errors(void **state UNUSED)
{
	static const struct {
		const char *json, *says;
	} cases[] = {
		{ "", "no whole JSON" },
		{ "{\"le\": {\"Certificates\": [", "no whole JSON (line 1" },
		{ "[]", "no object" },
		{ "{\"a\": 1, \"a\": 2}", "no whole JSON" },
	};
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = ERR_INIT;
		assert_false(find(&a, cases[i].json, &err));
		assert_err(&err, ERR_DATA, cases[i].says);
		assert_int_equal(entries.n, 0);
	}
	arena_fini(&a);
}

static void test_other_kinds(void **state UNUSED)
{
	static const char *const cases[] = {
		"{}",
		"{\"le\": null}",
		"{\"le\": {\"Certificates\": null}}",
		"{\"le\": {\"Certificates\": {\"domain\": 1}}}",
		"{\"le\": {\"Certificates\": [1, null, \"x\", [], {}, {\"domain\": \"a.test\"}]}}",
		"{\"le\": {\"Certificates\": [{\"domain\": {\"main\": 7, \"sans\": 7}}]}}",
		"{\"le\": {\"Certificates\": [" ENTRY("b.test", "null", "Q0VSVA==") "]}}",
		"{\"Certificates\": 3}",
	};
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = ERR_INIT;
		assert_done(find(&a, cases[i], &err), &err);
		assert_int_equal(entries.n, 0);
	}
	arena_fini(&a);
}

static void assert_entry(size_t i, const char *resolver, const char *main, const char *chain)
{
	assert_in_range(i, 0, entries.n - 1);
	assert_string_equal(entries.v[i].resolver, resolver);
	assert_string_equal(entries.v[i].main, main);
	assert_null(entries.v[i].problem);
	assert_true(str_is(entries.v[i].chain, chain));
	assert_true(str_is(entries.v[i].key, "KEY"));
}

static void test_names(void **state UNUSED)
{
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	/* The order of the names decides, not that of the file. */
	assert_done(
		find(&a,
		     "{\"one\": {\"Certificates\": [" ENTRY("a.test", "[]", "Q0VSVA==") ", " ENTRY(
			     "MAIL.a.test", "[]",
			     "Q0VSVDI=") "]},"
					 "\"two\": {\"Certificates\": [" ENTRY(
						 "x.test", "[\"y.test\", \"mail.A.test\"]",
						 "Q0VSVDMz") "]}}",
		     &err),
		&err);
	assert_int_equal(entries.n, 2);
	assert_entry(0, "one", "MAIL.a.test", "CERT2");
	assert_entry(1, "two", "x.test", "CERT33");
	/* The wildcard by its own name comes first of all, */
	assert_done(
		find(&a,
		     "{\"one\": {\"Certificates\": [" ENTRY(
			     "mail.a.test", "null",
			     "Q0VSVA==") ", " ENTRY("z.test", "[\"*.a.test\"]", "Q0VSVDI=") "]}}",
		     &err),
		&err);
	assert_int_equal(entries.n, 1);
	assert_entry(0, "one", "z.test", "CERT2");
	/* and one that nobody named helps out. */
	static const char *const names[] = { "mail.b.test" };
	assert_done(acme_find(&a,
			      str_from("{\"one\": {\"Certificates\": [" ENTRY("*.b.test", "null",
									      "Q0VSVA==") "]}}"),
			      names, 1, "mail.b.test", &entries, &err),
		    &err);
	assert_int_equal(entries.n, 1);
	assert_done(acme_find(&a,
			      str_from("{\"one\": {\"Certificates\": [" ENTRY("*.b.test", "null",
									      "Q0VSVA==") "]}}"),
			      names, 1, "x.mail.b.test", &entries, &err),
		    &err);
	assert_int_equal(entries.n, 0);
	arena_fini(&a);
}

static void test_version_1(void **state UNUSED)
{
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	assert_done(
		find(&a,
		     "{\"Account\": {\"Email\": \"x\"}, \"Certificates\": [{\"Domain\": {\"Main\": "
		     "\"a.test\", \"SANs\": [\"mail.a.test\"]}, \"Certificate\": \"Q0VSVA==\", "
		     "\"Key\": \"S0VZ\"}], \"HTTPChallenges\": {}}",
		     &err),
		&err);
	assert_int_equal(entries.n, 1);
	assert_entry(0, "", "a.test", "CERT");
	arena_fini(&a);
}

static void test_no_base64(void **state UNUSED)
{
	static const char *const cases[] = { "", "Q", "====", "Q0V!", "Q0VS\\nVA=" };
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char json[400];
		(void)snprintf(json, sizeof(json),
			       "{\"le\": {\"Certificates\": [" ENTRY("a.test", "[]", "%s") "]}}",
			       cases[i]);
		assert_done(find(&a, json, &err), &err);
		assert_int_equal(entries.n, 1);
		if (i != 2) /* padding alone is no text, but well-formed for libcrypto */
			assert_non_null(entries.v[0].problem);
	}
	assert_done(find(&a,
			 "{\"le\": {\"Certificates\": [{\"domain\": {\"main\": \"a.test\"}, "
			 "\"certificate\": \"Q0VSVA==\"}]}}",
			 &err),
		    &err);
	assert_string_equal(entries.v[0].problem, "its key is missing or is no base64");
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),	  cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_names),	  cmocka_unit_test(test_version_1),
		cmocka_unit_test(test_no_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
