/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	sys - what the state machine of PID 1 asks of the system, as a table that tests replace
 *
 * sys_real gives the kernel's own; the unit test gives one that plays fork, exit and signal
 * sequences.
 *
 * OWNERSHIP
 *	struct sys_real belongs to init_main(); its descriptors live as long as the process.
 *
 * SOURCES
 *	signalfd(2), wait(2), posix_spawn(3), proc_tid_children(5).
 */
#ifndef INIT_SYS_H
#define INIT_SYS_H

#include "base/err.h"
#include "init/watch.h"

enum sys_event { SYS_SIGNAL = 1, SYS_CHANGE = 2 };
enum sys_job { JOB_BOOT, JOB_LIVE, JOB_READY };

struct sys {
	int64_t (*now_ms)(void *ctx);
	/* Waits for signals or changes, at most timeout_ms (-1: for ever); a mask of enum
	 * sys_event, 0 = time is up. */
	unsigned (*wait)(void *ctx, int timeout_ms);
	/* The next signal that has arrived, 0 = none. */
	int (*next_signal)(void *ctx);
	/* A child that has ended; 0 = none has, -1 = there is no child. */
	pid_t (*reap)(void *ctx, int *wstatus_r);
	/* The supervisor's launcher, which waits for go(); -1 after a log line. */
	pid_t (*launch)(void *ctx);
	/* false: the launcher is gone (its end arrives as a signal). */
	bool (*go)(void *ctx);
	/* A worker process; -1 after a log line. */
	pid_t (*work)(void *ctx, enum sys_job job);
	/* pid < 0: the process group. Somebody who is gone already is no error. */
	void (*kill)(void *ctx, pid_t pid, int sig);
	/* Everything in the container, or, when not PID 1, every child. */
	void (*kill_all)(void *ctx, int sig);
	/* Begins to watch after boot; true when something has changed since `JOB_BOOT` was
	 * started. */
	bool (*watch_begin)(void *ctx);
	bool (*watch_drain)(void *ctx);
	/* After a live worker, which may have found more to watch (where a link leads now): true
	 * when it has. */
	bool (*watch_extend)(void *ctx);
	/* Something lies on a file system that does not tell of all changes: compare from time
	 * to time. */
	bool (*watch_is_silent)(void *ctx);
	bool (*watch_compare)(void *ctx);
};

struct sys_real {
	bool is_pid1;
	int signal_fd;
	int go_fd; /* -1 before launch and after go */
	struct watch watch;
	struct timespec boot_began;
	const char *const *argv; /* of the supervisor */
	const char *const *env;	 /* of the supervisor; SYS_GO_FD is the descriptor to name there */
	int (*body)(enum sys_job job,
		    void *arg); /* runs in the worker, its result is the exit status */
	void *arg;
};

/* Where daemons log, and this process too once they run. */
#define SYS_LOG_SOCKET "/dev/log"

/* Descriptor on which the launcher waits for one byte. */
#define SYS_GO_FD 3

extern const struct sys sys_kernel; /* ctx is a struct sys_real */

/* Blocks all signals, opens what is needed, becomes subreaper when not PID 1. */
bool sys_real_open(struct sys_real *r, struct err *err) MUST_CHECK;

#endif
