/* SPDX-License-Identifier: MIT */
/* For tests of live tables: what the services make of the files of a test, in a directory of the test. */
#ifndef UNIT_LIVE_FIXTURE_H
#define UNIT_LIVE_FIXTURE_H

#include "unit/unit.h"

#include <cdb.h>
#include <sqlite3.h>

#include "plan/live.h"

#define HASH "{SHA512-CRYPT}$6$salt$hash"

struct fixture {
	struct temp t;
	struct settings s;
	struct inputs_where where;
	struct inputs in;
	struct plan plan;
	const char *live;
};

static inline void open_fixture(struct fixture *f)
{
	static const char *const env[] = { "OVERRIDE_HOSTNAME=mail.example.test",
					   "POSTMASTER_ADDRESS=anna@example.test", NULL };
	const struct settings_source src = { .environ = env, .nodename = "", .read_files = false };
	struct problems p;
	struct err err = ERR_INIT;

	*f = (struct fixture){ 0 };
	temp_open(&f->t);
	problems_init(&p, &f->t.arena);
	settings_load(&f->t.arena, &src, &f->s, &p);
	f->where.config_dir = temp_path(&f->t, "config");
	f->live = temp_path(&f->t, "live");
	assert_true(dir_make(f->where.config_dir, NULL, &err));
	assert_true(dir_make(f->live, NULL, &err));
	assert_int_equal(problems_errors(&p), 0);
}

static inline void put(struct fixture *f, const char *name, const char *text)
{
	temp_write(arena_printf(&f->t.arena, "%s/%s", f->where.config_dir, name), text);
}

/* Reads the files and brings the tables in line; gives the inputs that had changed. */
static inline unsigned apply(struct fixture *f)
{
	struct problems p;
	struct err err = ERR_INIT;
	unsigned changed;

	problems_init(&p, &f->t.arena);
	inputs_read(&f->t.arena, &f->s, &f->where, &f->in, &p);
	plan_make(&f->t.arena, &f->s, &f->in, true, &f->plan, &p);
	assert_int_equal(problems_errors(&p), 0);
	changed = live_changed(&f->plan, f->live);
	if (changed && !live_apply(&f->plan, f->live, changed, false, &err))
		fail_msg("%s", err.text);
	return changed;
}

/* The value in a cdb table, or NULL. */
static inline const char *cdb_value(struct fixture *f, const char *table, const char *key)
{
	const char *path = arena_printf(&f->t.arena, "%s/%s", f->live, table);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct cdb cdb;
	const char *value = NULL;

	assert_true(fd >= 0);
	assert_int_equal(cdb_init(&cdb, fd), 0);
	if (cdb_find(&cdb, key, (unsigned)strlen(key)) > 0)
		value = arena_strndup(&f->t.arena, cdb_getdata(&cdb), cdb_datalen(&cdb));
	cdb_free(&cdb);
	return value;
}

/* One column of a user's row in a view; NULL for no row or no value. */
static inline const char *sql_value(struct fixture *f, const char *view, const char *column,
				    const char *user)
{
	const char *path = arena_printf(&f->t.arena, "%s/accounts.sqlite", f->live);
	const char *sql =
		arena_printf(&f->t.arena, "SELECT \"%s\" FROM %s WHERE user = ?", column, view);
	const char *value = NULL;
	sqlite3 *db;
	sqlite3_stmt *q;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	(void)sqlite3_bind_text(q, 1, user, -1, SQLITE_STATIC);
	if (sqlite3_step(q) == SQLITE_ROW && sqlite3_column_text(q, 0))
		value = arena_strdup(&f->t.arena, (const char *)sqlite3_column_text(q, 0));
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
	return value;
}

#endif
