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
#include "cli/argtype.h"
#include "cli/nearest.h"

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

bool pattern_next(struct str *rest, struct token *t_r)
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
	if (s.p[0] == '-' && t.optional) {
		t.kind = TOKEN_FLAG;
	} else if (s.p[0] == '<') {
		t.kind = TOKEN_ARG;
		s = (struct str){ s.p + 1, s.n - 2 };
	}
	t.text = s;
	*t_r = t;
	return true;
}

int pattern_words(const struct cmd_row *row, int argc, char *const *argv, int *words_r)
{
	struct str rest = str_from(row->pattern);
	struct token t;
	int matched = 0, words = 0;

	while (pattern_next(&rest, &t) && t.kind == TOKEN_WORD) {
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

	return pattern_words(row, n, words, &row_words) == n;
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
		int words, matched = pattern_words(row, argc, argv, &words);
		if (matched == words && (best == NULL || words > *words_r)) {
			best = row;
			*words_r = words;
		}
	}
	return best;
}

/* The row's word number i, if its words before are those of argv. */
static bool candidate(const struct cmd_row *row, int i, int argc, char *const *argv,
		      struct str *word_r)
{
	struct str rest = str_from(row->pattern);
	struct token t;
	int words;

	if (pattern_words(row, i < argc ? i : argc, argv, &words) < i || words <= i)
		return false;
	for (int k = 0; k <= i; k++)
		if (!pattern_next(&rest, &t))
			return false;
	*word_r = t.text;
	return true;
}

/* Adds the word to the list "a, b" unless it is there. */
static void list_word(struct buf *list, struct str word)
{
	struct str rest = str_from(list->p), known;

	while (str_next_word(&rest, ", ", &known))
		if (known.n == word.n && memcmp(known.p, word.p, word.n) == 0)
			return;
	buf_printf(list, "%s%.*s", list->n ? ", " : "", (int)word.n, word.p);
}

/* Says what is wrong with the first word that no row has at its place. */
static void explain_unknown(const struct cmd_row *rows, int argc, char *const *argv,
			    struct err *err)
{
	autobuf struct buf all = BUF_INIT, typed = BUF_INIT;
	struct str word;
	int at = 0, words;

	for (const struct cmd_row *row = rows; row->pattern; row++) {
		int matched = pattern_words(row, argc, argv, &words);
		at = matched > at ? matched : at;
	}
	const char *wrong = at < argc ? argv[at] : "";
	struct nearest near = NEAREST_INIT(wrong);
	for (const struct cmd_row *row = rows; row->pattern; row++) {
		if (!candidate(row, at, argc, argv, &word))
			continue;
		list_word(&all, word);
		nearest_try(&near, word);
		for (size_t i = 0; i < ARRAY_SIZE(habits); i++)
			if (streq(habits[i].typed, wrong) && str_is(word, habits[i].word))
				nearest_set(&near, word);
	}
	for (int i = 0; i <= at && i < argc; i++)
		buf_printf(&typed, "%s%s", i ? " " : "", argv[i]);
	if (*wrong == '\0')
		(void)err_set(err, ERR_USAGE, "'%s' needs one of: %s", typed.p, all.p);
	else if (near.word[0])
		(void)err_set(err, ERR_USAGE, "'%s' is not known; did you mean '%s'?", typed.p,
			      near.word);
	else
		(void)err_set(err, ERR_USAGE, "'%s' is not known; there is: %s", typed.p, all.p);
}

/* Takes argv[i] as a flag of the row; false when it is none. */
static bool take_flag(const struct cmd_row *row, const char *arg, struct cmd *cmd)
{
	struct str rest = str_from(row->pattern);
	struct token t;

	while (pattern_next(&rest, &t)) {
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

	while (pattern_next(&rest, &t))
		if (t.kind == TOKEN_FLAG)
			return true;
	return false;
}

/* Says which flags there are in place of this one. */
static void explain_flag(const struct cmd_row *row, const char *arg, struct err *err)
{
	autobuf struct buf all = BUF_INIT;
	struct str rest = str_from(row->pattern);
	struct nearest near = NEAREST_INIT(arg);
	struct token t;

	while (pattern_next(&rest, &t)) {
		if (t.kind != TOKEN_FLAG)
			continue;
		list_word(&all, t.text);
		if (t.text.n > 2 && strlen(arg) > 2)
			nearest_try(&near, t.text);
	}
	if (near.word[0])
		(void)err_set(err, ERR_USAGE, "the option '%s' is unknown; did you mean '%s'?", arg,
			      near.word);
	else
		(void)err_set(err, ERR_USAGE, "the option '%s' is unknown; there is: %s", arg,
			      all.p);
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

static bool check_choice(struct str choice, const char *arg, struct err *err)
{
	autobuf struct buf all = BUF_INIT;
	struct nearest near = NEAREST_INIT(arg);
	struct str word;

	if (argtype_choice_has(choice, arg))
		return true;
	while (str_next_word(&choice, "|", &word)) {
		list_word(&all, word);
		nearest_try(&near, word);
	}
	if (near.word[0])
		return err_set(err, ERR_USAGE, "'%s' is not known; did you mean '%s'?", arg,
			       near.word);
	return err_set(err, ERR_USAGE, "'%s' is not known; there is: %s", arg, all.p);
}

/* A flag of the row that stands behind an argument. */
static bool is_late_flag(const struct cmd_row *row, const char *arg)
{
	struct cmd unused = { 0 };

	return arg[0] == '-' && take_flag(row, arg, &unused);
}

static bool check_type(struct str name, char *arg, struct cmd *cmd, struct err *err)
{
	const struct argtype *type = argtype_find(name);
	char bad[400] = "";
	const char *problem;

	if (type == NULL)
		BUG("pattern type '%.*s'", (int)name.n, name.p);
	if (type->is_command)
		return true;
	if (type->is_password) {
		cmd->password = arg;
		problem = type->problem(arg, bad, sizeof(bad));
		return problem ? err_set(err, ERR_USAGE, "the password %s", problem) : true;
	}
	problem = text_problem(arg);
	if (problem)
		return err_set(err, ERR_USAGE, "an argument (%.*s) %s", (int)name.n, name.p,
			       problem);
	if (argtype_is_choice(name))
		return check_choice(name, arg, err);
	problem = type->problem ? type->problem(arg, bad, sizeof(bad)) : NULL;
	if (problem && is_late_flag(cmd->row, arg))
		return err_set(err, ERR_USAGE, "the option '%s' must stand before the arguments",
			       arg);
	return problem ? err_set(err, ERR_USAGE, "'%s' %s", *bad ? bad : arg, problem) : true;
}

/* Names the required arguments from number `used` on. */
static enum pattern_result explain_few(const struct cmd_row *row, int used, struct err *err)
{
	autobuf struct buf missing = BUF_INIT;
	struct str rest = str_from(row->pattern);
	struct token t;
	int i = 0;

	while (pattern_next(&rest, &t)) {
		if (t.kind != TOKEN_ARG || t.optional || i++ < used)
			continue;
		const struct argtype *type = argtype_find(t.text);
		buf_printf(&missing, "%s<%.*s> (%s)", missing.n ? ", " : "", (int)t.text.n,
			   t.text.p, type ? type->what : "?");
	}
	(void)err_set(err, ERR_USAGE, "missing: %s", missing.p);
	return PATTERN_FEW;
}

/* The arguments behind words and flags. */
static enum pattern_result take_arguments(int argc, char *const *argv, struct cmd *cmd,
					  struct err *err)
{
	struct str rest = str_from(cmd->row->pattern);
	struct token t;
	int used = 0;

	while (pattern_next(&rest, &t)) {
		if (t.kind != TOKEN_ARG)
			continue;
		if (used == argc && !t.optional)
			return explain_few(cmd->row, used, err);
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
	if (used == 0)
		(void)err_set(err, ERR_USAGE, "too many arguments: none is taken");
	else
		(void)err_set(err, ERR_USAGE, "too many arguments: %d, at most %d are taken", argc,
			      used);
	return PATTERN_MANY;
}

/* Whether other rows go on where this one, which takes no arguments, ends. */
static bool is_prefix_of_others(const struct cmd_row *rows, const struct cmd_row *row, int words)
{
	struct str rest = str_from(row->pattern);
	struct token t;
	size_t n = strlen(row->pattern);

	while (pattern_next(&rest, &t))
		if (t.kind != TOKEN_WORD)
			return false;
	for (const struct cmd_row *x = rows; x->pattern && words > 0; x++)
		if (strncmp(x->pattern, row->pattern, n) == 0 && x->pattern[n] == ' ')
			return true;
	return false;
}

/* "--help" among arguments that are ours. */
static bool asks_help(const struct cmd_row *row, int argc, char *const *argv)
{
	struct str rest = str_from(row->pattern);
	struct token t;

	if (argc > 0 && pattern_is_help(argv[0]))
		return true;
	/* Words of a command to come are not known yet: "relay add-auth help". */
	if (row->run == NULL && argc > 0 && pattern_is_help(argv[argc - 1]))
		return true;
	while (pattern_next(&rest, &t))
		if (t.kind == TOKEN_ARG && argtype_find(t.text) && argtype_find(t.text)->is_command)
			return false;
	for (int i = 0; i < argc && !streq(argv[i], "--"); i++)
		if (streq(argv[i], "--help"))
			return true;
	return false;
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
	if (asks_help(cmd_r->row, argc - i, argv + i))
		return PATTERN_HELP;
	if (i < argc && is_prefix_of_others(rows, cmd_r->row, i)) {
		explain_unknown(rows, argc, argv, err);
		return PATTERN_BAD;
	}
	for (; has_flags(cmd_r->row) && i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (streq(argv[i], "--")) {
			i++;
			break;
		}
		if (!take_flag(cmd_r->row, argv[i], cmd_r)) {
			explain_flag(cmd_r->row, argv[i], err);
			return PATTERN_BAD;
		}
	}
	return take_arguments(argc - i, argv + i, cmd_r, err);
}
