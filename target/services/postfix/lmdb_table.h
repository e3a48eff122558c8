/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	lmdb_table - look-up tables that change in place, in one transaction
 *
 * A process that has the table open sees the new content at its next look-up.
 */
#ifndef SERVICES_POSTFIX_LMDB_TABLE_H
#define SERVICES_POSTFIX_LMDB_TABLE_H

#include <lmdb.h>

#include "service.h"

/* Fills an open transaction; an lmdb error number. */
typedef int lmdb_fill_fn(const struct service_ctx *svc, const void *data, MDB_txn *txn,
			 MDB_dbi dbi);

/* Opens ctx->dir/name, made with this mode when it is missing, and commits what fill does. */
bool lmdb_table_write(const struct live_ctx *ctx, const char *name, mode_t mode, lmdb_fill_fn *fill,
		      const void *data, struct err *err) MUST_CHECK;
/* One entry; replaces one of the same key. */
int lmdb_table_put(MDB_txn *txn, MDB_dbi dbi, const char *key, const char *value);
/* Whether the table has the key; false also when it can't be read. */
bool lmdb_table_has(const struct live_ctx *ctx, const char *name, const char *what);

#endif
