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
/* Those of all services that ask for it when one of these inputs (bits) has changed. */
void reload_for_inputs(const struct plan *plan, unsigned changed);

#endif
