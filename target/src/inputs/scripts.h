/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	scripts - files whose language only a daemon knows, and programs for users' filters
 *
 *	before.dovecot.sieve, after.dovecot.sieve	for everybody, before and after users' scripts
 *	USER@DOMAIN.dovecot.sieve			script of one account
 *	spamassassin-rules.cf				rules for scoring
 *	sieve-pipe/NAME, sieve-filter/NAME		programs that scripts may call
 *
 * Here is only looked at what can be said without the daemon; inputs_where.judge asks it.
 *
 * FINDINGS
 *	error	a NUL byte (of a user's script: a warning)
 *	warning	a script of nobody, a program with a name that scripts can't use
 */
#ifndef INPUTS_SCRIPTS_H
#define INPUTS_SCRIPTS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "settings/problems.h"

#define SCRIPT_BEFORE_FILE "before.dovecot.sieve"
#define SCRIPT_AFTER_FILE "after.dovecot.sieve"
#define SCRIPT_SUFFIX ".dovecot.sieve"
#define SPAM_RULES_FILE "spamassassin-rules.cf"
#define PIPE_DIR "sieve-pipe"
#define FILTER_DIR "sieve-filter"

struct inputs;
struct settings;
struct inputs_where;

/* The script of one account. */
struct user_script {
	const char *name;    /* of the file */
	const char *address; /* lower case */
	struct str text;
	bool good;
	bool judged; /* by the program that reads it */
};
VEC_TYPE(user_script_vec, struct user_script);

/* A program, not read: it may be large. */
struct program {
	const char *dir; /* PIPE_DIR or FILTER_DIR */
	const char *name;
	const char *path;
	const char *stamp; /* changes with the content */
};
VEC_TYPE(program_vec, struct program);

/* Checks a text that is handed on as it is. */
void scripts_check_text(struct arena *a, const char *file, struct str text, struct problems *p);
/* Reads the users' scripts (in->accounts must be complete) and lists the programs. Names of scripts
 * with errors are added to in->fallen: what the account had before stays. */
void scripts_read(struct arena *a, const struct settings *s, const struct inputs_where *where,
		  struct inputs *in, struct problems *p);
/* Copies of good users' scripts, so that they need not be judged again; copies of those that are
 * gone are removed. */
bool scripts_save(struct arena *a, const char *dir, const struct inputs *in, struct err *err)
	MUST_CHECK;
/* Appends a text that differs when one of the users' scripts or programs does. */
void scripts_stamp(struct arena *a, const char *config_dir, struct buf *out);

#endif
