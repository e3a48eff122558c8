/* SPDX-License-Identifier: MIT */
/*
 * Input: a postfix-virtual.cf; also read as the pattern table, as aliases(5) and as MAIL_ALIASES.
 * What is accepted has a good key and good targets; a recipient that was added is there, one that
 * was deleted is nowhere.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/linefile.h"
#include "inputs/aliases.h"
#include "inputs/patterns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "fuzz-key@fuzz.example"
#define RECIPIENT "fuzz-new@fuzz.example"

static void check_alias(struct arena *a, const struct alias *x)
{
	struct str rest = str_from(x->targets), word;

	if (alias_key_problem(x->key))
		BUG("accepted the key '%s'", x->key);
	if (*x->targets == '\0')
		BUG("accepted no target");
	while (str_next_word(&rest, ",", &word))
		if (alias_target_problem(str_dup(a, word)))
			BUG("accepted the target '%.*s'", (int)word.n, word.p);
}

static bool has_recipient(struct arena *a, struct str text)
{
	struct str targets, word;

	if (!aliases_find(a, text, KEY, &targets))
		return false;
	while (str_next_word(&targets, ", \t", &word))
		if (word.n == strlen(RECIPIENT) && strncasecmp(word.p, RECIPIENT, word.n) == 0)
			return true;
	return false;
}

/* Edits leave lines with forbidden bytes alone, and readers refuse what such a line belongs to. */
static bool has_bad_line(struct str text)
{
	struct linefile lf;
	struct str line;
	const char *bad;

	linefile_init(&lf, "f", text);
	while (linefile_next(&lf, &line, &bad))
		if (bad)
			return true;
	return false;
}

static void check_edits(struct arena *a, struct str text)
{
	autobuf struct buf added = BUF_INIT, deleted = BUF_INIT, again = BUF_INIT;
	bool had = has_recipient(a, text);

	if (aliases_edit_add(text, KEY, RECIPIENT, &added) == had)
		BUG("adding a recipient and finding it disagree");
	struct str with = had ? text : (struct str){ added.p, added.n };
	if (!has_recipient(a, with))
		BUG("what was added is not found");
	if (!aliases_edit_del(with, "_", RECIPIENT, &deleted))
		BUG("what is there can't be deleted");
	struct str without = { deleted.p, deleted.n };
	if (has_recipient(a, without) || aliases_edit_del(without, "_", RECIPIENT, &again))
		BUG("what was deleted is found");
}

static void check_list(struct arena *a, const struct alias_vec *list)
{
	for (size_t i = 0; i < list->n; i++)
		check_alias(a, &list->v[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct alias_vec list = VEC_INIT, env = VEC_INIT;
	struct map index, env_index;
	struct problems p;
	struct arena a;

	arena_init(&a, "fuzz");
	problems_init(&p, &a);
	aliases_parse(&a, "f", text, &list, &index, &p);
	check_list(&a, &list);
	aliases_parse_env(&a, arena_strndup(&a, text.p, text.n), &env, &env_index, &p);
	check_list(&a, &env);
	if (!has_bad_line(text))
		check_edits(&a, text);
	/* What the other two hand on is in their own form, and stays the same. */
	problems_init(&p, &a);
	const char *once = regexp_parse(&a, "r", text, &p);
	if (problems_errors(&p) == 0 && !streq(once, regexp_parse(&a, "r", str_from(once), &p)))
		BUG("the pattern table changes when read again");
	if (patterns_match(patterns_compile(&a, text), KEY).result && *once == '\0')
		BUG("a table without lines has a match");
	problems_init(&p, &a);
	once = local_aliases_parse(&a, "l", text, &p);
	if (problems_errors(&p) == 0 &&
	    !streq(once, local_aliases_parse(&a, "l", str_from(once), &p)))
		BUG("local aliases change when read again");
	arena_fini(&a);
	return 0;
}
