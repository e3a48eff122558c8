/* SPDX-License-Identifier: MIT */
/*
 * clamav-milter stands between Postfix and the scanner. It looks for the scanner at each message, so neither has to wait
 * for the other; while there is none, mail is put off.
 *
 * SOURCES
 *	clamav-milter(8), clamav-milter.conf(5).
 */
#include "service.h"

#define MILTER_SOCKET "/run/clamav-milter/milter.sock"

static bool is_enabled(const struct settings *s)
{
	return s->enable_clamav && s->enable_amavis;
}

static struct tpl_value rejects(const struct service_ctx *ctx)
{
	return tpl_bool(streq(ctx->s->clamav_on_virus, "reject"));
}

static const struct fact facts[] = {
	{ "clamav_rejects", "infected mail is refused, not kept", rejects },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "clamav/clamav-milter.conf",
	  .tpl = "clamav-milter.conf.tpl",
	  .dialect = DIALECT_WORDS },
	{ .dest = NULL },
};

static const struct service_dir dirs[] = {
	{ "/run/clamav-milter", "clamav", "postfix", 0750 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { "/run/clamav-milter", NULL };

/* Asked after the cheaper checks. 250 s: clamd's own limits come first, then the milter's. */
static const struct service_milter milter = {
	.socket = "unix:" MILTER_SOCKET,
	.options = "connect_timeout=10s, command_timeout=30s, content_timeout=250s",
	.order = 50,
	.incoming = true,
	.submission = true,
};

static const struct service_cron crons[] = {
	{ "0 4 * * *", "root", "/usr/local/bin/virus-wiper >/dev/null 2>&1", NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct service_probe probes[] = {
	{ .name = "virus milter", .kind = PROBE_MILTER, .path = MILTER_SOCKET, .watched = true },
	{ .name = NULL },
};

const struct service service_clamav_milter = {
	.name = "clamav-milter",
	.enabled = is_enabled,
	.facts = facts,
	.files = files,
	.dirs = dirs,
	.leftovers = leftovers,
	.crons = crons,
	.milter = &milter,
	.probes = probes,
	.program = { .command =
			     "/usr/sbin/clamav-milter --config-file=/etc/clamav/clamav-milter.conf",
		     .stop_signal = STOP_OF_MILTER,
		     .stop_wait_s = 2,
		     .start_s = 1,
		     .priority = 20,
		     .ready = MILTER_SOCKET },
};
