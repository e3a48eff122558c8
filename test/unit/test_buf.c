/* SPDX-License-Identifier: MIT */
/* buf: always terminated, grows, keeps its static empty text unwritten. */
#include "unit.h"

static void test_misuse_aborts(void **state UNUSED)
{
	int wstatus = 0;
	pid_t pid = fork();
	if (pid == 0) {
		struct buf b = BUF_INIT;
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(null, STDERR_FILENO);
		buf_truncate(&b, 1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_true(WIFSIGNALED(wstatus));
	assert_int_equal(WTERMSIG(wstatus), SIGABRT);
}

static void test_empty(void **state UNUSED)
{
	autobuf struct buf b = BUF_INIT;
	assert_string_equal(b.p, "");
	buf_reset(&b);
	buf_add(&b, NULL, 0);
	buf_adds(&b, "");
	assert_int_equal(b.cap, 0);
	buf_printf(&b, "%s", "");
	assert_int_equal(b.n, 0);
	assert_string_equal(b.p, "");
	buf_wipe(&b);
	buf_init(&b);
}

static void test_growth(void **state UNUSED)
{
	autobuf struct buf b = BUF_INIT;
	for (int i = 0; i < 5000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(b.p[b.n], 0);
		assert_true(b.n < b.cap);
	}
	for (size_t i = 0; i < b.n; i++)
		assert_int_equal(b.p[i], 'a' + (int)(i % 26));
	buf_truncate(&b, 3);
	assert_string_equal(b.p, "abc");
	buf_reset(&b);
	assert_string_equal(b.p, "");
	buf_reserve(&b, 100000);
	size_t cap = b.cap;
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, 'x');
	assert_int_equal(b.cap, cap);
	buf_wipe(&b);
	assert_string_equal(b.p, "");
}

/* Every length around the first capacity: one pass or two, the text is the same. */
static void test_printf(void **state UNUSED)
{
	for (int n = 0; n < 200; n++) {
		autobuf struct buf b = BUF_INIT;
		buf_adds(&b, "head:");
		buf_printf(&b, "%0*d", n + 1, 7);
		assert_int_equal(b.n, (size_t)n + 6);
		assert_int_equal(strlen(b.p), b.n);
		assert_int_equal(b.p[b.n - 1], '7');
		assert_true(has_prefix(b.p, "head:"));
	}
}

static void test_bytes_and_dup(void **state UNUSED)
{
	struct arena a;
	arena_init(&a, "dup");
	autobuf struct buf b = BUF_INIT;
	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.n, 3);
	char *copy = buf_dup(&a, &b);
	assert_memory_equal(copy, "a\0b", 4);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_misuse_aborts), cmocka_unit_test(test_empty),
		cmocka_unit_test(test_growth),	      cmocka_unit_test(test_printf),
		cmocka_unit_test(test_bytes_and_dup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
