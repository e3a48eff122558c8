/* SPDX-License-Identifier: MIT */
/* arena and vec: zeroed, aligned, never moved; a failure to allocate ends the process with 71. */
#include "unit.h"

#include "base/vec.h"

/* Runs fn in a child and gives its exit status; its complaint is dropped. */
static int status_of(void (*fn)(void))
{
	int wstatus = 0;
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(null, STDERR_FILENO);
		fn();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_true(WIFEXITED(wstatus));
	return WEXITSTATUS(wstatus);
}

static void array_overflow(void)
{
	struct arena a;
	arena_init(&a, "overflow");
	(void)arena_array(&a, SIZE_MAX / 2, 3);
}

static void alloc_too_large(void)
{
	struct arena a;
	arena_init(&a, "large");
	(void)arena_alloc(&a, SIZE_MAX - 1);
}

static void strndup_too_large(void)
{
	struct arena a;
	arena_init(&a, "large");
	(void)arena_strndup(&a, "", SIZE_MAX);
}

static void test_no_memory_ends_process(void **state UNUSED)
{
	static void (*const cases[])(void) = { array_overflow, alloc_too_large, strndup_too_large };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(status_of(cases[i]), 71);
}

static void test_sizes(void **state UNUSED)
{
	static const size_t sizes[] = { 0, 1, 7, 16, 17, 1000, 4096, 5000, 300000, 3, 5000000 };
	struct arena a;
	arena_init(&a, "sizes");
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			unsigned char *p = arena_alloc(&a, sizes[i]);
			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(p[k], 0);
			memset(p, 0xa5, sizes[i]);
		}
	}
	assert_ptr_not_equal(arena_alloc(&a, 0), arena_alloc(&a, 0));
	assert_true(a.used >= 3 * 310000);
	arena_fini(&a);
	assert_int_equal(a.used, 0);
	arena_fini(&a);
}

static void test_text(void **state UNUSED)
{
	struct arena a;
	arena_init(&a, "text");
	assert_string_equal(arena_strdup(&a, "abc"), "abc");
	assert_string_equal(arena_strdup(&a, ""), "");
	assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
	assert_string_equal(arena_strndup(&a, NULL, 0), "");
	assert_string_equal(arena_printf(&a, "%s=%d", "x", 42), "x=42");
	arena_wipe(&a);
	assert_string_equal(arena_strdup(&a, "again"), "again");
	arena_fini(&a);
}

static void test_vec(void **state UNUSED)
{
	struct arena a;
	arena_init(&a, "vec");
	VEC(size_t) v = VEC_INIT;
	for (size_t i = 0; i < 1000; i++) {
		size_t *p = VEC_PUSH(&a, &v);
		assert_int_equal(*p, 0);
		*p = i;
	}
	assert_int_equal(v.n, 1000);
	assert_true(v.cap >= v.n);
	for (size_t i = 0; i < v.n; i++)
		assert_int_equal(v.v[i], i);
	arena_fini(&a);
}

static void test_x(void **state UNUSED)
{
	char *p = xmalloc(0);
	p = xrealloc(p, 4);
	memcpy(p, "abc", 4);
	p = xrealloc(p, 4096);
	assert_string_equal(p, "abc");
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory_ends_process),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_vec),
		cmocka_unit_test(test_x),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
