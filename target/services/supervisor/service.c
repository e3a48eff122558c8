/* SPDX-License-Identifier: MIT */
/*
 * supervisord starts and restarts the daemons; init runs it and waits for it. Its launcher imports
 * while the configuration is still being rendered (see launch.py).
 */
#include "service.h"

#define SUPERVISOR_SOCKET "/run/supervisor.sock"

static struct tpl_value socket_path(const struct service_ctx *ctx UNUSED)
{
	return tpl_text(SUPERVISOR_SOCKET);
}

static struct tpl_value pidfile_path(const struct service_ctx *ctx UNUSED)
{
	return tpl_text("/run/supervisord.pid");
}

static struct tpl_value dropin_dir(const struct service_ctx *ctx UNUSED)
{
	return tpl_text("/etc/supervisor/conf.d");
}

static const struct fact facts[] = {
	{ "supervisor_socket", "control socket of supervisord, root only", socket_path },
	{ "supervisor_pidfile", "process id of supervisord", pidfile_path },
	{ "supervisor_dropin_dir", "programs of derived images", dropin_dir },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "supervisor/supervisord.conf",
	  .tpl = "supervisord.conf.tpl",
	  .dialect = DIALECT_INI },
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/supervisor", "supervisor" },
	{ NULL, NULL },
};

static const struct service_probe probes[] = {
	{ .name = "programs", .kind = PROBE_PROGRAMS, .path = SUPERVISOR_SOCKET },
	{ .name = NULL },
};

const struct service service_supervisor = {
	.name = "supervisor",
	.is_supervisor = true,
	.facts = facts,
	.files = files,
	.links = links,
	.program = { .command = "/usr/local/bin/supervisord -c /etc/supervisor/supervisord.conf" },
	.probes = probes,
};
