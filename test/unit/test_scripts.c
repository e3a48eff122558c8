/* SPDX-License-Identifier: MIT */
/* scripts: what is judged and when, what falls back, what is kept, what changes a stamp; and the tables of the services
 * as far as they need no daemon. */
#include "unit/inputs_unit.h"

#include "inputs/accounts.h"

#define ANNA "anna@firma.example|{SHA512-CRYPT}$6$salt$hash\n"
#define OF_ANNA "anna@firma.example.dovecot.sieve"

struct fixture {
	struct temp t;
	struct settings s;
	struct inputs_where where;
	struct inputs in;
	struct problems p;
};

static unsigned judged;

/* A text with "bad" in it is not accepted; of spam rules nobody knows anything. */
static bool judge(struct arena *a, const struct settings *s UNUSED, const char *name,
		  struct str text, struct problems *p)
{
	if (streq(name, SPAM_RULES_FILE))
		return false;
	judged++;
	if (strstr(str_dup(a, text), "bad"))
		problems_add(p, SEV_ERROR, arena_printf(a, "%s:1", name), NULL, "it is bad");
	return true;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	temp_open(&f->t);
	f->s = plain_settings();
	f->where.config_dir = temp_path(&f->t, "config");
	f->where.last_good_dir = temp_path(&f->t, "good");
	f->where.salt_key = temp_path(&f->t, "salt.key");
	f->where.judge = judge;
	f->where.fallback = true;
	assert_done(dir_make(f->where.config_dir, NULL, &err), &err);
	judged = 0;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	temp_close(&f->t);
	free(f);
	return 0;
}

static void put(struct fixture *f, const char *name, const char *text)
{
	temp_write(arena_printf(&f->t.arena, "%s/%s", f->where.config_dir, name), text);
}

static void read_inputs(struct fixture *f)
{
	problems_init(&f->p, &f->t.arena);
	inputs_read(&f->t.arena, &f->s, &f->where, &f->in, &f->p);
}

static void save(struct fixture *f)
{
	struct err err = ERR_INIT;
	autoclose int lock = -1;

	assert_done(inputs_lock_last_good(&f->where, &lock, &err), &err);
	assert_done(inputs_save_last_good(&f->where, &f->in, &err), &err);
}

static bool has_finding(const struct fixture *f, enum severity severity, const char *subject)
{
	for (size_t i = 0; i < f->p.list.n; i++)
		if (f->p.list.v[i].severity == severity && streq(f->p.list.v[i].subject, subject))
			return true;
	return false;
}

static bool has_copy(struct fixture *f, const char *name)
{
	return file_exists(arena_printf(&f->t.arena, "%s/%s", f->where.last_good_dir, name));
}

static void test_first_bad_script_is_an_error(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA);
	put(f, SCRIPT_BEFORE_FILE, "bad;\n");
	read_inputs(f);
	assert_true(has_finding(f, SEV_ERROR, SCRIPT_BEFORE_FILE ":1"));
}

static void test_nul_byte(void **state)
{
	struct fixture *f = *state;
	struct problems p;

	problems_init(&p, &f->t.arena);
	scripts_check_text(&f->t.arena, "x", (struct str){ "a\nb\0c", 5 }, &p);
	assert_int_equal(p.list.n, 1);
	assert_string_equal(p.list.v[0].subject, "x:2");
	assert_int_equal(judged, 0);
}

static void test_last_good_stays_and_is_not_judged_again(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	put(f, ACCOUNTS_FILE, ANNA);
	put(f, SCRIPT_BEFORE_FILE, "keep;\n");
	read_inputs(f);
	assert_int_equal(judged, 1);
	save(f);
	before = f->in.fingerprint[8];
	read_inputs(f);
	assert_int_equal(judged, 1);
	put(f, SCRIPT_BEFORE_FILE, "bad;\n");
	read_inputs(f);
	assert_int_equal(judged, 2);
	assert_int_equal(problems_errors(&f->p), 0);
	assert_true(has_finding(f, SEV_WARNING, SCRIPT_BEFORE_FILE ":1"));
	assert_int_equal(f->in.fallen.n, 1);
	assert_true(str_is(f->in.script_before, "keep;\n"));
	assert_true(f->in.fingerprint[8] == before);
}

static void test_what_nobody_judges_is_no_good_copy(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA);
	put(f, SPAM_RULES_FILE, "score X 1\n");
	read_inputs(f);
	assert_int_equal(problems_errors(&f->p), 0);
	assert_true(str_is(f->in.spam_rules, "score X 1\n"));
	save(f);
	assert_true(has_copy(f, ACCOUNTS_FILE));
	assert_false(has_copy(f, SPAM_RULES_FILE));
}

static void test_users_scripts(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA);
	put(f, "Anna@Firma.example.dovecot.sieve", "keep;\n");
	put(f, "nobody@firma.example.dovecot.sieve", "bad;\n");
	read_inputs(f);
	assert_int_equal(problems_errors(&f->p), 0);
	assert_int_equal(f->in.user_scripts.n, 2);
	assert_string_equal(f->in.user_scripts.v[0].address, "anna@firma.example");
	assert_true(f->in.user_scripts.v[0].good);
	assert_false(f->in.user_scripts.v[1].good);
	assert_true(has_finding(f, SEV_WARNING, "nobody@firma.example.dovecot.sieve:1"));
	assert_true(has_finding(f, SEV_WARNING, "nobody@firma.example.dovecot.sieve"));
	save(f);
	assert_true(has_copy(f, "Anna@Firma.example.dovecot.sieve"));
	assert_false(has_copy(f, "nobody@firma.example.dovecot.sieve"));
	assert_int_equal(unlink(arena_printf(&f->t.arena, "%s/Anna@Firma.example.dovecot.sieve",
					     f->where.config_dir)),
			 0);
	read_inputs(f);
	save(f);
	assert_false(has_copy(f, "Anna@Firma.example.dovecot.sieve"));
}

static void test_programs_and_stamp(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	autobuf struct buf none = BUF_INIT, one = BUF_INIT;

	put(f, ACCOUNTS_FILE, ANNA);
	scripts_stamp(&f->t.arena, f->where.config_dir, &none);
	assert_done(dir_make(arena_printf(&f->t.arena, "%s/" PIPE_DIR, f->where.config_dir), NULL,
			     &err),
		    &err);
	put(f, PIPE_DIR "/run", "#!/bin/sh\n");
	put(f, PIPE_DIR "/.hidden", "");
	put(f, PIPE_DIR "/two words", "");
	read_inputs(f);
	assert_int_equal(f->in.programs.n, 1);
	assert_string_equal(f->in.programs.v[0].name, "run");
	assert_true(has_finding(f, SEV_WARNING, PIPE_DIR "/two words"));
	scripts_stamp(&f->t.arena, f->where.config_dir, &one);
	assert_string_not_equal(none.p, one.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(x) cmocka_unit_test_setup_teardown(x, set_up, tear_down)
		TEST(test_first_bad_script_is_an_error),
		TEST(test_nul_byte),
		TEST(test_last_good_stays_and_is_not_judged_again),
		TEST(test_what_nobody_judges_is_no_good_copy),
		TEST(test_users_scripts),
		TEST(test_programs_and_stamp),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
