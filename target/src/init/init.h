/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	init - PID 1: boot, cruise, stop
 *
 *	boot	block signals; parse the environment; start the supervisor's launcher (which imports
 *		and waits); fork the boot worker (apply_boot); when it says 0, give the launcher its
 *		go
 *	cruise	reap; watch the administrator's directories; fork a live worker after a change
 *	stop	SIGTERM: end the worker's group, SIGTERM the supervisor, wait for the grace, SIGKILL
 *		what is left
 *
 * After start-up the loop allocates nothing and reads no file; whatever parses a file is a child
 * with a deadline.
 *
 * EXIT STATUS
 *	78 configuration wrong, nothing was started; 0 stopped by signal; otherwise the supervisor's
 *	status, 70 when it ended by itself with 0, 128 + signal when it was killed.
 *
 * SOURCES
 *	signalfd(2), inotify(7) "Limitations", prctl(2) PR_SET_CHILD_SUBREAPER.
 */
#ifndef INIT_INIT_H
#define INIT_INIT_H

int init_main(int argc, char **argv);

#endif
