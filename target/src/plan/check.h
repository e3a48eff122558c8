/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	check - the daemons' own checkers, run against a staged generation
 *
 * All checkers run at the same time, each with its deadline; what they complain about becomes
 * findings.
 */
#ifndef PLAN_CHECK_H
#define PLAN_CHECK_H

#include "plan/plan.h"

#define CHECKS_MAX 16

struct check_running {
	const struct service *service;
	pid_t pid;
	int fd; /* what it says */
};

struct check_run {
	const struct plan *plan;
	const char *staging;
	struct check_running list[CHECKS_MAX];
	size_t n;
};

/* Starts all checkers; other work can be done meanwhile. A checker that can't be started or
 * overruns is a finding too. check_finish() must follow; it waits for all. */
void check_begin(struct check_run *run, const struct plan *plan, const char *staging,
		 struct problems *p);
void check_finish(struct check_run *run, struct problems *p);

#endif
