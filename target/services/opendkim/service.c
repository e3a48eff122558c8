/* SPDX-License-Identifier: MIT */
/*
 * OpenDKIM: signs mail of users and of the container, checks the signatures of mail that comes in.
 *
 * LIMITS
 *	A Sieve script of a user that redirects mail hands it in from the container: if its From: is of
 *	a hosted domain it is signed, whoever wrote it.
 *
 * SOURCES
 *	opendkim(8), opendkim.conf(5); RFC 8601 §5 (removing forged results).
 */
#include "service.h"

#include "base/file.h"
#include "base/net.h"
#include "inputs/dkim.h"
#include "opendkim/tables.h"

#define LIVE "/run/mailserver/live/opendkim"
#define SOCKET "/run/opendkim/opendkim.sock"
#define RESOLV_CONF "/etc/resolv.conf"

static bool enabled(const struct settings *s)
{
	return s->enable_opendkim;
}

/* Addresses of the resolvers, with commas; empty when there are none. */
static struct tpl_value nameservers(const struct service_ctx *ctx)
{
	autobuf struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct str rest, line, word, address;
	char *text;

	if (ctx->on_host || !file_read(ctx->arena, RESOLV_CONF, (size_t)1 << 20, &text, NULL, &err))
		return tpl_text("");
	rest = str_from(text);
	while (str_next_line(&rest, &line)) {
		if (!str_next_word(&line, " \t", &word) || !str_is(word, "nameserver") ||
		    !str_next_word(&line, " \t", &address))
			continue;
		const char *one = str_dup(ctx->arena, address);
		if (is_ip_address(one))
			buf_printf(&out, "%s%s", out.n ? "," : "", one);
	}
	return tpl_text(buf_dup(ctx->arena, &out));
}

static const struct fact facts[] = {
	{ "dkim_nameservers", "resolvers of the container, with commas", nameservers },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "opendkim/opendkim.conf", .tpl = "opendkim.conf.tpl", .dialect = DIALECT_WORDS },
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/opendkim.conf", "opendkim/opendkim.conf" },
	{ "/etc/opendkim", "opendkim" },
	{ NULL, NULL },
};

static const struct service_dir dirs[] = {
	{ "/run/opendkim", "opendkim", "postfix", 0710 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { SOCKET, NULL };

static const char *const check_conf[] = { "/usr/sbin/opendkim", "-n", "-x",
					  "@/opendkim/opendkim.conf", NULL };

static const struct service_check checks[] = {
	{ check_conf, NULL, 10000 },
	{ NULL, NULL, 0 },
};

/* It takes new tables at the next connection; sessions that are open keep the old ones. */
static const char *const reload[] = { "/usr/bin/pkill", "-USR1",    "-x", "-u",
				      "opendkim",	"opendkim", NULL };

static const struct service_probe probes[] = {
	{ .name = "opendkim", .kind = PROBE_MILTER, .path = SOCKET, .watched = true },
	{ .name = NULL },
};

static const struct service_milter milter = {
	.socket = "unix:" SOCKET, .order = 10, .incoming = true, .submission = true, .local = true
};

/* The tables beside opendkim.conf, where everybody looks for them. */
static bool finish(const struct service_ctx *ctx, const char *staging, struct problems *p UNUSED,
		   struct err *err)
{
	static const char *const names[] = { "KeyTable", "SigningTable", "TrustedHosts", "keys" };

	for (size_t i = 0; !ctx->on_host && i < ARRAY_SIZE(names); i++)
		if (!link_flip(arena_printf(ctx->arena, "%s/opendkim/%s", staging, names[i]),
			       arena_printf(ctx->arena, LIVE "/%s", names[i]), err))
			return false;
	return true;
}

/* Domains whose mail leaves unsigned: one finding for all. */
static void check(const struct service_ctx *ctx, struct problems *p)
{
	autobuf struct buf list = BUF_INIT;

	for (size_t i = 0; i < ctx->in->domains.n; i++)
		if (!dkim_signs_domain(&ctx->in->dkim, ctx->in->domains.v[i]))
			buf_printf(&list, "%s%s", list.n ? "," : "", ctx->in->domains.v[i]);
	if (list.n > 0)
		problems_add(p, SEV_NOTE, "DKIM",
			     arena_printf(ctx->arena,
					  "make keys, and publish the records that are printed: "
					  "setup config dkim domain %s",
					  list.p),
			     "mail of these domains is not signed, they have no key: %s", list.p);
}

const struct service service_opendkim = {
	.name = "opendkim",
	.enabled = enabled,
	.check = check,
	.facts = facts,
	.files = files,
	.links = links,
	.dirs = dirs,
	.leftovers = leftovers,
	.checks = checks,
	.reload = reload,
	.reload_inputs = INPUT_DKIM,
	.probes = probes,
	.live = &opendkim_live,
	.milter = &milter,
	.finish = finish,
	.program = { .command = "/usr/sbin/opendkim -f -x " LIVE "/opendkim.conf",
		     .user = "opendkim",
		     .stop_signal = STOP_OF_MILTER,
		     .stop_wait_s = 5,
		     .start_s = 1,
		     .priority = 15,
		     .ready = SOCKET },
};
