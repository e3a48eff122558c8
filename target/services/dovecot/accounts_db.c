/* SPDX-License-Identifier: MIT */
/*
 * One write transaction is opened by prepare and ended by commit or abort. Rows are compared
 * through a 64-bit sum of what they hold, so a change of one account among 100,000 writes one row.
 * Columns are only ever added.
 *
 * Rollback journal, no fsync: the file lives with the container. A writer killed in the middle of a
 * commit leaves a hot journal that the next writer plays back; every start makes the file anew.
 *
 * SOURCES
 *	Dovecot 2.4 "SQL authentication", "Passdb extra fields"; sqlite3 "Atomic commit", "PRAGMA".
 */
#include "dovecot/accounts_db.h"

#include <grp.h>
#include <sqlite3.h>

#include "base/child.h"
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "dovecot/account_rows.h"
#include "dovecot/user_cache.h"

#define BUSY_MS 5000
#define RENEW_MS 10000
#define PRAGMAS "PRAGMA synchronous=OFF; PRAGMA cache_size=-32768; PRAGMA page_size=" PAGE_SIZE ";"
/* Large pages are written in fewer pieces, and rows in order fill one before the next. */
#define PAGE_SIZE "16384"
/* From this many accounts on a child makes a new file, while the parent does other work. */
#define CHILD_FROM 5000
#define NEW_SUFFIX ".new"

struct db_state {
	sqlite3 *db;
	const char *path;
	struct account_fields fields;
	bool new_shape; /* the table of a running server gets a column */
	const struct live_ctx *ctx;
	struct child child; /* makes a new file */
	bool is_new;	    /* PATH NEW_SUFFIX is complete */
};

static bool db_error(struct err *err, const struct db_state *st)
{
	return err_set(err, ERR_IO, "%s: %s", st->path,
		       st->db ? sqlite3_errmsg(st->db) : "out of memory");
}

static bool db_exec(struct db_state *st, const char *sql, struct err *err)
{
	return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK ? true : db_error(err, st);
}

/* Columns that the file has already are put first, so that adding columns keeps their order. */
static bool note_existing_fields(struct db_state *st, struct err *err)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(st->db, "SELECT name FROM pragma_table_info('account')", -1, &q,
			       NULL))
		return db_error(err, st);
	while (sqlite3_step(q) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(q, 0);
		if (!streq(name, "name") && !streq(name, "password") && !streq(name, "sum"))
			account_fields_note(&st->fields, name);
	}
	(void)sqlite3_finalize(q);
	return true;
}

static bool add_columns(struct arena *a, struct db_state *st, size_t from, struct err *err)
{
	for (size_t i = from; i < st->fields.n; i++)
		if (!db_exec(st,
			     arena_printf(a, "ALTER TABLE account ADD COLUMN \"%s\" TEXT",
					  st->fields.names[i]),
			     err))
			return false;
	return true;
}

/* Two look-ups, and the accounts that have a limit of their own of any kind. */
static bool make_views(struct arena *a, struct db_state *st, struct err *err)
{
	autobuf struct buf pass = BUF_INIT, user = BUF_INIT, limited = BUF_INIT;

	buf_adds(&pass,
		 "DROP VIEW IF EXISTS passdb; CREATE VIEW passdb AS SELECT name AS user, password");
	buf_adds(&user, "DROP VIEW IF EXISTS userdb; CREATE VIEW userdb AS SELECT name AS user");
	buf_adds(&limited, "DROP VIEW IF EXISTS limited; "
			   "CREATE VIEW limited AS SELECT name FROM account WHERE 0");
	for (size_t i = 0; i < st->fields.n; i++) {
		if (has_prefix(st->fields.names[i], "userdb_quota"))
			buf_printf(&limited, " OR \"%s\" IS NOT NULL", st->fields.names[i]);
		buf_printf(&pass, ", \"%s\"", st->fields.names[i]);
		if (has_prefix(st->fields.names[i], "userdb_"))
			buf_printf(&user, ", \"%s\" AS \"%s\"", st->fields.names[i],
				   st->fields.names[i] + strlen("userdb_"));
	}
	return db_exec(
		st,
		arena_printf(a, "%s FROM account; %s FROM account; %s", pass.p, user.p, limited.p),
		err);
}

static bool open_schema(const struct live_ctx *ctx, struct db_state *st, struct err *err)
{
	struct arena *a = ctx->svc->arena;
	size_t existing;

	if (!db_exec(st,
		     "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS account"
		     "(name TEXT PRIMARY KEY, password TEXT, sum INTEGER) WITHOUT ROWID;",
		     err) ||
	    !note_existing_fields(st, err))
		return false;
	existing = st->fields.n;
	account_fields_note_all(&st->fields, &ctx->svc->in->accounts);
	st->new_shape = existing > 0 && existing < st->fields.n;
	return existing == st->fields.n ||
	       (add_columns(a, st, existing, err) && make_views(a, st, err));
}

/* The text stays where it is until the row is written. */
static void bind_text(sqlite3_stmt *q, int at, struct str s)
{
	(void)sqlite3_bind_text(q, at, s.p, (int)s.n, SQLITE_STATIC);
}

/* Marks the accounts whose row is as it should be; deletes rows without an account. */
static bool compare_rows(const struct live_ctx *ctx, struct db_state *st, bool *same,
			 struct err *err)
{
	const struct inputs *in = ctx->svc->in;
	struct text_vec gone = VEC_INIT;
	sqlite3_stmt *q = NULL, *del = NULL;
	bool ok = true;

	if (sqlite3_prepare_v2(st->db, "SELECT name, sum FROM account", -1, &q, NULL) ||
	    sqlite3_prepare_v2(st->db, "DELETE FROM account WHERE name = ?", -1, &del, NULL)) {
		(void)sqlite3_finalize(q);
		return db_error(err, st);
	}
	while (sqlite3_step(q) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(q, 0);
		const struct account *acc = inputs_find_account(in, name);
		if (acc == NULL)
			*VEC_PUSH(ctx->svc->arena, &gone) = arena_strdup(ctx->svc->arena, name);
		else if (sqlite3_column_int64(q, 1) == account_sum(acc))
			same[acc - in->accounts.v] = true;
	}
	(void)sqlite3_finalize(q);
	for (size_t i = 0; ok && i < gone.n; i++) {
		(void)sqlite3_reset(del);
		bind_text(del, 1, str_from(gone.v[i]));
		ok = sqlite3_step(del) == SQLITE_DONE || db_error(err, st);
	}
	(void)sqlite3_finalize(del);
	return ok;
}

/* Writes what differs. */
static bool write_rows(const struct live_ctx *ctx, struct db_state *st, struct err *err)
{
	const struct account_vec *accounts = &ctx->svc->in->accounts;
	struct arena *a = ctx->svc->arena;
	bool *same = arena_array(a, accounts->n + 1, sizeof(*same));
	const struct account **list = arena_array(a, accounts->n + 1, sizeof(*list));
	size_t n = 0;

	if (!compare_rows(ctx, st, same, err))
		return false;
	for (size_t i = 0; i < accounts->n; i++)
		if (!same[i])
			list[n++] = &accounts->v[i];
	return account_rows_write(a, st->db, &st->fields, list, n) || db_error(err, st);
}

/* The file must carry its owner and mode before the first hash is in it. */
static bool make_file(const struct live_ctx *ctx, const char *path, struct err *err)
{
	struct file_attr attr = { 0640, (uid_t)-1, (gid_t)-1 };
	const struct group *gr = getgrnam("dovecot");

	if (file_exists(path))
		return true;
	if (gr && geteuid() == 0 && !ctx->svc->on_host) {
		attr.uid = 0;
		attr.gid = gr->gr_gid;
	}
	return file_replace(path, "", 0, &attr, FILE_EPHEMERAL, NULL, err);
}

static const char *db_path(const struct live_ctx *ctx)
{
	return arena_printf(ctx->svc->arena, "%s/accounts.sqlite", ctx->dir);
}

static const char *new_path(const struct db_state *st)
{
	return arena_printf(st->ctx->svc->arena, "%s" NEW_SUFFIX, db_path(st->ctx));
}

/* What was not committed is as if it had not been. */
static void close_db(struct db_state *st)
{
	if (st->db)
		(void)sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	(void)sqlite3_close(st->db);
	st->db = NULL;
}

static bool open_db(struct db_state *st, struct err *err)
{
	if (sqlite3_open_v2(st->path, &st->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		(void)db_error(err, st);
		(void)sqlite3_close(st->db);
		return false;
	}
	(void)sqlite3_busy_timeout(st->db, BUSY_MS);
	return true;
}

/* They are few: all rows are written anew. */
static bool write_masters(const struct live_ctx *ctx, struct db_state *st, struct err *err)
{
	const struct master_vec *masters = &ctx->svc->in->masters;
	sqlite3_stmt *q = NULL;

	if (!db_exec(st,
		     "CREATE TABLE IF NOT EXISTS master(name TEXT PRIMARY KEY, password TEXT) "
		     "WITHOUT ROWID; DELETE FROM master",
		     err))
		return false;
	bool ok = sqlite3_prepare_v2(st->db, "INSERT INTO master(name, password) VALUES (?, ?)", -1,
				     &q, NULL) == SQLITE_OK;
	for (size_t i = 0; ok && i < masters->n; i++) {
		(void)sqlite3_reset(q);
		bind_text(q, 1, str_from(masters->v[i].name));
		bind_text(q, 2, str_from(masters->v[i].hash));
		ok = sqlite3_step(q) == SQLITE_DONE;
	}
	if (!ok)
		(void)db_error(err, st);
	(void)sqlite3_finalize(q);
	return ok;
}

/* Also empty tables of masters and recipients are made: the look-ups name them. */
static bool write_tables(const struct live_ctx *ctx, struct db_state *st, struct err *err)
{
	if ((ctx->changed & ACCOUNT_INPUTS) != 0 && !write_rows(ctx, st, err))
		return false;
	if ((ctx->changed & INPUT_MASTERS) != 0 && !write_masters(ctx, st, err))
		return false;
	return (ctx->changed & RECIPIENT_INPUTS) == 0 || recipients_write(ctx, st->db) ||
	       db_error(err, st);
}

/* Leaves the transaction open. */
static bool write_db(struct db_state *st, const char *pragmas, struct err *err)
{
	const struct live_ctx *ctx = st->ctx;

	if (!make_file(ctx, st->path, err) || !open_db(st, err))
		return false;
	if (db_exec(st, pragmas, err) && open_schema(ctx, st, err) && write_tables(ctx, st, err))
		return true;
	close_db(st);
	return false;
}

/* Nobody sees the file before it has its name: no journal is needed. */
static bool write_new(void *arg, struct err *err)
{
	struct db_state *st = arg;

	st->path = new_path(st);
	if (!write_db(st, PRAGMAS "PRAGMA journal_mode=OFF", err))
		return false;
	bool ok = db_exec(st, "COMMIT", err);
	close_db(st);
	return ok;
}

static void db_begin(const struct live_ctx *ctx, void **state_r)
{
	struct db_state *st = ARENA_NEW(ctx->svc->arena, struct db_state);

	st->ctx = ctx;
	st->path = db_path(ctx);
	account_fields_init(&st->fields, ctx->svc->arena);
	*state_r = st;
	if (ctx->svc->in->accounts.n < CHILD_FROM || file_exists(st->path))
		return;
	(void)unlink(new_path(st));
	(void)child_begin(&st->child, write_new, st);
}

static bool db_prepare(const struct live_ctx *ctx UNUSED, void **state_r, struct err *err)
{
	struct db_state *st = *state_r;

	if (st->child.pid == 0)
		return write_db(st, PRAGMAS, err);
	st->is_new = child_end(&st->child, err);
	if (!st->is_new)
		(void)unlink(new_path(st));
	return st->is_new;
}

static void db_abort(const struct live_ctx *ctx UNUSED, void *state)
{
	struct db_state *st = state;
	struct err ignored = ERR_INIT;

	if (st->child.pid > 0)
		(void)!child_end(&st->child, &ignored);
	(void)unlink(new_path(st));
	close_db(st);
}

/* True also when the table can't be asked. */
static bool db_has(const struct live_ctx *ctx, const struct account *account)
{
	struct db_state st = { .path = db_path(ctx) };
	struct err ignored = ERR_INIT;
	sqlite3_stmt *q = NULL;
	bool none;

	if (!open_db(&st, &ignored))
		return true;
	none = sqlite3_prepare_v2(st.db, "SELECT 1 FROM account WHERE name = ?", -1, &q, NULL) ==
	       SQLITE_OK;
	if (none) {
		bind_text(q, 1, str_from(account->address));
		none = sqlite3_step(q) == SQLITE_DONE;
	}
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(st.db);
	return !none;
}

static bool db_can_put(const struct live_ctx *ctx UNUSED, const struct account *account UNUSED)
{
	return true;
}

/* Fields of an existing row stay. The sum 0 makes the next full apply look at the row again. */
static bool db_put(const struct live_ctx *ctx, const struct account *account, struct err *err)
{
	static const char sql[] =
		"INSERT INTO account(name, password, sum) VALUES (?, ?, 0) "
		"ON CONFLICT(name) DO UPDATE SET password = excluded.password, sum = 0";
	struct db_state st = { .path = db_path(ctx) };
	sqlite3_stmt *q = NULL;
	bool ok;

	if (!open_db(&st, err))
		return false;
	(void)sqlite3_exec(st.db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
	ok = sqlite3_prepare_v2(st.db, sql, -1, &q, NULL) == SQLITE_OK;
	if (ok) {
		bind_text(q, 1, str_from(account->address));
		bind_text(q, 2, account->hash);
		ok = sqlite3_step(q) == SQLITE_DONE;
	}
	if (!ok)
		(void)db_error(err, &st);
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(st.db);
	return ok;
}

/* Processes that have the table open in its old shape fail once, and there are several: a reload gives new
 * ones, and leaves sessions alone. Seldom: only for a field that no account has had since the start. */
static void renew_readers(void)
{
	struct err err = ERR_INIT;

	if (!proc_run_mailserver("dovecot-reload", RENEW_MS, &err))
		log_warn("dovecot: reload: %s", err.text);
}

static bool db_commit(const struct live_ctx *ctx, void *state, struct err *err)
{
	struct db_state *st = state;

	if (st->is_new)
		return rename(new_path(st), st->path) == 0 ||
		       err_sys(err, ERR_IO, "rename %s", new_path(st));
	bool ok = db_exec(st, "COMMIT", err);
	close_db(st);
	if (ok && !ctx->svc->on_host)
		user_cache_flush();
	if (ok && st->new_shape)
		renew_readers();
	return ok;
}

const struct service_live accounts_live = {
	.inputs = ACCOUNTS_DB_INPUTS,
	.begin = db_begin,
	.prepare = db_prepare,
	.commit = db_commit,
	.abort = db_abort,
	.has = db_has,
	.can_put = db_can_put,
	.put = db_put,
};
