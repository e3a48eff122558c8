/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	proc - run a program with a deadline, capture what it says
 *
 * argv array, no shell, an environment of exactly the strings given, default signals, own process
 * group, descriptors above 2 closed, stdin from /dev/null unless given.
 *
 * ERRORS
 *	The program can't be started (errno text, ERR_OS) or overruns its deadline (its process
 *	group is killed, ERR_TEMP). A non-zero exit status is not an error of proc_run: look at
 *	result.status.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/buf.h"
#include "base/err.h"

struct proc_result {
	int status; /* exit status, or 128 + signal */
	struct buf
		output; /* stdout and stderr in the order written, at most 64 KiB; caller buf_fini()s it */
};

struct proc_spec {
	const char *const *argv; /* NULL-terminated; argv[0] is an absolute path */
	const char *const
		*env;	   /* NULL-terminated "NAME=value"; NULL = PATH and LC_ALL=C.UTF-8 only */
	const char *input; /* text for stdin, may be NULL */
	int timeout_ms;
	bool drop_stdout; /* only stderr is captured */
};

bool proc_run(const struct proc_spec *spec, struct proc_result *result_r, struct err *err)
	MUST_CHECK;
/* Starts a program that goes on by itself: nobody waits for it, so the caller is one that ends soon. in is
 * its stdin, out its stdout and stderr; both stay the caller's. */
bool proc_spawn(const char *const *argv, int in, int out, struct err *err) MUST_CHECK;
/* Runs `mailserver COMMAND`, for programs of services. Also an error here: an exit status that is not
 * 0 (ERR_CONFIG, what it said). */
bool proc_run_mailserver(const char *command, int timeout_ms, struct err *err) MUST_CHECK;
/* waitpid status -> exit status or 128 + signal. */
int proc_exit_status(int wstatus);
/* CLOCK_MONOTONIC in milliseconds. */
int64_t now_ms(void);

#endif
