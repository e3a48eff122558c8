/* SPDX-License-Identifier: MIT */
/* masters: lines of dovecot-masters.cf, names, edits with the functions of accounts. */
#include "unit/inputs_unit.h"

#include "inputs/accounts.h"
#include "inputs/masters.h"

#define HASH "{SHA512-CRYPT}$6$salt$hash"

static void test_bad_lines(void **state UNUSED)
{
	static const struct {
		const char *line;
		enum severity severity;
		const char *part;
	} cases[] = {
		{ "name", SEV_ERROR, "no password" },
		{ "name|", SEV_ERROR, "no password" },
		{ "|" HASH, SEV_ERROR, "is empty" },
		{ "na me|" HASH, SEV_ERROR, "has a blank" },
		{ "na*me|" HASH, SEV_ERROR, "has a '*'" },
		{ "name|secret", SEV_ERROR, "is not a hash" },
		{ "name|{NONE}x", SEV_ERROR, "does not know" },
		{ "name|{SHA512-CRYPT}", SEV_ERROR, "no hash" },
		{ "na\001me|" HASH, SEV_ERROR, "control character" },
		{ "name|{MD5}x", SEV_WARNING, "weak password scheme" },
		{ "Name|" HASH, SEV_NOTE, "'name', in small letters" },
		{ "FIRST|" HASH, SEV_WARNING, "line 1 already" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct master_vec list = VEC_INIT;
		struct problems p;
		struct arena a;
		arena_init(&a, "test");
		problems_init(&p, &a);
		const char *text = arena_printf(&a, "first|" HASH "\n%s\n", cases[i].line);
		masters_parse(&a, MASTERS_FILE, str_from(text), &list, &p);
		assert_finding(&p, cases[i].severity, MASTERS_FILE ":2", cases[i].part);
		for (size_t k = 0; k < p.list.n; k++)
			assert_null(strstr(p.list.v[k].text, "secret"));
		assert_string_equal(list.v[0].name, "first");
		arena_fini(&a);
	}
}

static void test_good_lines(void **state UNUSED)
{
	struct master_vec list = VEC_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	problems_init(&p, &a);
	masters_parse(
		&a, MASTERS_FILE,
		str_from("# who may\n\nadmin|" HASH "|ignored=1\r\n it@x.example | $6$salt$bare"),
		&list, &p);
	assert_no_findings(&p);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].name, "admin");
	assert_string_equal(list.v[0].hash, HASH);
	assert_string_equal(list.v[1].name, "it@x.example");
	assert_string_equal(list.v[1].hash, "{SHA512-CRYPT}$6$salt$bare");
	assert_int_equal(list.v[1].line, 4);
	arena_fini(&a);
}

static void test_edits(void **state UNUSED)
{
	static const char text[] = "# c\nadministrator|" HASH "\nAdmin|old|x=1";
	autobuf struct buf updated = BUF_INIT, deleted = BUF_INIT;
	struct str line;

	assert_false(accounts_find(STR_LIT(text), "adm", &line, NULL));
	assert_true(accounts_edit_update(STR_LIT(text), "admin", HASH, &updated));
	assert_string_equal(updated.p, "# c\nadministrator|" HASH "\nAdmin|" HASH "|x=1");
	assert_true(accounts_edit_del(STR_LIT(text), "admin", &deleted));
	assert_string_equal(deleted.p, "# c\nadministrator|" HASH "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_edits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
