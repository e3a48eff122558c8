/* SPDX-License-Identifier: MIT */
/*
 * A row's help text is description, an empty line, examples; either may be missing.
 */
#include "cli/help.h"

#include "cli/argtype.h"
#include "cli/names.h"

#define PATTERN_WIDTH 40

/* The rows that begin with the words, under a heading if there are any. */
static bool show_rows(const struct cmd_row *rows, const char *heading, int n, char *const *words,
		      bool later)
{
	bool any = false;

	for (const struct cmd_row *row = rows; row->pattern; row++) {
		if ((row->run == NULL) != later || !pattern_begins(row, n, words))
			continue;
		printf("%s    %-*s %s\n", any ? "" : heading, PATTERN_WIDTH, row->pattern,
		       row->summary);
		any = true;
	}
	return any;
}

static bool is_known(const struct cmd_row *rows, int n, char *const *words)
{
	for (const struct cmd_row *row = rows; row->pattern; row++)
		if (pattern_begins(row, n, words))
			return true;
	return false;
}

bool help_overview(const struct cmd_row *rows, int n, char *const *words)
{
	if (!is_known(rows, n, words))
		return false;
	printf("USAGE\n    setup");
	for (int i = 0; i < n; i++)
		printf(" %s", words[i]);
	printf(" COMMAND [ARGUMENT…]\n");
	(void)show_rows(rows, "\nCOMMANDS\n", n, words, false);
	(void)show_rows(rows, "\nNOT IN THIS IMAGE YET\n", n, words, true);
	printf("\nHELP\n"
	       "    setup COMMAND help    explains one, with examples\n"
	       "    setup --version       which version this is\n"
	       "\nEXIT STATUS\n"
	       "    0 done; 1 refused, failed, or arguments missing; 2 unknown command\n");
	return true;
}

/* Each type once. */
static void show_arguments(const struct cmd_row *row)
{
	struct str rest = str_from(row->pattern);
	struct str seen = { "", 0 };
	struct token t;
	bool any = false;

	while (pattern_next(&rest, &t)) {
		const struct argtype *type = t.kind == TOKEN_ARG ? argtype_find(t.text) : NULL;
		if (type == NULL || (t.text.n == seen.n && memcmp(t.text.p, seen.p, seen.n) == 0))
			continue;
		printf("%s    %-*.*s %s\n", any ? "" : "\nARGUMENTS\n", 12, (int)t.text.n, t.text.p,
		       type->what);
		seen = t.text;
		any = true;
	}
}

/* The row's words, with a blank between them. */
static bool is_named(const struct cmd_row *row, const char *words)
{
	size_t n = strlen(words);

	return strncmp(row->pattern, words, n) == 0 &&
	       (row->pattern[n] == ' ' || row->pattern[n] == '\0');
}

/* The old names of the words that the row begins with, unless the name stands for more. */
static void show_names(const struct cmd_row *row)
{
	bool any = false;

	for (const struct cli_name *name = cli_names; name->name; name++) {
		if (!is_named(row, name->words))
			continue;
		printf("%s%s", any ? ", " : "\nALSO CALLED\n    ", name->name);
		any = true;
	}
	if (any)
		putchar('\n');
}

void help_row(const struct cmd_row *row)
{
	struct str rest = str_from(row->help), line;

	printf("USAGE\n    setup %s\n\nDESCRIPTION\n    %s\n", row->pattern, row->summary);
	if (row->run == NULL)
		printf("    (not in this image yet)\n");
	while (str_next_line(&rest, &line) && line.n > 0)
		printf("    %.*s\n", (int)line.n, line.p);
	show_arguments(row);
	if (rest.n > 0)
		printf("\nEXAMPLES\n");
	while (str_next_line(&rest, &line))
		printf("    %.*s\n", (int)line.n, line.p);
	show_names(row);
	printf("\nEXIT STATUS\n    0 done; 1 refused, failed, or arguments missing\n");
}
