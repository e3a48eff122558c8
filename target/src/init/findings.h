/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	findings - logs what is wrong with the administrator's files once, not at every change of
 *	another file
 *
 * What has been logged is kept in a small file, because each worker is a process of its own.
 */
#ifndef INIT_FINDINGS_H
#define INIT_FINDINGS_H

#include "settings/problems.h"

/* Logs the findings that the file at `memory` does not hold, and one line when its errors are
 * all gone. Then the file holds exactly the findings of p. quiet: logs nothing, for findings
 * that were told another way. */
void findings_tell(struct arena *a, const struct problems *p, const char *memory, bool quiet);

#endif
