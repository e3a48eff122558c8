/* SPDX-License-Identifier: MIT */
/* complete: what is offered for the last of some words; and every row of `setup` itself. */
#include "unit/unit.h"

#include "cli/argtype.h"
#include "cli/complete.h"
#include "cli/rows.h"

static int run_nothing(const struct cmd *cmd UNUSED)
{
	return 0;
}

static const struct cmd_row rows[] = {
	{ "email add <email> [<password>]", run_nothing, "adds", "h" },
	{ "email del [-y] [-n] <account>...", run_nothing, "deletes", "h" },
	{ "email list [--json] [<account>...]", run_nothing, "lists", "h" },
	{ "email restrict <add|del|list> <send|receive> [<account>]", NULL, "restricts", "h" },
	{ "alias add <alias> <recipient>", run_nothing, "adds", "h" },
	{ "alias del <known-alias> <known-recipient>", run_nothing, "deletes", "h" },
	{ "alias list [--json]", run_nothing, "lists", "h" },
	{ "key [--force] [<dkim>...]", run_nothing, "makes keys", "h" },
	{ "load <file>", run_nothing, "loads", "h" },
	{ "jail", NULL, "jails", "h" },
	{ "jail ban <ip>", NULL, "bans", "h" },
	{ "login [<command>...]", run_nothing, "logs in", "h" },
	{ NULL, NULL, NULL, NULL },
};

#define WORDS 8

/* The offers without what they do, blanks between them. */
static const char *offered(struct temp *t, const struct cmd_row *table, const char *const *words)
{
	autobuf struct buf out = BUF_INIT, list = BUF_INIT;
	char *argv[WORDS];
	int n = 0;

	for (; words[n]; n++)
		argv[n] = arena_strdup(&t->arena, words[n]);
	complete_words(table, t->dir, n, argv, &out);
	struct str rest = str_from(out.p), line, word, about;
	while (str_next_line(&rest, &line)) {
		assert_true(str_split(line, '\t', &word, &about));
		buf_printf(&list, "%s%.*s", list.n ? " " : "", (int)word.n, word.p);
	}
	return buf_dup(&t->arena, &list);
}

static void test_offers(void **state UNUSED)
{
	static const struct {
		const char *words[WORDS];
		const char *offers;
	} cases[] = {
		{ { NULL }, "email alias key load jail login help" },
		{ { "" }, "email alias key load jail login help" },
		{ { "E" }, "email" },
		{ { "x" }, "" },
		{ { "email", "" }, "add del list restrict" },
		{ { "email", "xyz", "" }, "" },
		{ { "nobody", "" }, "" },
		{ { "help", "email", "l" }, "list" },
		{ { "help", "" }, "email alias key load jail login" },
		{ { "email", "del", "-" }, "-y -n --help" },
		{ { "email", "del", "-y", "-" }, "-n --help" },
		{ { "email", "del", "" }, "anna@example.com ben@example.org" },
		{ { "email", "del", "-y", "B" }, "ben@example.org" },
		{ { "email", "del", "anna@example.com", "" }, "ben@example.org" },
		{ { "email", "del", "--", "-" }, "" },
		{ { "email", "del", "--", "a" }, "anna@example.com" },
		{ { "email", "add", "" }, "" },
		{ { "email", "add", "new@" },
		  "new@example.com new@example.org new@alias.example new@all.example" },
		{ { "email", "add", "new@ali" }, "new@alias.example" },
		{ { "email", "add", "new@example.com", "" }, "" },
		{ { "email", "restrict", "" }, "add del list" },
		{ { "email", "restrict", "add", "r" }, "receive" },
		{ { "email", "restrict", "add", "send", "a" }, "anna@example.com" },
		{ { "alias", "list", "" }, "--json" },
		{ { "alias", "add", "in" }, "info@alias.example" },
		{ { "alias", "add", "x@y", "i" }, "info@alias.example" },
		{ { "alias", "add", "x@y", "ben@example.org,a" },
		  "ben@example.org,anna@example.com" },
		{ { "alias", "del", "" }, "info@alias.example @all.example" },
		{ { "alias", "del", "INFO@alias.example", "" },
		  "anna@example.com out@other.example" },
		{ { "alias", "del", "info@alias.example", "x,o" }, "x,out@other.example" },
		{ { "alias", "del", "_", "o" }, "out@other.example" },
		{ { "alias", "del", "unknown", "" }, "" },
		{ { "key", "" }, "keysize selector domain keytype" },
		{ { "key", "keytype", "" }, "rsa ed25519" },
		{ { "key", "keysize", "4" }, "4096" },
		{ { "key", "--force", "domain", "example.com,a" },
		  "example.com,alias.example example.com,all.example" },
		{ { "key", "selector", "" }, "" },
		{ { "load", "/nowhere/" }, "" },
		{ { "load", "/us" }, "/usr/" },
		{ { "jail", "" }, "ban" },
		{ { "jail", "ban", "" }, "" },
		{ { "login", "-" }, "--help" },
		{ { "login", "ls", "-" }, "" },
	};
	struct temp t;

	temp_open(&t);
	temp_write(temp_path(&t, "postfix-accounts.cf"),
		   "# comment\nanna@example.com|{SHA512-CRYPT}$6$x\nnonsense\n"
		   "Ben@example.org|{SHA512-CRYPT}$6$y|more\n");
	temp_write(temp_path(&t, "postfix-virtual.cf"),
		   "info@alias.example anna@example.com,\n  out@other.example\n"
		   "@all.example anna@example.com\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *is = offered(&t, rows, cases[i].words);
		if (!streq(is, cases[i].offers))
			fail_msg("case %zu: '%s', wanted '%s'", i, is, cases[i].offers);
	}
	temp_close(&t);
}

static void test_no_files(void **state UNUSED)
{
	struct temp t;

	temp_open(&t);
	assert_string_equal(offered(&t, rows, (const char *const[]){ "email", "del", "", NULL }),
			    "-y -n");
	assert_string_equal(
		offered(&t, rows, (const char *const[]){ "alias", "del", "a", "", NULL }), "");
	temp_close(&t);
}

static void test_many(void **state UNUSED)
{
	autobuf struct buf accounts = BUF_INIT, out = BUF_INIT;
	struct str rest, line;
	struct temp t;
	int n = 0;

	temp_open(&t);
	for (int i = 0; i < 2 * COMPLETE_MAX; i++)
		buf_printf(&accounts, "u%d@example.com|{PLAIN}x\n", i);
	temp_write(temp_path(&t, "postfix-accounts.cf"), accounts.p);
	char email[] = "email", del[] = "del", u[] = "u";
	complete_words(rows, t.dir, 3, (char *const[]){ email, del, u }, &out);
	rest = str_from(out.p);
	while (str_next_line(&rest, &line))
		n++;
	assert_int_equal(n, COMPLETE_MAX);
	temp_close(&t);
}

/* Words, then flags, then arguments; every type known; help with examples for what works. */
static void test_rows_of_setup(void **state UNUSED)
{
	for (const struct cmd_row *row = setup_rows; row->pattern; row++) {
		struct str rest = str_from(row->pattern);
		enum token_kind last = TOKEN_WORD;
		bool optional = false, repeats = false;
		struct token t;

		assert_true(pattern_next(&rest, &t) && t.kind == TOKEN_WORD);
		while (pattern_next(&rest, &t)) {
			if (t.kind < last || repeats ||
			    (t.kind == TOKEN_ARG && optional && !t.optional))
				fail_msg("%s: '%.*s' can't stand there", row->pattern,
					 (int)t.text.n, t.text.p);
			if (t.kind == TOKEN_ARG && argtype_find(t.text) == NULL)
				fail_msg("%s: no type '%.*s'", row->pattern, (int)t.text.n,
					 t.text.p);
			last = t.kind;
			repeats = t.repeats;
			optional = optional || (t.kind == TOKEN_ARG && t.optional);
		}
		assert_non_null(row->summary);
		if (row->run && !strstr(row->help, "\nsetup ") && !has_prefix(row->help, "\n") &&
		    !strstr(row->help, "\n\n"))
			fail_msg("%s: no examples", row->pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_no_files),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_rows_of_setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
