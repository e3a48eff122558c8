/* SPDX-License-Identifier: MIT */
/*
 * One socket in, two outputs: mail.log and the container's standard output.
 */
#include "service.h"

static struct tpl_value dropin_dir(const struct service_ctx *ctx UNUSED)
{
	return tpl_text("/etc/rsyslog.d");
}

/* The container's output is that of init. When init is not PID 1 (docker run --init), PID 1 is
 * the runtime's own little init, which holds the same descriptor. */
static struct tpl_value stdout_path(const struct service_ctx *ctx UNUSED)
{
	return tpl_text("/proc/1/fd/1");
}

static const struct fact facts[] = {
	{ "rsyslog_dropin_dir", "rsyslog rules of derived images", dropin_dir },
	{ "stdout_path", "the container's standard output, as a path", stdout_path },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "rsyslog/rsyslog.conf", .tpl = "rsyslog.conf.tpl", .dialect = DIALECT_RAW },
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/rsyslog.conf", "rsyslog/rsyslog.conf" },
	{ NULL, NULL },
};

/* Postfix is not chrooted here and needs no log socket in its queue. */
static const char *const removed[] = { "/etc/rsyslog.d/postfix.conf", NULL };

static const struct service_dir dirs[] = {
	{ "/var/log/mail", NULL, NULL, 0755 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { "/run/rsyslogd.pid", "/dev/log", NULL };

static const struct service_log logs[] = {
	{ .path = "/var/log/mail/mail.log",
	  .mode = "0640",
	  .owner = "root",
	  .group = "root",
	  .reopen_command = "/usr/bin/pkill -HUP -x rsyslogd" },
	{ .path = NULL },
};

const struct service service_rsyslog = {
	.name = "rsyslog",
	.facts = facts,
	.files = files,
	.links = links,
	.removed = removed,
	.dirs = dirs,
	.leftovers = leftovers,
	.logs = logs,
	.program = { .command = "/usr/sbin/rsyslogd -n -i NONE -f /etc/rsyslog.conf",
		     .stop_signal = "TERM",
		     /* An input that misses its signal is sent another after a second. */
		     .stop_wait_s = 3,
		     .start_s = 1,
		     .priority = 10 },
};
