/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	unit - what all unit tests include: cmocka, and a directory to play in
 *
 *	struct temp t;
 *	temp_open(&t);
 *	... temp_path(&t, "file") ...
 *	temp_close(&t);
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
/* cmocka.h needs the headers of the prelude and setjmp.h before it. */
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

struct temp {
	struct arena arena;
	char dir[64];
};

static inline void temp_open(struct temp *t)
{
	arena_init(&t->arena, "test");
	(void)snprintf(t->dir, sizeof(t->dir), "/tmp/mailserver-unit.XXXXXX");
	if (!mkdtemp(t->dir))
		fail_msg("mkdtemp %s: %s", t->dir, strerror(errno));
}

static inline void temp_close(struct temp *t)
{
	struct err err = ERR_INIT;
	if (!tree_remove(t->dir, &err))
		fail_msg("%s", err.text);
	arena_fini(&t->arena);
}

static inline const char *temp_path(struct temp *t, const char *name)
{
	return arena_printf(&t->arena, "%s/%s", t->dir, name);
}

/* Writes a file without the code under test. */
static inline void temp_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* err holds a failure of this class whose text has this part. */
static inline void assert_err(const struct err *err, enum err_class class, const char *part)
{
	if (err->class != class || !strstr(err->text, part))
		fail_msg("class %d, text '%s'; wanted class %d, '%s'", (int)err->class, err->text,
			 (int)class, part);
}

static inline void assert_str(struct str s, const char *wanted)
{
	if (!str_is(s, wanted))
		fail_msg("'%.*s'; wanted '%s'", (int)s.n, s.p ? s.p : "", wanted);
}

/* The call succeeded; if not, shows why. */
static inline void assert_done(bool done, const struct err *err)
{
	if (!done)
		fail_msg("failed: %s", err->text);
}

#endif
