/* SPDX-License-Identifier: MIT */
#include <setjmp.h>

#include <cmocka.h>

#include <grp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/proc.h"
#include "cli/cli.h"

#define ARGS_MAX 12

struct place {
	char dir[64], path[80];
};

static int set_up(void **state)
{
	static struct place p;

	(void)snprintf(p.dir, sizeof(p.dir), "%s", "/tmp/test_exec.XXXXXX");
	assert_non_null(mkdtemp(p.dir));
	(void)snprintf(p.path, sizeof(p.path), "%s/s", p.dir);
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	const struct place *p = *state;
	struct err err = ERR_INIT;

	assert_true(tree_remove(p->dir, &err));
	return 0;
}

/* Begins `exec ARGS…` in a child that says nothing. */
static pid_t begin(const char *const *args)
{
	char copy[ARGS_MAX][128], *argv[ARGS_MAX + 1];
	int argc = 0;
	pid_t pid;

	for (; args[argc] && argc < ARGS_MAX; argc++) {
		(void)snprintf(copy[argc], sizeof(copy[argc]), "%s", args[argc]);
		argv[argc] = copy[argc];
	}
	argv[argc] = NULL;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		_exit(cli_exec(argc, argv));
	}
	return pid;
}

static int end(pid_t pid)
{
	int wstatus = 0;

	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	return proc_exit_status(wstatus);
}

static int run(const char *const *args)
{
	return end(begin(args));
}

static void test_arguments(void **state UNUSED)
{
	static const char *const wrong[][8] = {
		{ "exec" },
		{ "exec", "--after", "/" },
		{ "exec", "--after", "/", "--" },
		{ "exec", "--", "/bin/true" },
		{ "exec", "--after", "relative", "--", "/bin/true" },
		{ "exec", "--after", "/", "--timeout", "-1", "--", "/bin/true" },
		{ "exec", "--after", "/", "--timeout", "x", "--", "/bin/true" },
		{ "exec", "--before", "/", "--", "/bin/true" },
		{ "exec", "--as", "5", "--", "/bin/true" },
		{ "exec", "--as", "0:5", "--", "/bin/true" },
		{ "exec", "--as", "5:x", "--", "/bin/true" },
		{ "exec", "--as", "00000000000000000005:5", "--", "/bin/true" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(run(wrong[i]), ERR_USAGE);
	assert_int_equal(run((const char *const[]){ "exec", "--help", NULL }), 0);
}

static void test_there_already(void **state)
{
	const struct place *p = *state;

	assert_int_equal(run((const char *const[]){ "exec", "--after", p->dir, "--", "/bin/sh",
						    "-c", "exit 7", NULL }),
			 7);
	assert_int_equal(run((const char *const[]){ "exec", "--after", p->dir, "--",
						    "/nonexistent/x", NULL }),
			 ERR_UNAVAILABLE);
}

/* Root becomes the user; nobody else becomes another one. */
static void test_as(void **state UNUSED)
{
	static const char *const other[] = { "exec",
					     "--as",
					     "5555:5556",
					     "--",
					     "/bin/sh",
					     "-c",
					     "test $(id -u) = 5555 && test \"$(id -G)\" = 5556",
					     NULL };
	char own[64];
	const char *const same[] = { "exec", "--as", own, "--", "/bin/true", NULL };
	pid_t pid;
	int wstatus;

	(void)snprintf(own, sizeof(own), "%u:%u", (unsigned)getuid(), (unsigned)getgid());
	if (getuid() == 0) {
		assert_int_equal(run(other), 0);
		(void)snprintf(own, sizeof(own), "%s", "5555:5556");
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (getuid() == 0 &&
		    (setgroups(0, NULL) < 0 || setgid(5556) < 0 || setuid(5555) < 0))
			_exit(100);
		int as_other = run((const char *const[]){ "exec", "--as", "5557:5557", "--",
							  "/bin/true", NULL });
		_exit(as_other == ERR_OS ? run(same) : 101);
	}
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(proc_exit_status(wstatus), 0);
}

/* Lines of a file are arguments as they are. */
static void test_arguments_file(void **state)
{
	static const char text[] = "# comment\n\n$HOME 100% \"; x\n--last\n";
	const struct place *p = *state;
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct err err = ERR_INIT;

	assert_int_equal(run((const char *const[]){ "exec", "--arguments", p->path, "--",
						    "/bin/true", NULL }),
			 ERR_IO);
	assert_true(file_replace(p->path, text, strlen(text), &attr, FILE_EPHEMERAL, NULL, &err));
	assert_int_equal(
		run((const char *const[]){
			"exec", "--after", p->dir, "--arguments", p->path, "--", "/bin/sh", "-c",
			"test $# = 3 && test \"$1\" = '$HOME 100% \"; x' && test \"$2\" = --last",
			"sh", "first", NULL }),
		1);
	assert_int_equal(
		run((const char *const[]){
			"exec", "--arguments", p->path, "--", "/bin/sh", "-c",
			"test $# = 2 && test \"$1\" = '$HOME 100% \"; x' && test \"$2\" = --last",
			"sh", NULL }),
		0);
}

static void test_never_comes(void **state)
{
	const struct place *p = *state;

	assert_int_equal(run((const char *const[]){ "exec", "--after", p->path, "--timeout", "30",
						    "--", "/bin/true", NULL }),
			 ERR_TEMP);
	assert_int_equal(run((const char *const[]){ "exec", "--after", "/nonexistent/d/s", "--",
						    "/bin/true", NULL }),
			 ERR_TEMP);
}

/* A socket counts once somebody listens. */
static void test_socket(void **state)
{
	const struct place *p = *state;
	const char *const args[] = { "exec", "--after", p->path,     "--timeout",
				     "5000", "--",	"/bin/true", NULL };
	const char *const hasty[] = { "exec", "--after", p->path,     "--timeout",
				      "40",   "--",	 "/bin/true", NULL };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid = begin(args);

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", p->path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(run(hasty), ERR_TEMP);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(end(pid), 0);
}

/* One match of the pattern is enough, and what is there for no time at all is waited for without end. */
static void test_pattern(void **state)
{
	const struct place *p = *state;
	char pattern[128], file[128];
	const char *const hasty[] = { "exec", "--after", pattern,     "--timeout",
				      "40",   "--",	 "/bin/true", NULL };
	const char *const args[] = { "exec", "--after", pattern,     "--timeout",
				     "0",    "--",	"/bin/true", NULL };
	pid_t pid;
	int wstatus;

	(void)snprintf(pattern, sizeof(pattern), "%s/*.{one,two}", p->dir);
	(void)snprintf(file, sizeof(file), "%s/x.three", p->dir);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(run(hasty), ERR_TEMP);
	pid = begin(args);
	assert_int_equal(run(hasty), ERR_TEMP); /* some time passes */
	assert_int_equal(waitpid(pid, &wstatus, WNOHANG), 0);
	(void)snprintf(file, sizeof(file), "%s/x.two", p->dir);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(end(pid), 0);
	assert_int_equal(run(hasty), 0);
}

/* After three starts the next one waits for a change, which must not take the five seconds of the pause. */
static void test_starts(void **state)
{
	const struct place *p = *state;
	char pattern[128], file[128];
	const char *const args[] = { "exec", "--after", pattern, "--starts", p->path,
				     "--",   "/bin/sh", "-c",	 "exit 7",   NULL };
	int64_t began_ms;
	pid_t pid;

	(void)snprintf(pattern, sizeof(pattern), "%s/*.one", p->dir);
	(void)snprintf(file, sizeof(file), "%s/x.one", p->dir);
	assert_int_equal(mkdir(file, 0700), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(run(args), 7);
	began_ms = now_ms();
	pid = begin(args);
	assert_int_equal(run((const char *const[]){ "exec", "--after", "/nonexistent", "--timeout",
						    "60", "--", "/bin/true", NULL }),
			 ERR_TEMP);
	(void)snprintf(file, sizeof(file), "%s/y.one", p->dir);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(end(pid), 7);
	assert_in_range(now_ms() - began_ms, 60, 4500);
	assert_int_equal(run(args), 7); /* counted anew */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_as),
		cmocka_unit_test_setup_teardown(test_there_already, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arguments_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_never_comes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_socket, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pattern, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_starts, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
