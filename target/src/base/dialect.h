/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	dialect - how a value is written in another program's configuration
 *
 * Each template has one dialect; every {{value}} passes through its writer, so that no value can
 * change the meaning of the file around it. A value the dialect has no way to write is an error,
 * never altered.
 *
 *	postfix	main.cf, master.cf: "$" becomes "$$"; blanks stay; CR, LF refused (postconf(5))
 *	dovecot	2.4 settings: plain words as they are, else double quotes with \" and \\; "%" becomes "%%"
 *	dovecot-plain	the same for settings in which Dovecot expands nothing: "%" stays
 *	ini	supervisord.conf: "%" becomes "%%"; " ;" refused
 *	shell	single quotes
 *	cron	crontab(5): "%" becomes "\%"; CR, LF refused
 *	words	one word: blanks, quotes, control characters refused
 *	raw	as is, except control characters; needs a comment where it is chosen
 *
 * Every dialect refuses control characters other than TAB.
 */
#ifndef BASE_DIALECT_H
#define BASE_DIALECT_H

#include "base/buf.h"
#include "base/err.h"

enum dialect {
	DIALECT_POSTFIX,
	DIALECT_DOVECOT,
	DIALECT_DOVECOT_PLAIN,
	DIALECT_INI,
	DIALECT_SHELL,
	DIALECT_CRON,
	DIALECT_WORDS,
	DIALECT_RAW,
};

/* Appends value; on failure out is unchanged and err says which character is the trouble (never
 * the value). */
bool dialect_write(enum dialect d, struct buf *out, const char *value, struct err *err) MUST_CHECK;
const char *dialect_name(enum dialect d);

#endif
