/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	pattern - one row is usage text, parser, completion and manual of a `setup` sub-command
 *
 *	{ "email add <email> [<password>]", email_add, "Add an account", "…examples…" }
 *
 * Words stand for themselves; <type> is an argument of that type, [<type>] an optional one,
 * <type>... one or more and [<type>...] any number (last), <a|b> one of these words, [-x] and
 * [--word] are flags (before the arguments; --word sets the bit of its first letter). A --word
 * without brackets is a word as any other. Types are rows of argtype.c. A row with run == NULL is known but not in this image yet.
 *
 * TO ADD A SUB-COMMAND
 *	1. A function `int noun_verb(const struct cmd *cmd)` in cli/<noun>.c, declared in
 *	cli/commands.h. 2. A row in the table of cli/setup.c; `make man`. 3. Its end-to-end test and
 *	its line in docs. Help, hints, completion and manual page follow from the row.
 *
 * OWNERSHIP
 *	struct cmd points into argv and the rows.
 */
#ifndef CLI_PATTERN_H
#define CLI_PATTERN_H

#include "base/err.h"
#include "base/str.h"

#define CMD_ARGS_MAX 256

struct cmd_row;

struct cmd {
	const struct cmd_row *row;
	int argc;
	const char
		*argv[CMD_ARGS_MAX]; /* arguments without the words and flags; [0] is the first */
	unsigned flags;		     /* bit (c - 'a') for each given flag, case folded */
	const char *config_dir;
	char *password; /* argument of that type, in argv's memory: to be wiped; NULL = not given */
};

struct cmd_row {
	const char *pattern;
	int (*run)(const struct cmd *cmd);
	const char *summary;
	const char *help; /* description and examples, shown by `… help` */
};

static inline bool cmd_has_flag(const struct cmd *c, char flag)
{
	return (c->flags & (1u << (unsigned)(flag - 'a'))) != 0;
}

enum token_kind { TOKEN_WORD, TOKEN_FLAG, TOKEN_ARG };

/* A part of a pattern. */
struct token {
	enum token_kind kind;
	struct str text; /* word, flag with its dashes, or type */
	bool optional, repeats;
};

/* Takes the next token off *rest, which begins as the pattern; false at its end. */
bool pattern_next(struct str *rest, struct token *t_r);

/* Finds the row for argv (words behind "setup") and fills *cmd_r (not its config_dir). Result:
 * PATTERN_OK; PATTERN_HELP (row known, help asked: "help" in first place, "--help" in any); PATTERN_FEW
 * (arguments missing: usage, exit 1, err names them); PATTERN_MANY, PATTERN_BAD (err says why, exit
 * 1); PATTERN_UNKNOWN (exit 2, err names the nearest word; cmd_r->row is NULL). rows ends with
 * pattern == NULL. err never holds a password. */
enum pattern_result {
	PATTERN_OK,
	PATTERN_HELP,
	PATTERN_FEW,
	PATTERN_MANY,
	PATTERN_BAD,
	PATTERN_UNKNOWN
};
enum pattern_result pattern_match(const struct cmd_row *rows, int argc, char *const *argv,
				  struct cmd *cmd_r, struct err *err);

/* Whether the row's words begin with the n words given. */
bool pattern_begins(const struct cmd_row *row, int n, char *const *words);
/* How many of the row's words argv begins with; *words_r: how many words the row has. */
int pattern_words(const struct cmd_row *row, int argc, char *const *argv, int *words_r);
/* "help", "--help" or "-h". */
bool pattern_is_help(const char *word);

#endif
