/* SPDX-License-Identifier: MIT */
/*
 * The stored stamp is removed before the first table is touched and written at the end: a crash in
 * between makes the next apply read everything. The caller holds the lock of the config directory,
 * so no other `setup` changes a file meanwhile; an editor or rsync asks for no lock, so the stamp
 * at the end must not vouch for anything but the one file, and only for what was written into it.
 */
#include "plan/quick.h"

#include "base/append.h"
#include "base/file.h"
#include "base/linefile.h"
#include "inputs/accounts.h"
#include "plan/apply.h"
#include "plan/keep.h"
#include "plan/live.h"
#include "plan/paths.h"
#include "plan/stamp.h"

#define LOCK_WAIT_MS 60000
#define ACCOUNTS_PATH PATH_CONFIG "/" ACCOUNTS_FILE

static const struct inputs_where where = { .config_dir = PATH_CONFIG,
					   .last_good_dir = PATH_LAST_GOOD,
					   .state_dir = PATH_STATE };

static const char *stamp_now(struct arena *a, const struct settings_source *src, struct settings *s)
{
	struct problems ignored;

	problems_init(&ignored, a);
	settings_load(a, src, s, &ignored);
	return stamp_make(a, s, &where);
}

const char *quick_begin(struct arena *a, const struct settings_source *src)
{
	struct settings s;

	return stamp_now(a, src, &s);
}

static bool all_can_put(const struct live_ctx *ctx, const struct account *account)
{
	const struct plan *plan = ctx->svc->plan;

	for (size_t i = 0; i < plan->services.n; i++) {
		const struct service_live *live = plan->services.v[i]->live;
		if (live && (live->inputs & INPUT_ACCOUNTS) != 0 &&
		    (live->can_put == NULL || !live->can_put(ctx, account)))
			return false;
	}
	return true;
}

static bool any_has(const struct live_ctx *ctx, const struct account *account)
{
	const struct plan *plan = ctx->svc->plan;

	for (size_t i = 0; i < plan->services.n; i++) {
		const struct service_live *live = plan->services.v[i]->live;
		if (live && live->has && live->has(ctx, account))
			return true;
	}
	return false;
}

static bool put_all(const struct live_ctx *ctx, const struct account *account, struct err *err)
{
	const struct plan *plan = ctx->svc->plan;

	for (size_t i = 0; i < plan->services.n; i++) {
		const struct service_live *live = plan->services.v[i]->live;
		if (live && (live->inputs & INPUT_ACCOUNTS) != 0 && !live->put(ctx, account, err))
			return false;
	}
	return true;
}

/* Whether the two stamps differ at most in the line of `path`. */
static bool only_changed(const char *before, const char *after, const char *path)
{
	struct str old = str_from(before), new = str_from(after), x, y;
	size_t n = strlen(path);

	while (str_next_line(&old, &x)) {
		if (!str_next_line(&new, &y))
			return false;
		bool is_path = x.n >= n && y.n >= n && memcmp(x.p, path, n) == 0 &&
			       memcmp(y.p, path, n) == 0;
		if (!is_path && (x.n != y.n || memcmp(x.p, y.p, x.n) != 0))
			return false;
	}
	return !str_next_line(&new, &y);
}

/* A script is waiting for the account. */
static bool has_script(struct arena *a, const struct account *account)
{
	return file_exists(arena_printf(a, PATH_CONFIG "/%s" SCRIPT_SUFFIX, account->address));
}

/* What the two ways have in common, once the file has the account. */
static bool make_live(const struct live_ctx *ctx, const struct account *account, const char *after)
{
	struct arena *a = ctx->svc->arena;
	struct err err = ERR_INIT;

	return stamp_store(a, PATH_LIVE, "", &err) &&
	       live_forget(a, PATH_LIVE, INPUT_ACCOUNTS, &err) && put_all(ctx, account, &err) &&
	       stamp_store(a, PATH_LIVE, after, &err);
}

bool quick_put(struct arena *a, const struct settings_source *src, const char *before,
	       const char *path, struct str text, const struct account *account)
{
	struct err err = ERR_INIT;
	struct problems p;
	struct settings s;
	struct plan plan;
	autoclose int lock = -1;

	if (!dir_lock(PATH_APPLY_LOCK, LOCK_WAIT_MS, &lock, &err) ||
	    !streq(stamp_stored(a, PATH_LIVE), before) || has_script(a, account))
		return false;
	/* The file is looked at after the stamp was made: what has changed before the stamp is seen, what
	 * changes later makes the stamp differ. */
	const char *after = stamp_now(a, src, &s);
	if (!only_changed(before, after, path) || !file_holds(path, text))
		return false;
	problems_init(&p, a);
	plan_make(a, &s, NULL, false, &plan, &p);
	struct live_ctx ctx = { .svc = &plan.ctx, .dir = PATH_LIVE, .changed = INPUT_ACCOUNTS };
	bool ok = problems_errors(&p) == 0 && all_can_put(&ctx, account) &&
		  make_live(&ctx, account, after);
	if (ok)
		keep_later(&where, NULL, strrchr(path, '/') + 1, text);
	return ok;
}

/* The account is new, and what is live is what the files say. *st: the accounts file. */
static bool may_add(const struct live_ctx *ctx, const struct account *account, const char *before,
		    struct stat *st)
{
	struct arena *a = ctx->svc->arena;

	return lstat(ACCOUNTS_PATH, st) == 0 &&
	       strstr(before, stamp_line(a, ACCOUNTS_PATH, st)) != NULL &&
	       streq(stamp_stored(a, PATH_LIVE), before) && !has_script(a, account) &&
	       !any_has(ctx, account) && all_can_put(ctx, account);
}

/* Takes the line back if the account can't be made live. */
static bool append_and_put(const struct live_ctx *ctx, const struct settings_source *src,
			   const char *before, const struct stat *st, const char *line,
			   const struct account *account)
{
	struct arena *a = ctx->svc->arena;
	struct settings s;

	if (!append_line(ACCOUNTS_PATH, st, line, LINEFILE_MAX))
		return false;
	/* In this order, as above. */
	const char *after = stamp_now(a, src, &s);
	if (only_changed(before, after, ACCOUNTS_PATH) && append_holds(ACCOUNTS_PATH, st, line) &&
	    make_live(ctx, account, after))
		return true;
	(void)!append_undo(ACCOUNTS_PATH, st, line);
	return false;
}

bool quick_add(struct arena *a, const struct settings_source *src, const char *line,
	       const struct account *account)
{
	struct err err = ERR_INIT;
	struct problems p;
	struct settings s;
	struct plan plan;
	struct stat st;
	autoclose int lock = -1;
	autoclose int copies = -1;

	if (!dir_lock(PATH_APPLY_LOCK, LOCK_WAIT_MS, &lock, &err))
		return false;
	const char *before = stamp_now(a, src, &s);
	problems_init(&p, a);
	plan_make(a, &s, NULL, false, &plan, &p);
	struct live_ctx ctx = { .svc = &plan.ctx, .dir = PATH_LIVE, .changed = INPUT_ACCOUNTS };
	if (problems_errors(&p) > 0 || !may_add(&ctx, account, before, &st) ||
	    !keep_line_begin(a, &where, &copies) ||
	    !append_and_put(&ctx, src, before, &st, line, account))
		return false;
	keep_line_later(&where, line, copies);
	return true;
}
