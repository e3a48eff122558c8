/* SPDX-License-Identifier: MIT */
/*
 * The state machine of PID 1 against a system that is played: a script says what happens when, and a trace of what
 * the machine did, with the time in milliseconds, is compared with what is expected.
 */
#include <setjmp.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "init/machine.h"

enum { SUPERVISOR = 10, BOOT = 11, READY = 12, LIVE = 13, STRANGER = 100 };

#define EXITED(status) ((status) << 8)
#define KILLED(sig) (sig)

enum step_kind { END, SIGNAL, EXIT, CHANGE, STORM };

struct step {
	int64_t at_ms;
	enum step_kind kind;
	int pid_or_signal;
	int wstatus; /* EXIT; CHANGE: 1 = it matters */
};

#define CHILDREN_MAX 2048

struct fake {
	int64_t now_ms;
	const struct step *next;
	const char *obeys; /* who ends at SIGTERM: 's'upervisor, 'w'orkers */
	struct buf trace;
	pid_t last_pid;
	int signals[64];
	size_t signals_n;
	pid_t alive[CHILDREN_MAX];
	size_t alive_n;
	struct {
		pid_t pid;
		int wstatus;
	} ended[CHILDREN_MAX];
	size_t ended_n;
	bool fork_fails, launch_fails, go_fails, silent, differs, changed_at_boot;
	bool change_matters, more_to_watch;
};

static void note(struct fake *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void note(struct fake *f, const char *fmt, ...)
{
	va_list ap;

	buf_printf(&f->trace, "%s%" PRId64 " ", f->trace.n ? "; " : "", f->now_ms);
	va_start(ap, fmt);
	buf_vprintf(&f->trace, fmt, ap);
	va_end(ap);
}

static pid_t add_child(struct fake *f)
{
	pid_t pid = f->last_pid ? f->last_pid + 1 : SUPERVISOR;

	f->last_pid = pid;
	f->alive[f->alive_n++] = pid;
	return pid;
}

static void end_child(struct fake *f, pid_t pid, int wstatus)
{
	for (size_t i = 0; i < f->alive_n; i++)
		if (f->alive[i] == pid)
			f->alive[i] = f->alive[--f->alive_n];
	f->ended[f->ended_n].pid = pid;
	f->ended[f->ended_n++].wstatus = wstatus;
	if (f->signals_n == 0 || f->signals[f->signals_n - 1] != SIGCHLD)
		f->signals[f->signals_n++] = SIGCHLD;
}

static int64_t fake_now(void *ctx)
{
	const struct fake *f = ctx;

	return f->now_ms;
}

static unsigned play(struct fake *f)
{
	const struct step *s = f->next++;

	switch (s->kind) {
	case SIGNAL:
		f->signals[f->signals_n++] = s->pid_or_signal;
		return SYS_SIGNAL;
	case EXIT:
		end_child(f, s->pid_or_signal, s->wstatus);
		return SYS_SIGNAL;
	case STORM:
		for (int i = 0; i < s->pid_or_signal; i++)
			end_child(f, STRANGER + i, EXITED(i % 3));
		return SYS_SIGNAL;
	case CHANGE:
		f->change_matters = s->wstatus != 0;
		return SYS_CHANGE;
	case END:
		break;
	}
	fail_msg("after the script, %s", f->trace.p);
	return 0;
}

static unsigned fake_wait(void *ctx, int timeout_ms)
{
	struct fake *f = ctx;

	if (f->signals_n > 0)
		return SYS_SIGNAL;
	if (f->next->kind == END && timeout_ms < 0)
		fail_msg("waits for ever: %s", f->trace.p);
	if (f->next->kind != END && (timeout_ms < 0 || f->next->at_ms <= f->now_ms + timeout_ms)) {
		if (f->next->at_ms > f->now_ms)
			f->now_ms = f->next->at_ms;
		return play(f);
	}
	f->now_ms += timeout_ms;
	return 0;
}

static int fake_next_signal(void *ctx)
{
	struct fake *f = ctx;
	int sig;

	if (f->signals_n == 0)
		return 0;
	sig = f->signals[0];
	memmove(f->signals, f->signals + 1, --f->signals_n * sizeof(f->signals[0]));
	return sig;
}

static pid_t fake_reap(void *ctx, int *wstatus_r)
{
	struct fake *f = ctx;

	if (f->ended_n == 0)
		return f->alive_n > 0 ? 0 : -1;
	*wstatus_r = f->ended[--f->ended_n].wstatus;
	return f->ended[f->ended_n].pid;
}

static pid_t fake_launch(void *ctx)
{
	struct fake *f = ctx;

	note(f, "launch");
	return f->launch_fails ? -1 : add_child(f);
}

static bool fake_go(void *ctx)
{
	struct fake *f = ctx;

	note(f, "go");
	return !f->go_fails;
}

static pid_t fake_work(void *ctx, enum sys_job job)
{
	static const char *const names[] = { "boot", "live", "ready" };
	struct fake *f = ctx;

	note(f, "%s%s", names[job], f->fork_fails ? " fails" : "");
	return f->fork_fails ? -1 : add_child(f);
}

static bool obeys(const struct fake *f, pid_t pid, int sig)
{
	return sig == SIGKILL ||
	       (sig == SIGTERM && strchr(f->obeys, pid == SUPERVISOR ? 's' : 'w'));
}

static void fake_kill(void *ctx, pid_t pid, int sig)
{
	struct fake *f = ctx;

	note(f, "kill %d %s", (int)pid, sig == SIGKILL ? "KILL" : "TERM");
	if (obeys(f, pid < 0 ? -pid : pid, sig))
		end_child(f, pid < 0 ? -pid : pid, KILLED(sig));
}

static void fake_kill_all(void *ctx, int sig)
{
	struct fake *f = ctx;

	note(f, "kill all %s", sig == SIGKILL ? "KILL" : "TERM");
	for (size_t i = f->alive_n; i > 0; i--)
		if (obeys(f, f->alive[i - 1], sig))
			end_child(f, f->alive[i - 1], KILLED(sig));
}

static bool fake_watch_begin(void *ctx)
{
	struct fake *f = ctx;

	note(f, "watch");
	return f->changed_at_boot;
}

static bool fake_watch_drain(void *ctx)
{
	const struct fake *f = ctx;

	return f->change_matters;
}

static bool fake_watch_extend(void *ctx)
{
	struct fake *f = ctx;
	bool more = f->more_to_watch;

	f->more_to_watch = false;
	return more;
}

static bool fake_watch_is_silent(void *ctx)
{
	const struct fake *f = ctx;

	return f->silent;
}

static bool fake_watch_compare(void *ctx)
{
	struct fake *f = ctx;

	note(f, "look");
	return f->differs;
}

static const struct sys fake_sys = {
	.now_ms = fake_now,
	.wait = fake_wait,
	.next_signal = fake_next_signal,
	.reap = fake_reap,
	.launch = fake_launch,
	.go = fake_go,
	.work = fake_work,
	.kill = fake_kill,
	.kill_all = fake_kill_all,
	.watch_begin = fake_watch_begin,
	.watch_drain = fake_watch_drain,
	.watch_extend = fake_watch_extend,
	.watch_is_silent = fake_watch_is_silent,
	.watch_compare = fake_watch_compare,
};

struct scene {
	struct fake f;
	const struct step *script;
	int status;
	const char *trace;
};

static void run_scene(struct scene *s)
{
	const struct machine_options options = { .grace_ms = 8000, .poll_ms = 30000 };
	struct machine m;
	int status;

	s->f.next = s->script;
	s->f.obeys = s->f.obeys ? s->f.obeys : "sw";
	buf_init(&s->f.trace);
	status = machine_run(&m, &fake_sys, &s->f, &options);
	assert_string_equal(s->f.trace.p, s->trace);
	assert_int_equal(status, s->status);
	assert_int_equal(s->f.next->kind, END);
	buf_fini(&s->f.trace);
}

#define SCENE(what, wanted_status, wanted_trace, ...)                                              \
	static void what(void **state UNUSED)                                                      \
	{                                                                                          \
		static const struct step script[] = { __VA_ARGS__, { 0, END, 0, 0 } };             \
		struct scene s = { .script = script,                                               \
				   .status = (wanted_status),                                      \
				   .trace = (wanted_trace) };                                      \
		run_scene(&s);                                                                     \
	}

#define STARTED "0 launch; 0 boot; 80 go; 80 ready; 80 watch"
#define BOOTED                                                                                     \
	{ 80, EXIT, BOOT, EXITED(0) },                                                             \
	{                                                                                          \
		300, EXIT, READY, EXITED(0)                                                        \
	}

/* clang-format off */
SCENE(test_boot_and_stop, 0,
	STARTED "; 5000 kill 10 TERM; 5000 kill all TERM",
	BOOTED, { 5000, SIGNAL, SIGTERM, 0 })

SCENE(test_boot_refused, 78,
	"0 launch; 0 boot; 80 kill all KILL",
	{ 80, EXIT, BOOT, EXITED(78) })

SCENE(test_boot_worker_crashes, 70,
	"0 launch; 0 boot; 80 kill all KILL",
	{ 80, EXIT, BOOT, KILLED(SIGSEGV) })

SCENE(test_boot_takes_too_long, 75,
	"0 launch; 0 boot; 120000 kill -11 KILL; 120000 kill all KILL",
	{ 50, SIGNAL, SIGWINCH, 0 })

SCENE(test_stop_during_boot, 0,
	"0 launch; 0 boot; 40 kill all KILL",
	{ 40, SIGNAL, SIGTERM, 0 })

SCENE(test_launcher_dies_during_boot, 1,
	"0 launch; 0 boot; 40 kill -11 TERM; 40 kill all TERM",
	{ 40, EXIT, SUPERVISOR, EXITED(1) })

SCENE(test_supervisor_killed, 137,
	STARTED "; 900 kill all TERM",
	BOOTED, { 900, EXIT, SUPERVISOR, KILLED(SIGKILL) })

SCENE(test_supervisor_ends_with_0, 70,
	STARTED "; 900 kill all TERM",
	BOOTED, { 900, EXIT, SUPERVISOR, EXITED(0) })

SCENE(test_supervisor_ends_with_2, 2,
	STARTED "; 900 kill all TERM",
	BOOTED, { 900, EXIT, SUPERVISOR, EXITED(2) })

SCENE(test_strangers_may_relay, 78,
	STARTED "; 300 kill 10 TERM; 300 kill all TERM",
	{ 80, EXIT, BOOT, EXITED(0) }, { 300, EXIT, READY, EXITED(78) })

SCENE(test_ready_worker_fails, 0,
	STARTED "; 5000 kill 10 TERM; 5000 kill all TERM",
	{ 80, EXIT, BOOT, EXITED(0) }, { 300, EXIT, READY, KILLED(SIGSEGV) },
	{ 5000, SIGNAL, SIGTERM, 0 })

SCENE(test_stop_while_not_ready, 0,
	STARTED "; 90 kill -12 TERM; 90 kill 10 TERM; 90 kill all TERM",
	{ 80, EXIT, BOOT, EXITED(0) }, { 90, SIGNAL, SIGINT, 0 })

SCENE(test_strangers_are_reaped, 0,
	STARTED "; 5000 kill 10 TERM; 5000 kill all TERM",
	BOOTED, { 400, STORM, 1000, 0 }, { 401, EXIT, STRANGER, KILLED(SIGSEGV) },
	{ 5000, SIGNAL, SIGQUIT, 0 })

SCENE(test_ignored_signals, 0,
	STARTED "; 5000 kill 10 TERM; 5000 kill all TERM",
	BOOTED, { 400, SIGNAL, SIGUSR1, 0 }, { 401, SIGNAL, SIGUSR2, 0 }, { 402, SIGNAL, SIGWINCH, 0 },
	{ 403, SIGNAL, SIGPIPE, 0 }, { 5000, SIGNAL, SIGTERM, 0 })

/* 60 ms after the last of a burst. */
SCENE(test_change, 0,
	STARTED "; 1130 live; 5000 kill 10 TERM; 5000 kill all TERM",
	BOOTED, { 1000, CHANGE, 0, 1 }, { 1030, CHANGE, 0, 1 }, { 1070, CHANGE, 0, 1 }, { 1100, CHANGE, 0, 0 },
	{ 1200, EXIT, LIVE, EXITED(0) }, { 5000, SIGNAL, SIGTERM, 0 })

/* 250 ms after the first at the latest. */
SCENE(test_long_burst, 0,
	STARTED "; 1250 live; 5000 kill 10 TERM; 5000 kill all TERM",
	BOOTED, { 1000, CHANGE, 0, 1 }, { 1050, CHANGE, 0, 1 }, { 1100, CHANGE, 0, 1 }, { 1150, CHANGE, 0, 1 },
	{ 1200, CHANGE, 0, 1 }, { 1240, CHANGE, 0, 1 },
	{ 1300, EXIT, LIVE, EXITED(0) }, { 5000, SIGNAL, SIGTERM, 0 })

/* What changes while a worker is at work is looked at by one more. */
SCENE(test_change_during_worker, 0,
	STARTED "; 1060 live; 1500 live; 5000 kill 10 TERM; 5000 kill all TERM",
	BOOTED, { 1000, CHANGE, 0, 1 }, { 1100, CHANGE, 0, 1 }, { 1200, CHANGE, 0, 1 },
	{ 1500, EXIT, LIVE, EXITED(65) }, { 1600, EXIT, LIVE + 1, EXITED(0) }, { 5000, SIGNAL, SIGTERM, 0 })

SCENE(test_hangup_applies_at_once, 0,
	STARTED "; 1000 live; 5000 kill 10 TERM; 5000 kill all TERM",
	BOOTED, { 1000, SIGNAL, SIGHUP, 0 }, { 1100, EXIT, LIVE, EXITED(0) }, { 5000, SIGNAL, SIGTERM, 0 })

SCENE(test_hangup_during_boot, 0,
	STARTED "; 80 live; 5000 kill 10 TERM; 5000 kill all TERM",
	{ 40, SIGNAL, SIGHUP, 0 }, BOOTED, { 400, EXIT, LIVE, EXITED(0) }, { 5000, SIGNAL, SIGTERM, 0 })

SCENE(test_live_worker_takes_too_long, 0,
	STARTED "; 1060 live; 61060 kill -13 KILL; 66060 live; 70000 kill 10 TERM; 70000 kill all TERM",
	BOOTED, { 1000, CHANGE, 0, 1 }, { 66100, EXIT, LIVE + 1, EXITED(0) }, { 70000, SIGNAL, SIGTERM, 0 })

/* A full disk, say: tried again after 5 s, then 10 s; a success ends it. */
SCENE(test_failed_apply_is_tried_again, 0,
	STARTED "; 1060 live; 6100 live; 16200 live; 40000 kill 10 TERM; 40000 kill all TERM",
	BOOTED, { 1000, CHANGE, 0, 1 }, { 1100, EXIT, LIVE, EXITED(74) },
	{ 6200, EXIT, LIVE + 1, EXITED(74) }, { 16300, EXIT, LIVE + 2, EXITED(0) },
	{ 40000, SIGNAL, SIGTERM, 0 })

SCENE(test_live_worker_crashes, 0,
	STARTED "; 1060 live; 5000 kill 10 TERM; 5000 kill all TERM",
	BOOTED, { 1000, CHANGE, 0, 1 }, { 1100, EXIT, LIVE, KILLED(SIGABRT) }, { 5000, SIGNAL, SIGTERM, 0 })

SCENE(test_stop_ends_worker_first, 0,
	STARTED "; 1060 live; 1100 kill -13 TERM; 1100 kill 10 TERM; 1100 kill all TERM",
	BOOTED, { 1000, CHANGE, 0, 1 }, { 1100, SIGNAL, SIGTERM, 0 })

SCENE(test_ready_worker_hangs, 0,
	STARTED "; 70080 kill -12 KILL; 80000 kill 10 TERM; 80000 kill all TERM",
	{ 80, EXIT, BOOT, EXITED(0) }, { 80000, SIGNAL, SIGTERM, 0 })
/* clang-format on */

static void test_stubborn_supervisor(void **state UNUSED)
{
	static const struct step script[] = { BOOTED,
					      { 1000, SIGNAL, SIGTERM, 0 },
					      { 0, END, 0, 0 } };
	struct scene s = { .f.obeys = "w",
			   .script = script,
			   .trace = STARTED "; 1000 kill 10 TERM; 9000 kill all KILL" };

	run_scene(&s);
}

static void test_impatient_stop(void **state UNUSED)
{
	static const struct step script[] = {
		BOOTED, { 1000, SIGNAL, SIGTERM, 0 }, { 1500, SIGNAL, SIGTERM, 0 }, { 0, END, 0, 0 }
	};
	struct scene s = { .f.obeys = "w",
			   .script = script,
			   .trace = STARTED "; 1000 kill 10 TERM; 2500 kill all KILL" };

	run_scene(&s);
}

/* Somebody stays although the supervisor has ended as it was told. */
static void test_stubborn_rest(void **state UNUSED)
{
	static const struct step script[] = { BOOTED,
					      { 1000, SIGNAL, SIGTERM, 0 },
					      { 0, END, 0, 0 } };
	struct scene s = { .f.obeys = "s",
			   .script = script,
			   .trace = STARTED
			   "; 1000 kill 10 TERM; 1000 kill all TERM; 1500 kill all KILL" };

	s.f.alive[s.f.alive_n++] = STRANGER;
	run_scene(&s);
}

/* After the supervisor's death daemons get the whole grace. */
static void test_supervisor_dies_daemons_linger(void **state UNUSED)
{
	static const struct step script[] = { BOOTED,
					      { 1000, EXIT, SUPERVISOR, KILLED(SIGKILL) },
					      { 4000, EXIT, STRANGER, EXITED(0) },
					      { 0, END, 0, 0 } };
	struct scene s = { .f.obeys = "s",
			   .script = script,
			   .status = 137,
			   .trace = STARTED "; 1000 kill all TERM" };

	s.f.alive[s.f.alive_n++] = STRANGER;
	run_scene(&s);
}

static void test_launch_fails(void **state UNUSED)
{
	static const struct step script[] = { { 0, END, 0, 0 } };
	struct scene s = {
		.f.launch_fails = true, .script = script, .status = 71, .trace = "0 launch"
	};

	run_scene(&s);
}

static void test_fork_fails_at_boot(void **state UNUSED)
{
	static const struct step script[] = { { 0, END, 0, 0 } };
	struct scene s = { .f.fork_fails = true,
			   .script = script,
			   .status = 71,
			   .trace = "0 launch; 0 boot fails; 0 kill all KILL" };

	run_scene(&s);
}

static void test_go_fails(void **state UNUSED)
{
	static const struct step script[] = { { 80, EXIT, BOOT, EXITED(0) },
					      { 81, EXIT, SUPERVISOR, EXITED(1) },
					      { 0, END, 0, 0 } };
	struct scene s = { .f.go_fails = true,
			   .script = script,
			   .status = 1,
			   .trace = "0 launch; 0 boot; 80 go; 81 kill all TERM" };

	run_scene(&s);
}

static void test_changed_during_boot(void **state UNUSED)
{
	static const struct step script[] = { BOOTED,
					      { 900, EXIT, LIVE, EXITED(0) },
					      { 1000, SIGNAL, SIGTERM, 0 },
					      { 0, END, 0, 0 } };
	struct scene s = { .f.changed_at_boot = true,
			   .script = script,
			   .trace = STARTED "; 140 live; 1000 kill 10 TERM; 1000 kill all TERM" };

	run_scene(&s);
}

/* The live worker has found another directory: what changed there before it was watched counts. */
static void test_more_to_watch(void **state UNUSED)
{
	static const struct step script[] = { BOOTED,
					      { 900, EXIT, LIVE, EXITED(0) },
					      { 1200, EXIT, LIVE + 1, EXITED(0) },
					      { 2000, SIGNAL, SIGTERM, 0 },
					      { 0, END, 0, 0 } };
	struct scene s = { .f = { .changed_at_boot = true, .more_to_watch = true },
			   .script = script,
			   .trace = STARTED
			   "; 140 live; 960 live; 2000 kill 10 TERM; 2000 kill all TERM" };

	run_scene(&s);
}

static void test_silent_file_system(void **state UNUSED)
{
	static const struct step script[] = { BOOTED,
					      { 30200, EXIT, LIVE, EXITED(0) },
					      { 31000, SIGNAL, SIGTERM, 0 },
					      { 0, END, 0, 0 } };
	struct scene s = { .f = { .silent = true, .differs = true },
			   .script = script,
			   .trace = STARTED
			   "; 30080 look; 30140 live; 31000 kill 10 TERM; 31000 kill all TERM" };

	run_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boot_and_stop),
		cmocka_unit_test(test_boot_refused),
		cmocka_unit_test(test_boot_worker_crashes),
		cmocka_unit_test(test_boot_takes_too_long),
		cmocka_unit_test(test_stop_during_boot),
		cmocka_unit_test(test_launcher_dies_during_boot),
		cmocka_unit_test(test_supervisor_killed),
		cmocka_unit_test(test_supervisor_ends_with_0),
		cmocka_unit_test(test_supervisor_ends_with_2),
		cmocka_unit_test(test_strangers_may_relay),
		cmocka_unit_test(test_ready_worker_fails),
		cmocka_unit_test(test_stop_while_not_ready),
		cmocka_unit_test(test_strangers_are_reaped),
		cmocka_unit_test(test_ignored_signals),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_more_to_watch),
		cmocka_unit_test(test_long_burst),
		cmocka_unit_test(test_change_during_worker),
		cmocka_unit_test(test_hangup_applies_at_once),
		cmocka_unit_test(test_hangup_during_boot),
		cmocka_unit_test(test_live_worker_takes_too_long),
		cmocka_unit_test(test_failed_apply_is_tried_again),
		cmocka_unit_test(test_live_worker_crashes),
		cmocka_unit_test(test_stop_ends_worker_first),
		cmocka_unit_test(test_ready_worker_hangs),
		cmocka_unit_test(test_stubborn_supervisor),
		cmocka_unit_test(test_impatient_stop),
		cmocka_unit_test(test_stubborn_rest),
		cmocka_unit_test(test_supervisor_dies_daemons_linger),
		cmocka_unit_test(test_launch_fails),
		cmocka_unit_test(test_fork_fails_at_boot),
		cmocka_unit_test(test_go_fails),
		cmocka_unit_test(test_changed_during_boot),
		cmocka_unit_test(test_silent_file_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
