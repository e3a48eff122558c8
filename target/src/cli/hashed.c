/* SPDX-License-Identifier: MIT */
#include "cli/hashed.h"

#include "cli/say.h"
#include "cli/secret.h"
#include "inputs/accounts.h"

/* The check alone, without a change. */
static bool precheck(const struct cmd *cmd, const struct hashed *h, const char *name,
		     struct err *err)
{
	struct edit e;
	struct str text;
	bool ok = edit_begin(&e, cmd->config_dir, err) && h->check(&e, name, &text, err);

	edit_end(&e);
	return ok;
}

static bool ask_hash(struct arena *a, const struct cmd *cmd, const char **hash_r, struct err *err)
{
	struct buf password = BUF_INIT;
	bool ok = secret_get(cmd, &password, err) && password_hash(a, password.p, hash_r, err);

	buf_wipe(&password);
	return ok;
}

int hashed_set(const struct cmd *cmd, const struct hashed *h)
{
	autobuf struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct arena a;
	struct edit e = { .lock = -1 };
	struct str text;
	const char *hash = NULL;
	int status = 1;

	arena_init(&a, "password");
	const char *name = h->normal(&a, cmd->argv[0]);
	bool ok = (cmd->password || precheck(cmd, h, name, &err)) && ask_hash(&a, cmd, &hash, &err);
	if (ok && h->quick && h->quick(cmd, name, hash)) {
		arena_wipe(&a);
		return 0;
	}
	if (ok && edit_begin(&e, cmd->config_dir, &err) && h->check(&e, name, &text, &err)) {
		if (h->is_new) {
			edit_append(&e, h->file, arena_printf(&a, "%s|%s", name, hash));
		} else {
			(void)accounts_edit_update(text, name, hash, &out);
			edit_write(&e, h->file, &out);
		}
		if (h->before_commit)
			h->before_commit(&e, name, hash);
		status = edit_commit(&e);
	} else {
		say_error("%s", err.text);
	}
	edit_end(&e);
	arena_wipe(&a);
	return status;
}
