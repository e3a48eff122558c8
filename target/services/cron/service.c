/* SPDX-License-Identifier: MIT */
/*
 * Debian's cron: our jobs in /etc/crontab, those of derived images and mounts in /etc/cron.d.
 */
#include "service.h"

static const struct service_file files[] = {
	{ .dest = "cron/crontab", .tpl = "crontab.tpl", .dialect = DIALECT_CRON },
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/crontab", "cron/crontab" },
	{ NULL, NULL },
};

static const char *const leftovers[] = { "/run/crond.pid", "/run/crond.reboot", NULL };

const struct service service_cron = {
	.name = "cron",
	.files = files,
	.links = links,
	.leftovers = leftovers,
	.program = { .command = "/usr/sbin/cron -f -L 4",
		     .stop_signal = "TERM",
		     .stop_wait_s = 1,
		     .start_s = 1,
		     .priority = 20 },
};
