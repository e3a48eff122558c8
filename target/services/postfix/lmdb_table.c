/* SPDX-License-Identifier: MIT */
/*
 * The file is locked the way Postfix does it: MDB_NOLOCK, and an exclusive fcntl(2) lock on the file
 * while a transaction runs. POSIX locks go with *any* close of the file in this process, so it is
 * opened only by LMDB.
 *
 * Keys and values end with a NUL byte, as in the tables of postmap(1).
 *
 * SOURCES
 *	lmdb_table(5), DATABASE_README; lmdb.h.
 */
#include "postfix/lmdb_table.h"

#include <lmdb.h>

#define MAP_SIZE ((size_t)16 << 20) /* lmdb_map_size of Postfix; grown when needed */
#define ENTRY_BYTES_MAX 1200	    /* generous page share of one domain name with its relay */

int lmdb_table_put(MDB_txn *txn, MDB_dbi dbi, const char *key, const char *value)
{
	/* mdb_put() only reads what these point to. */
	MDB_val k = { strlen(key) + 1, (void *)(uintptr_t)key };
	MDB_val v = { strlen(value) + 1, (void *)(uintptr_t)value };

	return mdb_put(txn, dbi, &k, &v, 0);
}

static int lock_file(MDB_env *env)
{
	struct flock lk = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, rc = mdb_env_get_fd(env, &fd);

	if (rc)
		return rc;
	while (fcntl(fd, F_SETLKW, &lk) < 0)
		if (errno != EINTR)
			return errno;
	return 0;
}

static int run_txn(MDB_env *env, const struct service_ctx *svc, lmdb_fill_fn *fill,
		   const void *data)
{
	MDB_txn *txn = NULL;
	MDB_dbi dbi;
	int rc = mdb_txn_begin(env, NULL, 0, &txn);

	if (rc)
		return rc;
	if ((rc = mdb_dbi_open(txn, NULL, 0, &dbi)) == 0)
		rc = fill(svc, data, txn, dbi);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

bool lmdb_table_write(const struct live_ctx *ctx, const char *name, mode_t mode, lmdb_fill_fn *fill,
		      const void *data, struct err *err)
{
	const char *path = arena_printf(ctx->svc->arena, "%s/%s", ctx->dir, name);
	const struct inputs *in = ctx->svc->in;
	const struct access_list *send = &in->send_access, *receive = &in->receive_access;
	size_t entries = in->domains.n + in->relays.n + in->relay_logins.n + in->tls_policies.n +
			 send->rules.n + receive->rules.n + (send->is_wide ? in->accounts.n : 0);
	/* Old and new texts are there together until the transaction ends, in whole pages. */
	size_t map_size = MAP_SIZE + entries * ENTRY_BYTES_MAX + 4 * (send->bytes + receive->bytes);
	MDB_env *env = NULL;
	int rc = mdb_env_create(&env);

	if (rc == 0 && (rc = mdb_env_set_mapsize(env, map_size)) == 0 &&
	    (rc = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, mode)) == 0 &&
	    (rc = lock_file(env)) == 0)
		rc = run_txn(env, ctx->svc, fill, data);
	if (env)
		mdb_env_close(env); /* closes the file, which ends the lock */
	return rc == 0 ? true : err_set(err, ERR_IO, "write %s: %s", path, mdb_strerror(rc));
}

bool lmdb_table_has(const struct live_ctx *ctx, const char *name, const char *what)
{
	const char *path = arena_printf(ctx->svc->arena, "%s/%s", ctx->dir, name);
	MDB_val key = { strlen(what) + 1, (void *)(uintptr_t)what }, value;
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	MDB_dbi dbi;
	bool found = false;

	if (mdb_env_create(&env))
		return false;
	if (mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_RDONLY, 0) == 0 &&
	    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0) {
		found = mdb_dbi_open(txn, NULL, 0, &dbi) == 0 &&
			mdb_get(txn, dbi, &key, &value) == 0;
		mdb_txn_abort(txn);
	}
	mdb_env_close(env);
	return found;
}
