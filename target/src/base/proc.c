/* SPDX-License-Identifier: MIT */
/*
 * posix_spawn(3) reports a failed exec with its errno in the parent. The child's end is an event on
 * a pidfd, so a program that leaves a daemon behind with our pipe open does not hold us up; what is
 * in the pipe at that moment is still read. stdin comes from a memfd: no second pipe to serve, no
 * file that could leak.
 *
 * Output beyond OUTPUT_MAX is read and dropped, so that the program never blocks on us.
 *
 * SOURCES
 *	posix_spawn(3), posix_spawn_file_actions_addclosefrom_np(3) (glibc 2.34), pidfd_open(2)
 *	(Linux 5.3), memfd_create(2); tini for 128 + signal.
 */
#include "base/proc.h"

#include "base/file.h"

#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/pidfd.h>

#define OUTPUT_MAX ((size_t)64 << 10)

static const char *const default_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"LC_ALL=C.UTF-8",
	NULL,
};

int64_t now_ms(void)
{
	struct timespec t = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int proc_exit_status(int wstatus)
{
	if (WIFSIGNALED(wstatus))
		return 128 + WTERMSIG(wstatus);
	return WEXITSTATUS(wstatus);
}

/* posix_spawn(3) takes char *const [] for old programs' sake and changes nothing. */
static char *const *unconst(const char *const *list)
{
	union {
		const char *const *in;
		char *const *out;
	} u = { .in = list };
	return u.out;
}

/* A descriptor that reads as `input`. */
static bool open_input(const char *input, int *fd_r, struct err *err)
{
	if (!input) {
		*fd_r = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return *fd_r >= 0 || err_sys(err, ERR_OS, "open /dev/null");
	}
	autoclose int fd = memfd_create("stdin", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, ERR_OS, "memfd_create");
	if (!write_all(fd, input, strlen(input)) || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, ERR_OS, "write input");
	*fd_r = steal_fd(&fd);
	return true;
}

/* Own process group, default signals, none blocked, 0 1 2 as given, nothing above. Returns an
 * errno. */
static int spawn(const struct proc_spec *spec, int in, int out, pid_t *pid_r)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	int e = posix_spawn_file_actions_init(&actions);
	if (e != 0)
		return e;
	e = posix_spawnattr_init(&attr);
	if (e != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return e;
	}
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	e = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (e == 0 && spec->drop_stdout)
		e = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY,
						     0);
	else if (e == 0)
		e = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (e == 0)
		e = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	if (e == 0)
		e = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (e == 0)
		e = posix_spawn(pid_r, spec->argv[0], &actions, &attr, unconst(spec->argv),
				unconst(spec->env ? spec->env : default_env));
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return e;
}

/* Reads what the pipe holds now; false at its end. Bounded, so that an endless writer meets its
 * deadline; the bound is above what a full pipe holds (64 KiB, pipe(7)). */
static bool drain(int fd, struct buf *out)
{
	char chunk[4096];
	for (int i = 0; i < 64; i++) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		size_t room = OUTPUT_MAX - out->n;
		buf_add(out, chunk, (size_t)n < room ? (size_t)n : room);
	}
	return true;
}

/* Collects output until the child has ended; false = the deadline came first. */
static bool follow(int pidfd, int pipe_fd, int64_t deadline, struct buf *out)
{
	struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN },
			       { .fd = pipe_fd, .events = POLLIN } };
	for (;;) {
		int64_t left = deadline - now_ms();
		if (left <= 0)
			return false;
		int n = poll(p, 2, left > INT_MAX ? INT_MAX : (int)left);
		if (n <= 0)
			continue; /* interrupted or timed out: the clock decides */
		bool ended = p[0].revents != 0;
		if (p[1].fd >= 0 && !drain(pipe_fd, out))
			p[1].fd = -1; /* poll(2) skips it from now on */
		if (ended)
			return true;
	}
}

/* The child's status; ERR_INTERNAL when somebody else reaped it. */
static bool reap(pid_t pid, int *status_r, struct err *err)
{
	int wstatus = 0;
	while (waitpid(pid, &wstatus, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, ERR_INTERNAL, "waitpid");
	*status_r = proc_exit_status(wstatus);
	return true;
}

/* Kills the group and forgets the child. */
static void kill_group(pid_t pid)
{
	struct err ignored = ERR_INIT;
	int status = 0;
	(void)kill(-pid, SIGKILL);
	if (!reap(pid, &status, &ignored))
		return; /* gone already, which is all that is wanted */
}

bool proc_run(const struct proc_spec *spec, struct proc_result *result_r, struct err *err)
{
	autoclose int in = -1;
	autoclose int reader = -1;
	autoclose int writer = -1;
	autobuf struct buf output = BUF_INIT;
	const char *program = spec->argv[0];
	int fds[2], status = 0;
	pid_t pid = 0;
	int64_t deadline = now_ms() + spec->timeout_ms;

	if (!open_input(spec->input, &in, err))
		return err_wrap(err, "run %s", program);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, ERR_OS, "run %s: pipe", program);
	reader = fds[0];
	writer = fds[1];
	/* Only our end: the flag belongs to the open file, and a program's stdout must block. */
	if (fcntl(reader, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(err, ERR_OS, "run %s: fcntl", program);
	int e = spawn(spec, in, writer, &pid);
	if (e != 0) {
		errno = e;
		return err_sys(err, ERR_OS, "run %s", program);
	}
	(void)close(steal_fd(&writer));
	autoclose int pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		int saved = errno;
		kill_group(pid);
		errno = saved;
		/* ESRCH: somebody else has reaped it already, as in reap(). */
		return err_sys(err, saved == ESRCH ? ERR_INTERNAL : ERR_OS, "run %s: pidfd_open",
			       program);
	}
	if (!follow(pidfd, reader, deadline, &output)) {
		kill_group(pid);
		return err_set(err, ERR_TEMP, "run %s: not finished after %d ms, killed", program,
			       spec->timeout_ms);
	}
	if (!reap(pid, &status, err))
		return err_wrap(err, "run %s", program);
	result_r->status = status;
	result_r->output = output;
	buf_init(&output);
	return true;
}

bool proc_spawn(const char *const *argv, int in, int out, struct err *err)
{
	const struct proc_spec spec = { .argv = argv };
	pid_t pid;

	errno = spawn(&spec, in, out, &pid);
	return errno == 0 || err_sys(err, ERR_OS, "run %s", argv[0]);
}

bool proc_run_mailserver(const char *command, int timeout_ms, struct err *err)
{
	const char *const argv[] = { "/usr/local/bin/mailserver", command, NULL };
	const struct proc_spec spec = { .argv = argv, .timeout_ms = timeout_ms };
	struct proc_result res = { 0 };

	if (!proc_run(&spec, &res, err))
		return false;
	bool ok = res.status == 0 || err_set(err, ERR_CONFIG, "%s", res.output.p);
	buf_fini(&res.output);
	return ok;
}
