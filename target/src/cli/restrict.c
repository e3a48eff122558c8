/* SPDX-License-Identifier: MIT */
/*
 * `setup email restrict add|del|list send|receive`.
 *
 * SOURCES
 *	docs/compatibility.md.
 */
#include "base/file.h"
#include "base/linefile.h"
#include "base/net.h"
#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/given.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/source.h"
#include "inputs/access.h"
#include "inputs/logical.h"

struct direction {
	const char *file;
	const char *verb; /* "'x' already denied to … mails" */
};

static const struct direction *direction_of(const struct cmd *cmd)
{
	static const struct direction send = { SEND_ACCESS_FILE, "send" };
	static const struct direction receive = { RECEIVE_ACCESS_FILE, "receive" };

	return strcasecmp(cmd->argv[0], "send") == 0 ? &send : &receive;
}

/* The address: the second argument, or a line of standard input. */
static bool get_key(const struct cmd *cmd, struct arena *a, const char **key_r, struct err *err)
{
	autobuf struct buf line = BUF_INIT;
	const char *key = cmd->argc > 1 ? cmd->argv[1] : NULL;

	if (key == NULL) {
		if (!secret_ask_open("Provide a username: ", &line) || line.n == 0)
			return err_set(err, ERR_USAGE, "User must not be empty");
		key = line.p;
	}
	key = given_address(a, key);
	const char *problem = access_key_problem(key);
	if (problem)
		return err_set(err, ERR_USAGE, "'%s' %s", key, problem);
	*key_r = key;
	return true;
}

/* Nothing keeps an administrator from naming somebody who is not here; most who do have a typing
 * error. */
static void warn_if_unknown(const struct cmd *cmd, struct arena *a, const char *key)
{
	struct inputs_where where = { .config_dir = cmd->config_dir };
	const char *domain = email_domain(key);
	struct problems ignored;
	struct settings s;
	struct inputs in;

	if (streq(key, "<>") || has_suffix(key, "@"))
		return;
	source_settings(a, &s, &ignored);
	inputs_read(a, &s, &where, &in, &ignored);
	if (domain == NULL ? inputs_hosts_domain(&in, key)
			   : inputs_find_account(&in, key) || inputs_find_alias(&in, key))
		return;
	say_warn("'%s' is no account, no alias and no domain of this server; the rule is kept",
		 key);
}

static bool prepare_add(struct edit *e, const struct direction *d, const char *key, struct err *err)
{
	autobuf struct buf out = BUF_INIT;
	struct str text, action;
	unsigned line;

	if (!edit_read(e, d->file, &text, err))
		return false;
	if (access_find_line(&e->arena, text, key, &action, &line)) {
		if (access_refuses(str_dup(&e->arena, action)))
			return err_set(err, ERR_DATA, "User '%s' already denied to %s mails", key,
				       d->verb);
		return err_set(err, ERR_DATA,
			       "'%s' has another rule, '%.*s' (%s:%u): delete it first", key,
			       (int)action.n, action.p, d->file, line);
	}
	access_edit_add(text, key, &out);
	edit_write(e, d->file, &out);
	return true;
}

/* A rule that is not there is no error, a file that is not there is: scripts know it so. */
static bool prepare_del(struct edit *e, const struct direction *d, const char *key, struct err *err)
{
	autobuf struct buf out = BUF_INIT;
	struct str text;

	if (!edit_read(e, d->file, &text, err))
		return false;
	if (text.n == 0)
		return err_set(err, ERR_DATA, "User '%s' not found", key);
	if (access_edit_del(text, key, &out))
		edit_write(e, d->file, &out);
	else
		say_info("there is no rule for '%s'", key);
	return true;
}

static int change(const struct cmd *cmd, bool is_add)
{
	const struct direction *d = direction_of(cmd);
	struct err err = ERR_INIT;
	struct edit e = { .lock = -1 };
	struct arena a;
	const char *key = "";
	int status = 1;

	arena_init(&a, "restrict");
	bool ok = get_key(cmd, &a, &key, &err) && edit_begin(&e, cmd->config_dir, &err) &&
		  (is_add ? prepare_add : prepare_del)(&e, d, key, &err);
	if (ok)
		status = edit_commit(&e);
	else
		say_error("%s", err.text);
	edit_end(&e);
	if (status == 0 && is_add)
		warn_if_unknown(cmd, &a, key);
	arena_wipe(&a);
	return status;
}

int restrict_add(const struct cmd *cmd)
{
	return change(cmd, true);
}

int restrict_del(const struct cmd *cmd)
{
	return change(cmd, false);
}

static void print_json(struct arena *a, struct str text, struct buf *out)
{
	struct access_list list = { 0 };
	struct problems ignored; /* the server's business */

	problems_init(&ignored, a);
	access_parse(a, "", text, "", &list, &ignored);
	buf_addc(out, '[');
	for (size_t i = 0; i < list.rules.n; i++) {
		buf_adds(out, i ? ",\n {\"address\":" : "\n {\"address\":");
		json_add_text(out, list.rules.v[i].key);
		buf_adds(out, ",\"action\":");
		json_add_text(out, list.rules.v[i].action);
		buf_addc(out, '}');
	}
	buf_adds(out, list.rules.n ? "\n]\n" : "]\n");
}

/* Lines that refuse, as they are. */
static void print_plain(struct arena *a, struct str text, struct buf *out)
{
	struct logical lg;
	struct str line, rest, key;

	logical_init(&lg, a, "", text);
	while (logical_next(&lg, &line)) {
		rest = line;
		if (lg.bad == NULL && str_next_word(&rest, " \t", &key) &&
		    access_refuses(str_dup(a, str_trim(rest))))
			buf_printf(out, "%.*s\n", (int)line.n, line.p);
	}
}

int restrict_list(const struct cmd *cmd)
{
	const struct direction *d = direction_of(cmd);
	autobuf struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct arena a;
	char *data = NULL;
	size_t n = 0;
	int status = 1;

	arena_init(&a, "list");
	if (!file_read(&a, arena_printf(&a, "%s/%s", cmd->config_dir, d->file), LINEFILE_MAX, &data,
		       &n, &err) &&
	    err.sys != ENOENT) {
		say_error("%s", err.text);
	} else {
		struct str text = { data ? data : "", n };
		if (cmd_has_flag(cmd, 'j'))
			print_json(&a, text, &out);
		else
			print_plain(&a, text, &out);
		if (out.n == 0)
			say_info("Everyone is allowed to %s mails", d->verb);
		(void)fflush(stdout);
		status = write_all(STDOUT_FILENO, out.p, out.n) ? 0 : 1;
	}
	arena_fini(&a);
	return status;
}

/* Another word, or none, behind "restrict" is an error of exit status 1. */
int restrict_none(const struct cmd *cmd UNUSED)
{
	say_error("'email restrict' needs one of: add, del, list");
	return 1;
}
