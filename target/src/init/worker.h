/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	worker - what PID 1 lets children do: everything that reads a file
 *
 *	JOB_BOOT	apply_boot(); findings to standard error
 *	JOB_LIVE	apply_live(); new findings and what changed to the log
 *	JOB_READY	waits until every port answers and says so
 *
 * SEE ALSO
 *	plan/apply.h, plan/probe.h
 */
#ifndef INIT_WORKER_H
#define INIT_WORKER_H

#include "init/sys.h"

struct worker_context {
	int64_t began_ms; /* start of init, monotonic */
};

/* Body of the child process; arg is a struct worker_context. Returns the exit status, as apply.h
 * has it. */
int worker_run(enum sys_job job, void *arg);

#endif
