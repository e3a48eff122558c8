/* SPDX-License-Identifier: MIT */
/*
 * mailserver renew
 *
 * Renders the daemons' configuration of a running server once more and puts it in force: for programs
 * of the server that have found out something which its templates ask for. Waits until every port
 * answers, because a daemon that is just starting may have read the old files and can't yet be told.
 */
#include "cli/cli.h"
#include "cli/source.h"
#include "plan/apply.h"
#include "plan/probe.h"

#define READY_MS 60000

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: mailserver renew\n\n"
		"Renders the configuration of the running server again, has the daemons check it, and puts it in\n"
		"force. Needed by programs of the server only: changed files are applied by themselves.\n"
		"Exit status 0 done, 78 what stands in the way is printed, and nothing has changed.\n");
	return status;
}

static void wait_until_ready(struct arena *a, const struct settings_source *src)
{
	const struct probe_options options = { .deadline_ms = READY_MS, .keep_trying = true };
	const struct service_probe *list[PROBES_MAX];
	struct probe_report reports[PROBES_MAX];
	struct settings s;
	struct problems p;
	struct plan plan;

	problems_init(&p, a);
	settings_load(a, src, &s, &p);
	plan_make(a, &s, NULL, false, &plan, &p);
	(void)probe_run(list, probe_list(&plan, PROBE_READINESS, list), &options, reports);
}

int cli_renew(int argc, char **argv)
{
	struct settings_source src;
	struct problems p;
	struct arena a;
	int status;

	if (!source_chore(argc, argv, usage, &a, &src, &status))
		return status;
	wait_until_ready(&a, &src);
	problems_init(&p, &a);
	status = apply_renew(&src, &p);
	for (size_t i = 0; i < p.list.n; i++)
		fprintf(stderr, "%s: %s%s%s\n", p.list.v[i].subject, p.list.v[i].text,
			p.list.v[i].hint ? "; " : "", p.list.v[i].hint ? p.list.v[i].hint : "");
	return status;
}
