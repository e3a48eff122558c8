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

#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "base/proc.h"

#define BUSY_MS 5000
#define RENEW_MS 10000
/* Rows of one statement: they share the cursor, which stands where the next one goes. */
#define TOGETHER 20
#define FIELDS_MAX 64

struct db_state {
	sqlite3 *db;
	const char *path;
	const char *fields[FIELDS_MAX]; /* extra columns, "userdb_mail_path" */
	size_t fields_n;
	struct map field_index;
	bool new_shape; /* the table of a running server gets a column */
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

static bool is_field_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '_')
			return false;
	return s.n > 0 && s.n < 64;
}

/* Next "name=value" (or "name", meaning "yes") of an account's extra text. */
static bool next_field(struct str *rest, struct str *name, struct str *value)
{
	struct str word;

	while (str_next_word(rest, " \t", &word)) {
		if (!str_split(word, '=', name, value)) {
			*name = word;
			*value = STR_LIT("yes");
		}
		if (is_field_name(*name) && !str_is(*name, "name") && !str_is(*name, "password") &&
		    !str_is(*name, "sum") && !str_is(*name, "user"))
			return true;
	}
	return false;
}

static void note_field(struct arena *a, struct db_state *st, const char *name)
{
	if (map_get(&st->field_index, name) || st->fields_n == FIELDS_MAX)
		return;
	st->fields[st->fields_n] = arena_strdup(a, name);
	(void)map_add(&st->field_index, st->fields[st->fields_n], &st->fields[st->fields_n]);
	st->fields_n++;
}

/* Fields that accounts of existing installations carry. They are columns from the start, because
 * Dovecot's open connections stumble once over a table that has changed its shape. The first one
 * is where the quota goes. */
static const char *const usual_fields[] = {
	"userdb_quota_storage_size",
	"userdb_quota_storage_grace",
	"userdb_quota_message_count",
	"userdb_mail_path",
	"userdb_mail_driver",
	"userdb_mail_inbox_path",
	"userdb_mail_index_path",
	"userdb_mail_control_path",
	"userdb_home",
	"userdb_mail_home",
	"userdb_mail_max_userip_connections",
	"nologin",
	"allow_nets",
};

static void note_account_fields(const struct live_ctx *ctx, struct db_state *st)
{
	const struct account_vec *accounts = &ctx->svc->in->accounts;
	struct str rest, name, value;

	for (size_t i = 0; i < ARRAY_SIZE(usual_fields); i++)
		note_field(ctx->svc->arena, st, usual_fields[i]);
	for (size_t i = 0; i < accounts->n; i++) {
		if (accounts->v[i].extra[0] == '\0')
			continue;
		rest = str_from(accounts->v[i].extra);
		while (next_field(&rest, &name, &value))
			note_field(ctx->svc->arena, st, str_lower(ctx->svc->arena, name));
	}
}

/* Columns that the file has already are put first, so that adding columns keeps their order. */
static bool note_existing_fields(struct arena *a, struct db_state *st, struct err *err)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(st->db, "SELECT name FROM pragma_table_info('account')", -1, &q,
			       NULL))
		return db_error(err, st);
	while (sqlite3_step(q) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(q, 0);
		if (!streq(name, "name") && !streq(name, "password") && !streq(name, "sum"))
			note_field(a, st, name);
	}
	(void)sqlite3_finalize(q);
	return true;
}

static bool add_columns(struct arena *a, struct db_state *st, size_t from, struct err *err)
{
	for (size_t i = from; i < st->fields_n; i++)
		if (!db_exec(st,
			     arena_printf(a, "ALTER TABLE account ADD COLUMN \"%s\" TEXT",
					  st->fields[i]),
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
	for (size_t i = 0; i < st->fields_n; i++) {
		if (has_prefix(st->fields[i], "userdb_quota"))
			buf_printf(&limited, " OR \"%s\" IS NOT NULL", st->fields[i]);
		buf_printf(&pass, ", \"%s\"", st->fields[i]);
		if (has_prefix(st->fields[i], "userdb_"))
			buf_printf(&user, ", \"%s\" AS \"%s\"", st->fields[i],
				   st->fields[i] + strlen("userdb_"));
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
	    !note_existing_fields(a, st, err))
		return false;
	existing = st->fields_n;
	note_account_fields(ctx, st);
	st->new_shape = existing > 0 && existing < st->fields_n;
	return existing == st->fields_n ||
	       (add_columns(a, st, existing, err) && make_views(a, st, err));
}

static int64_t account_sum(const struct account *acc)
{
	uint64_t h = hash_bytes(acc->hash, strlen(acc->hash) + 1);

	h = h * 31 + hash_bytes(acc->extra, strlen(acc->extra) + 1);
	h = h * 31 + (acc->quota ? hash_bytes(acc->quota, strlen(acc->quota)) : 1);
	return (int64_t)(h >> 1);
}

/* The text stays where it is until the row is written. */
static void bind_text(sqlite3_stmt *q, int at, struct str s)
{
	(void)sqlite3_bind_text(q, at, s.p, (int)s.n, SQLITE_STATIC);
}

/* Parameters: 1 name, 2 password, 3 sum, 4… the extra columns in order. */
static sqlite3_stmt *prepare_put(struct db_state *st)
{
	autobuf struct buf sql = BUF_INIT;
	sqlite3_stmt *q = NULL;

	buf_adds(&sql, "INSERT OR REPLACE INTO account(name, password, sum");
	for (size_t i = 0; i < st->fields_n; i++)
		buf_printf(&sql, ", \"%s\"", st->fields[i]);
	buf_adds(&sql, ") VALUES (?, ?, ?");
	for (size_t i = 0; i < st->fields_n; i++)
		buf_adds(&sql, ", ?");
	buf_addc(&sql, ')');
	return sqlite3_prepare_v2(st->db, sql.p, -1, &q, NULL) == SQLITE_OK ? q : NULL;
}

static bool put_account(struct arena *a, struct db_state *st, sqlite3_stmt *q,
			const struct account *acc)
{
	struct str rest = str_from(acc->extra), name, value;

	(void)sqlite3_reset(q);
	(void)sqlite3_clear_bindings(q);
	bind_text(q, 1, str_from(acc->address));
	bind_text(q, 2, str_from(acc->hash));
	(void)sqlite3_bind_int64(q, 3, account_sum(acc));
	if (acc->quota)
		bind_text(q, 4, str_from(acc->quota));
	while (acc->extra[0] && next_field(&rest, &name, &value)) {
		const char **slot = map_get(&st->field_index, str_lower(a, name));
		if (slot && (acc->quota == NULL || slot != &st->fields[0]))
			bind_text(q, 4 + (int)(slot - st->fields), value);
	}
	return sqlite3_step(q) == SQLITE_DONE;
}

/* A row to write, with the first bytes of its key as a number, so that sorting seldom looks at
 * the text. */
struct row {
	uint64_t prefix;
	const struct account *account;
};

/* Many rows that have nothing but name and password. */
static sqlite3_stmt *prepare_plain(struct db_state *st)
{
	autobuf struct buf sql = BUF_INIT;
	sqlite3_stmt *q = NULL;

	buf_adds(&sql, "INSERT OR REPLACE INTO account(name, password, sum) VALUES ");
	for (int i = 0; i < TOGETHER; i++)
		buf_adds(&sql, i == 0 ? "(?, ?, ?)" : ", (?, ?, ?)");
	return sqlite3_prepare_v2(st->db, sql.p, -1, &q, NULL) == SQLITE_OK ? q : NULL;
}

static bool is_plain(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].account->quota || rows[i].account->extra[0])
			return false;
	return true;
}

static bool put_plain(sqlite3_stmt *q, const struct row *rows)
{
	(void)sqlite3_reset(q);
	for (int i = 0; i < TOGETHER; i++) {
		const struct account *acc = rows[i].account;
		bind_text(q, 3 * i + 1, str_from(acc->address));
		bind_text(q, 3 * i + 2, str_from(acc->hash));
		(void)sqlite3_bind_int64(q, 3 * i + 3, account_sum(acc));
	}
	return sqlite3_step(q) == SQLITE_DONE;
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

static int by_key(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	return strcmp(a->account->address, b->account->address);
}

/* The accounts whose rows are to be written, in the order of the table: that is three times as
 * fast. */
static size_t sort_rows(const struct live_ctx *ctx, const bool *same, struct row *rows)
{
	const struct account_vec *accounts = &ctx->svc->in->accounts;
	size_t n = 0;

	for (size_t i = 0; i < accounts->n; i++)
		if (!same[i])
			rows[n++] =
				(struct row){ str_prefix(accounts->v[i].address), &accounts->v[i] };
	if (n > 1)
		qsort(rows, n, sizeof(*rows), by_key);
	return n;
}

static bool write_rows(const struct live_ctx *ctx, struct db_state *st, struct err *err)
{
	const struct account_vec *accounts = &ctx->svc->in->accounts;
	struct arena *a = ctx->svc->arena;
	bool *same = arena_array(a, accounts->n + 1, sizeof(*same));
	struct row *rows = arena_array(a, accounts->n + 1, sizeof(*rows));

	if (!compare_rows(ctx, st, same, err))
		return false;
	sqlite3_stmt *put = prepare_put(st), *plain = prepare_plain(st);
	bool ok = put && plain;
	for (size_t i = 0, n = sort_rows(ctx, same, rows); ok && i < n;) {
		bool many = n - i >= TOGETHER && is_plain(rows + i, TOGETHER);
		ok = many ? put_plain(plain, rows + i) : put_account(a, st, put, rows[i].account);
		i += many ? TOGETHER : 1;
	}
	if (!ok)
		(void)db_error(err, st);
	(void)sqlite3_finalize(put);
	(void)sqlite3_finalize(plain);
	return ok;
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

static void db_abort(const struct live_ctx *ctx UNUSED, void *state)
{
	struct db_state *st = state;

	(void)sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	(void)sqlite3_close(st->db);
}

static bool open_db(const struct live_ctx *ctx, struct db_state *st, struct err *err)
{
	st->path = arena_printf(ctx->svc->arena, "%s/accounts.sqlite", ctx->dir);
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

static bool db_prepare(const struct live_ctx *ctx, void **state_r, struct err *err)
{
	struct db_state *st = ARENA_NEW(ctx->svc->arena, struct db_state);

	map_init(&st->field_index, ctx->svc->arena, FIELDS_MAX);
	if (!make_file(ctx, arena_printf(ctx->svc->arena, "%s/accounts.sqlite", ctx->dir), err) ||
	    !open_db(ctx, st, err))
		return false;
	if (!db_exec(st, "PRAGMA synchronous=OFF; PRAGMA cache_size=-32768;", err) ||
	    !open_schema(ctx, st, err) || !write_tables(ctx, st, err)) {
		db_abort(ctx, st);
		return false;
	}
	*state_r = st;
	return true;
}

/* True also when the table can't be asked. */
static bool db_has(const struct live_ctx *ctx, const struct account *account)
{
	struct db_state st = { .db = NULL };
	struct err ignored = ERR_INIT;
	sqlite3_stmt *q = NULL;
	bool none;

	if (!open_db(ctx, &st, &ignored))
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
	struct db_state st = { .db = NULL };
	sqlite3_stmt *q = NULL;
	bool ok;

	if (!open_db(ctx, &st, err))
		return false;
	(void)sqlite3_exec(st.db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
	ok = sqlite3_prepare_v2(st.db, sql, -1, &q, NULL) == SQLITE_OK;
	if (ok) {
		bind_text(q, 1, str_from(account->address));
		bind_text(q, 2, str_from(account->hash));
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

static bool db_commit(const struct live_ctx *ctx UNUSED, void *state, struct err *err)
{
	struct db_state *st = state;
	bool ok = db_exec(st, "COMMIT", err);

	if (!ok)
		(void)sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
	(void)sqlite3_close(st->db);
	if (ok && st->new_shape)
		renew_readers();
	return ok;
}

const struct service_live accounts_live = {
	.inputs = ACCOUNTS_DB_INPUTS,
	.prepare = db_prepare,
	.commit = db_commit,
	.abort = db_abort,
	.has = db_has,
	.can_put = db_can_put,
	.put = db_put,
};
