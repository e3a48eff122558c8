/* SPDX-License-Identifier: MIT */
/*
 * MTA-STS for mail that leaves: postfix-mta-sts-resolver fetches and keeps the policies; the MTA asks it
 * through a small program of ours, which gives DANE the first word (policy.h).
 *
 * SOURCES
 *	RFC 8461; mta-sts-daemon(1), mta-sts-daemon.yml(5).
 */
#include "service.h"

#include "mta-sts/policy.h"

static bool enabled(const struct settings *s)
{
	return s->enable_mta_sts;
}

static const struct service_file files[] = {
	{ .dest = "mta-sts/mta-sts-daemon.yml",
	  .tpl = "mta-sts-daemon.yml.tpl",
	  .dialect = DIALECT_RAW }, /* no values in it */
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/mta-sts-daemon.yml", "mta-sts/mta-sts-daemon.yml" },
	{ NULL, NULL },
};

static const struct service_state states[] = {
	{ "/var/lib/mta-sts", "lib-mta-sts" },
	{ NULL, NULL },
};

static const struct service_dir dirs[] = {
	{ "/run/mta-sts", "_mta-sts", "_mta-sts", 0750 },
	{ "/var/mail-state/lib-mta-sts", "_mta-sts", "_mta-sts", 0750 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { MTA_STS_SOCKET, NULL };

static const struct service_probe probes[] = {
	{ .name = "mta-sts",
	  .kind = PROBE_UNIX,
	  .path = MTA_STS_SOCKET,
	  .say = "12:postfix [::],",
	  .expect = "9:NOTFOUND ",
	  .late = true }, /* two seconds of Python; mail that needs it waits */
	{ .name = NULL },
};

static const struct service_spawn spawn = { .name = "tls-policy",
					    .user = "_mta-sts",
					    .command = "/usr/local/bin/mailserver mta-sts-policy" };

static const struct service_applet applets[] = {
	{ "mta-sts-policy", mta_sts_policy_main },
	{ NULL, NULL },
};

const struct service service_mta_sts = {
	.name = "mta-sts",
	.enabled = enabled,
	.files = files,
	.links = links,
	.states = states,
	.dirs = dirs,
	.leftovers = leftovers,
	.probes = probes,
	.spawn = &spawn,
	.applets = applets,
	.program = { .command = "/usr/bin/mta-sts-daemon --disable-uvloop -v warn",
		     .user = "_mta-sts",
		     .stop_signal = "TERM",
		     .stop_wait_s = 3,
		     .start_s = 1,
		     .priority = 15 },
};
