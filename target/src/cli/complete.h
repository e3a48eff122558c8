/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	complete - what could stand in place of the last of some words
 *
 * One line for each possibility: the word, a TAB, and what it does (may be empty). The scripts of
 * completion.c ask for it at each press of the TAB key, so it answers from the rows and the text of
 * two files in milliseconds, and says nothing at all about what is wrong.
 *
 * LIMITS
 *	COMPLETE_MAX possibilities.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "base/buf.h"
#include "cli/pattern.h"

#define COMPLETE_MAX 1000

/* words[n - 1] is the one being typed, the others stand before it; n = 0 is as one empty word. */
void complete_words(const struct cmd_row *rows, const char *config_dir, int n, char *const *words,
		    struct buf *out);

#endif
