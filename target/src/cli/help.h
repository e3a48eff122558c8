/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	help - overview and usage texts of `setup`, made from its rows
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/pattern.h"

/* The rows that begin with the n words; n = 0: all. False when there is none. */
bool help_overview(const struct cmd_row *rows, int n, char *const *words);
/* Everything about one row. */
void help_row(const struct cmd_row *row);

#endif
