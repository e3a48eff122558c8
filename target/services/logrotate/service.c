/* SPDX-License-Identifier: MIT */
/*
 * Rotates what the other services list in their `logs`; run by cron.
 */
#include "service.h"

static const struct service_file files[] = {
	{ .dest = "logrotate/logrotate.conf", .tpl = "logrotate.conf.tpl", .dialect = DIALECT_RAW },
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/logrotate.conf", "logrotate/logrotate.conf" },
	{ NULL, NULL },
};

static const struct service_state states[] = {
	{ "/var/lib/logrotate", "lib-logrotate" },
	{ NULL, NULL },
};

/* Rules for logs that this image does not have; and logrotate's own daily job, ours names its
 * state file. */
static const char *const removed[] = {
	"/etc/cron.daily/apt-compat", "/etc/cron.daily/dpkg",
	"/etc/cron.daily/logrotate",  "/etc/logrotate.d/alternatives",
	"/etc/logrotate.d/apt",	      "/etc/logrotate.d/btmp",
	"/etc/logrotate.d/dpkg",      "/etc/logrotate.d/rsyslog",
	"/etc/logrotate.d/wtmp",      NULL,
};

static const struct service_dir dirs[] = {
	{ "/var/mail-state/lib-logrotate", NULL, NULL, 0755 },
	{ NULL, NULL, NULL, 0 },
};

static const struct service_cron crons[] = {
	{ "25 6 * * *", "root",
	  "/usr/sbin/logrotate --state /var/mail-state/lib-logrotate/status /etc/logrotate.conf",
	  NULL },
	{ NULL, NULL, NULL, NULL },
};

const struct service service_logrotate = {
	.name = "logrotate",
	.files = files,
	.links = links,
	.states = states,
	.removed = removed,
	.dirs = dirs,
	.crons = crons,
};
