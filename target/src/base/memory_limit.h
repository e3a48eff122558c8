/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	memory_limit - how much memory the processes of this container may use at most
 *
 * The smallest of: the limits of the own control group and of those above it (version 1 and 2, as far as
 * they can be seen from here), and the memory of the machine.
 *
 * ERRORS
 *	None: what cannot be read is no limit.
 *
 * LIMITS
 *	Swap is not counted. A limit above the visible part of the tree is not seen.
 *
 * SOURCES
 *	cgroups(7); Linux Documentation/admin-guide/cgroup-v2.rst "memory.max", cgroup-v1/memory.rst
 *	"memory.limit_in_bytes"; proc_meminfo(5).
 */
#ifndef BASE_MEMORY_LIMIT_H
#define BASE_MEMORY_LIMIT_H

struct memory_limit {
	int64_t bytes;	 /* INT64_MAX = none is known */
	bool is_machine; /* it is the machine's memory, not a limit that somebody has set */
};

/* root is put before /proc and /sys: "" outside tests. */
struct memory_limit memory_limit(const char *root);

#endif
