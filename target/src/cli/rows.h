/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	rows - the sub-commands of `setup`
 *
 * SEE ALSO
 *	pattern.h (how a row is written)
 */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "cli/pattern.h"

/* Ends with pattern == NULL. */
extern const struct cmd_row setup_rows[];

#endif
