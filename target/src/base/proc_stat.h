/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	proc_stat - what the kernel tells everybody about a process
 *
 * ERRORS
 *	False when there is no such process (any more).
 *
 * SOURCES
 *	proc_pid_stat(5).
 */
#ifndef BASE_PROC_STAT_H
#define BASE_PROC_STAT_H

#include "base/str.h"

struct proc_stat {
	char name[16]; /* of its program, the first 15 bytes */
	char state;    /* R S D T Z … */
	int64_t cpu_ticks;
	int64_t started_ticks; /* after the machine's start */
};

bool proc_stat_read(pid_t pid, struct proc_stat *stat_r) MUST_CHECK;
/* The same for text that was read already. */
bool proc_stat_parse(struct str text, struct proc_stat *stat_r) MUST_CHECK;
/* How long the process has existed, or -1. */
int64_t proc_age_s(pid_t pid);

#endif
