/* SPDX-License-Identifier: MIT */
/*
 * `setup dovecot-master add|update|del|list`.
 *
 * SOURCES
 *	docs/compatibility.md.
 */
#include "base/file.h"
#include "base/linefile.h"
#include "cli/commands.h"
#include "cli/hashed.h"
#include "cli/say.h"
#include "cli/source.h"
#include "inputs/accounts.h"
#include "inputs/masters.h"

static const char *fold_name(struct arena *a, const char *name)
{
	const char *folded = str_lower(a, str_from(name));

	if (!streq(folded, name))
		say_warn("'%s' has capital letters: '%s' is used", name, folded);
	return folded;
}

static bool check_new(struct edit *e, const char *name, struct str *text_r, struct err *err)
{
	struct str line;
	unsigned number;

	if (!edit_read(e, MASTERS_FILE, text_r, err))
		return false;
	return !accounts_find(*text_r, name, &line, &number) ||
	       err_set(err, ERR_DATA, "'%s' already exists (" MASTERS_FILE ":%u)", name, number);
}

static bool check_known(struct edit *e, const char *name, struct str *text_r, struct err *err)
{
	struct str line;

	if (!edit_read(e, MASTERS_FILE, text_r, err))
		return false;
	return accounts_find(*text_r, name, &line, NULL) ||
	       err_set(err, ERR_DATA, "'%s' does not exist", name);
}

int master_add(const struct cmd *cmd)
{
	static const struct hashed add = {
		.file = MASTERS_FILE, .is_new = true, .normal = fold_name, .check = check_new
	};

	return hashed_set(cmd, &add);
}

int master_update(const struct cmd *cmd)
{
	static const struct hashed update = { .file = MASTERS_FILE,
					      .normal = fold_name,
					      .check = check_known };

	return hashed_set(cmd, &update);
}

/* All names in one change. Names that are not there are no error, as ever. */
int master_del(const struct cmd *cmd)
{
	struct err err = ERR_INIT;
	struct edit e;
	struct str text;
	int status = 1;

	bool ok = edit_begin(&e, cmd->config_dir, &err) && edit_read(&e, MASTERS_FILE, &text, &err);
	for (int i = 0; ok && i < cmd->argc; i++) {
		autobuf struct buf out = BUF_INIT;
		if (!accounts_edit_del(text, cmd->argv[i], &out)) {
			say_info("there is no master account '%s'", cmd->argv[i]);
			continue;
		}
		edit_write(&e, MASTERS_FILE, &out);
		ok = edit_read(&e, MASTERS_FILE, &text, &err);
	}
	if (ok)
		status = edit_commit(&e);
	else
		say_error("%s", err.text);
	edit_end(&e);
	return status;
}

static void print_list(const struct master_vec *list, bool json, struct buf *out)
{
	for (size_t i = 0; !json && i < list->n; i++)
		buf_printf(out, "* %s\n\n", list->v[i].name);
	if (!json)
		return;
	buf_addc(out, '[');
	for (size_t i = 0; i < list->n; i++) {
		buf_adds(out, i ? ",\n {\"name\":" : "\n {\"name\":");
		json_add_text(out, list->v[i].name);
		buf_addc(out, '}');
	}
	buf_adds(out, list->n ? "\n]\n" : "]\n");
}

int master_list(const struct cmd *cmd)
{
	autobuf struct buf out = BUF_INIT;
	struct master_vec list = VEC_INIT;
	struct problems ignored; /* the server's business */
	struct arena a;
	struct str text;
	int status = 1;

	arena_init(&a, "list");
	problems_init(&ignored, &a);
	const char *path = arena_printf(&a, "%s/" MASTERS_FILE, cmd->config_dir);
	if (source_listed_file(&a, path, &text)) {
		masters_parse(&a, path, text, &list, &ignored);
		print_list(&list, cmd_has_flag(cmd, 'j'), &out);
		(void)fflush(stdout);
		status = write_all(STDOUT_FILENO, out.p, out.n) ? 0 : 1;
	}
	arena_wipe(&a);
	return status;
}
