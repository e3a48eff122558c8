/* SPDX-License-Identifier: MIT */
#include "postfix/check_table.h"

#include "inputs/access.h"
#include "postfix/lmdb_table.h"

static int put_check(const struct service_ctx *svc, MDB_txn *txn, MDB_dbi dbi, const char *name,
		     bool has_say)
{
	return lmdb_table_put(txn, dbi, name,
			      has_say ? arena_printf(svc->arena, "ask_%s", name) : "DUNNO");
}

static int fill(const struct service_ctx *svc, const void *data UNUSED, MDB_txn *txn, MDB_dbi dbi)
{
	int rc = mdb_drop(txn, dbi, 0);

	if (rc == 0)
		rc = put_check(svc, txn, dbi, "send", svc->in->send_access.rules.n > 0);
	if (rc == 0)
		rc = put_check(svc, txn, dbi, "receive", svc->in->receive_access.rules.n > 0);
	for (int i = 0; rc == 0 && services_all[i]; i++) {
		const struct service_policy *policy = service_policy_of(services_all[i], svc->s);
		if (policy && policy->name)
			rc = put_check(svc, txn, dbi, policy->name, policy->has_say(svc));
	}
	return rc;
}

bool check_table_commit(const struct live_ctx *ctx, struct err *err)
{
	return (ctx->changed & CHECK_TABLE_INPUTS) == 0 ||
	       lmdb_table_write(ctx, "checks.lmdb", 0644, fill, NULL, err);
}
