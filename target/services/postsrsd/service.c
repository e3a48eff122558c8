/* SPDX-License-Identifier: MIT */
/*
 * postsrsd: rewrites sender addresses (SRS), and rewritten ones back, for the MTA, which asks it as a
 * table (tcp_table(5)). When it is asked is the MTA's configuration: only about senders of mail that
 * leaves, and about recipients that look like its own work.
 *
 * The secrets decide whether bounces of the last weeks still come home: they are kept in the state
 * volume, where docker-mailserver has them too.
 *
 * SOURCES
 *	postsrsd(8) 1.10; tcp_table(5).
 */
#include "service.h"

#include <openssl/evp.h>
#include <sys/random.h>

#include "base/file.h"

#define SECRET "/var/mail-state/etc/postsrsd.secret"
#define SECRET_BYTES 24
#define SECRETS_MAX 65536

static bool enabled(const struct settings *s)
{
	return s->enable_srs;
}

/* settings_check() has seen to the words. */
static void check(const struct service_ctx *ctx, struct problems *p)
{
	if (strstr(ctx->s->srs_sender_classes, "envelope_sender") == NULL)
		problems_add(p, SEV_ERROR,
			     arena_printf(ctx->arena, "SRS_SENDER_CLASSES='%s'",
					  ctx->s->srs_sender_classes),
			     "add envelope_sender",
			     "without the envelope sender nothing is gained by SRS");
}

/* A domain as a pattern: every sign but letters and digits with a backslash before it. A leading dot stands
 * for any name below. */
static const char *domain_pattern(struct arena *a, struct str domain)
{
	autobuf struct buf out = BUF_INIT;

	if (domain.n > 0 && domain.p[0] == '.')
		buf_adds(&out, ".*");
	for (size_t i = 0; i < domain.n; i++) {
		if (!isalnum((unsigned char)domain.p[i]))
			buf_addc(&out, '\\');
		buf_addc(&out, domain.p[i]);
	}
	return buf_dup(a, &out);
}

static struct tpl_value srs_domain_pattern(const struct service_ctx *ctx)
{
	return tpl_text(domain_pattern(ctx->arena, str_from(ctx->s->srs_domainname)));
}

static struct tpl_value srs_excluded_patterns(const struct service_ctx *ctx)
{
	VEC(struct tpl_item) items = VEC_INIT;
	struct str rest = str_from(ctx->s->srs_exclude_domains), word;

	while (str_next_word(&rest, ",", &word)) {
		if (word.p[0] != '.')
			continue;
		struct tpl_field *f = arena_array(ctx->arena, 1, sizeof(*f));
		f[0] = (struct tpl_field){ "pattern", tpl_text(domain_pattern(ctx->arena, word)) };
		*VEC_PUSH(ctx->arena, &items) = (struct tpl_item){ f, 1 };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items.v, items.n } };
}

static struct tpl_value srs_rewrites_headers(const struct service_ctx *ctx)
{
	return tpl_bool(strstr(ctx->s->srs_sender_classes, "header_sender") != NULL);
}

static struct tpl_value srs_classes(const struct service_ctx *ctx)
{
	return tpl_text(srs_rewrites_headers(ctx).truth ? "envelope_sender,header_sender"
							: "envelope_sender");
}

static const struct fact facts[] = {
	{ "srs_classes", "SRS_SENDER_CLASSES without blanks", srs_classes },
	{ "srs_domain_pattern", "SRS_DOMAINNAME as a regular expression", srs_domain_pattern },
	{ "srs_excluded_patterns", "list: .domains of SRS_EXCLUDE_DOMAINS as regular expressions",
	  srs_excluded_patterns },
	{ "srs_rewrites_headers", "SRS_SENDER_CLASSES has header_sender", srs_rewrites_headers },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "postsrsd/arguments",
	  .tpl = "arguments.tpl",
	  .dialect = DIALECT_RAW }, /* a line is an argument as it is */
	/* Patterns: every sign that means something has its backslash already. */
	{ .dest = "postsrsd/srs_senders.pcre",
	  .tpl = "srs_senders.pcre.tpl",
	  .dialect = DIALECT_RAW },
	{ .dest = "postsrsd/srs_commands.pcre",
	  .tpl = "srs_commands.pcre.tpl",
	  .dialect = DIALECT_RAW },
	{ .dest = "postsrsd/srs_recipients.pcre",
	  .tpl = "srs_recipients.pcre.tpl",
	  .dialect = DIALECT_RAW },
	{ .dest = NULL },
};

static const struct service_state states[] = {
	{ "/etc/postsrsd.secret", "etc/postsrsd.secret" },
	{ NULL, NULL },
};

static const struct service_dir dirs[] = {
	{ "/var/mail-state/etc", NULL, NULL, 0755 },
	{ NULL, NULL, NULL, 0 },
};

static const struct service_probe probes[] = {
	{ .name = "srs forward", .kind = PROBE_UNIX, .port = 10001, .say = "", .watched = true },
	{ .name = "srs reverse", .kind = PROBE_UNIX, .port = 10002, .say = "" },
	{ .name = NULL },
};

static const struct file_attr secret_attr = { 0600, (uid_t)-1, (gid_t)-1 };

static bool make_secret(struct err *err)
{
	unsigned char random[SECRET_BYTES];
	char text[SECRET_BYTES * 2 + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_sys(err, ERR_OS, "get random bytes");
	int n = EVP_EncodeBlock((unsigned char *)text, random, SECRET_BYTES);
	text[n++] = '\n';
	bool ok = dir_make("/var/mail-state/etc", NULL, err) &&
		  file_replace(SECRET, text, (size_t)n, &secret_attr, FILE_DURABLE, NULL, err);
	explicit_bzero(random, sizeof(random));
	explicit_bzero(text, sizeof(text));
	return ok;
}

/* SRS_SECRET, one a line; else what the state volume has, made when it is not there. */
static bool gather_secrets(const struct live_ctx *ctx, struct buf *out, struct err *err)
{
	struct str rest = str_from(ctx->svc->s->srs_secret), word;
	char *text;

	while (str_next_word(&rest, ", ", &word))
		buf_printf(out, "%.*s\n", (int)word.n, word.p);
	if (out->n > 0)
		return true;
	if (!file_exists(SECRET) && !make_secret(err))
		return false;
	if (!file_read(ctx->svc->arena, SECRET, SECRETS_MAX, &text, NULL, err))
		return false;
	buf_adds(out, text);
	return true;
}

static const char *secret_path(const struct live_ctx *ctx)
{
	return arena_printf(ctx->svc->arena, "%s/srs-secret", ctx->dir);
}

/* Nothing else depends on this file, so it may come into being here. */
static bool secret_prepare(const struct live_ctx *ctx, void **state_r UNUSED, struct err *err)
{
	autobuf struct buf secrets = BUF_INIT;
	bool ok = gather_secrets(ctx, &secrets, err) &&
		  file_replace(secret_path(ctx), secrets.p, secrets.n, &secret_attr, FILE_EPHEMERAL,
			       NULL, err);

	if (secrets.n > 0)
		explicit_bzero(secrets.p, secrets.n);
	return ok;
}

static bool secret_commit(const struct live_ctx *ctx UNUSED, void *state UNUSED,
			  struct err *err UNUSED)
{
	return true;
}

/* Of no input but the settings: made at boot, where everything counts as changed. */
static const struct service_live live = {
	.inputs = INPUT_ALIASES,
	.prepare = secret_prepare,
	.commit = secret_commit,
};

const struct service service_postsrsd = {
	.name = "postsrsd",
	.enabled = enabled,
	.check = check,
	.facts = facts,
	.files = files,
	.states = states,
	.dirs = dirs,
	.probes = probes,
	.live = &live,
	/* Reads the secrets as root, then becomes its own user. */
	.program = { .command = "/usr/local/bin/mailserver exec --arguments "
				"/run/mailserver/boot/current/postsrsd/arguments -- "
				"/usr/sbin/postsrsd",
		     .stop_signal = "TERM",
		     .stop_wait_s = 2,
		     .stop_group = true, /* a child for each connection of the MTA */
		     .start_s = 1,
		     .priority = 10 },
};
