/* SPDX-License-Identifier: MIT */
/*
 * `setup tls report`: a part of the binary that comes with the service does the work.
 */
#include "cli/commands.h"
#include "service.h"

#define APPLET "tls-reports"

/* argv[0] is the applet's name. */
static int run(int argc, const char *const *argv)
{
	const struct service_applet *applet = service_find_applet(APPLET);
	char *words[4] = { NULL };
	struct arena a;

	arena_init(&a, APPLET);
	for (int i = 0; i < argc; i++)
		words[i] = arena_strdup(&a, argv[i]);
	int status = applet ? applet->run(argc, words) : 1;
	arena_fini(&a);
	return status;
}

int tls_report(const struct cmd *cmd)
{
	const char *argv[4] = { APPLET, "show", cmd->argv[0], cmd->argv[1] };

	return run(2 + cmd->argc, argv);
}

int tls_report_list(const struct cmd *cmd)
{
	const char *argv[3] = { APPLET, "list", "--json" };

	return run(cmd_has_flag(cmd, 'j') ? 3 : 2, argv);
}
