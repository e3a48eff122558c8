/* SPDX-License-Identifier: MIT */
/* err: one line, context in front, long texts cut at a whole character. */
#include "unit.h"

static void test_set(void **state UNUSED)
{
	struct err err = ERR_INIT;
	assert_false(err_set(&err, ERR_DATA, "line %d:\n bad\tvalue\x7f", 3));
	assert_int_equal(err.class, ERR_DATA);
	assert_int_equal(err.sys, 0);
	assert_string_equal(err.text, "line 3:  bad value ");
}

static void test_sys(void **state UNUSED)
{
	struct err err = ERR_INIT;
	errno = ENOENT;
	assert_false(err_sys(&err, ERR_IO, "open %s", "/x"));
	assert_int_equal(err.sys, ENOENT);
	assert_string_equal(err.text, "open /x: No such file or directory");
}

static void test_wrap(void **state UNUSED)
{
	struct err err = ERR_INIT;
	(void)err_set(&err, ERR_CONFIG, "unknown name 'x'");
	assert_false(err_wrap(&err, "%s:%d", "main.cf.tpl", 41));
	assert_false(err_wrap(&err, "render"));
	assert_int_equal(err.class, ERR_CONFIG);
	assert_string_equal(err.text, "render: main.cf.tpl:41: unknown name 'x'");
	/* An argument may be the text itself. */
	assert_false(err_set(&err, ERR_IO, "again: %s", err.text));
	assert_string_equal(err.text, "again: render: main.cf.tpl:41: unknown name 'x'");
}

static void test_too_long(void **state UNUSED)
{
	for (int shift = 0; shift < 4; shift++) {
		autobuf struct buf b = BUF_INIT;
		struct err err = ERR_INIT;
		for (int i = 0; i < shift; i++)
			buf_addc(&b, 'a');
		while (b.n < 600)
			buf_adds(&b, "\xe2\x82\xac");
		(void)err_set(&err, ERR_DATA, "%s", b.p);
		size_t n = strlen(err.text);
		assert_true(n < sizeof(err.text) && n > sizeof(err.text) - 8);
		assert_string_equal(err.text + n - 3, "...");
		assert_int_equal((unsigned char)err.text[n - 4], 0xac);
		(void)err_wrap(&err, "context");
		assert_true(has_prefix(err.text, "context: "));
		assert_true(has_suffix(err.text, "..."));
		errno = EIO;
		(void)err_sys(&err, ERR_IO, "%s", b.p);
		assert_int_equal(err.sys, EIO);
	}
}

static void test_bug(void **state UNUSED)
{
	int fds[2], wstatus = 0;
	char text[256] = "";
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)dup2(fds[1], STDERR_FILENO);
		BUG("broken %d", 1);
	}
	(void)close(fds[1]);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_true(WIFSIGNALED(wstatus) && WTERMSIG(wstatus) == SIGABRT);
	assert_non_null(strstr(text, "test_err.c:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),  cmocka_unit_test(test_sys),
		cmocka_unit_test(test_wrap), cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_bug),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
