/* SPDX-License-Identifier: MIT */
/* newcomers: lists of accounts to add. */
#include "unit/inputs_unit.h"

#include "inputs/newcomers.h"

#define HASH "{SHA512-CRYPT}$6$salt$hash"

struct fixture {
	struct arena a;
	struct newcomer_vec list;
	struct problems p;
};

static void parse(struct fixture *f, const char *text)
{
	f->list = (struct newcomer_vec)VEC_INIT;
	problems_init(&f->p, &f->a);
	newcomers_parse(&f->a, "list", str_from(text), &f->list, &f->p);
}

static void test_wrong_lines(void **state UNUSED)
{
	struct fixture f;

	arena_init(&f.a, "test");
	parse(&f, "anna@firma.example\n"
		  "anna geheim\n"
		  "a+b@firma.example geheim\n"
		  "ben@firma.example " HASH "\n"
		  "carla@firma.example|geheim\n"
		  "dora@firma.example|{NIX}x\n"
		  "emil@firma.example|{MD5}x\n"
		  "fritz@firma.example|\n"
		  "gut@firma.example geheim\n"
		  "GUT@firma.example geheim\n"
		  "x@firma.example a\x01"
		  "b\n"
		  " geheim\n");
	assert_finding(&f.p, SEV_ERROR, "list:1", "has no password");
	assert_finding(&f.p, SEV_ERROR, "list:2", "has no '@'");
	assert_finding(&f.p, SEV_ERROR, "list:3", "'+'");
	assert_finding(&f.p, SEV_ERROR, "list:4", "address|hash");
	assert_finding(&f.p, SEV_ERROR, "list:5", "has no hash");
	assert_finding(&f.p, SEV_ERROR, "list:6", "has no hash");
	assert_finding(&f.p, SEV_ERROR, "list:7", "weak");
	assert_finding(&f.p, SEV_ERROR, "list:8", "has no hash");
	assert_finding(&f.p, SEV_ERROR, "list:10", "line 9");
	assert_finding(&f.p, SEV_ERROR, "list:11", "control character");
	assert_finding(&f.p, SEV_ERROR, "list:12", "has no '@'");
	assert_int_equal(f.p.list.n, 11);
	assert_int_equal(f.list.n, 1);
	for (size_t i = 0; i < f.p.list.n; i++)
		assert_null(strstr(f.p.list.v[i].text, "geheim"));
	arena_fini(&f.a);
}

static void test_lines(void **state UNUSED)
{
	struct fixture f;

	arena_init(&f.a, "test");
	parse(&f, "# comment\n\n  Anna@Firma.example \t two words|and {more} \r\n"
		  "ben@m\xc3\xbcller.example| $6$salt$hash \n"
		  "carla@firma.example |" HASH "| userdb_x=1 y");
	assert_no_findings(&f.p);
	assert_int_equal(f.list.n, 3);
	assert_string_equal(f.list.v[0].address, "anna@firma.example");
	assert_string_equal(f.list.v[0].password, "two words|and {more}");
	assert_null(f.list.v[0].hash);
	assert_int_equal(f.list.v[0].line, 3);
	assert_string_equal(f.list.v[1].address, "ben@xn--mller-kva.example");
	assert_string_equal(f.list.v[1].hash, HASH);
	assert_string_equal(f.list.v[1].extra, "");
	assert_string_equal(f.list.v[2].hash, HASH);
	assert_string_equal(f.list.v[2].extra, "userdb_x=1 y");
	assert_null(f.list.v[2].password);
	arena_fini(&f.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_lines),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
