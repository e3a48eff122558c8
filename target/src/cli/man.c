/* SPDX-License-Identifier: MIT */
/*
 * `mailserver man setup|mailserver`: the manual pages in mdoc(7), made from the rows of `setup`, the
 * applets and the sub-commands of `config`. The same input gives the same bytes: the date is that of
 * the last change of what is written here, not of the build.
 *
 * A sentence begins on a line of its own, and characters beyond ASCII are written as \[uXXXX]: both
 * are what mandoc(1) and groff(1) want.
 *
 * SOURCES
 *	mdoc(7), mandoc_char(7), mandoc(1) "-T lint", groff_char(7).
 */
#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "cli/argtype.h"
#include "cli/cli.h"
#include "cli/names.h"
#include "cli/nearest.h"
#include "cli/pattern.h"
#include "cli/rows.h"

#define PAGE_DATE "November 27, 2026"
#define LINE_MAX_BYTES 76

/* The code point at *p, which is moved behind it; the text is UTF-8 of our own. */
static unsigned take_code_point(const char **p)
{
	unsigned char c = (unsigned char)*(*p)++;
	unsigned code = c;
	int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

	if (more)
		code = c & (0x3fu >> more);
	for (; more > 0 && **p; more--)
		code = code << 6 | ((unsigned char)*(*p)++ & 0x3fu);
	return code;
}

static void add_inner(struct buf *out, struct str text)
{
	const char *p = text.p;

	while (p < text.p + text.n) {
		unsigned code = take_code_point(&p);
		if (code == '\\')
			buf_adds(out, "\\e");
		else if (code >= 0x80)
			buf_printf(out, "\\[u%04X]", code);
		else
			buf_addc(out, (char)code);
	}
}

/* Text at the start of a line, as it is: no request, no escape in it. */
static void add_text(struct buf *out, struct str text)
{
	if (text.n > 0 && (text.p[0] == '.' || text.p[0] == '\''))
		buf_adds(out, "\\&");
	add_inner(out, text);
}

/* A sentence, on lines of at most LINE_MAX_BYTES. */
static void add_sentence(struct buf *out, struct str text)
{
	struct str word;
	size_t column = 0;

	while (str_next_word(&text, " ", &word)) {
		if (column > 0 && column + 1 + word.n > LINE_MAX_BYTES) {
			buf_addc(out, '\n');
			column = 0;
		} else if (column > 0) {
			buf_addc(out, ' ');
			column++;
		}
		if (column == 0)
			add_text(out, word);
		else
			add_inner(out, word);
		column += word.n;
	}
	buf_addc(out, '\n');
}

/* Sentences, each on a line of its own. */
static void add_line(struct buf *out, struct str line)
{
	for (size_t i = 0; i + 2 < line.n; i++) {
		if (!strchr(".!?", line.p[i]) || line.p[i + 1] != ' ')
			continue;
		add_sentence(out, (struct str){ line.p, i + 1 });
		line = (struct str){ line.p + i + 2, line.n - i - 2 };
		i = 0;
	}
	add_sentence(out, line);
}

/* A pattern as macros of one line. */
static void add_pattern(struct buf *out, const char *pattern)
{
	struct str rest = str_from(pattern), word;
	struct token t;
	bool in_words = false;

	while (pattern_next(&rest, &t)) {
		if (t.kind == TOKEN_WORD) {
			buf_printf(out, "%s%.*s", in_words ? " " : " Ic ", (int)t.text.n, t.text.p);
			in_words = true;
			continue;
		}
		in_words = false;
		bool optional = t.optional || t.kind == TOKEN_FLAG;
		buf_adds(out, optional ? " Oo" : "");
		if (t.kind == TOKEN_FLAG) {
			buf_printf(out, " Fl %.*s", (int)t.text.n - 1, t.text.p + 1);
		} else if (argtype_is_choice(t.text)) {
			const char *between = " Cm ";
			while (str_next_word(&t.text, "|", &word)) {
				buf_printf(out, "%s%.*s", between, (int)word.n, word.p);
				between = " | ";
			}
		} else {
			buf_printf(out, " Ar %.*s", (int)t.text.n, t.text.p);
		}
		buf_adds(out, t.repeats ? " ..." : "");
		buf_adds(out, optional ? " Oc" : "");
	}
}

static void add_examples(struct buf *out, struct str rest)
{
	struct str line;

	if (rest.n == 0)
		return;
	buf_adds(out, ".Bd -literal -offset indent\n");
	while (str_next_line(&rest, &line)) {
		add_text(out, line);
		buf_addc(out, '\n');
	}
	buf_adds(out, ".Ed\n");
}

/* "add an account" → "Add an account." */
static void add_summary(struct buf *out, const char *summary)
{
	autobuf struct buf sentence = BUF_INIT;

	buf_adds(&sentence, summary);
	sentence.p[0] = (char)toupper((unsigned char)sentence.p[0]);
	if (!strchr(".!?", sentence.p[sentence.n - 1]))
		buf_addc(&sentence, '.');
	add_line(out, str_from(sentence.p));
}

static void add_rows(struct buf *out, bool later)
{
	buf_adds(out, ".Bl -tag -width Ds\n");
	for (const struct cmd_row *row = setup_rows; row->pattern; row++) {
		struct str rest = str_from(row->help), line;
		if ((row->run == NULL) != later)
			continue;
		buf_adds(out, ".It");
		add_pattern(out, row->pattern);
		buf_addc(out, '\n');
		add_summary(out, row->summary);
		while (str_next_line(&rest, &line) && line.n > 0)
			add_line(out, line);
		add_examples(out, rest);
	}
	buf_adds(out, ".El\n");
}

static bool has_later(void)
{
	for (const struct cmd_row *row = setup_rows; row->pattern; row++)
		if (row->run == NULL)
			return true;
	return false;
}

/* What stands for the arguments, each type once. */
static void add_types(struct buf *out)
{
	const struct argtype *seen[64];
	size_t n = 0;

	buf_adds(out, ".Bl -tag -width known-recipient\n");
	for (const struct cmd_row *row = setup_rows; row->pattern; row++) {
		struct str rest = str_from(row->pattern);
		struct token t;
		while (pattern_next(&rest, &t)) {
			const struct argtype *type =
				t.kind == TOKEN_ARG ? argtype_find(t.text) : NULL;
			bool known = type == NULL || argtype_is_choice(t.text);
			for (size_t i = 0; i < n; i++)
				known = known || seen[i] == type;
			if (known || n == ARRAY_SIZE(seen))
				continue;
			seen[n++] = type;
			buf_printf(out, ".It Ar %s\n", type->name);
			add_summary(out, type->what);
		}
	}
	buf_adds(out, ".El\n");
}

static void add_names(struct buf *out)
{
	buf_adds(out, ".Bl -tag -width updatedovecotmasteruser -compact\n");
	for (const struct cli_name *name = cli_names; name->name; name++)
		buf_printf(out, ".It Ic %s\n.Nm\n.Ic %s\n", name->name, name->words);
	buf_adds(out, ".El\n");
}

static void write_head(struct buf *out, const char *name, const char *what)
{
	buf_printf(out,
		   ".\\\" Generated by `make man` from the rows of the program; edit those.\n"
		   ".Dd " PAGE_DATE "\n.Dt %s 8\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n",
		   streq(name, "setup") ? "SETUP" : "MAILSERVER", name, what);
}

static void write_setup(struct buf *out)
{
	write_head(out, "setup", "administer the mail server");
	buf_adds(out,
		 ".Sh SYNOPSIS\n.Nm setup\n.Ar command\n.Op Ar argument ...\n"
		 ".Nm setup\n.Ar command\n.Cm help\n"
		 ".Nm setup.sh\n.Op Fl c Ar container\n.Op Fl i Ar image\n.Op Fl p Ar directory\n"
		 ".Op Fl zZR\n.Ar command\n.Op Ar argument ...\n"
		 ".Sh DESCRIPTION\n"
		 ".Nm\n"
		 "changes and shows accounts, aliases and other files in the config directory.\n"
		 "Where the server runs, a change is in force for clients when the command\n"
		 "returns; if the server refuses it, the files are put back and the reason is\n"
		 "printed.\n"
		 "Without a server only the files are changed, and the next start uses them.\n"
		 "Any number of commands may run at the same time.\n"
		 ".Pp\n"
		 ".Nm setup.sh\n"
		 "runs it from the host, in the container that runs or in a temporary one.\n"
		 ".Pp\n"
		 "The commands are:\n");
	add_rows(out, false);
	buf_adds(out, ".Pp\nThe arguments are:\n");
	add_types(out);
	if (has_later()) {
		buf_adds(out, ".Ss Not in this image yet\nKnown words, which are refused:\n");
		add_rows(out, true);
	}
	buf_adds(out,
		 ".Ss Passwords\n"
		 "A password that is left out is asked for twice at a terminal, without echo,\n"
		 "or read as two lines from standard input.\n"
		 "One that is given as an argument can be seen by others for a moment, and is\n"
		 "kept in the history of the shell.\n"
		 ".Ss Old names\n"
		 "Programs of docker-mailserver that scripts call directly:\n");
	add_names(out);
	buf_adds(
		out,
		".Sh ENVIRONMENT\n.Bl -tag -width LOG_LEVEL\n.It Ev LOG_LEVEL\n"
		"What is said on standard error:\n"
		".Cm error ,\n.Cm warn\nor\n.Cm info .\n.El\n"
		".Sh FILES\n.Bl -tag -width Ds\n"
		".It Pa /tmp/docker-mailserver\nThe config directory.\n"
		".It Pa /var/mail\nThe mailboxes.\n"
		".It Pa /var/log/mail/mail.log\nThe log of the mail server.\n.El\n"
		".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n"
		".It 0\nDone.\n.It 1\nRefused, failed, or arguments are missing.\n.It 2\nUnknown command.\n"
		".El\n.Pp\nLists go to standard output, messages to standard error.\n"
		".Sh SEE ALSO\n.Xr mailserver 8\n");
}

/* "[--env FILE] --out TREE" → macros. */
static void add_options(struct buf *out, const char *text)
{
	struct str rest = str_from(text), word;

	while (str_next_word(&rest, " ", &word)) {
		int closing = 0;
		for (; word.p[0] == '['; word = (struct str){ word.p + 1, word.n - 1 })
			buf_adds(out, " Oo");
		for (; word.p[word.n - 1] == ']'; word.n--)
			closing++;
		if (word.p[0] == '-')
			buf_printf(out, " Fl %.*s", (int)word.n - 1, word.p + 1);
		else if (word.p[0] == '.')
			buf_printf(out, " %.*s", (int)word.n, word.p);
		else
			buf_printf(out, "%s %.*s",
				   islower((unsigned char)word.p[0]) ? " Cm" : " Ar", (int)word.n,
				   word.p);
		while (closing-- > 0)
			buf_adds(out, " Oc");
	}
}

static void write_mailserver(struct buf *out)
{
	static const struct {
		const char *name, *summary, *arguments;
	} applets[] = {
#define APPLET(name, run, summary, arguments) { name, summary, arguments },
#include "cli/applets.def"
#undef APPLET
	};
	static const struct {
		const char *words, *summary;
	} verbs[] = {
#define VERB(words, summary) { words, summary },
#include "cli/config.def"
#undef VERB
	};

	write_head(out, "mailserver", "a mail server in a container");
	buf_adds(out, ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar argument ...\n"
		      ".Sh DESCRIPTION\n"
		      ".Nm\n"
		      "starts, watches, checks and administers the daemons of the container.\n"
		      "It is configured with environment variables and the files of the config\n"
		      "directory.\n"
		      "The commands are:\n.Bl -tag -width Ds\n");
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++) {
		if (applets[i].summary == NULL)
			continue;
		buf_printf(out, ".It Ic %s", applets[i].name);
		add_options(out, applets[i].arguments);
		buf_addc(out, '\n');
		add_summary(out, applets[i].summary);
	}
	buf_adds(out, ".El\n.Ss The configuration\n.Bl -tag -width Ds\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		size_t n = strcspn(verbs[i].words, " ");
		buf_printf(out, ".It Ic config %.*s", (int)n, verbs[i].words);
		add_options(out, verbs[i].words + n);
		buf_addc(out, '\n');
		add_summary(out, verbs[i].summary);
	}
	buf_adds(
		out,
		".El\n"
		".Sh ENVIRONMENT\n"
		"All variables with their defaults are listed by\n.Ic config list\n"
		"and, explained, by\n.Ic config dist .\n"
		"The value of a variable\n.Ev NAME\nis taken from a file when\n.Ev NAME__FILE\nis its path.\n"
		".Sh FILES\n.Bl -tag -width Ds\n"
		".It Pa /tmp/docker-mailserver\nThe config directory: files of the administrator.\n"
		".It Pa /var/mail\nThe mailboxes.\n"
		".It Pa /var/mail-state\nThe queue and all else that must survive the container.\n"
		".It Pa /var/log/mail\nLogs.\n"
		".It Pa /run/mailserver\nThe rendered configuration; made anew at each start.\n.El\n"
		".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n"
		".It 0\nDone; stopped when asked to.\n"
		".It 1\nThe health check failed;\n.Ic config diff\nfound differences.\n"
		".It 64\nWrong usage.\n"
		".It 65\nA file has an error.\n"
		".It 69\nA program or a service that is needed is not there.\n"
		".It 73 , 74\nA file can't be made, written or read.\n"
		".It 75\nNot now; try again.\n"
		".It 78\nThe configuration has errors: nothing was started.\n.El\n"
		".Sh SEE ALSO\n.Xr setup 8\n");
}

int cli_man(int argc, char **argv)
{
	autobuf struct buf page = BUF_INIT;
	const char *name = argc == 2 ? argv[1] : "";

	if (streq(name, "setup")) {
		write_setup(&page);
	} else if (streq(name, "mailserver")) {
		write_mailserver(&page);
	} else {
		bool help = pattern_is_help(name);
		fprintf(help ? stdout : stderr,
			"usage: mailserver man mailserver|setup\n\n"
			"Prints a manual page in mdoc: mailserver man setup | mandoc -a\n");
		return help ? 0 : ERR_USAGE;
	}
	return write_all(STDOUT_FILENO, page.p, page.n) ? 0 : ERR_IO;
}
