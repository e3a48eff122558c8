/* SPDX-License-Identifier: MIT */
/*
 * SQLite reads the accounts as a table of their own ("wanted"), so that one statement writes all rows:
 * its cursor stands where the next row goes. Statements that bind values and end look for their place
 * from the root, and if they may replace rows they save each page that they touch. Rows come in the
 * order of the table, and most of them have neither a quota nor extra fields: those are written
 * first, without a look at the other columns.
 *
 * SOURCES
 *	sqlite3 "The Virtual Table Mechanism", "Eponymous-only virtual tables".
 */
#include "dovecot/account_rows.h"

#include <sqlite3.h>

#define WANTED "wanted"
/* Columns before the extra ones. */
#define FIRST_FIELD 3

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

void account_fields_init(struct account_fields *f, struct arena *a)
{
	*f = (struct account_fields){ .arena = a };
	map_init(&f->index, a, ACCOUNT_FIELDS_MAX);
}

void account_fields_note(struct account_fields *f, const char *name)
{
	if (map_get(&f->index, name) || f->n == ACCOUNT_FIELDS_MAX)
		return;
	f->names[f->n] = arena_strdup(f->arena, name);
	(void)map_add(&f->index, f->names[f->n], &f->names[f->n]);
	f->n++;
}

/* Fields that accounts of existing installations carry. They are columns from the start, because
 * Dovecot's open connections stumble once over a table that has changed its shape. */
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

void account_fields_note_all(struct account_fields *f, const struct account_vec *accounts)
{
	struct str rest, name, value;

	for (size_t i = 0; i < ARRAY_SIZE(usual_fields); i++)
		account_fields_note(f, usual_fields[i]);
	for (size_t i = 0; i < accounts->n; i++) {
		if (accounts->v[i].extra[0] == '\0')
			continue;
		rest = str_from(accounts->v[i].extra);
		while (next_field(&rest, &name, &value))
			account_fields_note(f, str_lower(f->arena, name));
	}
}

int64_t account_sum(const struct account *acc)
{
	uint64_t h = hash_bytes(acc->hash.p, acc->hash.n);

	h = h * 31 + hash_bytes(acc->extra, strlen(acc->extra) + 1);
	h = h * 31 + (acc->quota ? hash_bytes(acc->quota, strlen(acc->quota)) : 1);
	return (int64_t)(h >> 1);
}

/* A row to write, with the first bytes of its key as numbers, so that sorting seldom looks at the
 * text. */
struct row {
	uint64_t prefix, more;
	const struct account *account;
};

static int by_key(const void *x, const void *y)
{
	const struct row *a = x, *b = y;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	if (a->more != b->more)
		return a->more < b->more ? -1 : 1;
	return strcmp(a->account->address, b->account->address);
}

static struct row make_row(const struct account *acc)
{
	struct row r = { .prefix = str_prefix(acc->address), .account = acc };

	if ((r.prefix & 0xff) != 0) /* eight bytes, and not the end */
		r.more = str_prefix(acc->address + sizeof(r.prefix));
	return r;
}

static bool is_plain(const struct account *acc)
{
	return acc->quota == NULL && acc->extra[0] == '\0';
}

/* What the table shows. */
struct source {
	struct arena *arena;
	const struct account_fields *fields;
	const struct row *rows;
	size_t n;
	bool plain; /* nobody looks at the fields */
};

struct wanted {
	struct sqlite3_vtab base; /* first: SQLite's view of it */
	const struct source *source;
};

struct cursor {
	struct sqlite3_vtab_cursor base; /* first */
	const struct source *source;
	size_t at;
	struct str values[ACCOUNT_FIELDS_MAX]; /* of the fields in this row; p == NULL: none */
};

static int wanted_connect(sqlite3 *db, void *aux, int argc UNUSED, const char *const *argv UNUSED,
			  struct sqlite3_vtab **out, char **error UNUSED)
{
	const struct source *source = aux;
	autobuf struct buf sql = BUF_INIT;
	struct wanted *t = ARENA_NEW(source->arena, struct wanted);

	buf_adds(&sql, "CREATE TABLE " WANTED "(name, password, sum");
	for (size_t i = 0; i < source->fields->n; i++)
		buf_printf(&sql, ", \"%s\"", source->fields->names[i]);
	buf_addc(&sql, ')');
	t->source = source;
	*out = &t->base;
	return sqlite3_declare_vtab(db, sql.p);
}

/* There is one way: all rows. */
static int wanted_plan(struct sqlite3_vtab *t UNUSED, sqlite3_index_info *info UNUSED)
{
	return SQLITE_OK;
}

/* Memory is the arena's. */
static int wanted_disconnect(struct sqlite3_vtab *t UNUSED)
{
	return SQLITE_OK;
}

static int cursor_open(struct sqlite3_vtab *t, struct sqlite3_vtab_cursor **out)
{
	/* The cast: base is the first member. */
	const struct source *source = ((struct wanted *)t)->source;
	struct cursor *c = ARENA_NEW(source->arena, struct cursor);

	c->source = source;
	*out = &c->base;
	return SQLITE_OK;
}

static int cursor_close(struct sqlite3_vtab_cursor *c UNUSED)
{
	return SQLITE_OK;
}

static int cursor_is_at_end(struct sqlite3_vtab_cursor *base)
{
	const struct cursor *c = (struct cursor *)base;

	return c->at >= c->source->n;
}

/* The values of the fields where the cursor stands. Of two with one name the last counts; a quota of
 * its own file comes before one among the extra fields. */
static void read_fields(struct cursor *c)
{
	const struct account_fields *f = c->source->fields;
	struct str rest, name, value;

	if (c->source->plain || cursor_is_at_end(&c->base))
		return;
	const struct account *acc = c->source->rows[c->at].account;
	memset(c->values, 0, sizeof(c->values));
	rest = str_from(acc->extra);
	while (next_field(&rest, &name, &value)) {
		const char **slot = map_get(&f->index, str_lower(c->source->arena, name));
		if (slot)
			c->values[slot - f->names] = value;
	}
	if (acc->quota)
		c->values[0] = str_from(acc->quota);
}

static int cursor_begin(struct sqlite3_vtab_cursor *base, int plan UNUSED, const char *name UNUSED,
			int argc UNUSED, sqlite3_value **argv UNUSED)
{
	struct cursor *c = (struct cursor *)base;

	c->at = 0;
	read_fields(c);
	return SQLITE_OK;
}

static int cursor_next(struct sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	c->at++;
	read_fields(c);
	return SQLITE_OK;
}

/* The text stays where it is until all rows are written. */
static void give(sqlite3_context *to, struct str s)
{
	sqlite3_result_text(to, s.p, (int)s.n, SQLITE_STATIC);
}

static int cursor_column(struct sqlite3_vtab_cursor *base, sqlite3_context *to, int column)
{
	const struct cursor *c = (struct cursor *)base;
	const struct account *acc = c->source->rows[c->at].account;

	if (column == 0)
		give(to, str_from(acc->address));
	else if (column == 1)
		give(to, acc->hash);
	else if (column == 2)
		sqlite3_result_int64(to, account_sum(acc));
	else if (c->values[column - FIRST_FIELD].p)
		give(to, c->values[column - FIRST_FIELD]);
	return SQLITE_OK; /* NULL where nothing was given */
}

static int cursor_rowid(struct sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)((struct cursor *)base)->at;
	return SQLITE_OK;
}

/* Without xCreate: a table of the module's name is there, and no other can be made. */
static const sqlite3_module module = {
	.xConnect = wanted_connect,
	.xBestIndex = wanted_plan,
	.xDisconnect = wanted_disconnect,
	.xOpen = cursor_open,
	.xClose = cursor_close,
	.xFilter = cursor_begin,
	.xNext = cursor_next,
	.xEof = cursor_is_at_end,
	.xColumn = cursor_column,
	.xRowid = cursor_rowid,
};

static bool write_sorted(sqlite3 *db, struct source *source, struct row *rows, size_t n)
{
	autobuf struct buf columns = BUF_INIT, sql = BUF_INIT;

	if (n == 0)
		return true;
	qsort(rows, n, sizeof(*rows), by_key);
	source->rows = rows;
	source->n = n;
	buf_adds(&columns, "name, password, sum");
	for (size_t i = 0; !source->plain && i < source->fields->n; i++)
		buf_printf(&columns, ", \"%s\"", source->fields->names[i]);
	buf_printf(&sql, "INSERT OR REPLACE INTO account(%s) SELECT %s FROM " WANTED, columns.p,
		   columns.p);
	return sqlite3_exec(db, sql.p, NULL, NULL, NULL) == SQLITE_OK;
}

bool account_rows_write(struct arena *a, sqlite3 *db, const struct account_fields *f,
			const struct account **list, size_t n)
{
	struct source source = { .arena = a, .fields = f };
	struct row *rows = arena_array(a, n + 1, sizeof(*rows));
	size_t plain = 0, others = n;

	for (size_t i = 0; i < n; i++)
		rows[is_plain(list[i]) ? plain++ : --others] = make_row(list[i]);
	if (sqlite3_create_module(db, WANTED, &module, &source) != SQLITE_OK)
		return false;
	source.plain = true;
	bool ok = write_sorted(db, &source, rows, plain);
	source.plain = false;
	ok = ok && write_sorted(db, &source, rows + plain, n - plain);
	/* The module goes before what it shows. */
	return sqlite3_create_module(db, WANTED, NULL, NULL) == SQLITE_OK && ok;
}
