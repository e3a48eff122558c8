/* SPDX-License-Identifier: MIT */
/* memory_limit: trees as containers see them, with both versions of control groups. */
#include "unit.h"

#include "base/memory_limit.h"

static struct temp t;

static int open_temp(void **state UNUSED)
{
	temp_open(&t);
	return 0;
}

static int close_temp(void **state UNUSED)
{
	temp_close(&t);
	return 0;
}

/* A file below the root of the tree, with its directories. */
static void put(const char *root, const char *path, const char *text)
{
	const char *file = arena_printf(&t.arena, "%s/%s", root, path);
	struct err err = ERR_INIT;
	char *directory = arena_printf(&t.arena, "%s", file);

	*strrchr(directory, '/') = '\0';
	assert_done(dir_make(directory, NULL, &err), &err);
	temp_write(file, text);
}

struct tree_case {
	const char *about;
	struct {
		const char *path, *text;
	} files[6];
	int64_t bytes;
	bool is_machine;
};

#define MACHINE                                                                                    \
	{                                                                                          \
		"proc/meminfo", "MemTotal:       24684096 kB\nMemFree: 1 kB\n"                     \
	}
#define MACHINE_BYTES ((int64_t)24684096 * 1024)

/* clang-format off */
static const struct tree_case cases[] = {
	{ "nothing can be read", { { NULL, NULL } }, INT64_MAX, true },
	{ "nothing sensible can be read",
	  { { "proc/meminfo", "MemTotal: much\nMemTotal\n" }, { "proc/self/cgroup", "0\n0:\n::\n0::x\n4:memory:\n" } }, INT64_MAX, true },
	{ "no control group", { MACHINE }, MACHINE_BYTES, true },
	{ "version 2 with a namespace",
	  { MACHINE, { "proc/self/cgroup", "0::/\n" }, { "sys/fs/cgroup/memory.max", "1073741824\n" } }, 1073741824, false },
	{ "version 2 without a namespace: the top is the container's",
	  { MACHINE, { "proc/self/cgroup", "0::/docker/abc\n" }, { "sys/fs/cgroup/memory.max", "1073741824\n" } },
	  1073741824, false },
	{ "version 2, a limit further up is smaller",
	  { MACHINE, { "proc/self/cgroup", "0::/a/b/c\n" }, { "sys/fs/cgroup/a/b/c/memory.max", "3000000000\n" },
	    { "sys/fs/cgroup/a/b/memory.max", "max\n" }, { "sys/fs/cgroup/a/memory.max", "2000000000\n" } }, 2000000000, false },
	{ "version 2, no limit",
	  { MACHINE, { "proc/self/cgroup", "0::/\n" }, { "sys/fs/cgroup/memory.max", "max\n" } }, MACHINE_BYTES, true },
	{ "version 2, a limit above the machine's memory",
	  { MACHINE, { "proc/self/cgroup", "0::/\n" }, { "sys/fs/cgroup/memory.max", "99999999999999\n" } },
	  MACHINE_BYTES, true },
	{ "version 2, not a number",
	  { MACHINE, { "proc/self/cgroup", "0::/\n" }, { "sys/fs/cgroup/memory.max", "1G\n" } }, MACHINE_BYTES, true },
	{ "version 1",
	  { MACHINE, { "proc/self/cgroup", "9:name=systemd:/x\n4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n" },
	    { "sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n" } }, 536870912, false },
	{ "version 1, several controllers in one",
	  { MACHINE, { "proc/self/cgroup", "4:cpu,memory:/docker/abc\n" },
	    { "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "536870912\n" } }, 536870912, false },
	{ "version 1, no limit",
	  { MACHINE, { "proc/self/cgroup", "4:memory:/\n" },
	    { "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n" } }, MACHINE_BYTES, true },
	{ "both: the smaller counts",
	  { MACHINE, { "proc/self/cgroup", "4:memory:/a\n0::/a\n" },
	    { "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "700000000\n" },
	    { "sys/fs/cgroup/a/memory.max", "600000000\n" } }, 600000000, false },
};
/* clang-format on */

static void test_trees(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct tree_case *c = &cases[i];
		const char *root = arena_printf(&t.arena, "%s/%zu", t.dir, i);
		struct memory_limit limit;

		for (size_t f = 0; f < ARRAY_SIZE(c->files) && c->files[f].path; f++)
			put(root, c->files[f].path, c->files[f].text);
		limit = memory_limit(root);
		if (limit.bytes != c->bytes || limit.is_machine != c->is_machine)
			fail_msg("%s: %" PRId64 "%s", c->about, limit.bytes,
				 limit.is_machine ? ", the machine's" : "");
	}
}

static void test_here(void **state UNUSED)
{
	assert_true(memory_limit("").bytes > 1 << 20);
	assert_true(memory_limit("").bytes < INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_trees, open_temp, close_temp),
		cmocka_unit_test(test_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
