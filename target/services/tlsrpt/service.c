/* SPDX-License-Identifier: MIT */
/*
 * Reports about TLS (TLSRPT): a program that the MTA tells of each TLS session with a domain that asks for
 * reports, and what prints and sends them.
 *
 * SOURCES
 *	RFC 8460; postconf(5) smtp_tlsrpt_enable, TLSRPT_README.
 */
#include "service.h"

#include "base/net.h"
#include "inputs/dkim.h"
#include "tlsrpt/collect.h"
#include "tlsrpt/reports.h"

#define OWN_PREFIX "smtp_tlsrpt_"

static bool enabled(const struct settings *s)
{
	return s->enable_tlsrpt;
}

static bool sends(const struct settings *s)
{
	return s->tlsrpt_send;
}

static void check_signature(const struct service_ctx *ctx, struct problems *p)
{
	const char *domain = email_domain(ctx->s->tlsrpt_sender);

	if (ctx->s->enable_opendkim && dkim_signs_domain(&ctx->in->dkim, domain))
		return;
	problems_add(p, SEV_NOTE, "TLSRPT_SENDER",
		     ctx->s->enable_opendkim
			     ? arena_printf(ctx->arena,
					    "setup config dkim domain %s; or TLSRPT_SEND=0", domain)
			     : "ENABLE_OPENDKIM=1, or TLSRPT_SEND=0",
		     "mail of %s is not signed (DKIM): others need not take reports about TLS "
		     "without a signature",
		     domain);
}

static void check(const struct service_ctx *ctx, struct problems *p)
{
	if (ctx->s->tlsrpt_send)
		check_signature(ctx, p);
	for (size_t i = 0; i < ctx->in->main_cf.n; i++) {
		const struct override *x = &ctx->in->main_cf.v[i];
		if (streq(x->name, OWN_PREFIX "enable") || streq(x->name, OWN_PREFIX "socket_name"))
			problems_add(p, SEV_NOTE,
				     arena_printf(ctx->arena, "%s:%u", x->file, x->line), NULL,
				     "%s says whom the MTA tells of TLS sessions: the server's own "
				     "collector (ENABLE_TLSRPT) may count nothing",
				     x->name);
	}
}

static struct tpl_value socket_path(const struct service_ctx *ctx UNUSED)
{
	return tpl_text(COLLECT_SOCKET);
}

static const struct fact facts[] = {
	{ "tlsrpt_socket", "where the MTA tells of TLS sessions", socket_path },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "tlsrpt/reports.conf", .tpl = "reports.conf.tpl", .dialect = DIALECT_WORDS },
	{ .dest = NULL },
};

/* The first says who reaches the socket in it. */
static const struct service_dir dirs[] = {
	{ "/run/tlsrpt", "tlsrpt", "postfix", 0710 },
	{ STORE_DIR, "tlsrpt", "tlsrpt", 0750 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { COLLECT_SOCKET, NULL };

static const struct service_probe probes[] = {
	{ .name = "TLS reports", .kind = PROBE_UNIX, .path = COLLECT_SOCKET, .late = true },
	{ .name = NULL },
};

static const struct service_cron crons[] = {
	{ "*/10 * * * *", "tlsrpt", "/usr/local/bin/mailserver tls-reports send", sends },
	{ NULL, NULL, NULL, NULL },
};

static const struct service_applet applets[] = {
	{ "tls-reports", reports_main },
	{ NULL, NULL },
};

const struct service service_tlsrpt = {
	.name = "tlsrpt",
	.enabled = enabled,
	.check = check,
	.facts = facts,
	.files = files,
	.dirs = dirs,
	.leftovers = leftovers,
	.probes = probes,
	.crons = crons,
	.applets = applets,
	.program = { .command = "/usr/local/bin/mailserver tls-reports collect",
		     .user = "tlsrpt",
		     .stop_signal = "TERM",
		     .stop_wait_s = 2,
		     .start_s = 1,
		     .priority = 15 },
};
