/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	patches - user-patches.sh: the administrator's last word on the rendered files, at each start
 *
 * Run with bash as root when everything is rendered and before any daemon's checker or any daemon
 * is started; the paths under /etc lead to the generation that is about to come into force. It sees
 * the container's environment.
 *
 * FINDINGS
 *	note	which files it changed
 *	warning	it ended with a status other than 0; it wanted to write to a read-only file system
 *	error	it was not done within PATCHES_MS
 *
 * What it says goes to the log. Files that it changed are dated back: a daemon that finds its
 * configuration seconds old waits.
 */
#ifndef PLAN_PATCHES_H
#define PLAN_PATCHES_H

#include "base/arena.h"
#include "settings/problems.h"

#define PATCHES_MS 60000

bool patches_exist(const char *config_dir);
/* gen is the generation, which PATH_BOOT_CURRENT leads to. */
void patches_run(struct arena *a, const char *config_dir, const char *gen,
		 const char *const *environ, struct problems *p);

#endif
