/* SPDX-License-Identifier: MIT */
/*
 * Dovecot: delivers (LMTP), serves IMAP, POP3 and ManageSieve, checks passwords for Postfix,
 * answers its questions about quotas.
 *
 * SOURCES
 *	Dovecot 2.4 documentation: "Quota plugin", "Service configuration", "LMTP server".
 */
#include "service.h"

#include <pwd.h>

#include "dovecot/formats.h"
#include "dovecot/live.h"
#include "dovecot/reload.h"
#include "dovecot/scripts.h"
#include "dovecot/stand_in.h"
#include "dovecot/translate.h"
#include "dovecot/user_scripts.h"
#include "inputs/quotas.h"
#include "settings/tls_mode.h"

#define MAIL_ROOT "/var/mail"
#define MAIL_USER "vmail"
#define GRACE_MIN ((int64_t)10 * 1024 * 1024)

static bool is_enabled(const struct settings *s)
{
	return !s->smtp_only;
}

/* Mail that is delivered elsewhere is nobody's quota here. */
static bool has_quotas(const struct settings *s)
{
	return s->enable_quotas && !s->smtp_only && *s->postfix_dagent == '\0';
}

static struct tpl_value quotas(const struct service_ctx *ctx)
{
	return tpl_bool(has_quotas(ctx->s));
}

/* Whether dovecot.cf says something about it; what, is not looked at. */
static bool cf_mentions(const struct service_ctx *ctx, const char *word)
{
	const struct line_vec *lines = &ctx->in->dovecot_cf;
	bool found = false;

	for (size_t i = 0; !found && i < lines->n; i++)
		found = strcasestr(lines->v[i], word) != NULL;
	return found;
}

static bool marks_mail(const struct settings *s)
{
	bool found = false;

	for (size_t i = 0; !found && services_all[i]; i++) {
		const struct service *svc = services_all[i];
		found = svc->milter && svc->milter->marks && service_is_enabled(svc, s);
	}
	return found;
}

/* header_checks: without ours, which take out marks of strangers, those of a server in front stay. */
static bool names_filter(const char *text)
{
	return strstr(text, "milters") || strstr(text, "content_filter") ||
	       strstr(text, "proxy_filter") || strstr(text, "header_checks");
}

/* Whether a parameter or service of Postfix is about a filter that the administrator has brought along. */
static bool has_filter(const struct override_vec *overrides)
{
	bool found = false;

	for (size_t i = 0; !found && i < overrides->n; i++)
		found = names_filter(overrides->v[i].name) || names_filter(overrides->v[i].value);
	return found;
}

/* The script for Junk, which each delivery would have to run: Dovecot then writes a message to fifty users fifty times, where
 * it would write it once and link it. By default only where there is something that marks mail; senders can't. To a store
 * that takes mail from elsewhere by LMTP it may come with marks. */
static struct tpl_value sorts_junk(const struct service_ctx *ctx)
{
	const struct settings *s = ctx->s;

	return tpl_bool(s->move_spam_to_junk &&
			(settings_is_set(s, SETTING_ROW(move_spam_to_junk)) || marks_mail(s) ||
			 has_filter(&ctx->in->main_cf) || has_filter(&ctx->in->master_cf) ||
			 cf_mentions(ctx, "lmtp")));
}

/* Limits are only where an account has one of its own. */
static struct tpl_value quotas_by_account(const struct service_ctx *ctx)
{
	return tpl_bool(has_quotas(ctx->s) && ctx->s->postfix_mailbox_size_limit == 0 &&
			!cf_mentions(ctx, "quota"));
}

static struct tpl_value bytes_or_unlimited(const struct service_ctx *ctx, int64_t n)
{
	if (n == 0)
		return tpl_text("unlimited");
	return tpl_text(arena_printf(ctx->arena, "%" PRId64 "B", n));
}

static struct tpl_value lmtp_as_mail_user(const struct service_ctx *ctx)
{
	return tpl_bool(scripts_have_mail_user(ctx->s));
}

/* An id that a daemon runs with would let that daemon read all mail. */
static void check_mail_user(const struct service_ctx *ctx, struct problems *p)
{
	const struct passwd *pw;

	setpwent();
	while ((pw = getpwent()) != NULL) {
		bool uid = pw->pw_uid == (uid_t)ctx->s->dms_vmail_uid;
		bool gid = pw->pw_gid == (gid_t)ctx->s->dms_vmail_gid;
		if (streq(pw->pw_name, MAIL_USER) || (!uid && !gid))
			continue;
		problems_add(p, SEV_ERROR,
			     arena_printf(ctx->arena, "DMS_VMAIL_%s='%" PRId64 "'",
					  uid ? "UID" : "GID",
					  uid ? ctx->s->dms_vmail_uid : ctx->s->dms_vmail_gid),
			     "choose another, such as the one of a user on the host, or leave 5000",
			     "this is the id of '%s' in the image, who could read all mail",
			     pw->pw_name);
	}
	endpwent();
}

static void check(const struct service_ctx *ctx, struct problems *p)
{
	if (ctx->on_host)
		return;
	check_mail_user(ctx, p);
	formats_check(ctx, MAIL_ROOT, FORMATS_NOTE, p);
}

/* 0 rather than "unlimited": quota_ignore_unlimited compares with it. */
static struct tpl_value quota_storage_size(const struct service_ctx *ctx)
{
	return tpl_text(
		arena_printf(ctx->arena, "%" PRId64 "B", ctx->s->postfix_mailbox_size_limit));
}

/* Room for one message of the largest size with the headers that are added on the way. */
static int64_t message_room(const struct service_ctx *ctx)
{
	int64_t limit = ctx->s->postfix_message_size_limit;

	return limit == 0 ? 0 : limit + 1024 * 1024;
}

static struct tpl_value quota_storage_grace(const struct service_ctx *ctx)
{
	int64_t room = message_room(ctx);

	return bytes_or_unlimited(ctx, room < GRACE_MIN ? GRACE_MIN : room);
}

static struct tpl_value quota_mail_size(const struct service_ctx *ctx)
{
	return bytes_or_unlimited(ctx, message_room(ctx));
}

static struct tpl_value mailboxes_maildir(const struct service_ctx *ctx)
{
	return tpl_bool(streq(ctx->s->dovecot_mailbox_format, "maildir"));
}

static struct tpl_value ipv4_only(const struct service_ctx *ctx)
{
	/* A kernel without IPv6 can't listen on "::", which is part of Dovecot's default. */
	bool no_ipv6 = !ctx->on_host && access("/proc/net/if_inet6", F_OK) < 0;

	return tpl_bool(streq(ctx->s->dovecot_inet_protocols, "ipv4") ||
			(no_ipv6 && streq(ctx->s->dovecot_inet_protocols, "all")));
}

static struct tpl_value ipv6_only(const struct service_ctx *ctx)
{
	return tpl_bool(streq(ctx->s->dovecot_inet_protocols, "ipv6"));
}

/* dovecot.cf in the language of 2.4. */
static void translate_cf(const struct service_ctx *ctx, struct translated_vec *out,
			 struct problems *p)
{
	const struct line_vec *lines = &ctx->in->dovecot_cf;
	autobuf struct buf text = BUF_INIT;

	for (size_t i = 0; i < lines->n; i++)
		buf_printf(&text, "%s\n", lines->v[i]);
	translate_text(ctx->arena, DOVECOT_CF_FILE, str_from(buf_dup(ctx->arena, &text)), out, p);
}

static struct tpl_value dovecot_cf(const struct service_ctx *ctx)
{
	struct translated_vec lines = VEC_INIT;
	struct problems told_later; /* finish() */

	problems_init(&told_later, ctx->arena);
	translate_cf(ctx, &lines, &told_later);
	struct tpl_item *items = arena_array(ctx->arena, lines.n, sizeof(*items));
	struct tpl_field *f = arena_array(ctx->arena, lines.n, sizeof(*f));
	for (size_t i = 0; i < lines.n; i++) {
		f[i] = (struct tpl_field){ "line", tpl_text(lines.v[i].text) };
		items[i] = (struct tpl_item){ &f[i], 1 };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, lines.n } };
}

static bool finish(const struct service_ctx *ctx, const char *staging UNUSED, struct problems *p,
		   struct err *err UNUSED)
{
	struct translated_vec lines = VEC_INIT;

	translate_cf(ctx, &lines, p);
	return true;
}

/* "… /etc/dovecot/local.conf line 12: …": the line of dovecot.cf that it was made from. */
static const char *origin(const struct service_ctx *ctx, const char *complaint)
{
	struct translated_vec lines = VEC_INIT;
	struct problems ignored;
	const char *at = strstr(complaint, "dovecot/local.conf line ");
	int64_t number;

	if (at == NULL)
		return NULL;
	at = strstr(at, " line ") + strlen(" line ");
	problems_init(&ignored, ctx->arena);
	translate_cf(ctx, &lines, &ignored);
	if (!parse_int64(arena_strndup(ctx->arena, at, strspn(at, "0123456789")), 1,
			 (int64_t)lines.n, &number))
		return NULL;
	return arena_printf(ctx->arena, DOVECOT_CF_FILE ":%u", lines.v[number - 1].line);
}

static void translate(struct arena *a, const char *file, struct str text, struct buf *out,
		      struct problems *p)
{
	struct translated_vec lines = VEC_INIT;

	translate_text(a, file, text, &lines, p);
	for (size_t i = 0; i < lines.n; i++)
		buf_printf(out, "%s\n", lines.v[i].text);
}

static const struct fact facts[] = {
	{ "dovecot_cf", "lines of the administrator's dovecot.cf", dovecot_cf },
	{ "lmtp_as_mail_user", "LMTP, IMAP and POP3 run as vmail", lmtp_as_mail_user },
	{ "quotas", "mailbox quotas are kept and asked for", quotas },
	{ "quotas_by_account", "no limit but accounts' own", quotas_by_account },
	{ "quota_storage_size", "default quota, bytes with unit B, 0 for none",
	  quota_storage_size },
	{ "quota_storage_grace", "how far one message may go over the quota", quota_storage_grace },
	{ "quota_mail_size", "largest message that a mailbox takes", quota_mail_size },
	{ "sorts_junk", "marked mail goes to Junk", sorts_junk },
	{ "mailboxes_maildir", "mail is stored as Maildir", mailboxes_maildir },
	{ "dovecot_ipv4_only", "listen on IPv4 only", ipv4_only },
	{ "dovecot_ipv6_only", "listen on IPv6 only", ipv6_only },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "dovecot/dovecot.conf", .tpl = "dovecot.conf.tpl", .dialect = DIALECT_DOVECOT },
	{ .dest = "dovecot/sieve-environment.conf",
	  .tpl = "sieve-environment.conf.tpl",
	  .dialect = DIALECT_DOVECOT_PLAIN },
	{ .dest = "dovecot/local.conf",
	  .tpl = "local.conf.tpl",
	  .dialect = DIALECT_RAW, /* Dovecot's own language, line by line */
	  .mode = 0600 },
	{ .dest = "dovecot/quota-warning.sh",
	  .tpl = "quota-warning.sh.tpl",
	  .dialect = DIALECT_RAW, /* no values in it */
	  .mode = 0755,
	  .when = has_quotas },
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/dovecot", "dovecot" },
	{ NULL, NULL },
};

static const struct service_state states[] = {
	{ "/var/lib/dovecot", "lib-dovecot" },
	{ NULL, NULL },
};

static const struct service_dir dirs[] = {
	{ MAIL_ROOT, "vmail", "vmail", 0700 },
	{ SCRIPTS_STATE, NULL, NULL, 0755 },
	{ SCRIPTS_STATE "/" PIPE_DIR, NULL, NULL, 0755 },
	{ SCRIPTS_STATE "/" FILTER_DIR, NULL, NULL, 0755 },
	{ SCRIPTS_STATE "/programs", NULL, NULL, 0755 },
	{ SCRIPTS_STATE "/programs/" PIPE_DIR, NULL, NULL, 0755 },
	{ SCRIPTS_STATE "/programs/" FILTER_DIR, NULL, NULL, 0755 },
	{ SCRIPTS_STATE "/user-sieve", NULL, NULL, 0700 },
	{ "/run/dovecot", NULL, NULL, 0755 },
	{ NULL, NULL, NULL, 0 },
};

/* A process id in there may be somebody else's after a restart: Dovecot would take the pid file
 * for a running server, and wait for the owner of the lock. */
static const char *const leftovers[] = { "/run/dovecot",
					 "/var/mail-state/lib-dovecot/instances.lock", NULL };

static const char *const check_conf[] = { "/usr/bin/doveconf", "-c", "@/dovecot/dovecot.conf", "-n",
					  NULL };

static const struct service_check checks[] = {
	{ check_conf, NULL, 10000 },
	{ NULL, NULL, 0 },
};

static bool is_mdbox(const struct settings *s)
{
	return streq(s->dovecot_mailbox_format, "mdbox");
}

/* Messages that were deleted stay in the files of an mdbox until then. */
static const struct service_cron crons[] = {
	{ .schedule = "38 2 * * *",
	  .user = "root",
	  .command = "/usr/bin/doveadm purge -A",
	  .when = is_mdbox },
	{ .schedule = NULL },
};

static const char *const reload[] = { "/usr/local/bin/mailserver", "dovecot-reload", NULL };

static const struct service_applet applets[] = {
	{ "dovecot-reload", dovecot_reload_main },
	{ "dovecot-stand-in", stand_in_main },
	{ NULL, NULL },
};

static bool imap_starttls(const struct settings *s)
{
	return s->enable_imap && tls_starttls_ports(s);
}

static bool imap_implicit(const struct settings *s)
{
	return s->enable_imap && tls_implicit_ports(s);
}

static bool pop3_starttls(const struct settings *s)
{
	return s->enable_pop3 && tls_starttls_ports(s);
}

static bool pop3_implicit(const struct settings *s)
{
	return s->enable_pop3 && tls_implicit_ports(s);
}

static bool managesieve(const struct settings *s)
{
	return s->enable_managesieve;
}

static const struct service_probe probes[] = {
	{ .name = "imap", .kind = PROBE_IMAP, .port = 143, .when = imap_starttls },
	{ .name = "imaps", .kind = PROBE_IMAP, .port = 993, .tls = true, .when = imap_implicit },
	{ .name = "pop3", .kind = PROBE_POP3, .port = 110, .when = pop3_starttls },
	{ .name = "pop3s", .kind = PROBE_POP3, .port = 995, .tls = true, .when = pop3_implicit },
	{ .name = "managesieve", .kind = PROBE_SIEVE, .port = 4190, .when = managesieve },
	{ .name = "lmtp", .kind = PROBE_UNIX, .path = "/run/dovecot/lmtp" },
	{ .name = NULL },
};

/* To ask about a recipient costs more than all other checks of it. */
static bool may_be_full(const struct service_ctx *ctx)
{
	return cf_mentions(ctx, "quota") || quota_limits_any(ctx->s, ctx->in);
}

static const struct service_policy quota_status = {
	.server = "unix:/run/mailserver/live/dovecot/quota-status",
	.order = 50,
	.when = has_quotas,
	.name = "quota",
	.has_say = may_be_full
};

const struct service service_dovecot = {
	.name = "dovecot",
	.enabled = is_enabled,
	.check = check,
	.judge = scripts_judge,
	.facts = facts,
	.files = files,
	.links = links,
	.states = states,
	.dirs = dirs,
	.leftovers = leftovers,
	.checks = checks,
	.origin = origin,
	.finish = finish,
	.translate = translate,
	.reload = reload,
	.reload_inputs = INPUT_TLS | INPUT_GLOBAL_SCRIPTS,
	.probes = probes,
	.crons = crons,
	.applets = applets,
	.live = &dovecot_live,
	.policy = &quota_status,
	.program = { .command = "/usr/sbin/dovecot -F",
		     .ready = "/run/dovecot/auth-postfix",
		     .stop_signal = "TERM",
		     .stop_wait_s = 5,
		     .start_s = 1,
		     .priority = 20 },
};
