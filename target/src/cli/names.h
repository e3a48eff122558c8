/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	names - the old sub-programs that stand for words of `setup`
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

/* name: of the program; words: of `setup`, at most two. */
struct cli_name {
	const char *name, *words;
};

/* Ends with name == NULL. */
extern const struct cli_name cli_names[];

/* The entry for a program name or path, or NULL. */
const struct cli_name *cli_find_name(const char *path);

#endif
