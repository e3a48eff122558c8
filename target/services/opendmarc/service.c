/* SPDX-License-Identifier: MIT */
/*
 * OpenDMARC: applies the policy that the domain of From: publishes, to mail from other servers only. It
 * reads what the SPF policy server and OpenDKIM have put into the header, so it comes after them.
 *
 * SOURCES
 *	opendmarc(8), opendmarc.conf(5); RFC 7489 §6.6.
 */
#include "service.h"

#define SOCKET "/run/opendmarc/opendmarc.sock"

static bool enabled(const struct settings *s)
{
	return s->enable_opendmarc;
}

static const struct service_file files[] = {
	{ .dest = "opendmarc/opendmarc.conf",
	  .tpl = "opendmarc.conf.tpl",
	  .dialect = DIALECT_WORDS },
	{ .dest = "opendmarc/ignore.hosts", .tpl = "ignore.hosts.tpl", .dialect = DIALECT_WORDS },
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/opendmarc.conf", "opendmarc/opendmarc.conf" },
	{ "/etc/opendmarc", "opendmarc" },
	{ NULL, NULL },
};

static const struct service_dir dirs[] = {
	{ "/run/opendmarc", "opendmarc", "postfix", 0710 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { SOCKET, NULL };

static const char *const check_conf[] = { "/usr/sbin/opendmarc", "-n", "-c",
					  "@/opendmarc/opendmarc.conf", NULL };

static const struct service_check checks[] = {
	{ check_conf, NULL, 10000 },
	{ NULL, NULL, 0 },
};

static const struct service_probe probes[] = {
	{ .name = "opendmarc", .kind = PROBE_MILTER, .path = SOCKET, .watched = true },
	{ .name = NULL },
};

static const struct service_milter milter = {
	.socket = "unix:" SOCKET, .order = 20, .incoming = true, .marks = true
};

const struct service service_opendmarc = {
	.name = "opendmarc",
	.enabled = enabled,
	.files = files,
	.links = links,
	.dirs = dirs,
	.leftovers = leftovers,
	.checks = checks,
	.probes = probes,
	.milter = &milter,
	.program = { .command = "/usr/sbin/opendmarc -f -c /etc/opendmarc.conf",
		     .user = "opendmarc",
		     .stop_signal = STOP_OF_MILTER,
		     .stop_wait_s = 5,
		     .start_s = 1,
		     .priority = 15,
		     .ready = SOCKET },
};
