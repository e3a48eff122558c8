/* SPDX-License-Identifier: MIT */
/*
 * The stored stamp is removed before the first table is touched and written at the end: a crash in
 * between makes the next apply read everything. The caller holds the lock of the config directory,
 * so no other `setup` changes a file meanwhile; an editor or rsync asks for no lock, so the stamp
 * at the end must not vouch for anything but the one file, and only for what was written into it.
 */
#include "plan/quick.h"

#include "base/file.h"
#include "plan/apply.h"
#include "plan/keep.h"
#include "plan/live.h"
#include "plan/paths.h"
#include "plan/stamp.h"

#define LOCK_WAIT_MS 60000

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

bool quick_put(struct arena *a, const struct settings_source *src, const char *before,
	       const char *path, struct str text, const struct account *account)
{
	struct err err = ERR_INIT;
	struct problems p;
	struct settings s;
	struct plan plan;
	autoclose int lock = -1;

	if (!dir_lock(PATH_APPLY_LOCK, LOCK_WAIT_MS, &lock, &err) ||
	    !streq(stamp_stored(a, PATH_LIVE), before))
		return false;
	/* A script is waiting for the account. */
	if (file_exists(arena_printf(a, PATH_CONFIG "/%s" SCRIPT_SUFFIX, account->address)))
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
		  stamp_store(a, PATH_LIVE, "", &err) &&
		  live_forget(a, PATH_LIVE, INPUT_ACCOUNTS, &err) && put_all(&ctx, account, &err) &&
		  stamp_store(a, PATH_LIVE, after, &err);
	if (ok)
		keep_later(&where, NULL, strrchr(path, '/') + 1, text, lock);
	return ok;
}
