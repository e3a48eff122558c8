/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	reload - tell running daemons to read their configuration again
 *
 * ERRORS
 *	Logged: the daemon goes on with what it has.
 */
#ifndef PLAN_RELOAD_H
#define PLAN_RELOAD_H

#include "plan/plan.h"

/* Runs the service's reload command; it must have one. */
void reload_service(const struct service *svc);

#endif
