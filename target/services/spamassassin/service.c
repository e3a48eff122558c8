/* SPDX-License-Identifier: MIT */
/*
 * SpamAssassin: spamd scores what our milter (milter.h) shows it, and learns what users sort (learn.h).
 *
 * Which rules for bodies may match a line is known from databases made with the image (filter/); what
 * makes them is not in it, on purpose.
 *
 * SOURCES
 *	spamd(8), sa-update(1), Mail::SpamAssassin::Conf(3) of SpamAssassin 4.0.
 */
#include "service.h"

#include "spamassassin/learn.h"
#include "spamassassin/milter.h"
#include "spamassassin/rules.h"
#include "spamassassin/spamd.h"

#define CHILDREN_MIN 2
#define CHILDREN_MAX 8

static bool enabled(const struct settings *s)
{
	return s->enable_spamassassin && s->enable_amavis;
}

static void check(const struct service_ctx *ctx, struct problems *p)
{
	const struct settings *s = ctx->s;
	double tag2 = strtod(s->sa_tag2, NULL), kill = strtod(s->sa_kill, NULL);

	if (!s->spamassassin_spam_to_inbox && kill < tag2)
		problems_add(p, SEV_WARNING, "SA_KILL", "raise SA_KILL, or lower SA_TAG2",
			     "mail is refused from %s on, before it counts as spam (SA_TAG2=%s)",
			     s->sa_kill, s->sa_tag2);
	if (strtod(s->sa_tag, NULL) > tag2)
		problems_add(p, SEV_NOTE, "SA_TAG", NULL,
			     "spam (SA_TAG2=%s) has its headers also below SA_TAG=%s", s->sa_tag2,
			     s->sa_tag);
}

static struct tpl_value shortcircuit(const struct service_ctx *ctx)
{
	return tpl_bool(ctx->s->sa_shortcircuit_bayes_spam || ctx->s->sa_shortcircuit_bayes_ham);
}

/* A child works on one message; those that wait for DNS leave the processors to others. */
static struct tpl_value children(const struct service_ctx *ctx)
{
	long cores = ctx->on_host ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
	long n = cores + 1;

	n = n < CHILDREN_MIN ? CHILDREN_MIN : n > CHILDREN_MAX ? CHILDREN_MAX : n;
	return tpl_text(arena_printf(ctx->arena, "%ld", n));
}

static const struct fact facts[] = {
	{ "spam_shortcircuit", "scoring may stop early", shortcircuit },
	{ "spamd_children", "most messages that are scored at the same time", children },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "spamassassin/local.cf", .tpl = "local.cf.tpl", .dialect = DIALECT_WORDS },
	{ .dest = "spamassassin/local.pre", .tpl = "local.pre.tpl", .dialect = DIALECT_WORDS },
	{ .dest = "spamassassin/plugins.pre", .tpl = "plugins.pre", .dialect = DIALECT_WORDS },
	{ .dest = "spamassassin/milter.conf", .tpl = "milter.conf.tpl", .dialect = DIALECT_WORDS },
	{ .dest = "spamassassin/arguments",
	  .tpl = "arguments.tpl",
	  .dialect = DIALECT_RAW }, /* a line is an argument as it is */
	{ .dest = "spamassassin/channels", .tpl = "channels.tpl", .dialect = DIALECT_WORDS },
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/spamassassin", "spamassassin" },
	{ NULL, NULL },
};

static const struct service_state states[] = {
	{ "/var/lib/spamassassin", "lib-spamassassin" },
	{ NULL, NULL },
};

static const struct service_dir dirs[] = {
	{ SPAM_STATE, "debian-spamd", "debian-spamd", 0755 },
	{ SPAM_STATE "/.spamassassin", "debian-spamd", "debian-spamd", 0700 },
	{ SPAM_STATE "/sa-update-keys", "debian-spamd", "debian-spamd", 0700 },
	{ LEARN_SPOOL, LEARN_USER, LEARN_USER, 0700 },
	{ "/run/spamd", "debian-spamd", "debian-spamd", 0755 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { SPAMD_SOCKET, "/run/spamd/spamd.pid", NULL };

/* It starts itself again, with the new rules; who asks meanwhile waits. */
static const char *const reload[] = { "/usr/local/bin/supervisorctl", "signal", "HUP",
				      "spamassassin", NULL };

static const struct service_probe probes[] = {
	{ .name = "spam filter",
	  .kind = PROBE_UNIX,
	  .path = SPAMD_SOCKET,
	  .say = "PING SPAMC/1.2\r\n\r\n",
	  .expect = "SPAMD/",
	  .late = true, /* its rules take seconds; mail waits for it */
	  .watched = true },
	{ .name = NULL },
};

static const struct service_milter milter = {
	.socket = "unix:private/spam-milter",
	.options = "connect_timeout=30s, command_timeout=30s, content_timeout=300s",
	.order = 40,
	.incoming = true,
	.marks = true,
};

static const struct service_spawn spawn = {
	.name = "spam-milter",
	.user = LEARN_USER,
	.command = "/usr/local/bin/mailserver spam-milter /etc/spamassassin/milter.conf",
};

static const struct service_cron crons[] = {
	{ "41 3 * * *", "debian-spamd", "/usr/local/bin/spam-update", NULL },
	{ "7 * * * *", LEARN_USER, "/usr/local/bin/mailserver spam-learn", NULL },
	{ NULL, NULL, NULL, NULL },
};

static const struct service_applet applets[] = {
	{ "spam-milter", spam_milter_main },
	{ "spam-learn", learn_main },
	{ NULL, NULL },
};

static const struct service_learner learner = {
	.spam = "/usr/local/bin/mailserver spam-learn spam",
	.ham = "/usr/local/bin/mailserver spam-learn ham",
	.user = LEARN_USER,
};

const struct service service_spamassassin = {
	.name = "spamassassin",
	.enabled = enabled,
	.check = check,
	.judge = rules_judge,
	.facts = facts,
	.files = files,
	.links = links,
	.states = states,
	.dirs = dirs,
	.leftovers = leftovers,
	.reload = reload,
	.reload_inputs = INPUT_SPAM_RULES,
	.probes = probes,
	.live = &rules_live,
	.milter = &milter,
	.spawn = &spawn,
	.crons = crons,
	.applets = applets,
	.learner = &learner,
	.program = { .command = "/usr/local/bin/mailserver exec "
				"--arguments /etc/spamassassin/arguments -- /usr/sbin/spamd",
		     .user = "debian-spamd",
		     .environment = "HOME=\"/var/lib/spamassassin\",LC_ALL=\"C.UTF-8\"",
		     .ready = SPAMD_SOCKET,
		     .stop_signal = "TERM",
		     .stop_wait_s = 3,
		     .start_s = 2,
		     .priority = 30 },
};
