/* SPDX-License-Identifier: MIT */
/*
 * A worker lives for one job: memory is not given back.
 */
#include "init/worker.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "init/findings.h"
#include "init/sys.h"
#include "plan/apply.h"
#include "plan/expiry.h"
#include "plan/paths.h"
#include "plan/probe.h"
#include "plan/served.h"
#include "plan/status.h"
#include "settings/host.h"

extern char **environ;

#define READY_MS 60000
#define HERALD_MS 5000
#define HERALD_STEP_MS 20

static struct settings_source own_source(struct arena *a)
{
	return (struct settings_source){ .environ = (const char *const *)environ,
					 .nodename = host_system_fqdn(a),
					 .read_files = true };
}

/* What the boot worker found belongs into mail.log too, which nobody writes yet. A child waits
 * for the log socket; without one the lines go to the container's output alone. */
static void tell_findings(const struct problems *p)
{
	static const struct timespec pause = { 0, HERALD_STEP_MS * 1000000L };
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SYS_LOG_SOCKET };
	int64_t until = now_ms() + HERALD_MS;
	pid_t pid;

	if (p->list.n == 0)
		return;
	pid = fork();
	if (pid > 0)
		return;
	if (pid == 0) {
		/* That a socket is listened to is told by nobody. */
		autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 &&
		       now_ms() < until)
			(void)nanosleep(&pause, NULL);
		log_to_syslog(SYS_LOG_SOCKET);
	}
	problems_log(p);
	if (pid == 0)
		_exit(0);
}

static int boot(struct arena *a)
{
	struct settings_source src = own_source(a);
	autobuf struct buf out = BUF_INIT;
	struct problems p;
	size_t errors;
	int status;

	problems_init(&p, a);
	status = apply_boot(&src, &p);
	if (status == 0) {
		tell_findings(&p);
		findings_tell(a, &p, PATH_FINDINGS, true);
		return 0;
	}
	errors = problems_errors(&p);
	problems_print(&p, &out);
	(void)fwrite(out.p, 1, out.n, stderr);
	log_error("nothing was started: %zu error%s above, exit status %d", errors,
		  errors == 1 ? "" : "s", status);
	return status;
}

static const char *input_names(struct arena *a, unsigned bits)
{
	static const char *const names[INPUT_BITS] = { "accounts",
						       "aliases",
						       "regular expression aliases",
						       "local aliases",
						       "quotas",
						       "certificates",
						       "settings of the daemons",
						       "greylisting",
						       "scripts",
						       "rules for scoring",
						       "DKIM keys",
						       "relays",
						       "master accounts",
						       "restrictions",
						       "TLS policies",
						       "scripts for everybody" };
	autobuf struct buf out = BUF_INIT;

	for (unsigned i = 0; i < INPUT_BITS; i++)
		if (bits & (1U << i))
			buf_printf(&out, "%s%s", out.n ? ", " : "", names[i]);
	return buf_dup(a, &out);
}

static int live(struct arena *a)
{
	struct settings_source src;
	struct apply_result result = { 0 };
	struct problems p;
	int status;

	/* Secrets count at the start, as the environment does. */
	if (!apply_running_source(a, &src))
		src = own_source(a);
	problems_init(&p, a);
	status = apply_live(&src, &p, &result);
	findings_tell(a, &p, PATH_FINDINGS, false);
	if (result.changed)
		log_info("changes are in use: %s", input_names(a, result.changed_inputs));
	return status;
}

/* "25, 143, 587" */
static const char *port_list(struct arena *a, const struct service_probe *const *list, size_t n)
{
	autobuf struct buf out = BUF_INIT;
	int last = 0;

	for (;;) {
		int next = 0;
		for (size_t i = 0; i < n; i++)
			if (list[i]->kind != PROBE_UNIX && list[i]->port > last &&
			    (next == 0 || list[i]->port < next))
				next = list[i]->port;
		if (next == 0)
			return buf_dup(a, &out);
		buf_printf(&out, "%s%d", out.n ? ", " : "", next);
		last = next;
	}
}

static void say_not_ready(const struct probe_report *reports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char label[128];
		if (reports[i].ok)
			continue;
		probe_label(reports[i].probe, label, sizeof(label));
		log_error("%s does not serve %d s after the start: %s", label, READY_MS / 1000,
			  reports[i].text);
	}
}

static bool may_relay(const struct probe_report *reports, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (reports[i].relays)
			return true;
	return false;
}

static void say_ready(struct arena *a, const struct settings *s, const char *ports, int64_t took_ms)
{
	struct err err = ERR_INIT;
	enum log_level level;
	struct status status;

	if (!status_read(a, PATH_STATUS, &status, &err)) {
		log_warn("%s", err.text);
		status_parse(a, (struct str){ "", 0 }, &status);
	}
	/* Scripts wait for this line, so it is told at every LOG_LEVEL. */
	if (log_level_parse(s->log_level, &level) && level < LOG_LVL_INFO)
		log_set_threshold(LOG_LVL_INFO);
	if (status.accounts < 0 || s->smtp_only)
		log_info("%s is up and running after %" PRId64 " ms: ports %s", s->hostname,
			 took_ms, ports);
	else
		log_info("%s is up and running after %" PRId64 " ms: ports %s; accounts: %" PRId64,
			 s->hostname, took_ms, ports, status.accounts);
	if (status.accounts == 0 && !s->smtp_only)
		log_info("there is no account yet; add the first one with: setup email add user@%s",
			 s->domainname);
}

static int ready(struct arena *a, const struct worker_context *ctx)
{
	struct settings_source src = own_source(a);
	const struct service_probe *list[PROBES_MAX];
	struct probe_report reports[PROBES_MAX];
	const struct probe_options options = { .deadline_ms = READY_MS,
					       .keep_trying = true,
					       .take_expired = true };
	struct settings s;
	struct problems p;
	struct plan plan;
	size_t n;

	problems_init(&p, a);
	settings_load(a, &src, &s, &p);
	plan_make(a, &s, NULL, false, &plan, &p);
	n = probe_list(&plan, PROBE_READINESS, list);
	size_t failed = probe_run(list, n, &options, reports);
	served_learn(a, reports, n);
	if (failed == 0)
		say_ready(a, &s, port_list(a, list, n), now_ms() - ctx->began_ms);
	else
		say_not_ready(reports, n);
	expiry_tell(a, &s);
	return may_relay(reports, n) ? ERR_CONFIG : 0;
}

int worker_run(enum sys_job job, void *arg)
{
	const struct worker_context *ctx = arg;
	struct arena a;

	arena_init(&a, "worker");
	switch (job) {
	case JOB_BOOT:
		return boot(&a);
	case JOB_LIVE:
		return live(&a);
	case JOB_READY:
		return ready(&a, ctx);
	}
	BUG("job %d", (int)job);
}
