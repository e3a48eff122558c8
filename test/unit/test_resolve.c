/* SPDX-License-Identifier: MIT */
/* resolve: where aliases lead. */
#include "unit/inputs_unit.h"

#include "inputs/aliases.h"
#include "inputs/resolve.h"

#define HASH "{SHA512-CRYPT}$6$salt$hash"

struct fixture {
	struct temp t;
	struct settings s;
	struct inputs in;
};

/* Accounts anna@ and ben@firma.example, root@mail.firma.example, and these aliases. */
static void open_fixture(struct fixture *f, const char *aliases)
{
	struct inputs_where where = { 0 };
	struct err err = ERR_INIT;
	struct problems p;

	*f = (struct fixture){ .s = plain_settings() };
	temp_open(&f->t);
	where.config_dir = temp_path(&f->t, "config");
	assert_done(dir_make(where.config_dir, NULL, &err), &err);
	temp_write(temp_path(&f->t, "config/postfix-accounts.cf"),
		   "anna@firma.example|" HASH "\nben@firma.example|" HASH
		   "\nroot@mail.firma.example|" HASH "\n");
	temp_write(temp_path(&f->t, "config/" ALIASES_FILE), aliases);
	problems_init(&p, &f->t.arena);
	inputs_read(&f->t.arena, &f->s, &where, &f->in, &p);
	assert_int_equal(problems_errors(&p), 0);
}

static const char *single(struct fixture *f, const char *key)
{
	const struct alias *x = inputs_find_alias(&f->in, key);

	assert_non_null(x);
	return resolve_single(&f->t.arena, &f->s, &f->in, x);
}

static const char *circle(struct fixture *f, const char *key)
{
	const struct alias *x = inputs_find_alias(&f->in, key);

	assert_non_null(x);
	return resolve_circle(&f->t.arena, &f->in, x);
}

static void test_single_unknown(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f, "two@firma.example anna@firma.example,ben@firma.example\n"
			 "out@firma.example x@other.example\n"
			 "at@firma.example @firma.example\n"
			 "a@firma.example b@firma.example\nb@firma.example a@firma.example\n"
			 "chain@firma.example two@firma.example\n");
	assert_null(single(&f, "two@firma.example"));
	assert_null(single(&f, "out@firma.example"));
	assert_null(single(&f, "at@firma.example"));
	assert_null(single(&f, "a@firma.example"));
	assert_null(single(&f, "chain@firma.example"));
	temp_close(&f.t);
}

static void test_single(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f, "info@firma.example Anna@Firma.Example\n"
			 "same@firma.example anna@firma.example,ANNA@firma.example\n"
			 "far@firma.example middle@firma.example\n"
			 "middle@firma.example info+x@firma.example\n"
			 "ben@firma.example ben@firma.example\n"
			 "late@firma.example nobody@firma.example\n"
			 "job@firma.example ben+jobs@firma.example\n"
			 "ben+jobs@firma.example anna@firma.example\n"
			 "bare root\n"
			 "@catch.example ben@firma.example\n"
			 "caught@firma.example any@catch.example\n");
	assert_string_equal(single(&f, "info@firma.example"), "anna@firma.example");
	assert_string_equal(single(&f, "same@firma.example"), "anna@firma.example");
	assert_string_equal(single(&f, "far@firma.example"), "anna@firma.example");
	assert_string_equal(single(&f, "ben@firma.example"), "ben@firma.example");
	assert_string_equal(single(&f, "late@firma.example"), "nobody@firma.example");
	assert_string_equal(single(&f, "job@firma.example"), "anna@firma.example");
	assert_string_equal(single(&f, "bare"), "root@mail.firma.example");
	assert_string_equal(single(&f, "@catch.example"), "ben@firma.example");
	assert_string_equal(single(&f, "caught@firma.example"), "ben@firma.example");
	f.in.regexp = "/^any/ anna@firma.example\n";
	assert_null(single(&f, "@catch.example"));
	assert_null(single(&f, "caught@firma.example"));
	temp_close(&f.t);
}

static void test_entry(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f, "@firma.example x@other.example\ninfo@firma.example anna@firma.example\n");
	assert_null(resolve_entry(&f.t.arena, &f.in, "anna@firma.example"));
	assert_null(resolve_entry(&f.t.arena, &f.in, "anna+x@firma.example"));
	assert_null(resolve_entry(&f.t.arena, &f.in, "anna"));
	assert_null(resolve_entry(&f.t.arena, &f.in, "x@elsewhere.example"));
	assert_string_equal(resolve_entry(&f.t.arena, &f.in, "info+x@firma.example")->key,
			    "info@firma.example");
	assert_string_equal(resolve_entry(&f.t.arena, &f.in, "new@firma.example")->key,
			    "@firma.example");
	temp_close(&f.t);
}

static void test_circle(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f, "a@firma.example anna@firma.example,b@firma.example\n"
			 "b@firma.example c@firma.example,ben@firma.example\n"
			 "c@firma.example A+tag@firma.example\n"
			 "into@firma.example a@firma.example\n"
			 "self@firma.example self@firma.example,anna@firma.example\n"
			 "info@firma.example anna@firma.example\n"
			 "@catch.example d@firma.example\n"
			 "d@firma.example any@catch.example,ben@firma.example\n"
			 "@self.example x@self.example\n");
	assert_string_equal(
		circle(&f, "a@firma.example"),
		"a@firma.example → b@firma.example → c@firma.example → a@firma.example");
	assert_string_equal(circle(&f, "@catch.example"),
			    "@catch.example → d@firma.example → any@catch.example");
	assert_string_equal(circle(&f, "d@firma.example"),
			    "d@firma.example → any@catch.example → d@firma.example");
	/* It leads into a circle of others, which have the finding. */
	assert_null(circle(&f, "into@firma.example"));
	assert_null(circle(&f, "self@firma.example"));
	assert_null(circle(&f, "info@firma.example"));
	assert_null(circle(&f, "@self.example"));
	temp_close(&f.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_unknown),
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_circle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
