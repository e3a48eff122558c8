/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	generation - rendered trees of a running server: PATH_BOOT/1, 2, … and the link to the one in
 *	force
 *
 * The first is made by the boot. A later one is made when the administrator's own settings of the
 * daemons change (INPUT_OVERRIDES): rendered beside the one in force, checked by the daemons' own
 * checkers, put in force by one link, and told to the daemons whose files differ. If a port that
 * answered before does not answer then, the link goes back.
 *
 * ERRORS
 *	What is wrong with the administrator's settings is a finding, and nothing has changed.
 */
#ifndef PLAN_GENERATION_H
#define PLAN_GENERATION_H

#include "plan/plan.h"

/* Renders the tree `gen`, an absolute path. */
bool generation_make(const struct plan *plan, const char *gen, struct problems *p, struct err *err)
	MUST_CHECK;
/* Makes the next one and puts it in force. False with findings, or with err (class not ERR_NONE)
 * for outside reasons. Call it with the lock of PATH_APPLY_LOCK held. */
bool generation_renew(const struct plan *plan, struct problems *p, struct err *err) MUST_CHECK;

#endif
