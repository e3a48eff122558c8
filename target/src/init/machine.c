/* SPDX-License-Identifier: MIT */
/*
 * Everything happens in one turn of the loop: wait, take signals, reap, look at changes, look at
 * the clock. Deadlines are times of the monotonic clock; the wait lasts until the nearest.
 */
#include "init/machine.h"

#include "base/log.h"
#include "base/proc.h"
#include "plan/paths.h"

static int64_t now(const struct machine *m)
{
	return m->sys->now_ms(m->ctx);
}

static void enter_sweep(struct machine *m, int status, int sig, int64_t wait_ms)
{
	m->state = MACHINE_SWEEP;
	m->status = status;
	m->killing = sig == SIGKILL;
	m->state_until_ms = now(m) + wait_ms;
	m->sys->kill_all(m->ctx, sig);
}

static void end_workers(const struct machine *m, int sig)
{
	if (m->worker > 0)
		m->sys->kill(m->ctx, -m->worker, sig);
	if (m->ready > 0)
		m->sys->kill(m->ctx, -m->ready, sig);
}

static void start_worker(struct machine *m, enum sys_job job)
{
	int64_t at = now(m);

	m->worker = m->sys->work(m->ctx, job);
	m->overran = false;
	m->worker_until_ms = at + (job == JOB_BOOT ? MACHINE_BOOT_MS : MACHINE_LIVE_MS);
	if (m->worker > 0)
		return;
	m->worker = 0;
	m->worker_until_ms = INT64_MAX;
	m->not_before_ms = at + MACHINE_FORK_RETRY_MS;
}

static void begin_cruise(struct machine *m)
{
	int64_t at = now(m);

	m->state = MACHINE_CRUISE;
	/* A launcher that can't be reached has ended; that is told by its SIGCHLD. */
	if (!m->sys->go(m->ctx))
		return;
	m->ready = m->sys->work(m->ctx, JOB_READY);
	m->ready_until_ms = m->ready > 0 ? at + MACHINE_READY_MS : INT64_MAX;
	if (m->ready < 0)
		m->ready = 0;
	if (m->sys->watch_begin(m->ctx))
		debounce_note(&m->changes, at);
	m->poll_due_ms = m->options.poll_ms > 0 ? at + m->options.poll_ms : INT64_MAX;
}

static void boot_ended(struct machine *m, int wstatus)
{
	if (WIFEXITED(wstatus) && WEXITSTATUS(wstatus) == 0) {
		begin_cruise(m);
		return;
	}
	if (m->overran)
		enter_sweep(m, ERR_TEMP, SIGKILL, MACHINE_KILLED_MS);
	else if (WIFSIGNALED(wstatus)) {
		log_error("preparing the start failed: the worker died of signal %d",
			  WTERMSIG(wstatus));
		enter_sweep(m, ERR_INTERNAL, SIGKILL, MACHINE_KILLED_MS);
	} else {
		/* The worker has said why. Nothing but the waiting launcher is there. */
		enter_sweep(m, WEXITSTATUS(wstatus), SIGKILL, MACHINE_KILLED_MS);
	}
}

/* A file that is wrong needs another change; what failed for any other reason (a full disk, a
 * worker that died) is tried again, each time after twice the pause. */
static void live_ended(struct machine *m, int wstatus, bool overran)
{
	int status = proc_exit_status(wstatus);

	if (m->sys->watch_extend(m->ctx))
		debounce_note(&m->changes, now(m));
	if (WIFSIGNALED(wstatus) && !overran)
		log_error(
			"applying a change failed: the worker died of signal %d; the last good state is in use",
			WTERMSIG(wstatus));
	if (status == 0 || status == ERR_DATA) {
		m->retry_ms = 0;
		return;
	}
	/* A worker that died could not say why: not healthy until an apply has come to its end. */
	if (WIFSIGNALED(wstatus))
		(void)unlink(PATH_STATUS);
	m->retry_ms = m->retry_ms == 0 ? MACHINE_RETRY_MS : m->retry_ms * 2;
	if (m->retry_ms > MACHINE_RETRY_MAX_MS)
		m->retry_ms = MACHINE_RETRY_MAX_MS;
	m->not_before_ms = now(m) + m->retry_ms;
	debounce_note(&m->changes, now(m));
}

static void worker_ended(struct machine *m, int wstatus)
{
	bool overran = m->overran;

	m->worker = 0;
	m->worker_until_ms = INT64_MAX;
	if (m->state == MACHINE_BOOT)
		boot_ended(m, wstatus);
	else if (m->state == MACHINE_CRUISE)
		live_ended(m, wstatus, overran);
}

static void supervisor_ended(struct machine *m, int wstatus)
{
	int status = proc_exit_status(wstatus);

	m->supervisor = 0;
	if (m->state == MACHINE_STOP) {
		enter_sweep(m, m->stop_status, SIGTERM, MACHINE_SWEEP_MS);
		return;
	}
	if (m->state != MACHINE_BOOT && m->state != MACHINE_CRUISE)
		return;
	log_to_stderr();
	if (WIFSIGNALED(wstatus))
		log_error("the supervisor was killed by signal %d: the server ends",
			  WTERMSIG(wstatus));
	else
		log_error("the supervisor ended by itself with status %d: the server ends", status);
	end_workers(m, SIGTERM);
	/* Nobody but us can end the daemons now. */
	enter_sweep(m, status == 0 ? ERR_INTERNAL : status, SIGTERM, m->options.grace_ms);
}

static void begin_stop(struct machine *m, int status)
{
	end_workers(m, SIGTERM);
	m->state = MACHINE_STOP;
	m->stop_status = status;
	m->state_until_ms = now(m) + m->options.grace_ms;
	if (m->supervisor > 0)
		m->sys->kill(m->ctx, m->supervisor, SIGTERM);
}

/* Ready or not, the server runs on, unless it must not. */
static void ready_ended(struct machine *m, int wstatus)
{
	m->ready = 0;
	m->ready_until_ms = INT64_MAX;
	if (m->state != MACHINE_CRUISE || proc_exit_status(wstatus) != ERR_CONFIG)
		return;
	log_error("the server ends, because it may not run like this");
	begin_stop(m, ERR_CONFIG);
}

static void reap_all(struct machine *m)
{
	int wstatus = 0;
	pid_t pid;

	while ((pid = m->sys->reap(m->ctx, &wstatus)) > 0) {
		if (pid == m->worker) {
			worker_ended(m, wstatus);
		} else if (pid == m->ready) {
			ready_ended(m, wstatus);
		} else if (pid == m->supervisor) {
			supervisor_ended(m, wstatus);
		}
	}
	if (m->state != MACHINE_SWEEP)
		return;
	if (pid < 0)
		m->state = MACHINE_DONE;
	else if (m->killing)
		m->sys->kill_all(m->ctx, SIGKILL); /* what was orphaned meanwhile */
}

static void stop_requested(struct machine *m, int sig)
{
	int64_t soon = now(m) + MACHINE_IMPATIENT_MS;

	switch (m->state) {
	case MACHINE_BOOT:
		log_info("stopping before the start was complete (signal %d)", sig);
		enter_sweep(m, 0, SIGKILL, MACHINE_KILLED_MS);
		break;
	case MACHINE_CRUISE:
		log_info("stopping (signal %d)", sig);
		begin_stop(m, 0);
		break;
	case MACHINE_STOP:
	case MACHINE_SWEEP:
		if (m->state_until_ms > soon)
			m->state_until_ms = soon;
		break;
	case MACHINE_DONE:
		break;
	}
}

static void take_signals(struct machine *m)
{
	int sig;

	while ((sig = m->sys->next_signal(m->ctx)) != 0) {
		if (sig == SIGTERM || sig == SIGINT || sig == SIGQUIT)
			stop_requested(m, sig);
		else if (sig == SIGHUP)
			m->apply_at_once = true;
	}
	/* Signals of one kind melt into one, so SIGCHLD says nothing about how many ended. */
	reap_all(m);
}

static void check_worker_deadlines(struct machine *m, int64_t at)
{
	if (m->worker > 0 && at >= m->worker_until_ms && !m->overran) {
		m->overran = true;
		m->worker_until_ms = INT64_MAX;
		log_error(
			m->state == MACHINE_BOOT
				? "preparing the start took more than %d seconds and was given up"
				: "applying a change took more than %d seconds and was given up; the last good "
				  "state is in use",
			(m->state == MACHINE_BOOT ? MACHINE_BOOT_MS : MACHINE_LIVE_MS) / 1000);
		m->sys->kill(m->ctx, -m->worker, SIGKILL);
	}
	if (m->ready > 0 && at >= m->ready_until_ms) {
		m->ready_until_ms = INT64_MAX;
		m->sys->kill(m->ctx, -m->ready, SIGKILL);
	}
}

static void check_state_deadline(struct machine *m, int64_t at)
{
	if (at < m->state_until_ms)
		return;
	if (m->state == MACHINE_STOP) {
		log_to_stderr();
		log_warn("not everything ended within the grace: killing the rest");
		enter_sweep(m, m->stop_status, SIGKILL, MACHINE_KILLED_MS);
	} else if (m->state == MACHINE_SWEEP && !m->killing) {
		enter_sweep(m, m->status, SIGKILL, MACHINE_KILLED_MS);
	} else if (m->state == MACHINE_SWEEP) {
		m->state = MACHINE_DONE;
	}
}

/* When a live worker is due; INT64_MAX = no reason for one, or one is at work. */
static int64_t live_due(const struct machine *m)
{
	int64_t due = m->apply_at_once ? 0 : debounce_due_ms(&m->changes);

	if (m->state != MACHINE_CRUISE || m->worker > 0)
		return INT64_MAX;
	return due < m->not_before_ms ? m->not_before_ms : due;
}

/* When to look at file systems that do not tell of changes; INT64_MAX = all do. */
static int64_t poll_due(const struct machine *m)
{
	return m->state == MACHINE_CRUISE && m->sys->watch_is_silent(m->ctx) ? m->poll_due_ms
									     : INT64_MAX;
}

static void check_changes(struct machine *m, int64_t at)
{
	if (at >= poll_due(m)) {
		m->poll_due_ms = at + m->options.poll_ms;
		if (m->sys->watch_compare(m->ctx))
			debounce_note(&m->changes, at);
	}
	if (at < live_due(m))
		return;
	start_worker(m, JOB_LIVE);
	if (m->worker > 0) {
		m->apply_at_once = false;
		debounce_clear(&m->changes);
	}
}

static int timeout_ms(const struct machine *m)
{
	bool ending = m->state == MACHINE_STOP || m->state == MACHINE_SWEEP;
	const int64_t due[] = { m->worker_until_ms, m->ready_until_ms, live_due(m), poll_due(m),
				ending ? m->state_until_ms : INT64_MAX };
	int64_t next = INT64_MAX, at = now(m);

	for (size_t i = 0; i < ARRAY_SIZE(due); i++)
		if (due[i] < next)
			next = due[i];
	if (next == INT64_MAX)
		return -1;
	if (next <= at)
		return 0;
	return next - at > INT_MAX ? INT_MAX : (int)(next - at);
}

static void start(struct machine *m)
{
	m->supervisor = m->sys->launch(m->ctx);
	if (m->supervisor < 0) {
		m->supervisor = 0;
		m->status = ERR_OS;
		m->state = MACHINE_DONE;
		return;
	}
	start_worker(m, JOB_BOOT);
	if (m->worker == 0)
		enter_sweep(m, ERR_OS, SIGKILL, MACHINE_KILLED_MS);
}

int machine_run(struct machine *m, const struct sys *sys, void *ctx,
		const struct machine_options *options)
{
	*m = (struct machine){ .sys = sys,
			       .ctx = ctx,
			       .options = *options,
			       .worker_until_ms = INT64_MAX,
			       .ready_until_ms = INT64_MAX,
			       .state_until_ms = INT64_MAX,
			       .poll_due_ms = INT64_MAX };
	start(m);
	while (m->state != MACHINE_DONE) {
		unsigned events = sys->wait(ctx, timeout_ms(m));
		if (events & SYS_SIGNAL)
			take_signals(m);
		if ((events & SYS_CHANGE) && sys->watch_drain(ctx))
			debounce_note(&m->changes, now(m));
		check_worker_deadlines(m, now(m));
		check_state_deadline(m, now(m));
		check_changes(m, now(m));
	}
	return m->status;
}
