/* SPDX-License-Identifier: MIT */
/*
 * The path in /proc/self/cgroup is that of the host where the container has no namespace of its own, while
 * /sys/fs/cgroup shows only the container's part: so every ancestor is tried, up to the top of what is mounted, and
 * those that are not there are passed over.
 */
#include "base/memory_limit.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

#define FILE_MAX ((size_t)64 << 10)
/* Version 1 says "no limit" with the largest multiple of the page size. */
#define NO_LIMIT ((int64_t)1 << 60)

static char *read_small(struct arena *a, const char *path)
{
	struct err err = ERR_INIT;
	char *text;

	return file_read(a, path, FILE_MAX, &text, NULL, &err) ? text : NULL;
}

/* The number in the file; INT64_MAX for "max" and for a file that is not there. */
static int64_t read_limit(struct arena *a, const char *path)
{
	const char *text = read_small(a, path);
	struct str rest = str_from(text ? text : ""), line;
	int64_t n;

	if (!str_next_line(&rest, &line) || !parse_int64(str_dup(a, line), 0, INT64_MAX, &n) ||
	    n >= NO_LIMIT)
		return INT64_MAX;
	return n;
}

/* The smallest limit of the group and those above it. */
static int64_t walk(struct arena *a, const char *mount, struct str group, const char *file)
{
	int64_t least = INT64_MAX;

	for (;;) {
		int64_t n = read_limit(
			a, arena_printf(a, "%s%.*s/%s", mount, (int)group.n, group.p, file));
		if (n < least)
			least = n;
		if (group.n == 0)
			return least;
		while (group.n > 0 && group.p[group.n - 1] != '/')
			group.n--;
		group.n -= group.n > 0;
	}
}

static bool names_memory(struct str controllers)
{
	struct str word;

	while (str_next_word(&controllers, ",", &word))
		if (str_is(word, "memory"))
			return true;
	return false;
}

/* Lines "0::/group" (version 2) and "4:memory,…:/group" (version 1). */
static int64_t group_limit(struct arena *a, const char *root)
{
	const char *text = read_small(a, arena_printf(a, "%s/proc/self/cgroup", root));
	int64_t least = INT64_MAX;
	struct str rest = str_from(text ? text : ""), line, number, controllers, group;

	while (str_next_line(&rest, &line)) {
		int64_t n = INT64_MAX;
		if (!str_split(line, ':', &number, &line) ||
		    !str_split(line, ':', &controllers, &group) || group.n == 0 ||
		    group.p[0] != '/')
			continue;
		if (group.n == 1)
			group.n = 0;
		if (controllers.n == 0)
			n = walk(a, arena_printf(a, "%s/sys/fs/cgroup", root), group, "memory.max");
		else if (names_memory(controllers))
			n = walk(a, arena_printf(a, "%s/sys/fs/cgroup/memory", root), group,
				 "memory.limit_in_bytes");
		if (n < least)
			least = n;
	}
	return least;
}

/* "MemTotal:       24682864 kB" */
static int64_t machine_memory(struct arena *a, const char *root)
{
	const char *text = read_small(a, arena_printf(a, "%s/proc/meminfo", root));
	struct str rest = str_from(text ? text : ""), line, name, value, number;
	int64_t n;

	while (str_next_line(&rest, &line)) {
		if (!str_split(line, ':', &name, &value) || !str_is(name, "MemTotal"))
			continue;
		if (str_next_word(&value, " ", &number) &&
		    parse_int64(str_dup(a, number), 0, INT64_MAX / 1024, &n))
			return n * 1024;
	}
	return INT64_MAX;
}

struct memory_limit memory_limit(const char *root)
{
	struct memory_limit limit;
	struct arena a;

	arena_init(&a, "memory limit");
	limit.bytes = machine_memory(&a, root);
	limit.is_machine = true;
	int64_t group = group_limit(&a, root);
	if (group < limit.bytes)
		limit = (struct memory_limit){ group, false };
	arena_fini(&a);
	return limit;
}
