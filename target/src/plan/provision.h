/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	provision - directories the daemons need, with the owners and modes they insist on
 *
 * No recursive chown at start: contents are walked only when the directory itself had another owner
 * (a volume from another image), which is logged.
 */
#ifndef PLAN_PROVISION_H
#define PLAN_PROVISION_H

#include "plan/plan.h"

/* Removes leftovers of an earlier life first. root: "" in the container; a prefix in tests. */
bool provision_dirs(const struct plan *plan, const char *root, struct err *err) MUST_CHECK;

#endif
