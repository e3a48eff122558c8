/* SPDX-License-Identifier: MIT */
/*
 * One thread would be enough for the waiting, but proc_run() waits for one child; so each checker
 * gets a forked helper of its own that runs it and reports through a pipe: exit status byte and
 * text.
 *
 * SOURCES
 *	design: measured that `postconf -n` tells a misspelt name on stderr with status 0, hence
 *	`complaint`.
 */
#include "plan/check.h"

#include "base/file.h"
#include "base/proc.h"

#define ARGS_MAX 16

/* argv with "@" at the start of an argument replaced by the staging directory. */
static const char *const *stage_argv(struct arena *a, const char *const *argv, const char *staging)
{
	const char **out = arena_array(a, ARGS_MAX + 1, sizeof(*out));
	size_t n = 0;

	for (; argv[n]; n++) {
		if (n == ARGS_MAX)
			BUG("checker with more than %d arguments", ARGS_MAX);
		out[n] =
			argv[n][0] == '@' ? arena_printf(a, "%s%s", staging, argv[n] + 1) : argv[n];
	}
	out[n] = NULL;
	return (const char *const *)out;
}

static NORETURN void run_check(struct arena *a, const struct service_check *c, const char *staging,
			       int fd)
{
	struct proc_spec spec = { .argv = stage_argv(a, c->argv, staging),
				  .timeout_ms = c->timeout_ms,
				  .drop_stdout = true };
	struct proc_result res = { 0 };
	struct err err = ERR_INIT;
	bool bad;

	if (!proc_run(&spec, &res, &err)) {
		(void)write_all(fd, err.text, strlen(err.text));
		_exit(1);
	}
	bad = res.status != 0 || (c->complaint && strstr(res.output.p, c->complaint) != NULL);
	(void)write_all(fd, res.output.p, res.output.n);
	if (bad && res.output.n == 0) {
		char text[64];
		int n = snprintf(text, sizeof(text), "ended with status %d", res.status);
		(void)write_all(fd, text, (size_t)n);
	}
	_exit(bad ? 1 : 0);
}

static bool start_check(const struct plan *plan, const struct service *svc,
			const struct service_check *c, const char *staging, struct check_running *r,
			struct problems *p)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		problems_add(p, SEV_ERROR, svc->name, NULL, "can't run %s: %s", c->argv[0],
			     strerror(errno));
		return false;
	}
	*r = (struct check_running){ .service = svc, .fd = fds[0], .pid = fork() };
	if (r->pid == 0)
		run_check(plan->arena, c, staging, fds[1]);
	(void)close(fds[1]);
	if (r->pid < 0) {
		(void)close(fds[0]);
		problems_add(p, SEV_ERROR, svc->name, NULL, "can't run %s: %s", c->argv[0],
			     strerror(errno));
		return false;
	}
	return true;
}

static void add_findings(const struct check_run *run, const struct check_running *r,
			 const char *text, struct problems *p)
{
	const struct service *svc = r->service;
	const char *staging = run->staging;
	struct str rest = str_from(text), line;
	size_t staging_n = strlen(staging);

	while (str_next_line(&rest, &line)) {
		autobuf struct buf out = BUF_INIT;
		if (str_trim(line).n == 0)
			continue;
		for (size_t i = 0; i < line.n;) { /* show image paths, not staging paths */
			if (line.n - i >= staging_n &&
			    memcmp(line.p + i, staging, staging_n) == 0) {
				buf_adds(&out, "/etc");
				i += staging_n;
				continue;
			}
			buf_addc(&out, line.p[i++]);
		}
		const char *origin = svc->origin ? svc->origin(&run->plan->ctx, out.p) : NULL;
		problems_add(p, SEV_ERROR, origin ? origin : svc->name, NULL, "%s", out.p);
	}
}

static void finish_check(const struct check_run *run, struct check_running *r, struct problems *p)
{
	autobuf struct buf text = BUF_INIT;
	char chunk[4096];
	ssize_t n;
	int st = 0;

	while ((n = read(r->fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			buf_add(&text, chunk, (size_t)n);
	(void)close(r->fd);
	while (waitpid(r->pid, &st, 0) < 0 && errno == EINTR)
		;
	if (proc_exit_status(st) != 0)
		add_findings(run, r, text.p, p);
}

void check_begin(struct check_run *run, const struct plan *plan, const char *staging,
		 struct problems *p)
{
	*run = (struct check_run){ .plan = plan, .staging = staging };
	for (size_t i = 0; i < plan->services.n; i++) {
		const struct service *svc = plan->services.v[i];
		for (const struct service_check *c = svc->checks; c && c->argv; c++) {
			if (run->n == CHECKS_MAX)
				BUG("more than %d checkers", CHECKS_MAX);
			if (start_check(plan, svc, c, staging, &run->list[run->n], p))
				run->n++;
		}
	}
}

void check_finish(struct check_run *run, struct problems *p)
{
	for (size_t i = 0; i < run->n; i++)
		finish_check(run, &run->list[i], p);
	run->n = 0;
}
