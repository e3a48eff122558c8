/* SPDX-License-Identifier: MIT */
/* senders and patterns: who may send as which address, and why. */
#include "unit/inputs_unit.h"

#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/patterns.h"
#include "inputs/senders.h"

#define HASH "{SHA512-CRYPT}$6$salt$hash"
#define ACCOUNTS                                                                                   \
	"anna@firma.example|" HASH "\nben@firma.example|" HASH "\ncarla@other.example|" HASH "\n"

struct fixture {
	struct temp t;
	struct settings s;
	struct inputs in;
	struct senders sn;
};

static void put(struct fixture *f, const char *name, const char *text)
{
	temp_write(arena_printf(&f->t.arena, "%s/%s", temp_path(&f->t, "config"), name), text);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	temp_open(&f->t);
	f->s = plain_settings();
	f->s.postmaster_address = "carla@other.example";
	assert_done(dir_make(temp_path(&f->t, "config"), NULL, &err), &err);
	put(f, ACCOUNTS_FILE, ACCOUNTS);
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

static void load(struct fixture *f)
{
	struct inputs_where where = { .config_dir = temp_path(&f->t, "config") };
	struct problems p;

	problems_init(&p, &f->t.arena);
	inputs_read(&f->t.arena, &f->s, &where, &f->in, &p);
	assert_int_equal(problems_errors(&p), 0);
	senders_init(&f->sn, &f->t.arena, &f->s, &f->in);
}

/* "login,login" in the order found; logins without an account in brackets. */
static const char *who(struct fixture *f, const char *address)
{
	struct sender_right_vec rights = VEC_INIT;
	autobuf struct buf out = BUF_INIT;

	senders_find(&f->sn, address, &rights);
	for (size_t i = 0; i < rights.n; i++) {
		bool exists = inputs_find_account(&f->in, rights.v[i].login) != NULL;
		buf_printf(&out, exists ? "%s%s" : "%s(%s)", i ? "," : "", rights.v[i].login);
	}
	return buf_dup(&f->t.arena, &out);
}

static const char *why(struct fixture *f, const char *address, const char *login)
{
	struct sender_right_vec rights = VEC_INIT;

	senders_find(&f->sn, address, &rights);
	for (size_t i = 0; i < rights.n; i++)
		if (streq(rights.v[i].login, login))
			return rights.v[i].why;
	return "(no right)";
}

static void test_nobody(void **state)
{
	struct fixture *f = *state;

	put(f, ALIASES_FILE,
	    "@firma.example anna@firma.example\n"
	    "away@firma.example x@elsewhere.example\n"
	    "round@firma.example round@firma.example\n");
	load(f);
	assert_string_equal(who(f, "nobody@elsewhere.example"), "");
	assert_string_equal(who(f, "left-over@firma.example"), "");
	assert_string_equal(who(f, "away@firma.example"), "");
	assert_string_equal(who(f, "round@firma.example"), "");
	assert_string_equal(who(f, "no address"), "");
	assert_string_equal(who(f, ""), "");
}

static void test_own_address(void **state)
{
	struct fixture *f = *state;

	load(f);
	assert_string_equal(who(f, "anna@firma.example"), "anna@firma.example");
	assert_string_equal(who(f, "Anna@FIRMA.example"), "anna@firma.example");
	assert_string_equal(who(f, "anna+list@firma.example"), "anna@firma.example");
	assert_string_equal(who(f, "+list@firma.example"), "");
	assert_string_equal(why(f, "anna@firma.example", "anna@firma.example"),
			    "postfix-accounts.cf:1: the account itself");
}

static void test_aliases(void **state)
{
	struct fixture *f = *state;

	put(f, ALIASES_FILE,
	    "# staff\ninfo@firma.example team@firma.example\n"
	    "team@firma.example anna+box@firma.example, ben@firma.example\n"
	    "soon@firma.example dora@firma.example\n"
	    "anna@firma.example ben@firma.example\n"
	    "special+tag@firma.example carla@other.example\n");
	load(f);
	assert_string_equal(who(f, "team@firma.example"), "anna@firma.example,ben@firma.example");
	assert_string_equal(who(f, "info@firma.example"), "anna@firma.example,ben@firma.example");
	assert_string_equal(who(f, "info+x@firma.example"), "anna@firma.example,ben@firma.example");
	assert_string_equal(who(f, "soon@firma.example"), "(dora@firma.example)");
	assert_string_equal(who(f, "anna@firma.example"), "anna@firma.example,ben@firma.example");
	assert_string_equal(who(f, "special+tag@firma.example"), "carla@other.example");
	assert_string_equal(why(f, "info@firma.example", "anna@firma.example"),
			    "postfix-virtual.cf:2: info@firma.example → team@firma.example\n"
			    "postfix-virtual.cf:3: team@firma.example → anna@firma.example");
}

static void test_roles_and_host(void **state)
{
	struct fixture *f = *state;

	put(f, LOCAL_ALIASES_FILE,
	    "# host\nwebmaster: anna@firma.example, /dev/null\nops: webmaster\n");
	load(f);
	assert_string_equal(who(f, "postmaster@firma.example"), "carla@other.example");
	assert_string_equal(who(f, "root@mail.firma.example"), "carla@other.example");
	assert_string_equal(who(f, "ops@mail.firma.example"), "anna@firma.example");
	assert_string_equal(why(f, "ops@mail.firma.example", "anna@firma.example"),
			    "postfix-aliases.cf:3: ops@mail.firma.example → "
			    "webmaster@mail.firma.example\n"
			    "postfix-aliases.cf:2: webmaster@mail.firma.example → "
			    "anna@firma.example");
}

static void test_patterns(void **state)
{
	struct fixture *f = *state;

	put(f, ALIASES_FILE, "group@firma.example ben@firma.example\n");
	put(f, REGEXP_FILE,
	    "# comment\n/^sales\\..*@firma\\.example$/ group@firma.example\n"
	    "/^x-(.*)@firma\\.example$/ $1@firma.example\n");
	load(f);
	assert_string_equal(who(f, "sales.eu@firma.example"), "ben@firma.example");
	assert_string_equal(why(f, "sales.eu@firma.example", "ben@firma.example"),
			    "postfix-regexp.cf:2: sales.eu@firma.example → group@firma.example\n"
			    "postfix-virtual.cf:1: group@firma.example → ben@firma.example");
	assert_string_equal(who(f, "x-anna@firma.example"), "anna@firma.example");
	/* Postfix has no table that could know this one. */
	assert_string_equal(who(f, "x-group@firma.example"), "");

	autobuf struct buf out = BUF_INIT;
	senders_patterns(&f->sn, &out);
	assert_string_equal(out.p, "/^sales\\..*@firma\\.example$/ ben@firma.example\n"
				   "/^x-(.*)@firma\\.example$/ $1@firma.example\n");
}

static bool collect(void *ctx, const char *key, const char *value)
{
	buf_printf(ctx, "%s %s\n", key, value);
	return true;
}

static bool refuse(void *ctx UNUSED, const char *key UNUSED, const char *value UNUSED)
{
	return false;
}

static void test_table(void **state)
{
	struct fixture *f = *state;
	autobuf struct buf out = BUF_INIT;

	put(f, ALIASES_FILE,
	    "ben@firma.example anna@firma.example\n@firma.example ben@firma.example\n");
	load(f);
	assert_false(senders_each(&f->sn, refuse, NULL));
	assert_true(senders_each(&f->sn, collect, &out));
	assert_non_null(strstr(out.p, "ben@firma.example ben@firma.example,anna@firma.example\n"));
	assert_non_null(strstr(out.p, "\nanna@firma.example anna@firma.example\n"));
	assert_non_null(strstr(out.p, "\ncarla@other.example carla@other.example\n"));
	assert_non_null(strstr(out.p, "postmaster@other.example carla@other.example\n"));
	assert_null(strstr(out.p, "\n@"));
}

static void test_matching(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text, *address, *result;
	} cases[] = {
		{ "/a/ x", "b", NULL },
		{ "/A/ x", "a", "x" },
		{ "/A/i x", "a", NULL },
		{ "!/a/ x", "b", "x" },
		{ "!/a/ x", "a", NULL },
		{ "/a b/x x", "ab", "x" },
		{ "/^(.)(.)(c)?/ $2${1}$(3)$$", "ab", "ba$" },
		{ "/a/ $x", "a", "$x" },
		{ "/a/ $9", "a", "" },
		{ "|a|b| x", "a", NULL },
		{ "|a\\|b| x", "a|b", "x" },
		{ "if /z/\n/a/ x\nendif\n/b/ y", "ab", "y" },
		{ "if /b/\nif !/a/\n/./ w\nendif\n/a/ x\nendif", "ab", "x" },
		{ "/(/ x\n/a/ y", "a", "y" },
		{ "/a/\n  x", "a", "x" },
		{ "endif\n/a/ x", "a", "x" },
		{ "", "a", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct patterns *p = patterns_compile(&f->t.arena, str_from(cases[i].text));
		struct pattern_hit hit = patterns_match(p, cases[i].address);
		if (cases[i].result == NULL)
			assert_null(hit.result);
		else
			assert_string_equal(hit.result ? hit.result : "(none)", cases[i].result);
	}
	struct patterns *p = patterns_compile(&f->t.arena, str_from("\n#\n/a/ x\n/b/ $0"));
	assert_int_equal(patterns_match(p, "a").line, 3);
	assert_true(patterns_match(p, "a").is_fixed);
	assert_int_equal(patterns_match(p, "b").line, 4);
	assert_false(patterns_match(p, "b").is_fixed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_own_address, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_aliases, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_roles_and_host, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_patterns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_matching, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
