/* SPDX-License-Identifier: MIT */
/* Input: one argument a line. Whatever is typed, the result fits what was filled in. */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_nothing(const struct cmd *cmd UNUSED)
{
	return 0;
}

static const struct cmd_row rows[] = {
	{ "email add <email> [<password>]", run_nothing, "s", "h" },
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

#define ARGS_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, line;
	char *argv[ARGS_MAX];
	struct err err = ERR_INIT;
	struct arena a;
	struct cmd cmd;
	int argc = 0;

	arena_init(&a, "fuzz");
	while (argc < ARGS_MAX && str_next_line(&rest, &line))
		argv[argc++] = str_dup(&a, line);
	enum pattern_result result = pattern_match(rows, argc, argv, &cmd, &err);
	if ((result == PATTERN_UNKNOWN) != (cmd.row == NULL))
		BUG("result %d does not fit the row", (int)result);
	bool explained = result != PATTERN_OK && result != PATTERN_HELP;
	if (explained != (err.text[0] != '\0'))
		BUG("result %d, message '%s'", (int)result, err.text);
	if (cmd.argc < 0 || cmd.argc > CMD_ARGS_MAX || (result == PATTERN_OK && cmd.argc > argc))
		BUG("%d arguments of %d", cmd.argc, argc);
	if (cmd.password && strstr(err.text, cmd.password) && strlen(cmd.password) > 12)
		BUG("a password in the message");
	arena_fini(&a);
	return 0;
}
