/* SPDX-License-Identifier: MIT */
/*
 * Postfix: receives, relays for authenticated users, and submits. master(8) is started directly:
 * what the postfix(1) scripts do at each start (half a second of shell) is done here once, by the
 * directories below.
 *
 * SOURCES
 *	master(8), postfix-wrapper(5), postfix-files(5), post-install.
 */
#include "service.h"

#include <dirent.h>

#include "base/file.h"
#include "inputs/relays.h"
#include "postfix/dane.h"
#include "postfix/merge.h"
#include "postfix/proxy_gate.h"
#include "postfix/relay_tables.h"
#include "postfix/tables.h"
#include "postfix/types.h"
#include "settings/tls_mode.h"

#define QUEUE "/var/mail-state/spool-postfix"
#define DROPIN_MAX ((size_t)1 << 20)

static const struct service_file files[] = {
	{ .dest = "postfix/main.cf", .tpl = "main.cf.tpl", .dialect = DIALECT_POSTFIX },
	{ .dest = "postfix/master.cf", .tpl = "master.cf.tpl", .dialect = DIALECT_POSTFIX },
	{ .dest = "postfix/incoming_header_filter.pcre",
	  .tpl = "incoming_header_filter.pcre.tpl",
	  .dialect = DIALECT_RAW }, /* no values in it */
	{ .dest = "postfix/sender_header_filter.pcre",
	  .tpl = "sender_header_filter.pcre.tpl",
	  .dialect = DIALECT_RAW }, /* no values in it */
	{ .dest = "postfix/sender_mime_header_filter.pcre",
	  .tpl = "sender_mime_header_filter.pcre.tpl",
	  .dialect = DIALECT_RAW }, /* no values in it */
	{ .dest = "postfix/openssl.cnf",
	  .tpl = "openssl.cnf.tpl",
	  .dialect = DIALECT_RAW }, /* one value, a constant */
	{ .dest = DANE_AUTO_FILE,
	  .tpl = "dane-auto.tpl",
	  .dialect = DIALECT_RAW, /* no values in it */
	  .when = dane_is_auto },
	{ .dest = NULL },
};

/* The transport of DEFAULT_RELAY_HOST. */
static struct tpl_value default_relay_transport(const struct service_ctx *ctx)
{
	bool implicit = relay_hop_is_implicit_tls(ctx->s->default_relay_host);

	return tpl_text(implicit ? RELAY_TRANSPORT_TLS : RELAY_TRANSPORT);
}

static struct tpl_value dane_on(const struct service_ctx *ctx)
{
	return tpl_bool(dane_is_on(ctx));
}

/* Accounts of a store need not stand in files here. */
static struct tpl_value asks_store(const struct service_ctx *ctx)
{
	return tpl_bool(ctx->s->smtp_only && *ctx->s->postfix_dagent != '\0');
}

/* The proof speaks of IPv4 addresses, whatever the others do. */
static struct tpl_value postfix_all_protocols(const struct service_ctx *ctx)
{
	return tpl_bool(streq(ctx->s->postfix_inet_protocols, "all"));
}

static const struct fact facts[] = {
	{ "postfix_all_protocols", "Postfix uses IPv4 and IPv6", postfix_all_protocols },
	{ "asks_store", "recipients are verified where POSTFIX_DAGENT leads", asks_store },
	{ "dane_on", "DANE is on for mail that leaves", dane_on },
	{ "default_relay_transport", "master.cf service for DEFAULT_RELAY_HOST",
	  default_relay_transport },
	{ NULL, NULL, NULL },
};

static const struct service_link links[] = {
	{ "/etc/postfix", "postfix" },
	{ NULL, NULL },
};

static const struct service_state states[] = {
	{ "/var/spool/postfix", "spool-postfix" },
	{ "/var/lib/postfix", "lib-postfix" },
	{ NULL, NULL },
};

/* SOURCE: postfix-files of Postfix 3.10. */
static const struct service_dir dirs[] = {
	{ QUEUE, NULL, NULL, 0755 },
	{ QUEUE "/active", "postfix", NULL, 0700 },
	{ QUEUE "/bounce", "postfix", NULL, 0700 },
	{ QUEUE "/corrupt", "postfix", NULL, 0700 },
	{ QUEUE "/defer", "postfix", NULL, 0700 },
	{ QUEUE "/deferred", "postfix", NULL, 0700 },
	{ QUEUE "/flush", "postfix", NULL, 0700 },
	{ QUEUE "/hold", "postfix", NULL, 0700 },
	{ QUEUE "/incoming", "postfix", NULL, 0700 },
	{ QUEUE "/private", "postfix", NULL, 0700 },
	{ QUEUE "/saved", "postfix", NULL, 0700 },
	{ QUEUE "/trace", "postfix", NULL, 0700 },
	{ QUEUE "/maildrop", "postfix", "postdrop", 0730 },
	{ QUEUE "/public", "postfix", "postdrop", 0710 },
	{ QUEUE "/pid", NULL, NULL, 0755 },
	{ "/var/mail-state/lib-postfix", "postfix", "postfix", 0755 },
	{ "/run/postscreen", "postfix", "postfix", 0700 },
	{ "/run/mailserver/notes", NULL, NULL, 0755 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const pristine[] = { "postfix/dynamicmaps.cf", "postfix/postfix-files",
					"postfix/postfix-files.d", NULL };

/* postconf tells a misspelt name on stderr and ends with 0: anything it says there is a
 * complaint. */
static const char *const check_names[] = { "/usr/sbin/postconf", "-c", "@/postfix", "-n", NULL };
static const char *const check_master[] = { "/usr/sbin/postconf", "-c", "@/postfix", "-M", NULL };
/* Any Postfix program that looks something up reads all global numbers and refuses bad ones. */
static const char *const check_numbers[] = { "/usr/sbin/postmap", "-c", "@/postfix", "-q", "x",
					     "static:y",	  NULL };

static const struct service_check checks[] = {
	{ check_names, "warning:", 10000 },
	{ check_master, "warning:", 10000 },
	{ check_numbers, NULL, 10000 },
	{ NULL, NULL, 0 },
};

static const char *const reload[] = { "/usr/sbin/postfix", "reload", NULL };

static const struct service_applet applets[] = {
	{ "dane-check", dane_check_main },
	{ "proxy-gate", proxy_gate_main },
	{ NULL, NULL },
};

static const struct service_cron crons[] = {
	{ "@reboot", "root", "/usr/local/bin/mailserver dane-check", NULL },
	{ "*/10 * * * *", "root", "/usr/local/bin/mailserver dane-check", NULL },
	{ NULL, NULL, NULL, NULL },
};

static const char *const leftovers[] = { "/run/mailserver/notes/dane", NULL };

static bool submission(const struct settings *s)
{
	return !s->smtp_only && tls_starttls_ports(s);
}

static bool submissions(const struct settings *s)
{
	return !s->smtp_only && tls_implicit_ports(s);
}

static bool submission_without_login(const struct settings *s)
{
	return s->smtp_only && tls_starttls_ports(s);
}

static bool submissions_without_login(const struct settings *s)
{
	return s->smtp_only && tls_implicit_ports(s);
}

static const struct service_probe probes[] = {
	{ .name = "smtp", .kind = PROBE_SMTP, .port = 25 },
	{ .name = "relay", .kind = PROBE_RELAY, .path = QUEUE "/private/relay-proof" },
	{ .name = "submission", .kind = PROBE_SMTP, .port = 587, .when = submission },
	{ .name = "submissions",
	  .kind = PROBE_SMTP,
	  .port = 465,
	  .tls = true,
	  .when = submissions },
	{ .name = "submission",
	  .kind = PROBE_SMTP,
	  .port = 587,
	  .no_login = true,
	  .when = submission_without_login },
	{ .name = "submissions",
	  .kind = PROBE_SMTP,
	  .port = 465,
	  .tls = true,
	  .no_login = true,
	  .when = submissions_without_login },
	{ .name = NULL },
};

/* A program that reads main.cf waits until the file is two seconds old (mail_conf_suck, "file in
 * flux"), so a fresh one would cost every start two seconds. */
static bool age_main_cf(const char *staging, struct arena *a, struct err *err)
{
	const char *path = arena_printf(a, "%s/postfix/main.cf", staging);
	struct timespec times[2];

	(void)clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= 60;
	times[1] = times[0];
	if (utimensat(AT_FDCWD, path, times, 0) < 0)
		return err_sys(err, ERR_IO, "set the time of %s", path);
	return true;
}

/* Parameters of derived images: drop-in/postfix/main.cf.d/NAME.cf, in the order of the names. */
static bool read_dropins(struct arena *a, const char *dir, struct override_vec *out,
			 struct problems *p, struct err *err)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, NULL, alphasort);
	bool ok = true;

	for (int i = 0; i < n; i++) {
		const char *path = arena_printf(a, "%s/%s", dir, list[i]->d_name);
		char *text;
		size_t len;
		if (has_suffix(path, ".cf") && file_exists(path) && ok &&
		    (ok = file_read(a, path, DROPIN_MAX, &text, &len, err)))
			overrides_parse_main(a, arena_printf(a, "main.cf.d/%s", list[i]->d_name),
					     (struct str){ text, len }, out, p);
		free(list[i]);
	}
	free(list);
	return ok;
}

/* What derived images add, then the administrator's own parameters and options. */
static bool merge_overrides(const struct service_ctx *ctx, const char *staging, struct problems *p,
			    struct err *err)
{
	struct arena *a = ctx->arena;
	const char *main_cf = arena_printf(a, "%s/postfix/main.cf", staging);
	struct override_vec dropins = VEC_INIT;

	return read_dropins(a, arena_printf(a, "%s.d", main_cf), &dropins, p, err) &&
	       merge_main(a, main_cf, &dropins, err) &&
	       merge_main(a, main_cf, &ctx->in->main_cf, err) &&
	       merge_master(a, arena_printf(a, "%s/postfix/master.cf", staging),
			    &ctx->in->master_cf, p, err);
}

static bool finish(const struct service_ctx *ctx, const char *staging, struct problems *p,
		   struct err *err)
{
	return merge_overrides(ctx, staging, p, err) &&
	       (ctx->on_host || (age_main_cf(staging, ctx->arena, err) &&
				 types_check(ctx->arena, &ctx->in->main_cf, p, err)));
}

/* Whether the name stands in the text as a word. */
static bool has_word(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; (at = strstr(at, name)) != NULL; at++) {
		char before = at == text ? ' ' : at[-1], behind = at[n];
		if (!isalnum((unsigned char)before) && before != '_' && before != '-' &&
		    !isalnum((unsigned char)behind) && behind != '_' && behind != '-')
			return true;
	}
	return false;
}

static const char *origin(const struct service_ctx *ctx, const char *complaint)
{
	const struct override_vec *lists[] = { &ctx->in->main_cf, &ctx->in->master_cf };

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k]->n; i++) {
			const struct override *x = &lists[k]->v[i];
			if (*x->name && has_word(complaint, x->name))
				return arena_printf(ctx->arena, "%s:%u", x->file, x->line);
		}
	return NULL;
}

/* smtpd of a submission port dies, and its port with it for a while, when nobody answers its
 * question about SASL. */
static const char *const after[] = { "dovecot", NULL };

const struct service service_postfix = {
	.name = "postfix",
	.after = after,
	.facts = facts,
	.files = files,
	.links = links,
	.states = states,
	.dirs = dirs,
	.leftovers = leftovers,
	.pristine = pristine,
	.checks = checks,
	.reload = reload,
	.probes = probes,
	.crons = crons,
	.applets = applets,
	.live = &postfix_live,
	.finish = finish,
	.origin = origin,
	.program = { .command = "/usr/lib/postfix/sbin/master",
		     .environment = "MAIL_CONFIG=\"/etc/postfix\"",
		     .stop_signal = "TERM",
		     .stop_wait_s = 5,
		     .start_s = 1,
		     .priority = 20 },
};
