/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	live - look-up tables and certificates at fixed paths, replaced while daemons run
 *
 * Every service prepares its tables beside the old ones; only when all succeeded they are committed
 * one after another in plan order. The fingerprints of what is live are kept in
 * <dir>/.fingerprints.
 *
 * ERRORS
 *	A failed prepare leaves everything as it was. A failed commit (disk, not data) can leave
 *	services that were committed before it ahead of the others; the next apply repairs that,
 *	because fingerprints are stored last.
 */
#ifndef PLAN_LIVE_H
#define PLAN_LIVE_H

#include "plan/plan.h"

/* Which inputs differ from what is live in dir (INPUT_ALL when nothing is). */
unsigned live_changed(const struct plan *plan, const char *dir);
/* Writes what `changed` calls for; with tell, daemons that ask for it are told (service.h:
 * reload_inputs), each right after its own tables. */
bool live_apply(const struct plan *plan, const char *dir, unsigned changed, bool tell,
		struct err *err) MUST_CHECK;

/* The same in two steps: services may let children work on large tables between them. What is begun is
 * finished or aborted. */
struct live_run;
struct live_run *live_begin(const struct plan *plan, const char *dir, unsigned changed);
bool live_finish(struct live_run *run, bool tell, struct err *err) MUST_CHECK;
void live_abort(struct live_run *run);

/* Makes the next live_changed() name these inputs: what is live is no longer what was applied. */
bool live_forget(struct arena *a, const char *dir, unsigned inputs, struct err *err) MUST_CHECK;

#endif
