/* SPDX-License-Identifier: MIT */
#include "postfix/policy_table.h"

#include "postfix/lmdb_table.h"

static bool is_asked(const struct service_ctx *svc, const struct service *x)
{
	return x->policy && x->policy->name && (!x->enabled || x->enabled(svc->s)) &&
	       (!x->policy->when || x->policy->when(svc->s)) && x->policy->has_say(svc);
}

static int fill(const struct service_ctx *svc, const void *data UNUSED, MDB_txn *txn, MDB_dbi dbi)
{
	int rc = mdb_drop(txn, dbi, 0);

	for (int i = 0; rc == 0 && services_all[i]; i++)
		if (is_asked(svc, services_all[i]))
			rc = lmdb_table_put(
				txn, dbi, services_all[i]->policy->name,
				arena_printf(svc->arena, "ask_%s", services_all[i]->policy->name));
	return rc;
}

bool policy_table_commit(const struct live_ctx *ctx, struct err *err)
{
	return (ctx->changed & POLICY_TABLE_INPUTS) == 0 ||
	       lmdb_table_write(ctx, "policies.lmdb", 0644, fill, NULL, err);
}
