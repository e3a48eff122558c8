/* SPDX-License-Identifier: MIT */
/*
 * Amavis is not part of the image. Here is only what is said to those who have set its variables: which of them mean
 * something, and what to do instead.
 */
#include "service.h"

static bool is_on(const struct settings *s)
{
	return s->enable_spamassassin || s->enable_clamav;
}

static const char *scanners(const struct settings *s)
{
	return s->enable_spamassassin && s->enable_clamav
		       ? "ENABLE_SPAMASSASSIN=1 and ENABLE_CLAMAV=1 have"
	       : s->enable_clamav ? "ENABLE_CLAMAV=1 has"
				  : "ENABLE_SPAMASSASSIN=1 has";
}

static void check_switch(const struct settings *s, struct problems *p)
{
	if (!settings_is_set(s, SETTING_ROW(enable_amavis)))
		return;
	if (!s->enable_amavis && is_on(s))
		problems_add(p, SEV_WARNING, "ENABLE_AMAVIS='0'",
			     "take ENABLE_AMAVIS=0 away to have mail scanned",
			     "%s no effect: mail is not scanned", scanners(s));
	else if (s->enable_amavis && is_on(s))
		problems_add(p, SEV_NOTE, "ENABLE_AMAVIS='1'", NULL,
			     "Amavis is not part of this image: SpamAssassin and ClamAV look at "
			     "mail while its sender waits; 0 would turn them off");
	else if (s->enable_amavis)
		problems_add(p, SEV_NOTE, "ENABLE_AMAVIS='1'",
			     "set ENABLE_SPAMASSASSIN=1, ENABLE_CLAMAV=1 to have mail scanned, or "
			     "take the variable away",
			     "Amavis is not part of this image, and no scanner is on: it has no "
			     "effect");
}

/* Given, and not as it is anyway: files to start from have all variables with their defaults. */
static bool is_changed(const struct service_ctx *ctx, const struct setting_row *row)
{
	return settings_is_set(ctx->s, row) &&
	       !streq(settings_text(ctx->arena, ctx->s, row), row->def);
}

static void check_thresholds(const struct service_ctx *ctx, struct problems *p)
{
	const struct setting_row *const rows[] = { SETTING_ROW(sa_tag), SETTING_ROW(sa_tag2),
						   SETTING_ROW(sa_kill),
						   SETTING_ROW(sa_shortcircuit_bayes_spam),
						   SETTING_ROW(sa_shortcircuit_bayes_ham) };
	const struct settings *s = ctx->s;
	autobuf struct buf names = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (is_changed(ctx, rows[i]))
			buf_printf(&names, "%s%s", names.n ? ", " : "", rows[i]->name);
	if (names.n > 0 && !s->enable_spamassassin)
		problems_add(p, SEV_NOTE, buf_dup(ctx->arena, &names),
			     "set ENABLE_SPAMASSASSIN=1 to have mail scored",
			     "no effect while ENABLE_SPAMASSASSIN is 0");
	else if (is_changed(ctx, SETTING_ROW(sa_kill)) && s->spamassassin_spam_to_inbox)
		problems_add(
			p, SEV_NOTE, "SA_KILL",
			"set SPAMASSASSIN_SPAM_TO_INBOX=0 to have spam refused from SA_KILL on",
			"no effect while SPAMASSASSIN_SPAM_TO_INBOX is 1: all spam is "
			"delivered");
}

static void check(const struct service_ctx *ctx, struct problems *p)
{
	check_switch(ctx->s, p);
	check_thresholds(ctx, p);
}

const struct service service_amavis = {
	.name = "amavis",
	.check = check,
};
