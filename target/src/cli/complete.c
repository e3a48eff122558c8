/* SPDX-License-Identifier: MIT */
/*
 * A row takes part while its words agree with those typed. Once all of them are typed, the row with
 * the most words has the arguments, as in pattern.c.
 */
#include "cli/complete.h"

#include "base/arena.h"
#include "cli/argtype.h"
#include "cli/offers.h"

static bool nth_word(const struct cmd_row *row, int i, struct str *word_r)
{
	struct str rest = str_from(row->pattern);
	struct token t;

	for (int k = 0; k <= i; k++)
		if (!pattern_next(&rest, &t) || t.kind != TOKEN_WORD)
			return false;
	*word_r = t.text;
	return true;
}

/* The word behind `n` words, of every row that begins with them; what it does where it is the last
 * of one. */
static void offer_words(struct offers *o, const struct cmd_row *rows, int n, char *const *before)
{
	struct str word;
	int words;

	for (const struct cmd_row *row = rows; row->pattern; row++)
		if (pattern_words(row, n, before, &words) == n && nth_word(row, n, &word))
			offers_add(o, word, words == n + 1 ? row->summary : "");
}

static const struct cmd_row *complete_row(const struct cmd_row *rows, int n, char *const *before,
					  int *words_r)
{
	const struct cmd_row *best = NULL;

	for (const struct cmd_row *row = rows; row->pattern; row++) {
		int words, matched = pattern_words(row, n, before, &words);
		if (matched == words && (best == NULL || words > *words_r)) {
			best = row;
			*words_r = words;
		}
	}
	return best;
}

static bool was_given(struct str word, int n, char *const *before)
{
	for (int i = 0; i < n; i++)
		if (str_is(word, before[i]))
			return true;
	return false;
}

static void offer_flags(struct offers *o, const struct cmd_row *row, int n, char *const *before)
{
	struct str rest = str_from(row->pattern);
	struct token t;

	while (pattern_next(&rest, &t)) {
		if (t.kind != TOKEN_FLAG)
			continue;
		if (!was_given(t.text, n, before))
			offers_add(o, t.text, "");
	}
}

/* The type of argument number i; false when the row takes fewer. */
static bool nth_argument(const struct cmd_row *row, int i, struct token *t_r)
{
	struct str rest = str_from(row->pattern);
	struct token t;
	int at = 0;

	while (pattern_next(&rest, &t)) {
		if (t.kind != TOKEN_ARG)
			continue;
		*t_r = t;
		if (at++ == i || t.repeats)
			return true;
	}
	return false;
}

static void offer_argument(struct offers *o, const struct cmd_row *row, int n, char *const *before)
{
	const struct argtype *type;
	struct token t;
	struct str word;

	if (!nth_argument(row, n, &t))
		return;
	type = argtype_find(t.text);
	if (type == NULL)
		BUG("pattern type '%.*s'", (int)t.text.n, t.text.p);
	/* Who is named already is not named again. */
	for (int i = 0; t.repeats && i < n; i++)
		(void)map_add(&o->seen, before[i], o);
	if (argtype_is_choice(t.text))
		while (str_next_word(&t.text, "|", &word))
			offers_add(o, word, "");
	else
		offers_gather(o, type->offer, n, before);
}

static void offer_for_row(struct offers *o, const struct cmd_row *row, int n, char *const *before)
{
	int flags = 0;
	bool ended = false;

	while (flags < n && before[flags][0] == '-' && before[flags][1] && !ended)
		ended = streq(before[flags++], "--");
	if (flags == n && !ended && o->typed[0] == '-') {
		offer_flags(o, row, n, before);
		offers_add(o, STR_LIT("--help"), "explain the command");
		return;
	}
	offer_argument(o, row, n - flags, before + flags);
	if (flags == n && !ended && o->n == 0)
		offer_flags(o, row, n, before);
}

void complete_words(const struct cmd_row *rows, const char *config_dir, int n, char *const *words,
		    struct buf *out)
{
	struct arena a;
	int row_words;

	arena_init(&a, "complete");
	struct offers o = { .a = &a,
			    .config_dir = config_dir,
			    .typed = n > 0 ? words[n - 1] : "",
			    .lead = "",
			    .out = out,
			    .max = COMPLETE_MAX };
	map_init(&o.seen, &a, 64);
	int n_before = n > 0 ? n - 1 : 0;
	if (n_before > 0 && pattern_is_help(words[0])) {
		offer_words(&o, rows, n_before - 1, words + 1);
	} else {
		const struct cmd_row *row = complete_row(rows, n_before, words, &row_words);
		offer_words(&o, rows, n_before, words);
		if (row && o.n == 0)
			offer_for_row(&o, row, n_before - row_words, words + row_words);
		if (n_before == 0)
			offers_add(&o, STR_LIT("help"), "explain a command");
	}
	arena_fini(&a);
}
