/* SPDX-License-Identifier: MIT */
/*
 * SPF: a policy server in Python that Postfix starts when a connection needs it, and that ends with the
 * smtpd(8) that asks, some seconds after its last client.
 *
 * SOURCES
 *	policyd-spf(1), policyd-spf.conf(5); RFC 7208 §8; SMTPD_POLICY_README.
 */
#include "service.h"

static bool enabled(const struct settings *s)
{
	return s->enable_policyd_spf;
}

static const struct service_file files[] = {
	{ .dest = "policyd-spf/policyd-spf.conf",
	  .tpl = "policyd-spf.conf.tpl",
	  .dialect = DIALECT_RAW }, /* no values in it */
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/postfix-policyd-spf-python/policyd-spf.conf", "policyd-spf/policyd-spf.conf" },
	{ NULL, NULL },
};

/* Longer than both look-ups; when it does not answer, the client is put off. */
static const struct service_policy policy = {
	.server = "unix:private/policyd-spf", .options = "timeout=40s", .order = 10, .early = true
};

static const struct service_spawn spawn = { .name = "policyd-spf",
					    .user = "policyd-spf",
					    .command = "/usr/bin/policyd-spf" };

const struct service service_policyd_spf = {
	.name = "policyd-spf",
	.enabled = enabled,
	.files = files,
	.links = links,
	.policy = &policy,
	.spawn = &spawn,
};
