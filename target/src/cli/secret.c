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

static bool read_hidden(const char *prompt, struct buf *out)
{
	struct termios was, quiet;
	bool ok;

	if (!is_terminal() || tcgetattr(STDIN_FILENO, &was) < 0)
		return read_line(out, -1);
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	quiet.c_cc[VEOL] = was.c_cc[VINTR];
	fputs(prompt, stderr);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0)
		return false;
	ok = read_line(out, was.c_cc[VINTR]);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
	fputc('\n', stderr);
	return ok;
}

static bool same_twice(struct buf *first, struct buf *second, struct err *err)
{
	if (!read_hidden("Enter Password: ", first) || first->n == 0)
		return err_set(err, ERR_USAGE, "no password given");
	if (!read_hidden("Confirm Password: ", second))
		return err_set(err, ERR_USAGE, "the password must be given twice");
	if (first->n != second->n || memcmp(first->p, second->p, first->n) != 0)
		return err_set(err, ERR_USAGE, "the two passwords differ");
	return true;
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

bool secret_confirm(const char *question)
{
	autobuf struct buf answer = BUF_INIT;

	if (is_terminal())
		fprintf(stderr, "%s [y/N] ", question);
	return read_line(&answer, -1) && (streq(answer.p, "y") || streq(answer.p, "Y"));
}
