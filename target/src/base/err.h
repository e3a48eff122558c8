/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	err - caller-owned error value
 *
 * A function that can fail for reasons outside the program returns bool
 * (true = done) and takes `struct err *` last. On failure it fills it, on
 * success it does not touch it. Callers going up add context, outermost first:
 *
 *	if (!file_read(a, path, MAX, &text, err))
 *		return err_wrap(err, "postfix-accounts.cf");
 *
 * OWNERSHIP
 *	The value is plain storage of the caller: nothing to free.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_class {
	ERR_NONE = 0,
	ERR_USAGE = 64,	      /* EX_USAGE */
	ERR_DATA = 65,	      /* EX_DATAERR: a file of the user is wrong */
	ERR_UNAVAILABLE = 69, /* EX_UNAVAILABLE */
	ERR_INTERNAL = 70,    /* EX_SOFTWARE */
	ERR_OS = 71,	      /* EX_OSERR */
	ERR_CREATE = 73,      /* EX_CANTCREAT */
	ERR_IO = 74,	      /* EX_IOERR */
	ERR_TEMP = 75,	      /* EX_TEMPFAIL: try again */
	ERR_CONFIG = 78,      /* EX_CONFIG */
};

struct err {
	enum err_class class;
	int sys; /* errno of the cause, 0 if none */
	char text[512];
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.class = ERR_NONE, .sys = 0, .text = ""                                            \
	}

/* Fills err; always returns false, so that `return err_set(…)` reads well. Line feeds become
 * blanks. */
bool err_set(struct err *err, enum err_class class, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* As err_set, with ": strerror(errno)" appended and err->sys = errno. */
bool err_sys(struct err *err, enum err_class class, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Puts "context: " in front of the text; returns false. */
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A broken invariant of ours: prints file and line to stderr and aborts. */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
void bug_at(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4) NORETURN;

#endif
