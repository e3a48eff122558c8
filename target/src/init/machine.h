/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	machine - the states of PID 1 and what leads from one to the next
 *
 *	BOOT	launcher started, boot worker at work
 *		  worker ends with 0: go, ready worker → CRUISE; else → SWEEP, status of the worker
 *	CRUISE	daemons run
 *		  ready worker ends with 78 (strangers may relay) → STOP, status 78
 *		  change or SIGHUP: live worker, one at a time; supervisor ends → SWEEP, status not
 *		  0
 *	STOP	SIGTERM, SIGINT or SIGQUIT came: workers and supervisor are asked to end
 *		  supervisor ends → SWEEP, status 0; grace over → SWEEP with SIGKILL
 *	SWEEP	the supervisor is gone: what is left is asked to end, then killed
 *		  no child left, or time over → DONE
 *	DONE	exit with `status`
 *
 * A second SIGTERM shortens what is left of the grace to one second. SIGUSR1, SIGUSR2, SIGWINCH and
 * all other signals are taken and ignored: daemons are addressed through the supervisor's control
 * program. Children of others that were left to us are reaped without a word.
 *
 * OWNERSHIP
 *	The struct is plain storage of the caller; nothing is allocated.
 */
#ifndef INIT_MACHINE_H
#define INIT_MACHINE_H

#include "init/sys.h"

enum machine_state { MACHINE_BOOT, MACHINE_CRUISE, MACHINE_STOP, MACHINE_SWEEP, MACHINE_DONE };

struct machine_options {
	int64_t grace_ms; /* for the supervisor to end after a SIGTERM */
	int64_t poll_ms;  /* between looks at file systems that do not tell of changes; 0 = never */
};

#define MACHINE_BOOT_MS 120000 /* the boot worker may take this long */
#define MACHINE_LIVE_MS 60000
#define MACHINE_READY_MS 70000	  /* the ready worker gives up by itself earlier */
#define MACHINE_IMPATIENT_MS 1000 /* grace after a second SIGTERM */
#define MACHINE_SWEEP_MS 500	  /* for what is left when the supervisor ended as it was told */
#define MACHINE_KILLED_MS 500	  /* for SIGKILL to act */
#define MACHINE_RETRY_MS 5000	  /* first pause after an apply that failed; doubled */
#define MACHINE_RETRY_MAX_MS 60000
#define MACHINE_FORK_RETRY_MS 5000 /* after a fork that failed */

struct machine {
	const struct sys *sys;
	void *ctx;
	struct machine_options options;
	enum machine_state state;
	int status;			 /* to exit with */
	int stop_status;		 /* STOP: the status that follows when all ends well */
	pid_t supervisor, worker, ready; /* 0 = none */
	bool overran;			 /* the worker was killed for taking too long */
	bool killing;			 /* SWEEP: SIGKILL was sent */
	struct debounce changes;
	bool apply_at_once;	 /* SIGHUP */
	int64_t worker_until_ms; /* deadlines; INT64_MAX = none */
	int64_t ready_until_ms;
	int64_t state_until_ms; /* STOP, SWEEP */
	int64_t not_before_ms;	/* no live worker earlier */
	int64_t retry_ms; /* pause before an apply that failed is tried again; 0 = none failed */
	int64_t poll_due_ms;
};

/* Runs until DONE; the exit status. */
int machine_run(struct machine *m, const struct sys *sys, void *ctx,
		const struct machine_options *options);

#endif
