/* SPDX-License-Identifier: MIT */
/*
 * All signals stay blocked in this process and none has a handler, so nothing here is interrupted
 * half-way.
 */
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "init/sys.h"
#include "plan/paths.h"

static int64_t real_now_ms(UNUSED void *ctx)
{
	return now_ms();
}

static unsigned real_wait(void *ctx, int timeout_ms)
{
	const struct sys_real *r = ctx;
	struct pollfd fds[] = { { .fd = r->signal_fd, .events = POLLIN },
				{ .fd = r->watch.fd, .events = POLLIN } };
	unsigned events = 0;

	if (poll(fds, ARRAY_SIZE(fds), timeout_ms) <= 0)
		return 0;
	if (fds[0].revents)
		events |= SYS_SIGNAL;
	if (fds[1].revents)
		events |= SYS_CHANGE;
	return events;
}

static int real_next_signal(void *ctx)
{
	const struct sys_real *r = ctx;
	struct signalfd_siginfo info;

	if (read(r->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

static pid_t real_reap(UNUSED void *ctx, int *wstatus_r)
{
	return waitpid(-1, wstatus_r, WNOHANG);
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

/* Own session, default signals, none blocked, /dev/null to read, the go descriptor, nothing
 * else. Returns an errno. */
static int spawn_launcher(const struct sys_real *r, int go, pid_t *pid_r)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int e;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	e = posix_spawn_file_actions_init(&actions);
	if (e != 0)
		return e;
	e = posix_spawnattr_init(&attr);
	if (e != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return e;
	}
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	e = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (e == 0)
		e = posix_spawn_file_actions_adddup2(&actions, go, SYS_GO_FD);
	if (e == 0)
		e = posix_spawn_file_actions_addclosefrom_np(&actions, SYS_GO_FD + 1);
	if (e == 0)
		e = posix_spawn(pid_r, r->argv[0], &actions, &attr, unconst(r->argv),
				unconst(r->env));
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return e;
}

static pid_t real_launch(void *ctx)
{
	struct sys_real *r = ctx;
	autoclose int reader = -1;
	int fds[2], e;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0) {
		log_error("pipe: %s", strerror(errno));
		return -1;
	}
	reader = fds[0];
	r->go_fd = fds[1];
	e = spawn_launcher(r, reader, &pid);
	if (e == 0)
		return pid;
	log_error("can't start %s: %s", r->argv[0], strerror(e));
	return -1;
}

static bool real_go(void *ctx)
{
	struct sys_real *r = ctx;
	bool ok = write_all(r->go_fd, "g", 1);

	(void)close(steal_fd(&r->go_fd));
	/* One of the programs started now reads there; until it does, lines go to standard
	 * error. */
	log_to_syslog(SYS_LOG_SOCKET);
	return ok;
}

/* What a worker does first: signals as any program has them, nothing of PID 1 but standard
 * output and error. */
static void enter_worker(struct sys_real *r)
{
	autoclose int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setsid();
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)close(r->signal_fd);
	watch_close(&r->watch);
	if (r->go_fd >= 0)
		(void)close(steal_fd(&r->go_fd));
	if (null >= 0)
		(void)dup2(null, STDIN_FILENO);
}

static pid_t real_work(void *ctx, enum sys_job job)
{
	struct sys_real *r = ctx;
	pid_t pid;

	if (job == JOB_BOOT)
		(void)clock_gettime(CLOCK_REALTIME_COARSE, &r->boot_began);
	pid = fork();
	if (pid < 0)
		log_error("fork: %s", strerror(errno));
	if (pid == 0) {
		int status;
		enter_worker(r);
		status = r->body(job, r->arg);
		(void)fflush(NULL);
		_exit(status);
	}
	return pid;
}

static void real_kill(UNUSED void *ctx, pid_t pid, int sig)
{
	/* A worker that has not yet come to its setsid() is no group. */
	if (kill(pid, sig) < 0 && errno == ESRCH && pid < 0)
		(void)kill(-pid, sig);
}

static void kill_children(int sig)
{
	char path[64], part[4096];
	autoclose int fd = -1;
	struct str rest, word;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, part, sizeof(part));
	if (n <= 0)
		return;
	rest = (struct str){ part, (size_t)n };
	while (str_next_word(&rest, " \n", &word)) {
		char number[16];
		int64_t pid;
		if (word.n >= sizeof(number))
			continue;
		memcpy(number, word.p, word.n);
		number[word.n] = '\0';
		if (parse_int64(number, 2, INT_MAX, &pid))
			(void)kill((pid_t)pid, sig);
	}
}

static void real_kill_all(void *ctx, int sig)
{
	const struct sys_real *r = ctx;

	if (r->is_pid1)
		(void)kill(-1, sig);
	else
		kill_children(sig);
}

/* The workers leave the list of directories in a file of ours. */
static void read_watch_list(struct watch *w)
{
	char text[WATCH_TEXT_MAX], path[PATH_MAX];
	autoclose int fd = open(PATH_WATCH, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	struct str rest = { text, n > 0 ? (size_t)n : 0 }, line;

	watch_add(w, PATH_CONFIG);
	while (str_next_line(&rest, &line)) {
		if (line.n == 0 || line.n >= sizeof(path))
			continue;
		memcpy(path, line.p, line.n);
		path[line.n] = '\0';
		watch_add(w, path);
	}
}

static bool real_watch_begin(void *ctx)
{
	struct sys_real *r = ctx;

	read_watch_list(&r->watch);
	watch_arm(&r->watch);
	return watch_changed_since(&r->watch, r->boot_began);
}

static bool real_watch_extend(void *ctx)
{
	struct sys_real *r = ctx;
	size_t before = r->watch.dirs_n;

	read_watch_list(&r->watch);
	if (r->watch.dirs_n == before)
		return false;
	watch_arm(&r->watch);
	return true;
}

static bool real_watch_drain(void *ctx)
{
	struct sys_real *r = ctx;

	return watch_drain(&r->watch);
}

static bool real_watch_compare(void *ctx)
{
	struct sys_real *r = ctx;

	return watch_compare(&r->watch);
}

static bool real_watch_is_silent(void *ctx)
{
	const struct sys_real *r = ctx;

	return r->watch.silent;
}

const struct sys sys_kernel = {
	.now_ms = real_now_ms,
	.wait = real_wait,
	.next_signal = real_next_signal,
	.reap = real_reap,
	.launch = real_launch,
	.go = real_go,
	.work = real_work,
	.kill = real_kill,
	.kill_all = real_kill_all,
	.watch_begin = real_watch_begin,
	.watch_drain = real_watch_drain,
	.watch_extend = real_watch_extend,
	.watch_compare = real_watch_compare,
	.watch_is_silent = real_watch_is_silent,
};

bool sys_real_open(struct sys_real *r, struct err *err)
{
	sigset_t all;

	r->is_pid1 = getpid() == 1;
	r->go_fd = -1;
	(void)sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
		return err_sys(err, ERR_OS, "sigprocmask");
	r->signal_fd = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
	if (r->signal_fd < 0)
		return err_sys(err, ERR_OS, "signalfd");
	if (!r->is_pid1 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return err_sys(err, ERR_OS, "become subreaper");
	return watch_open(&r->watch, err);
}
