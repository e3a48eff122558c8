/* SPDX-License-Identifier: MIT */
/*
 * translate: settings of Dovecot 2.3. test/fixtures/dovecot-2.3/ has each row of translate.def:
 * settings.old becomes settings.new, and nothing of gone.old can be translated. That 2.4 takes
 * settings.new is shown in test/e2e/overrides.bats. Run from the top of the sources.
 */
#include "unit/inputs_unit.h"

#include "dovecot/translate.h"

#define FIXTURES "test/fixtures/dovecot-2.3/"

struct fixture {
	struct arena arena;
	struct problems p;
	struct translated_vec lines;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	arena_init(&f->arena, "test");
	problems_init(&f->p, &f->arena);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_fini(&f->arena);
	free(f);
	return 0;
}

static struct str read_fixture(struct fixture *f, const char *name)
{
	struct err err = ERR_INIT;
	char *text;
	size_t n;

	assert_done(file_read(&f->arena, arena_printf(&f->arena, FIXTURES "%s", name), 65536, &text,
			      &n, &err),
		    &err);
	return (struct str){ text, n };
}

static const char *translated_text(struct fixture *f, struct str text)
{
	autobuf struct buf out = BUF_INIT;

	f->lines = (struct translated_vec)VEC_INIT;
	translate_text(&f->arena, "dovecot.cf", text, &f->lines, &f->p);
	for (size_t i = 0; i < f->lines.n; i++)
		buf_printf(&out, "%s\n", f->lines.v[i].text);
	return buf_dup(&f->arena, &out);
}

static void test_settings(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(translated_text(f, read_fixture(f, "settings.old")),
			    read_fixture(f, "settings.new").p);
	assert_int_equal(problems_errors(&f->p), 0);
	assert_finding(&f->p, SEV_WARNING, "dovecot.cf", "translate-dovecot");
	assert_finding(&f->p, SEV_NOTE, "dovecot.cf:9", "auth_allow_cleartext = no");
}

/* What is in the new language is left alone, to the letter. */
static void test_new_language(void **state)
{
	struct fixture *f = *state;
	struct str text = read_fixture(f, "settings.new");

	assert_string_equal(translated_text(f, text), text.p);
	assert_no_findings(&f->p);
}

static void test_gone(void **state)
{
	struct fixture *f = *state;
	struct str text = read_fixture(f, "gone.old"), rest = text, line;
	unsigned number = 0, settings = 0;

	(void)translated_text(f, text);
	while (str_next_line(&rest, &line)) {
		number++;
		line = str_trim(line);
		if (!str_has_char(line, '=') || str_is(line, "driver = sql") ||
		    str_is(line, "driver = checkpassword") || has_prefix(line.p, "args"))
			continue;
		settings++;
		assert_finding(&f->p, SEV_ERROR, arena_printf(&f->arena, "dovecot.cf:%u", number),
			       "can't be translated");
	}
	/* And two sections. */
	assert_int_equal(problems_errors(&f->p), settings + 2);
}

/* A row without its case is a row that nobody has seen work. */
static void test_every_row_has_a_case(void **state)
{
	struct fixture *f = *state;
	static const char *const keys[] = {
#define KEY(place, old, x) #old,
#define RENAMED KEY
#define FILE KEY
#define INVERTED KEY
#define SWITCH KEY
#define SPECIAL KEY
#define DROPPED KEY
#define GONE KEY
#include "dovecot/translate.def"
#undef FILE
	};
	const char *texts[] = { read_fixture(f, "settings.old").p, read_fixture(f, "gone.old").p };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *start = arena_printf(&f->arena, "\n%s", keys[i]);
		const char *indented = arena_printf(&f->arena, "  %s", keys[i]);
		bool found = false;
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++)
			found = found || strstr(texts[k], start) || strstr(texts[k], indented) ||
				has_prefix(texts[k], keys[i]);
		if (!found)
			fail_msg("no case for the row of '%s'", keys[i]);
	}
}

static void test_secrets_are_not_told(void **state)
{
	struct fixture *f = *state;
	autobuf struct buf told = BUF_INIT;

	(void)translated_text(f,
			      STR_LIT("ssl_key_password = sesame\n"
				      "passdb {\n driver = static\n args = password=sesame\n}\n"));
	problems_print(&f->p, &told);
	assert_null(strstr(told.p, "sesame"));
	assert_finding(&f->p, SEV_NOTE, "dovecot.cf:1", "new form");
}

static void test_variables(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *old, *new;
	} cases[] = {
		{ "%u", "%{user}" },
		{ "/x/%d/%n", "/x/%{user | domain}/%{user | username}" },
		{ "%Ld", "%{user | domain | lower}" },
		{ "100%%", "100%%" },
		{ "%{service}", "%{protocol}" },
		{ "%{user | lower}", "%{user | lower}" },
		{ "%{env:HOME}", "%{env:HOME}" },
		{ "plain", "plain" },
	};
	const char *trouble = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(translate_variables(&f->arena, cases[i].old, &trouble),
				    cases[i].new);
	assert_null(trouble);
	assert_null(translate_variables(&f->arena, "%2.256Nu", &trouble));
	assert_non_null(trouble);
	trouble = NULL;
	assert_null(translate_variables(&f->arena, "100%", &trouble));
	assert_non_null(trouble);
}

static void test_lines(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(translated_text(f, STR_LIT("auth_mechanisms = plain \\\n  login\n"
						       "verbose_ssl = no\n"
						       "a = %u")),
			    "auth_mechanisms = plain   login\na = %{user}\n");
	assert_int_equal(f->lines.v[1].line, 4);
	f->p.list.n = 0;
	(void)translated_text(f, STR_LIT("passdb {\n driver = pam\n"));
	assert_finding(&f->p, SEV_ERROR, "dovecot.cf:1", "no end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_settings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_new_language, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_every_row_has_a_case, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_secrets_are_not_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_variables, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
