/* SPDX-License-Identifier: MIT */
/*
 * While a password is typed, the terminal makes no signals; the interrupt character ends the line
 * instead, so that nobody is left with a terminal that does not echo. Input is read byte by byte:
 * what follows belongs to somebody else, and nothing stays in a buffer of stdio.
 *
 * SOURCES
 *	termios(3) ECHO, ISIG, VEOL, VINTR.
 */
#include "cli/secret.h"

#include <termios.h>

#include "base/str.h"
#include "cli/pattern.h"
#include "cli/say.h"
#include "inputs/password.h"

static bool is_terminal(void)
{
	return isatty(STDIN_FILENO) == 1;
}

/* A line without its end; false at the end of input or on `interrupt`. */
static bool read_line(struct buf *out, int interrupt)
{
	char c;

	buf_reset(out);
	for (;;) {
		ssize_t n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return out->n > 0;
		if (interrupt >= 0 && c == interrupt)
			return false;
		if (c == '\n')
			break;
		if (out->n > PASSWORD_MAX)
			continue; /* too long already: it will be refused */
		buf_addc(out, c);
	}
	if (out->n > 0 && out->p[out->n - 1] == '\r')
		buf_truncate(out, out->n - 1);
	return true;
}

/* A terminal that does not echo, from before the first prompt until after the last answer: what is
 * typed or pasted ahead is seen by nobody. */
struct hidden {
	bool active;
	struct termios was;
};

static bool hide(struct hidden *h)
{
	struct termios quiet;

	h->active = is_terminal() && tcgetattr(STDIN_FILENO, &h->was) == 0;
	if (!h->active)
		return true;
	quiet = h->was;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	quiet.c_cc[VEOL] = h->was.c_cc[VINTR];
	return tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
}

static void show(const struct hidden *h)
{
	if (h->active)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &h->was);
}

static bool read_hidden(const struct hidden *h, const char *prompt, struct buf *out)
{
	if (!h->active)
		return read_line(out, -1);
	fputs(prompt, stderr);
	bool ok = read_line(out, h->was.c_cc[VINTR]);
	fputc('\n', stderr);
	return ok;
}

static bool read_twice(const struct hidden *h, struct buf *first, struct buf *second,
		       struct err *err)
{
	if (!read_hidden(h, "Enter Password: ", first) || first->n == 0)
		return err_set(err, ERR_USAGE, "no password given");
	if (!read_hidden(h, "Confirm Password: ", second))
		return err_set(err, ERR_USAGE, "the password must be given twice");
	if (first->n != second->n || memcmp(first->p, second->p, first->n) != 0)
		return err_set(err, ERR_USAGE, "the two passwords differ");
	return true;
}

static bool same_twice(struct buf *first, struct buf *second, struct err *err)
{
	struct hidden h;

	if (!hide(&h))
		return err_sys(err, ERR_IO, "the terminal does not stop showing what is typed");
	bool ok = read_twice(&h, first, second, err);
	show(&h);
	return ok;
}

bool secret_get(const struct cmd *cmd, struct buf *out, struct err *err)
{
	struct buf again = BUF_INIT;
	bool ok = true;

	if (cmd->password) {
		buf_adds(out, cmd->password);
		explicit_bzero(cmd->password, out->n);
		if (isatty(STDERR_FILENO) == 1)
			say_warn("arguments can be seen by others: leave the password out");
	} else {
		ok = same_twice(out, &again, err);
	}
	buf_wipe(&again);
	const char *problem = ok ? password_problem(out->p) : NULL;
	if (problem || strlen(out->p) != out->n)
		return err_set(err, ERR_USAGE, "the password %s",
			       problem ? problem : "has a NUL byte");
	return ok;
}

bool secret_ask_open(const char *prompt, struct buf *out)
{
	if (is_terminal())
		fputs(prompt, stderr);
	return read_line(out, -1);
}

bool secret_confirm(const char *question)
{
	autobuf struct buf answer = BUF_INIT;

	if (is_terminal())
		fprintf(stderr, "%s [y/N] ", question);
	return read_line(&answer, -1) && (streq(answer.p, "y") || streq(answer.p, "Y"));
}
