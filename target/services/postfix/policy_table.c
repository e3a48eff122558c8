/* SPDX-License-Identifier: MIT */
#include "postfix/policy_table.h"

#include "postfix/lmdb_table.h"

static int fill(const struct service_ctx *svc, const void *data UNUSED, MDB_txn *txn, MDB_dbi dbi)
{
	int rc = mdb_drop(txn, dbi, 0);

	for (int i = 0; rc == 0 && services_all[i]; i++) {
		const struct service_policy *policy = service_policy_of(services_all[i], svc->s);
		if (policy && policy->name && policy->has_say(svc))
			rc = lmdb_table_put(txn, dbi, policy->name,
					    arena_printf(svc->arena, "ask_%s", policy->name));
	}
	return rc;
}

bool policy_table_commit(const struct live_ctx *ctx, struct err *err)
{
	return (ctx->changed & POLICY_TABLE_INPUTS) == 0 ||
	       lmdb_table_write(ctx, "policies.lmdb", 0644, fill, NULL, err);
}
