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

/* A checker that can't be started or overruns is a finding too. */
void check_generation(const struct plan *plan, const char *staging, struct problems *p);

#endif
