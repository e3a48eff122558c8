/* SPDX-License-Identifier: MIT */
/*
 * `setup quota set|del`. The address may be of an account in postfix-accounts.cf or in
 * MAIL_ACCOUNTS: the limit stands in a file of its own.
 *
 * SOURCES
 *	docs/compatibility.md.
 */
#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/known.h"
#include "cli/say.h"
#include "cli/source.h"
#include "inputs/quotas.h"

#define LIMIT_MAX 64

/* The limit as a line of standard input, with a prompt on a terminal. */
static bool ask_limit(char *out, size_t size, struct err *err)
{
	if (isatty(STDIN_FILENO)) {
		fputs("Enter quota (e.g. 10M): ", stdout);
		(void)fflush(stdout);
	}
	if (fgets(out, (int)size, stdin) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	if (out[0] == '\0')
		return err_set(err, ERR_DATA, "no quota was given; 0 stands for no limit");
	return quota_is_valid(out) ||
	       err_set(err, ERR_DATA, "'%s' is not a number with one of the units B k M G T, or 0",
		       out);
}

static bool prepare_set(struct edit *e, const char *address, const char *limit, struct err *err)
{
	autobuf struct buf out = BUF_INIT;
	enum known known;
	struct str text;

	if (!known_account(e, address, &known, err) || !edit_read(e, QUOTAS_FILE, &text, err))
		return false;
	if (known == KNOWN_NOT)
		return err_set(err, ERR_DATA, "'%s' does not exist", address);
	quotas_edit_set(text, address, limit, &out);
	edit_write(e, QUOTAS_FILE, &out);
	return true;
}

static bool prepare_del(struct edit *e, const char *address, const char *limit UNUSED,
			struct err *err)
{
	autobuf struct buf out = BUF_INIT;
	struct str text;

	if (!edit_read(e, QUOTAS_FILE, &text, err))
		return false;
	if (quotas_edit_del(text, address, &out))
		edit_write(e, QUOTAS_FILE, &out);
	return true;
}

static int change(const struct cmd *cmd, const char *limit,
		  bool (*prepare)(struct edit *e, const char *address, const char *limit,
				  struct err *err))
{
	struct err err = ERR_INIT;
	struct edit e;
	int status = 1;

	bool ok = edit_begin(&e, cmd->config_dir, &err);
	if (ok && prepare(&e, str_lower(&e.arena, str_from(cmd->argv[0])), limit, &err))
		status = edit_commit(&e);
	else
		say_error("%s", err.text);
	edit_end(&e);
	return status;
}

static void warn_if_off(void)
{
	struct settings_source src;
	struct problems ignored;
	struct settings s;
	struct arena a;

	arena_init(&a, "settings");
	problems_init(&ignored, &a);
	source_current(&a, &src, NULL);
	settings_load(&a, &src, &s, &ignored);
	if (!s.enable_quotas)
		say_warn("ENABLE_QUOTAS is off: the limit is kept, but not in force");
	arena_fini(&a);
}

int quota_set(const struct cmd *cmd)
{
	struct err err = ERR_INIT;
	char line[LIMIT_MAX];
	const char *limit = cmd->argc > 1 ? cmd->argv[1] : line;

	if (cmd->argc < 2 && !ask_limit(line, sizeof(line), &err)) {
		say_error("%s", err.text);
		return 1;
	}
	int status = change(cmd, limit, prepare_set);
	if (status == 0)
		warn_if_off();
	return status;
}

int quota_del(const struct cmd *cmd)
{
	return change(cmd, "", prepare_del);
}
