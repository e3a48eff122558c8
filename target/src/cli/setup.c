/* SPDX-License-Identifier: MIT */
/*
 * `setup`: the table of sub-commands, their help, and the choice among them. The table is the
 * documentation: overview and usage texts are made from its rows.
 *
 * Exit status: 0 done, 1 refused or failed or arguments missing, 2 unknown command.
 *
 * SOURCES
 *	docs/compatibility.md "setup".
 */
#include "base/log.h"
#include "base/buf.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/names.h"
#include "cli/say.h"
#include "plan/paths.h"

#define WORDS_MAX (CMD_ARGS_MAX + 8)

/* help: description, an empty line, examples; either may be missing. */
static const struct cmd_row rows[] = {
	{ "email add <email> [<password>]", email_add, "add an account",
	  "Without a password it is asked for twice, or read as two lines from standard input.\n"
	  "\n"
	  "setup email add anna@example.com\n"
	  "printf 'secret\\nsecret\\n' | docker exec -i mailserver setup email add anna@example.com\n" },
	{ "email update <email> [<password>]", email_update, "set the password of an account",
	  "Other fields of the account stay as they are.\n"
	  "\n"
	  "setup email update anna@example.com\n" },
	{ "email del [-y] [-n] <account>...", email_del,
	  "delete accounts with their aliases and quotas",
	  "-y deletes the mail data too, -n keeps it; with neither the question is asked once.\n"
	  "\n"
	  "setup email del -n anna@example.com\n"
	  "setup email del -y anna@example.com ben@example.com\n" },
	{ "email list [--json] [<account>...]", email_list,
	  "list accounts, their usage and aliases",
	  "\n"
	  "setup email list\n"
	  "setup email list --json anna@example.com\n" },
	{ "alias add <alias> <recipient>", alias_add, "add an alias, or a recipient to an alias",
	  "An alias is an address, @domain (what no account and no other alias takes), or a bare name.\n"
	  "Recipients may be elsewhere, and several: a@example.com,b@example.org\n"
	  "\n"
	  "setup alias add info@example.com anna@example.com\n"
	  "setup alias add @example.com anna@example.com\n" },
	{ "alias del <text> <text>", alias_del, "remove a recipient from an alias",
	  "The alias itself goes with its last recipient. _ stands for every alias.\n"
	  "\n"
	  "setup alias del info@example.com anna@example.com\n"
	  "setup alias del _ anna@example.com\n" },
	{ "alias list [--json]", alias_list, "list aliases",
	  "\n"
	  "setup alias list\n" },
	{ "quota set <account> [<quota>]", quota_set, "limit the size of a mailbox",
	  "A number with one of the units B k M G T (binary), or 0 for no limit. Without one it is asked for.\n"
	  "\n"
	  "setup quota set anna@example.com 5G\n" },
	{ "quota del <account>", quota_del, "take the limit away: the default counts again",
	  "\n"
	  "setup quota del anna@example.com\n" },
#define LATER(pattern, summary) { pattern, NULL, summary, "" },
#include "cli/later.def"
#undef LATER
	{ NULL, NULL, NULL, NULL },
};

bool cli_is_setup_name(const char *name)
{
	return cli_find_name(name) != NULL;
}

/* The rows that begin with the words, under a heading if there are any. */
static void show_rows(const char *heading, int n, char *const *words, bool later)
{
	bool any = false;

	for (const struct cmd_row *row = rows; row->pattern; row++) {
		if ((row->run == NULL) != later || !pattern_begins(row, n, words))
			continue;
		printf("%s    %-36s %s\n", any ? "" : heading, row->pattern, row->summary);
		any = true;
	}
}

static int show_overview(int n, char *const *words)
{
	printf("USAGE\n    setup COMMAND [ARGUMENT…]\n");
	show_rows("\nCOMMANDS\n", n, words, false);
	show_rows("\nNOT IN THIS IMAGE YET\n", n, words, true);
	printf("\nHELP\n    setup COMMAND help explains one, with examples.\n"
	       "\nEXIT STATUS\n    0 done; 1 refused, failed, or arguments missing; 2 unknown command\n");
	return 0;
}

static void show_usage(const struct cmd_row *row)
{
	struct str rest = str_from(row->help), line;

	printf("USAGE\n    setup %s\n\nDESCRIPTION\n    %s\n", row->pattern, row->summary);
	while (str_next_line(&rest, &line))
		if (line.n == 0)
			printf("\nEXAMPLES\n");
		else
			printf("    %.*s\n", (int)line.n, line.p);
	printf("\nEXIT STATUS\n    0 done; 1 refused, failed, or arguments missing\n");
}

static bool begins_a_row(char *const *word)
{
	for (const struct cmd_row *row = rows; row->pattern; row++)
		if (pattern_begins(row, 1, word))
			return true;
	return false;
}

static int not_yet(const struct cmd_row *row)
{
	size_t n = strcspn(row->pattern, "[<");

	while (n > 0 && row->pattern[n - 1] == ' ')
		n--;
	say_error("'setup %.*s' is not in this image yet (%s)", (int)n, row->pattern, row->summary);
	return 1;
}

static int run(int argc, char *const *argv)
{
	struct err err = ERR_INIT;
	struct cmd cmd;
	enum pattern_result result;

	if (argc == 0 || pattern_is_help(argv[0]))
		return show_overview(0, NULL);
	if (argc == 2 && pattern_is_help(argv[1]) && begins_a_row(argv))
		return show_overview(1, argv);
	result = pattern_match(rows, argc, argv, &cmd, &err);
	cmd.config_dir = PATH_CONFIG;
	if (cmd.row && cmd.row->run == NULL)
		return not_yet(cmd.row);
	switch (result) {
	case PATTERN_OK:
		return cmd.row->run(&cmd);
	case PATTERN_HELP:
		show_usage(cmd.row);
		return 0;
	case PATTERN_FEW:
		show_usage(cmd.row);
		return 1;
	case PATTERN_MANY:
	case PATTERN_BAD:
		say_error("%s", err.text);
		fprintf(stderr, "usage: setup %s\n", cmd.row->pattern);
		return 1;
	case PATTERN_UNKNOWN:
		fprintf(stderr, "setup: %s\nsetup: 'setup help' shows all commands\n", err.text);
		return 2;
	}
	BUG("pattern result %d", (int)result);
}

int cli_setup(int argc, char **argv)
{
	const struct cli_name *name = argc > 0 ? cli_find_name(argv[0]) : NULL;
	char *words[WORDS_MAX];
	char prefix[64] = "";
	int n = 0;

	log_set_plain(true);
	if (argc - 1 > CMD_ARGS_MAX) {
		say_error("more than %d arguments", CMD_ARGS_MAX);
		return 1;
	}
	if (name) {
		(void)snprintf(prefix, sizeof(prefix), "%s", name->words);
		char *space = strchr(prefix, ' ');
		words[n++] = prefix;
		if (space) {
			*space = '\0';
			words[n++] = space + 1;
		}
	}
	for (int i = 1; i < argc; i++)
		words[n++] = argv[i];
	return run(n, words);
}
