/* SPDX-License-Identifier: MIT */
/*
 * mailserver watchdog
 *
 * The supervisor starts a program again that has ended, but nobody ends one that hangs: stopped, in a deadlock, or cut
 * off because its socket is gone. Run by cron once a minute while a service has a watched probe, this asks them all.
 * A program whose probe fails for WINDOW_MS on end, and that has used no processor time meanwhile, is killed; the
 * supervisor does the rest.
 *
 * One that is busy is left alone: a scanner that loads its database does not answer, and would never get done if it were
 * killed. So is one that still waits in `mailserver exec`.
 *
 * LIMITS
 *	A program that spins for ever is reported by the health check only.
 */
#include "base/file.h"
#include "base/log.h"
#include "base/proc_stat.h"
#include "base/unix_address.h"
#include "cli/cli.h"
#include "cli/source.h"
#include "plan/control.h"
#include "plan/probe.h"

#define WINDOW_MS 10000
#define CONTROL_S 5
#define ANSWER_MAX ((size_t)256 << 10)
#define OWN_NAME "mailserver"
#define LOG_SOCKET "/dev/log"

struct watched {
	const struct service *service;
	pid_t pid;
	struct proc_stat stat;
};

struct watchdog {
	const struct service_probe *list[PROBES_MAX];
	struct watched programs[PROBES_MAX];
	size_t n;
	const char *control; /* socket of the supervisor */
};

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: mailserver watchdog\n\n"
		"Asks the scanners whether they still answer. One that does not, and does nothing either,\n"
		"is killed, and is then started again by the supervisor. Run by cron once a minute.\n"
		"Exit status 1 if a program was killed.\n");
	return status;
}

static void gather(const struct plan *plan, struct watchdog *w)
{
	for (size_t i = 0; i < plan->probes.n && w->n < PROBES_MAX; i++) {
		const struct service_probe *probe = plan->probes.v[i].probe;
		if (probe->kind == PROBE_PROGRAMS)
			w->control = probe->path;
		if (!probe->watched)
			continue;
		w->programs[w->n].service = plan->probes.v[i].service;
		w->list[w->n++] = probe;
	}
}

/* What the supervisor says of its programs, into out. */
static bool ask_supervisor(const char *path, struct buf *out)
{
	autoclose int fd = unix_connect(path, CONTROL_S);
	char request[CONTROL_REQUEST_MAX], part[4096];
	ssize_t n;

	if (fd < 0 || !write_all(fd, request, control_request(request, sizeof(request))))
		return false;
	while (!control_is_complete((struct str){ out->p, out->n }) && out->n < ANSWER_MAX) {
		if ((n = read(fd, part, sizeof(part))) <= 0)
			return n == 0;
		buf_add(out, part, (size_t)n);
	}
	return true;
}

static void find_programs(struct watchdog *w, struct str answer)
{
	for (size_t i = 0; i < w->n; i++) {
		struct watched *p = &w->programs[i];
		p->pid = control_pid(answer, p->service->name);
		if (p->pid > 0 && !proc_stat_read(p->pid, &p->stat))
			p->pid = 0;
	}
}

/* The same process as before, and nothing has moved. */
static bool does_nothing(const struct watched *p)
{
	struct proc_stat now;

	return p->pid > 0 && proc_stat_read(p->pid, &now) && !streq(now.name, OWN_NAME) &&
	       now.started_ticks == p->stat.started_ticks && now.cpu_ticks == p->stat.cpu_ticks &&
	       now.state != 'D';
}

static int watch(struct watchdog *w)
{
	const struct probe_options options = { .deadline_ms = WINDOW_MS, .keep_trying = true };
	struct probe_report reports[PROBES_MAX];
	autobuf struct buf answer = BUF_INIT;
	int status = 0;

	if (w->control == NULL || !ask_supervisor(w->control, &answer)) {
		log_warn("the supervisor does not answer: no program can be watched");
		return 1;
	}
	find_programs(w, (struct str){ answer.p, answer.n });
	if (probe_run(w->list, w->n, &options, reports) == 0)
		return 0;
	for (size_t i = 0; i < w->n; i++) {
		const struct watched *p = &w->programs[i];
		if (reports[i].ok || !does_nothing(p))
			continue;
		log_warn(
			"%s hangs (%s, and no processor time used): killing process %d, the supervisor "
			"starts it again",
			p->service->name, reports[i].text, (int)p->pid);
		(void)kill(p->pid, SIGKILL);
		status = 1;
	}
	return status;
}

int cli_watchdog(int argc, char **argv)
{
	struct settings_source src;
	struct arena a;
	struct watchdog *w;
	struct settings s;
	struct problems p;
	struct plan plan;
	int status;

	if (!source_chore(argc, argv, usage, &a, &src, &status))
		return status;
	problems_init(&p, &a);
	settings_load(&a, &src, &s, &p);
	plan_make(&a, &s, NULL, false, &plan, &p);
	log_to_syslog(LOG_SOCKET); /* cron would send what is printed by mail */
	w = ARENA_NEW(&a, struct watchdog);
	gather(&plan, w);
	return w->n == 0 ? 0 : watch(w);
}
