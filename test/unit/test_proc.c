/* SPDX-License-Identifier: MIT */
/* proc: what can't start, what takes too long, and what a program gets and gives. */
#include "unit.h"

#include "base/proc.h"

static bool run(const char *script, const char *input, int timeout_ms, struct proc_result *r,
		struct err *err)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	const struct proc_spec spec = { .argv = argv, .input = input, .timeout_ms = timeout_ms };
	return proc_run(&spec, r, err);
}

static void test_not_started(void **state UNUSED)
{
	static const struct {
		const char *path;
		int sys;
	} cases[] = { { "/nonexistent/program", ENOENT },
		      { "/dev/null", EACCES },
		      { "/", EACCES } };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const argv[] = { cases[i].path, NULL };
		const struct proc_spec spec = { .argv = argv, .timeout_ms = 10000 };
		struct proc_result result = { .status = 99, .output = BUF_INIT };
		struct err err = ERR_INIT;
		assert_false(proc_run(&spec, &result, &err));
		assert_err(&err, ERR_OS, cases[i].path);
		assert_int_equal(err.sys, cases[i].sys);
		assert_int_equal(result.status, 99);
	}
}

static void test_deadline(void **state UNUSED)
{
	static const char *const scripts[] = {
		"exec sleep 1000",
		"sleep 1000 & wait",
		"trap '' TERM; while :; do :; done",
		"exec >/dev/null 2>&1 sleep 1000",
		"while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
	};
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		struct proc_result result = { .status = 99, .output = BUF_INIT };
		struct err err = ERR_INIT;
		int64_t start = now_ms();
		assert_false(run(scripts[i], NULL, 50, &result, &err));
		assert_err(&err, ERR_TEMP, "not finished after 50 ms");
		assert_true(now_ms() - start < 10000);
		assert_int_equal(result.status, 99);
	}
}

static void test_status_and_output(void **state UNUSED)
{
	static const struct {
		const char *script, *input;
		int status;
		const char *output;
	} cases[] = {
		{ "exit 0", NULL, 0, "" },
		{ "exit 7", NULL, 7, "" },
		{ "echo out; echo err >&2; echo more", NULL, 0, "out\nerr\nmore\n" },
		{ "kill -TERM $$", NULL, 128 + SIGTERM, "" },
		{ "kill -KILL $$", NULL, 128 + SIGKILL, "" },
		{ "cat", NULL, 0, "" },
		{ "cat", "", 0, "" },
		{ "cat; echo end", "some\ntext", 0, "some\ntextend\n" },
		{ "echo $PATH $LC_ALL", NULL, 0,
		  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin C.UTF-8\n" },
		{ "test -e /proc/self/fd/9 && echo leaked; :", NULL, 0, "" },
		{ "test $(ps -o pgid= -p $$ 2>/dev/null || echo $$) -eq $$ && echo own", NULL, 0,
		  "own\n" },
	};
	assert_true(dup2(STDIN_FILENO, 9) == 9);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct proc_result result;
		struct err err = ERR_INIT;
		assert_done(run(cases[i].script, cases[i].input, 10000, &result, &err), &err);
		assert_int_equal(result.status, cases[i].status);
		assert_string_equal(result.output.p, cases[i].output);
		buf_fini(&result.output);
	}
	(void)close(9);
}

/* Ignored and blocked signals of ours do not reach the program. */
static void test_default_signals(void **state UNUSED)
{
	struct proc_result result;
	struct err err = ERR_INIT;
	sigset_t set, old;
	(void)signal(SIGTERM, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	assert_done(run("kill -TERM $$; echo alive", NULL, 10000, &result, &err), &err);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)signal(SIGTERM, SIG_DFL);
	assert_int_equal(result.status, 128 + SIGTERM);
	buf_fini(&result.output);
}

static void test_much_output(void **state UNUSED)
{
	struct proc_result result;
	struct err err = ERR_INIT;
	assert_done(
		run("i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; exit 3",
		    NULL, 60000, &result, &err),
		&err);
	assert_int_equal(result.status, 3);
	assert_int_equal(result.output.n, 64 << 10);
	buf_fini(&result.output);
}

/* A daemon left behind with our pipe open does not hold us up. It ends when its own stdin does. */
static void test_daemon_left_behind(void **state UNUSED)
{
	struct proc_result result;
	struct err err = ERR_INIT;
	int64_t start = now_ms();
	assert_done(run("sleep 20 & echo $!", NULL, 15000, &result, &err), &err);
	assert_true(now_ms() - start < 10000);
	assert_int_equal(result.status, 0);
	int64_t pid = 0;
	result.output.p[strcspn(result.output.p, "\n")] = '\0';
	assert_true(parse_int64(result.output.p, 2, INT_MAX, &pid));
	(void)kill((pid_t)pid, SIGKILL);
	buf_fini(&result.output);
}

static void test_own_environment(void **state UNUSED)
{
	const char *const argv[] = { "/bin/sh", "-c", "echo $ONLY-$LC_ALL", NULL };
	const char *const env[] = { "ONLY=this", NULL };
	const struct proc_spec spec = { .argv = argv, .env = env, .timeout_ms = 10000 };
	struct proc_result result;
	struct err err = ERR_INIT;
	assert_done(proc_run(&spec, &result, &err), &err);
	assert_string_equal(result.output.p, "this-\n");
	buf_fini(&result.output);
}

/* Reads what it is given, to its end, and says so in its own time. */
static void test_spawned(void **state UNUSED)
{
	const char *const argv[] = { "/bin/sh", "-c", "cat; echo end >&2", NULL };
	const char *const none[] = { "/nonexistent/program", NULL };
	struct err err = ERR_INIT;
	int in[2], out[2];
	char text[16] = "";
	size_t n = 0;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_false(proc_spawn(none, in[0], out[1], &err));
	assert_err(&err, ERR_OS, "run /nonexistent/program");
	assert_done(proc_spawn(argv, in[0], out[1], &err), &err);
	(void)close(in[0]);
	(void)close(out[1]);
	assert_int_equal(write(in[1], "word ", 5), 5);
	(void)close(in[1]);
	for (ssize_t got; (got = read(out[0], text + n, sizeof(text) - 1 - n)) > 0;)
		n += (size_t)got;
	assert_string_equal(text, "word end\n");
	assert_true(wait(NULL) > 0);
	(void)close(out[0]);
}

static void test_child_taken_by_others(void **state UNUSED)
{
	struct proc_result result;
	struct err err = ERR_INIT;
	(void)signal(SIGCHLD, SIG_IGN);
	assert_false(run("exit 0", NULL, 10000, &result, &err));
	(void)signal(SIGCHLD, SIG_DFL);
	assert_err(&err, ERR_INTERNAL, "run /bin/sh: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_started),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_status_and_output),
		cmocka_unit_test(test_default_signals),
		cmocka_unit_test(test_much_output),
		cmocka_unit_test(test_daemon_left_behind),
		cmocka_unit_test(test_own_environment),
		cmocka_unit_test(test_spawned),
		cmocka_unit_test(test_child_taken_by_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
