/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	overrides - the administrator's own settings of the daemons
 *
 *	postfix-main.cf	   "parameter = value" as in main.cf(5)
 *	postfix-master.cf  "service/type/parameter=value", one option of a service, as postconf -P
 *			   takes it; "service/type=fields of master(5)", a whole service
 *	dovecot.cf	   any settings of Dovecot, handed over line by line
 *
 * What parameters and settings mean is the daemons' affair: their own checkers judge the result.
 *
 * FINDINGS
 *	error	no "=", a name that can't be one, a service without its eight fields
 *	warning	a name twice (the later line counts)
 *
 * SOURCES
 *	postconf(5); master(5); postconf(1) -P.
 */
#ifndef INPUTS_OVERRIDES_H
#define INPUTS_OVERRIDES_H

#include "base/str.h"
#include "base/vec.h"
#include "settings/problems.h"

#define MAIN_CF_FILE "postfix-main.cf"
#define MASTER_CF_FILE "postfix-master.cf"
#define DOVECOT_CF_FILE "dovecot.cf"
/* Not parsed: a script. */
#define PATCHES_FILE "user-patches.sh"

struct override {
	const char *name;    /* of the parameter */
	const char *service; /* "submission/inet", NULL = for all */
	const char *value;   /* in the daemon's own syntax, one line */
	const char *file;    /* for messages */
	unsigned line;
};
VEC_TYPE(override_vec, struct override);
VEC_TYPE(line_vec, const char *);

/* Appends what the text says, names unique: of two lines with one name the later one is kept. */
void overrides_parse_main(struct arena *a, const char *file, struct str text,
			  struct override_vec *out, struct problems *p);
/* The same; a whole service has name "" and its fields as value. */
void overrides_parse_master(struct arena *a, const char *file, struct str text,
			    struct override_vec *out, struct problems *p);
/* Every line as it is, without its end. */
void overrides_parse_lines(struct arena *a, const char *file, struct str text, struct line_vec *out,
			   struct problems *p);

#endif
