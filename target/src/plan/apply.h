/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	apply - make the running system agree with settings and files
 *
 * Called in worker processes and by `setup`; never in PID 1 itself.
 *
 *	apply_boot	everything: read, check, provision, render, daemons' own checkers, live tables, flip
 *	apply_live	after a change of the administrator's files: only what changed, no daemon disturbed
 *
 *	apply_renew	the daemons' configuration once more, after the server itself has found something out
 *
 * All hold the lock PATH_APPLY_LOCK, so that a watcher and any number of `setup` commands queue
 * up.
 *
 * ERRORS
 *	All findings go to *p. Returns the exit status of sysexits.h: 0 done, 78 configuration wrong
 *	(boot), 65 a file is wrong (live, last good state kept), others for the system's troubles.
 */
#ifndef PLAN_APPLY_H
#define PLAN_APPLY_H

#include "plan/plan.h"

int apply_boot(const struct settings_source *src, struct problems *p);

struct apply_result {
	bool applied; /* what is usable of the files is in force */
	bool changed; /* something was committed */
	unsigned changed_inputs;
	struct text_vec fallen; /* files with errors: their last good copies are in force */
};
/* The source of a running server: the snapshot of its start, secrets included. False: none runs
 * here. */
bool apply_running_source(struct arena *a, struct settings_source *src_r);
int apply_live(const struct settings_source *src, struct problems *p,
	       struct apply_result *result_r);

/* Facts that are looked up when templates are rendered may have changed. Files with errors, and what
 * a script of the administrator did to the rendered ones, stand in the way. *p has only what stopped
 * it. */
int apply_renew(const struct settings_source *src, struct problems *p);

/* True when a server runs here: the snapshot exists and its supervisor answers; then `setup`
 * applies its changes at once. */
bool apply_is_running(void);

/* At image build: links, pristine copies, directories. */
bool apply_image_setup(struct err *err) MUST_CHECK;

#endif
