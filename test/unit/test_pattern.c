/* SPDX-License-Identifier: MIT */
/* pattern: which row, which result, which message. */
#include "unit/unit.h"

#include "cli/pattern.h"

static int run_nothing(const struct cmd *cmd UNUSED)
{
	return 0;
}

static const struct cmd_row rows[] = {
	{ "email add <email> [<password>]", run_nothing, "s", "h" },
	{ "email add --from <file>", run_nothing, "s", "h" },
	{ "email del [-y] [-n] <account>...", run_nothing, "s", "h" },
	{ "email list [--json] [<account>...]", run_nothing, "s", "h" },
	{ "alias add <alias> <recipient>", run_nothing, "s", "h" },
	{ "alias del <text> <text>", run_nothing, "s", "h" },
	{ "quota set <account> <quota>", run_nothing, "s", "h" },
	{ "email restrict [<text>...]", NULL, "s", "h" },
	{ "jail", NULL, "s", "h" },
	{ "jail ban <ip>", NULL, "s", "h" },
	{ "debug login [<command>...]", run_nothing, "s", "h" },
	{ "way <send|receive> [<account>]", run_nothing, "s", "h" },
	{ NULL, NULL, NULL, NULL },
};

#define WORDS 8
#define LONG_TEXT "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

struct match {
	char *argv[WORDS + 1];
	int argc;
	struct cmd cmd;
	struct err err;
};

/* The words are copied: argv is writable memory. */
static enum pattern_result match(struct temp *t, const char *const *words, struct match *m)
{
	*m = (struct match){ .err = ERR_INIT };
	for (; words[m->argc]; m->argc++)
		m->argv[m->argc] = arena_strdup(&t->arena, words[m->argc]);
	return pattern_match(rows, m->argc, m->argv, &m->cmd, &m->err);
}

static void test_refused(void **state UNUSED)
{
	static const struct {
		const char *words[WORDS];
		enum pattern_result result;
		const char *part;
	} cases[] = {
		{ { "emial", "add" },
		  PATTERN_UNKNOWN,
		  "'emial' is not known; did you mean 'email'?" },
		{ { "email", "ad", "x" },
		  PATTERN_UNKNOWN,
		  "'email ad' is not known; did you mean 'add'?" },
		{ { "email", "delete" }, PATTERN_UNKNOWN, "did you mean 'del'?" },
		{ { "alias", "restrict" }, PATTERN_UNKNOWN, "there is: add, del" },
		{ { "email" }, PATTERN_UNKNOWN, "'email' needs one of: add, del, list, restrict" },
		{ { "xyzzy" }, PATTERN_UNKNOWN, "there is: email, alias, quota" },
		{ { "jail", "bna" }, PATTERN_BAD, "'jail bna' is not known; did you mean 'ban'?" },
		{ { "jail", "ban" }, PATTERN_FEW, "missing: <ip> (an IPv4" },
		{ { "jail", "ban", "1.2.3" }, PATTERN_BAD, "'1.2.3' is not an IP address" },
		{ { "way" }, PATTERN_FEW, "missing: <send|receive>" },
		{ { "way", "sned" }, PATTERN_BAD, "did you mean 'send'?" },
		{ { "way", "out" }, PATTERN_BAD, "there is: send, receive" },
		{ { "email", "list", "a@x", "--json" }, PATTERN_BAD, "before the arguments" },
		{ { "email", "list", "a@x", "--help" }, PATTERN_HELP, "" },
		{ { "" }, PATTERN_UNKNOWN, "" },
		{ { "email", "add" }, PATTERN_FEW, "missing: <email> (" },
		{ { "alias", "add" }, PATTERN_FEW, "), <recipient> (" },
		{ { "alias", "add", "a@x.example" }, PATTERN_FEW, "missing: <recipient> (" },
		{ { "email", "del", "-y" }, PATTERN_FEW, "missing: <account> (" },
		{ { "alias", "list", "x" }, PATTERN_UNKNOWN, "'alias list' is not known" },
		{ { "email", "add", "a@x.example", "p", "geheim" }, PATTERN_MANY, "at most 2" },
		{ { "email", "add", "foo" }, PATTERN_BAD, "'foo' has no '@'" },
		{ { "email", "add", "" }, PATTERN_BAD, "is empty" },
		{ { "email", "add", "a/b@x.example" }, PATTERN_BAD, "directory" },
		{ { "email", "add", "a@x.example", "" }, PATTERN_BAD, "the password is empty" },
		{ { "email", "del", "-z", "a@x.example" },
		  PATTERN_BAD,
		  "'-z' is unknown; there is: -y, -n" },
		{ { "email", "list", "--jsn" }, PATTERN_BAD, "did you mean '--json'?" },
		{ { "email", "del", "a\nb@x.example" }, PATTERN_BAD, "control character" },
		{ { "alias", "add", "a b", "c@x.example" }, PATTERN_BAD, "has a blank" },
		{ { "alias", "add", "a@x.example", "b@x.example,/etc" },
		  PATTERN_BAD,
		  "'/etc' is a command" },
		{ { "alias", "add", "a@x.example", ", ," }, PATTERN_BAD, "is empty" },
		{ { "alias", "add", "a@x.example",
		    LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT },
		  PATTERN_BAD,
		  "too long" },
		{ { "quota", "set", "a@x.example", "5X" }, PATTERN_BAD, "B k M G T" },
		{ { "email", "add", "help" }, PATTERN_HELP, "" },
		{ { "email", "del", "--help" }, PATTERN_HELP, "" },
		{ { "email", "restrict", "add", "help" }, PATTERN_HELP, "" },
	};
	struct temp t;

	temp_open(&t);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct match m;
		enum pattern_result result = match(&t, cases[i].words, &m);
		if (result != cases[i].result || !strstr(m.err.text, cases[i].part))
			fail_msg("case %zu: result %d '%s'", i, (int)result, m.err.text);
		assert_null(strstr(m.err.text, "geheim"));
		assert_int_equal(m.cmd.row == NULL, result == PATTERN_UNKNOWN);
	}
	temp_close(&t);
}

static void test_taken(void **state UNUSED)
{
	struct match m;
	struct temp t;

	temp_open(&t);
	assert_int_equal(
		match(&t, (const char *const[]){ "email", "add", "a@x.example", NULL }, &m),
		PATTERN_OK);
	assert_null(m.cmd.password);
	assert_int_equal(m.cmd.argc, 1);
	assert_int_equal(
		match(&t, (const char *const[]){ "email", "add", "a@x.example", "-p w", NULL }, &m),
		PATTERN_OK);
	assert_ptr_equal(m.cmd.password, m.argv[3]);
	assert_int_equal(
		match(&t, (const char *const[]){ "email", "del", "-Y", "a@x", "b@y", NULL }, &m),
		PATTERN_OK);
	assert_true(cmd_has_flag(&m.cmd, 'y'));
	assert_false(cmd_has_flag(&m.cmd, 'n'));
	assert_int_equal(m.cmd.argc, 2);
	assert_string_equal(m.cmd.argv[1], "b@y");
	assert_int_equal(match(&t, (const char *const[]){ "email", "del", "--", "-a@x", NULL }, &m),
			 PATTERN_OK);
	assert_string_equal(m.cmd.argv[0], "-a@x");
	assert_int_equal(match(&t, (const char *const[]){ "email", "list", NULL }, &m), PATTERN_OK);
	assert_int_equal(m.cmd.argc, 0);
	assert_int_equal(
		match(&t, (const char *const[]){ "email", "list", "--json", "a@x", NULL }, &m),
		PATTERN_OK);
	assert_true(cmd_has_flag(&m.cmd, 'j'));
	assert_int_equal(
		match(&t,
		      (const char *const[]){ "alias", "add", "@x.example", "a@x.example, b", NULL },
		      &m),
		PATTERN_OK);
	assert_int_equal(match(&t, (const char *const[]){ "alias", "del", "_", "x y", NULL }, &m),
			 PATTERN_OK);
	assert_int_equal(match(&t, (const char *const[]){ "quota", "set", "a@x", "5G", NULL }, &m),
			 PATTERN_OK);
	assert_int_equal(match(&t, (const char *const[]){ "email", "restrict", NULL }, &m),
			 PATTERN_OK);
	assert_null(m.cmd.row->run);
	assert_int_equal(match(&t, (const char *const[]){ "jail", NULL }, &m), PATTERN_OK);
	assert_int_equal(match(&t, (const char *const[]){ "way", "SEND", NULL }, &m), PATTERN_OK);
	/* What another program takes is its own. */
	assert_int_equal(
		match(&t,
		      (const char *const[]){ "debug", "login", "ls", "", "--help", "a\nb", NULL },
		      &m),
		PATTERN_OK);
	assert_int_equal(m.cmd.argc, 4);
	/* The word is a password like any other. */
	assert_int_equal(
		match(&t, (const char *const[]){ "email", "add", "a@x.example", "help", NULL }, &m),
		PATTERN_OK);
	temp_close(&t);
}

static void test_too_many(void **state UNUSED)
{
	static char word[] = "a@x";
	static char email[] = "email", del[] = "del";
	char *argv[CMD_ARGS_MAX + 3] = { email, del };
	struct err err = ERR_INIT;
	struct cmd cmd;

	for (int i = 2; i < CMD_ARGS_MAX + 3; i++)
		argv[i] = word;
	assert_int_equal(pattern_match(rows, CMD_ARGS_MAX + 2, argv, &cmd, &err), PATTERN_OK);
	assert_int_equal(cmd.argc, CMD_ARGS_MAX);
	assert_int_equal(pattern_match(rows, CMD_ARGS_MAX + 3, argv, &cmd, &err), PATTERN_MANY);
	assert_err(&err, ERR_USAGE, "more than 256");
}

static void test_begins(void **state UNUSED)
{
	static char email[] = "email", add[] = "add", x[] = "x";

	assert_true(pattern_begins(&rows[0], 0, NULL));
	assert_true(pattern_begins(&rows[0], 1, (char *const[]){ email }));
	assert_true(pattern_begins(&rows[0], 2, (char *const[]){ email, add }));
	assert_false(pattern_begins(&rows[0], 2, (char *const[]){ email, x }));
	assert_false(pattern_begins(&rows[4], 1, (char *const[]){ email }));
	assert_true(pattern_is_help("help") && pattern_is_help("-h") && !pattern_is_help("helpme"));
}

/* A --word without brackets chooses the row. */
static void test_dashed_word(void **state UNUSED)
{
	const char *from[] = { "email", "add", "--from", "-", NULL },
		   *bare[] = { "email", "add", "--from", NULL },
		   *other[] = { "email", "add", "--form", "x", NULL };
	struct temp t;
	struct match m;

	temp_open(&t);
	assert_int_equal(match(&t, from, &m), PATTERN_OK);
	assert_string_equal(m.cmd.row->pattern, "email add --from <file>");
	assert_string_equal(m.cmd.argv[0], "-");
	assert_int_equal(match(&t, bare, &m), PATTERN_FEW);
	assert_int_equal(match(&t, other, &m), PATTERN_BAD);
	temp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dashed_word), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_many),    cmocka_unit_test(test_taken),
		cmocka_unit_test(test_begins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
