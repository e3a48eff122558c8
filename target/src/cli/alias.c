/* SPDX-License-Identifier: MIT */
/*
 * `setup alias add|del|list`. A recipient may be a list; each of its members is added or removed by
 * itself.
 *
 * SOURCES
 *	docs/compatibility.md.
 */
#include "base/file.h"
#include "base/linefile.h"
#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/say.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/logical.h"

#define RECIPIENT_SEPS ", \t"

/* Whether mail to `from` would come back to key through aliases with one target. */
static bool leads_back(struct arena *a, struct str text, const char *from, const char *key)
{
	struct str targets, word;
	const char *at = from;

	for (int i = 0; i < 32; i++) {
		if (strcasecmp(at, key) == 0)
			return true;
		if (!aliases_find(a, text, at, &targets) ||
		    !str_next_word(&targets, RECIPIENT_SEPS, &word) || targets.n > 0)
			return false;
		const char *next = str_dup(a, word);
		if (strcasecmp(next, at) == 0)
			return false;
		at = next;
	}
	return false;
}

/* Adds each recipient; err names the first that can't be. */
static bool add_recipients(struct edit *e, const char *key, const char *list, struct err *err)
{
	struct str rest = str_from(list), word, text;
	bool added = false;

	while (str_next_word(&rest, RECIPIENT_SEPS, &word)) {
		autobuf struct buf out = BUF_INIT;
		const char *recipient = str_dup(&e->arena, word);
		if (!edit_read(e, ALIASES_FILE, &text, err))
			return false;
		if (leads_back(&e->arena, text, recipient, key))
			return err_set(err, ERR_DATA,
				       "'%s' leads back to '%s': nobody would receive the mail",
				       recipient, key);
		if (aliases_edit_add(text, key, recipient, &out)) {
			edit_write(e, ALIASES_FILE, &out);
			added = true;
		} else if (!added) {
			(void)err_set(err, ERR_DATA, "'%s' is already an alias for recipient: '%s'",
				      key, recipient);
		}
	}
	return added;
}

static bool prepare_add(struct edit *e, const struct cmd *cmd, struct err *err)
{
	const char *key = str_lower(&e->arena, str_from(cmd->argv[0]));
	struct str text, line;

	if (!edit_read(e, ACCOUNTS_FILE, &text, err))
		return false;
	if (accounts_find(text, key, &line, NULL))
		return err_set(err, ERR_DATA, "'%s' is already defined as an account", key);
	return add_recipients(e, key, cmd->argv[1], err);
}

static bool prepare_del(struct edit *e, const struct cmd *cmd, struct err *err)
{
	struct str rest = str_from(cmd->argv[1]), word, text;

	while (str_next_word(&rest, RECIPIENT_SEPS, &word)) {
		autobuf struct buf out = BUF_INIT;
		if (!edit_read(e, ALIASES_FILE, &text, err))
			return false;
		if (aliases_edit_del(text, cmd->argv[0], str_dup(&e->arena, word), &out))
			edit_write(e, ALIASES_FILE, &out);
	}
	return true;
}

static int change(const struct cmd *cmd,
		  bool (*prepare)(struct edit *e, const struct cmd *cmd, struct err *err))
{
	struct err err = ERR_INIT;
	struct edit e;
	int status = 1;

	if (edit_begin(&e, cmd->config_dir, &err) && prepare(&e, cmd, &err))
		status = edit_commit(&e);
	else
		say_error("%s", err.text);
	edit_end(&e);
	return status;
}

int alias_add(const struct cmd *cmd)
{
	return change(cmd, prepare_add);
}

int alias_del(const struct cmd *cmd)
{
	return change(cmd, prepare_del);
}

static void print_plain(struct logical *lg, struct buf *out)
{
	struct str line;

	while (logical_next(lg, &line))
		buf_printf(out, "* %.*s\n\n", (int)line.n, line.p);
}

static void print_json(struct arena *a, struct logical *lg, struct buf *out)
{
	struct str line, word;
	size_t n = 0;

	buf_addc(out, '[');
	while (logical_next(lg, &line)) {
		size_t k = 0;
		if (lg->bad || !str_next_word(&line, " \t", &word))
			continue;
		buf_adds(out, n++ ? ",\n {\"alias\":" : "\n {\"alias\":");
		json_add_text(out, str_dup(a, word));
		buf_adds(out, ",\"recipients\":[");
		while (str_next_word(&line, RECIPIENT_SEPS, &word)) {
			buf_adds(out, k++ ? "," : "");
			json_add_text(out, str_dup(a, word));
		}
		buf_adds(out, "]}");
	}
	buf_adds(out, n ? "\n]\n" : "]\n");
}

int alias_list(const struct cmd *cmd)
{
	autobuf struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct logical lg;
	struct arena a;
	char *text;
	size_t n;
	int status = 1;

	arena_init(&a, "list");
	const char *path = arena_printf(&a, "%s/" ALIASES_FILE, cmd->config_dir);
	if (!file_read(&a, path, LINEFILE_MAX, &text, &n, &err)) {
		if (err.sys == ENOENT)
			say_error("'%s' does not exist", path);
		else
			say_error("%s", err.text);
	} else if (n == 0) {
		say_error("'%s' is empty, nothing to list", path);
	} else {
		logical_init(&lg, &a, path, (struct str){ text, n });
		if (cmd_has_flag(cmd, 'j'))
			print_json(&a, &lg, &out);
		else
			print_plain(&lg, &out);
		(void)fflush(stdout);
		status = write_all(STDOUT_FILENO, out.p, out.n) ? 0 : 1;
	}
	arena_fini(&a);
	return status;
}
