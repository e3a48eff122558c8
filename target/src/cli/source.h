/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	source - where a command gets its settings from
 *
 * In a running server: the snapshot that the server wrote (complete, with the content of
 * NAME__FILE). Otherwise the environment of the command itself.
 */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "base/str.h"
#include "settings/settings.h"

/* The text of an env file ("NAME=value" lines, "#" comments, no quotes: what `docker run
 * --env-file` reads) as an environ array. */
bool source_env_file(struct arena *a, const char *path, const char *const **environ_r,
		     struct err *err) MUST_CHECK;

/* The running server's source, or the process environment. *running_r (may be NULL) tells which. */
void source_current(struct arena *a, struct settings_source *src_r, bool *running_r);

/* The settings of source_current(), for commands that look something up in them. Findings are the
 * server's business: *ignored_r (may be NULL) is initialised for them, and for what else is read. */
void source_settings(struct arena *a, struct settings *s_r, struct problems *ignored_r);

/* How a command begins that takes no arguments and works in a running server alone (what cron and the
 * server itself run): initialises *a, named as the command, and reads the source. False when there is
 * nothing more to do: help was asked for, arguments are wrong, or no server runs; *status_r is the
 * exit status then. */
bool source_chore(int argc, char **argv, int (*usage)(FILE *to, int status), struct arena *a,
		  struct settings_source *src_r, int *status_r);

/* The text of a file whose lines a command lists. False: there is nothing to list, and the reason has
 * been said. */
bool source_listed_file(struct arena *a, const char *path, struct str *text_r);

#endif
