/* SPDX-License-Identifier: MIT */
/*
 * A pattern is read anew at each use: there are few rows and one command a process.
 *
 * The row with the most words wins, so that "email restrict add" could stand beside "email
 * restrict". A word that nobody knows is compared with those that could stand in its place, and
 * with words people type from habit.
 *
 * SOURCES
 *	docs/compatibility.md "setup".
 */
#include "cli/pattern.h"

#include "base/buf.h"
#include "base/str.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/quotas.h"

enum token_kind { TOKEN_WORD, TOKEN_FLAG, TOKEN_ARG };

struct token {
	enum token_kind kind;
	struct str text; /* word, flag with its dashes, or type */
	bool optional, repeats;
};

/* Words from habit and what they are called here. */
static const struct {
	const char *typed, *word;
} habits[] = {
	{ "delete", "del" },	  { "remove", "del" },	  { "rm", "del" },
	{ "create", "add" },	  { "new", "add" },	  { "passwd", "update" },
	{ "password", "update" }, { "change", "update" }, { "ls", "list" },
	{ "show", "list" },	  { "mail", "email" },	  { "user", "email" },
	{ "account", "email" },
};

static bool cut_tail(struct str *s, const char *tail)
{
	size_t n = strlen(tail);

	if (s->n < n || memcmp(s->p + s->n - n, tail, n) != 0)
		return false;
	s->n -= n;
	return true;
}

static bool next_token(struct str *rest, struct token *t_r)
{
	struct token t = { .kind = TOKEN_WORD };
	struct str s;

	if (!str_next_word(rest, " ", &s))
		return false;
	t.repeats = cut_tail(&s, "...");
	if (s.n > 2 && s.p[0] == '[') {
		t.optional = true;
		s = (struct str){ s.p + 1, s.n - 2 };
		t.repeats = cut_tail(&s, "...") || t.repeats;
	}
	if (s.p[0] == '-') {
		t.kind = TOKEN_FLAG;
	} else if (s.p[0] == '<') {
		t.kind = TOKEN_ARG;
		s = (struct str){ s.p + 1, s.n - 2 };
	}
	t.text = s;
	*t_r = t;
	return true;
}

/* How many of the row's words argv begins with; *words_r: how many words the row has. */
static int match_words(const struct cmd_row *row, int argc, char *const *argv, int *words_r)
{
	struct str rest = str_from(row->pattern);
	struct token t;
	int matched = 0, words = 0;

	while (next_token(&rest, &t) && t.kind == TOKEN_WORD) {
		if (matched == words && matched < argc && str_is(t.text, argv[matched]))
			matched++;
		words++;
	}
	*words_r = words;
	return matched;
}

bool pattern_begins(const struct cmd_row *row, int n, char *const *words)
{
	int row_words;

	return match_words(row, n, words, &row_words) == n;
}

bool pattern_is_help(const char *word)
{
	return streq(word, "help") || streq(word, "--help") || streq(word, "-h");
}

static const struct cmd_row *find_row(const struct cmd_row *rows, int argc, char *const *argv,
				      int *words_r)
{
	const struct cmd_row *best = NULL;

	for (const struct cmd_row *row = rows; row->pattern; row++) {
		int words, matched = match_words(row, argc, argv, &words);
		if (matched == words && (best == NULL || words > *words_r)) {
			best = row;
			*words_r = words;
		}
	}
	return best;
}

/* The row's word number i, if its words before are those of argv. */
static bool candidate(const struct cmd_row *row, int i, int argc, char *const *argv, char *word,
		      size_t size)
{
	struct str rest = str_from(row->pattern);
	struct token t;
	int words;

	if (match_words(row, i < argc ? i : argc, argv, &words) < i || words <= i)
		return false;
	for (int k = 0; k <= i; k++)
		if (!next_token(&rest, &t))
			return false;
	(void)snprintf(word, size, "%.*s", (int)t.text.n, t.text.p);
	return true;
}

static bool lists_word(const struct buf *list, const char *word)
{
	struct str rest = str_from(list->p), known;

	while (str_next_word(&rest, ", ", &known))
		if (str_is(known, word))
			return true;
	return false;
}

/* Says what is wrong with the first word that no row has at its place. */
static void explain_unknown(const struct cmd_row *rows, int argc, char *const *argv,
			    struct err *err)
{
	autobuf struct buf all = BUF_INIT, typed = BUF_INIT;
	char word[64], best[64] = "";
	unsigned best_distance = 3;
	int at = 0, words;

	for (const struct cmd_row *row = rows; row->pattern; row++) {
		int matched = match_words(row, argc, argv, &words);
		at = matched > at ? matched : at;
	}
	const char *wrong = at < argc ? argv[at] : "";
	for (const struct cmd_row *row = rows; row->pattern; row++) {
		if (!candidate(row, at, argc, argv, word, sizeof(word)))
			continue;
		if (!lists_word(&all, word))
			buf_printf(&all, "%s%s", all.n ? ", " : "", word);
		unsigned d = str_distance(wrong, word, 2);
		for (size_t i = 0; i < ARRAY_SIZE(habits); i++)
			if (streq(habits[i].typed, wrong) && streq(habits[i].word, word))
				d = 0;
		if (*wrong && d < best_distance) {
			best_distance = d;
			(void)snprintf(best, sizeof(best), "%s", word);
		}
	}
	for (int i = 0; i <= at && i < argc; i++)
		buf_printf(&typed, "%s%s", i ? " " : "", argv[i]);
	if (*wrong == '\0')
		(void)err_set(err, ERR_USAGE, "'%s' needs one of: %s", typed.p, all.p);
	else if (*best)
		(void)err_set(err, ERR_USAGE, "'%s' is not known; did you mean '%s'?", typed.p,
			      best);
	else
		(void)err_set(err, ERR_USAGE, "'%s' is not known; there is: %s", typed.p, all.p);
}

/* Takes argv[i] as a flag of the row; false when it is none. */
static bool take_flag(const struct cmd_row *row, const char *arg, struct cmd *cmd)
{
	struct str rest = str_from(row->pattern);
	struct token t;

	while (next_token(&rest, &t)) {
		if (t.kind != TOKEN_FLAG)
			continue;
		bool is_long = t.text.n > 2;
		if (is_long ? str_is(t.text, arg)
			    : strlen(arg) == 2 && tolower((unsigned char)arg[1]) == t.text.p[1]) {
			char letter = t.text.p[is_long ? 2 : 1];
			cmd->flags |= 1u << (unsigned)(letter - 'a');
			return true;
		}
	}
	return false;
}

static bool has_flags(const struct cmd_row *row)
{
	struct str rest = str_from(row->pattern);
	struct token t;

	while (next_token(&rest, &t))
		if (t.kind == TOKEN_FLAG)
			return true;
	return false;
}

/* Why the list of targets is none, or NULL; *bad_r: the target it is about. */
static const char *recipients_problem(const char *text, char *bad, size_t size)
{
	struct str rest = str_from(text), word;
	const char *problem = "is empty";

	*bad = '\0';
	while (str_next_word(&rest, ", \t", &word)) {
		(void)snprintf(bad, size, "%.*s", (int)word.n, word.p);
		problem = word.n < size ? alias_target_problem(bad) : "is too long";
		if (problem)
			break;
	}
	return problem;
}

static const char *text_problem(const char *text)
{
	if (*text == '\0')
		return "is empty";
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return "has a control character";
	return NULL;
}

static bool check_type(struct str type, char *arg, struct cmd *cmd, struct err *err)
{
	char bad[400];
	const char *problem = str_is(type, "password") ? password_problem(arg) : text_problem(arg);

	if (str_is(type, "password")) {
		cmd->password = arg;
		return problem ? err_set(err, ERR_USAGE, "the password %s", problem) : true;
	}
	if (problem)
		return err_set(err, ERR_USAGE, "an argument (%.*s) %s", (int)type.n, type.p,
			       problem);
	if (str_is(type, "email"))
		problem = account_address_problem(arg);
	else if (str_is(type, "account"))
		problem = strchr(arg, '@') ? NULL : "has no '@'";
	else if (str_is(type, "alias"))
		problem = alias_key_problem(arg);
	else if (str_is(type, "quota"))
		problem = quota_is_valid(arg)
				  ? NULL
				  : "is not a number with one of the units B k M G T, or 0";
	else if (str_is(type, "recipient"))
		problem = recipients_problem(arg, bad, sizeof(bad));
	else if (!str_is(type, "text"))
		BUG("pattern type '%.*s'", (int)type.n, type.p);
	if (problem == NULL)
		return true;
	return err_set(err, ERR_USAGE, "'%s' %s", str_is(type, "recipient") ? bad : arg, problem);
}

/* The arguments behind words and flags. */
static enum pattern_result take_arguments(int argc, char *const *argv, struct cmd *cmd,
					  struct err *err)
{
	struct str rest = str_from(cmd->row->pattern);
	struct token t;
	int used = 0;

	while (next_token(&rest, &t)) {
		if (t.kind != TOKEN_ARG)
			continue;
		if (used == argc && !t.optional)
			return PATTERN_FEW;
		do {
			if (used == argc)
				break;
			if (used == CMD_ARGS_MAX) {
				(void)err_set(err, ERR_USAGE, "more than %d arguments",
					      CMD_ARGS_MAX);
				return PATTERN_MANY;
			}
			if (!check_type(t.text, argv[used], cmd, err))
				return PATTERN_BAD;
			cmd->argv[used] = argv[used];
			used++;
		} while (t.repeats);
	}
	cmd->argc = used;
	if (used == argc)
		return PATTERN_OK;
	(void)err_set(err, ERR_USAGE, "too many arguments: %d, at most %d are taken", argc, used);
	return PATTERN_MANY;
}

enum pattern_result pattern_match(const struct cmd_row *rows, int argc, char *const *argv,
				  struct cmd *cmd_r, struct err *err)
{
	int i = 0;

	*cmd_r = (struct cmd){ 0 };
	cmd_r->row = find_row(rows, argc, argv, &i);
	if (cmd_r->row == NULL) {
		explain_unknown(rows, argc, argv, err);
		return PATTERN_UNKNOWN;
	}
	if (i < argc && pattern_is_help(argv[i]))
		return PATTERN_HELP;
	for (; has_flags(cmd_r->row) && i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (streq(argv[i], "--")) {
			i++;
			break;
		}
		if (!take_flag(cmd_r->row, argv[i], cmd_r)) {
			(void)err_set(err, ERR_USAGE, "the option '%s' is unknown", argv[i]);
			return PATTERN_BAD;
		}
	}
	return take_arguments(argc - i, argv + i, cmd_r, err);
}
