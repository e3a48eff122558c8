/* SPDX-License-Identifier: MIT */
/*
 * `setup quota set|del`. The address may be of an account in postfix-accounts.cf or in
 * MAIL_ACCOUNTS: the limit stands in a file of its own.
 *
 * SOURCES
 *	docs/compatibility.md.
 */
#include "base/file.h"
#include "base/linefile.h"
#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/given.h"
#include "cli/known.h"
#include "cli/say.h"
#include "cli/source.h"
#include "cli/usage.h"
#include "inputs/quotas.h"
#include "plan/apply.h"

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

/* Doing it is right: no mail is lost, and the mailbox shall not grow. But it should be known. */
static void warn_if_full(struct edit *e, const char *address, const char *limit)
{
	struct account account = { .address = address };
	const struct account_vec list = { &account, 1, 1 };
	struct map answers;
	char used[16];
	int64_t bytes;

	if (!quota_bytes(limit, &bytes) || bytes == 0 || !apply_is_running())
		return;
	map_init(&answers, &e->arena, 1);
	usage_ask(&e->arena, &list, &answers);
	const struct usage *u = map_get(&answers, address);
	if (u == NULL || u->used_kib <= bytes / 1024)
		return;
	usage_format(u->used_kib, used, sizeof(used));
	say_warn("'%s' holds %s, more than %s: it receives nothing until mail is deleted", address,
		 used, limit);
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
	warn_if_full(e, address, limit);
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
	if (ok && prepare(&e, given_address(&e.arena, cmd->argv[0]), limit, &err))
		status = edit_commit(&e);
	else
		say_error("%s", err.text);
	edit_end(&e);
	return status;
}

static void warn_if_off(void)
{
	struct settings s;
	struct arena a;

	arena_init(&a, "settings");
	source_settings(&a, &s, NULL);
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

static void print_quotas(const struct quota_vec *list, bool json, struct buf *out)
{
	int64_t bytes = 0;

	buf_adds(out, json ? "[" : "");
	for (size_t i = 0; i < list->n; i++) {
		const struct quota *q = &list->v[i];
		if (!json) {
			buf_printf(out, "* %s %s\n", q->address, q->limit);
			continue;
		}
		(void)quota_bytes(q->limit, &bytes);
		buf_adds(out, i ? ",\n {\"address\":" : "\n {\"address\":");
		json_add_text(out, q->address);
		buf_adds(out, ",\"quota\":");
		json_add_text(out, q->limit);
		buf_printf(out, ",\"bytes\":%" PRId64 "}", bytes);
	}
	if (json)
		buf_adds(out, list->n ? "\n]\n" : "]\n");
}

/* Lines with errors are not in force, so they are not listed: the server names them. */
int quota_list(const struct cmd *cmd)
{
	autobuf struct buf out = BUF_INIT;
	struct quota_vec list = VEC_INIT;
	struct err err = ERR_INIT;
	struct problems ignored;
	struct arena a;
	char *text = NULL;
	size_t n = 0;
	int status = 1;

	arena_init(&a, "list");
	problems_init(&ignored, &a);
	const char *path = arena_printf(&a, "%s/" QUOTAS_FILE, cmd->config_dir);
	if (!file_read(&a, path, LINEFILE_MAX, &text, &n, &err) && err.sys != ENOENT) {
		say_error("%s", err.text);
	} else {
		quotas_parse(&a, QUOTAS_FILE, (struct str){ text ? text : "", n }, &list, &ignored);
		print_quotas(&list, cmd_has_flag(cmd, 'j'), &out);
		(void)fflush(stdout);
		status = write_all(STDOUT_FILENO, out.p, out.n) ? 0 : 1;
	}
	arena_fini(&a);
	return status;
}
