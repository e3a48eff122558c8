/* SPDX-License-Identifier: MIT */
#include "postfix/access_tables.h"

#include "inputs/access.h"
#include "postfix/lmdb_table.h"

static int fill_rules(const struct service_ctx *svc UNUSED, const void *data, MDB_txn *txn,
		      MDB_dbi dbi)
{
	const struct access_list *list = data;
	int rc = mdb_drop(txn, dbi, 0);

	for (size_t i = 0; rc == 0 && i < list->rules.n; i++)
		rc = lmdb_table_put(txn, dbi, list->rules.v[i].key, list->rules.v[i].action);
	return rc;
}

/* Rules for addresses count also for accounts that are yet to come. */
static int fill_logins(const struct service_ctx *svc, const void *data, MDB_txn *txn, MDB_dbi dbi)
{
	const struct access_list *list = data;
	const struct account_vec *accounts = &svc->in->accounts;
	int rc = mdb_drop(txn, dbi, 0);

	for (size_t i = 0; rc == 0 && list->is_wide && i < accounts->n; i++) {
		const struct access_rule *x =
			access_find_wider(svc->arena, list, accounts->v[i].address);
		if (x)
			rc = lmdb_table_put(txn, dbi, accounts->v[i].address,
					    access_login_action(x));
	}
	for (size_t i = 0; rc == 0 && i < list->rules.n; i++) {
		const struct access_rule *x = &list->rules.v[i];
		if (strchr(x->key, '@') && !has_suffix(x->key, "@"))
			rc = lmdb_table_put(txn, dbi, x->key, access_login_action(x));
	}
	return rc;
}

bool access_tables_commit(const struct live_ctx *ctx, struct err *err)
{
	const struct inputs *in = ctx->svc->in;
	bool rules = (ctx->changed & INPUT_ACCESS) != 0;
	bool logins = rules || ((ctx->changed & INPUT_ACCOUNTS) != 0 && in->send_access.is_wide);

	if (rules &&
	    (!lmdb_table_write(ctx, "send-access.lmdb", 0644, fill_rules, &in->send_access, err) ||
	     !lmdb_table_write(ctx, "receive-access.lmdb", 0644, fill_rules, &in->receive_access,
			       err)))
		return false;
	return !logins ||
	       lmdb_table_write(ctx, "send-logins.lmdb", 0644, fill_logins, &in->send_access, err);
}

bool access_tables_cover(const struct live_ctx *ctx, const char *address)
{
	struct arena *a = ctx->svc->arena;
	const char *at = strrchr(address, '@');

	for (const char *domain = at + 1; domain; domain = strchr(domain, '.')) {
		domain += *domain == '.';
		if (lmdb_table_has(ctx, "send-access.lmdb", domain))
			return true;
	}
	return lmdb_table_has(ctx, "send-access.lmdb",
			      arena_printf(a, "%.*s@", (int)(at - address), address));
}
