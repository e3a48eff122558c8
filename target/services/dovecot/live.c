/* SPDX-License-Identifier: MIT */
/*
 * Dovecot's live data are of different nature: the account table, a transaction, the scripts, which
 * come after it because they may belong to a new account, and names with certificates of their own.
 */
#include "dovecot/live.h"

#include "dovecot/accounts_db.h"
#include "dovecot/formats.h"
#include "dovecot/scripts.h"
#include "dovecot/sni.h"
#include "dovecot/stand_in.h"

static bool has_accounts(const struct live_ctx *ctx)
{
	return (ctx->changed & accounts_live.inputs) != 0;
}

static void begin(const struct live_ctx *ctx, void **state_r)
{
	if (has_accounts(ctx))
		accounts_live.begin(ctx, state_r);
}

static bool prepare(const struct live_ctx *ctx, void **state_r, struct err *err)
{
	return !has_accounts(ctx) || accounts_live.prepare(ctx, state_r, err);
}

/* The live directory is new at each start; later the link belongs to the stand-in. */
static bool make_link(const struct live_ctx *ctx, struct err *err)
{
	return ctx->changed != INPUT_ALL || ctx->svc->on_host ||
	       stand_in_lead_home(&stand_in_dovecot, err);
}

static bool commit(const struct live_ctx *ctx, void *state, struct err *err)
{
	if (!make_link(ctx, err))
		return false;
	if (!ctx->svc->on_host && has_accounts(ctx) && !formats_note(ctx->svc, FORMATS_NOTE, err))
		return false;
	return (!has_accounts(ctx) || accounts_live.commit(ctx, state, err)) &&
	       ((ctx->changed & SCRIPTS_INPUTS) == 0 || scripts_commit(ctx, err)) &&
	       ((ctx->changed & SNI_INPUTS) == 0 || sni_commit(ctx, err));
}

static void abort_work(const struct live_ctx *ctx, void *state)
{
	if (has_accounts(ctx))
		accounts_live.abort(ctx, state);
}

static bool has(const struct live_ctx *ctx, const struct account *account)
{
	return accounts_live.has(ctx, account);
}

static bool can_put(const struct live_ctx *ctx, const struct account *account)
{
	return accounts_live.can_put(ctx, account);
}

static bool put(const struct live_ctx *ctx, const struct account *account, struct err *err)
{
	return accounts_live.put(ctx, account, err);
}

const struct service_live dovecot_live = {
	.inputs = ACCOUNTS_DB_INPUTS | SCRIPTS_INPUTS | SNI_INPUTS,
	.begin = begin,
	.prepare = prepare,
	.commit = commit,
	.abort = abort_work,
	.has = has,
	.can_put = can_put,
	.put = put,
};
