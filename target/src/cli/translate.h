/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	translate - `mailserver config translate-NAME FILE`: files of older versions of a daemon
 *
 * Prints the file in the language of the image's daemon, comments included, and tells on stderr
 * what has changed and what has no translation. FILE "-" is standard input.
 */
#ifndef CLI_TRANSLATE_H
#define CLI_TRANSLATE_H

#include "base/arena.h"

/* Exit status: 0 done, 64 no such service or no FILE, 65 lines without a translation, 66 FILE can't
 * be read. */
int config_translate(struct arena *a, const char *service, int argc, char *const *argv);

#endif
