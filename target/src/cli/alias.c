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
#include "cli/after.h"
#include "cli/commands.h"
#include "cli/given.h"
#include "cli/say.h"
#include "cli/source.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/logical.h"
#include "inputs/resolve.h"

#define RECIPIENT_SEPS ", \t"

/* Adds each recipient that is not there yet; err when there was nothing to add. */
static bool add_recipients(struct edit *e, const char *key, const char *list, struct err *err)
{
	struct str rest = str_from(list), word, text;
	bool added = false;

	while (str_next_word(&rest, RECIPIENT_SEPS, &word)) {
		autobuf struct buf out = BUF_INIT;
		const char *recipient = given_target(&e->arena, str_dup(&e->arena, word));
		if (!edit_read(e, ALIASES_FILE, &text, err))
			return false;
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
	const char *key = given_address(&e->arena, cmd->argv[0]);
	const char *circle = NULL;
	struct str text, line;
	struct after after;

	if (!edit_read(e, ACCOUNTS_FILE, &text, err) || !add_recipients(e, key, cmd->argv[1], err))
		return false;
	after_read(e, &after);
	if (accounts_find(text, key, &line, NULL) || inputs_find_account(&after.now, key))
		return err_set(err, ERR_DATA, "'%s' is already defined as an account", key);
	const struct alias *x = inputs_find_alias(&after.now, key);
	if (x && strcasecmp(x->targets, key) == 0)
		return err_set(err, ERR_DATA, "'%s' would lead to itself only", key);
	if (x)
		circle = resolve_circle(&e->arena, &after.now, x);
	if (circle)
		return err_set(err, ERR_DATA,
			       "mail would go round in a circle and reach nobody: %s", circle);
	after_warn(&after);
	return true;
}

static bool prepare_del(struct edit *e, const struct cmd *cmd, struct err *err)
{
	const char *key = given_address(&e->arena, cmd->argv[0]);
	struct str rest = str_from(cmd->argv[1]), word, text;
	struct after after;
	bool changed = false;

	while (str_next_word(&rest, RECIPIENT_SEPS, &word)) {
		autobuf struct buf out = BUF_INIT;
		const char *recipient = given_target(&e->arena, str_dup(&e->arena, word));
		if (!edit_read(e, ALIASES_FILE, &text, err))
			return false;
		if (!aliases_edit_del(text, key, recipient, &out))
			continue;
		edit_write(e, ALIASES_FILE, &out);
		changed = true;
	}
	if (changed) {
		after_read(e, &after);
		after_warn(&after);
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
	struct logical lg;
	struct arena a;
	struct str text;
	int status = 1;

	arena_init(&a, "list");
	const char *path = arena_printf(&a, "%s/" ALIASES_FILE, cmd->config_dir);
	if (source_listed_file(&a, path, &text)) {
		logical_init(&lg, &a, path, text);
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
