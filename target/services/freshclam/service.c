/* SPDX-License-Identifier: MIT */
/*
 * freshclam fetches the virus database into the state volume and tells clamd. It asks again some times a day; without any
 * database yet that would be long to wait after a first failure, so cron wakes it then every ten minutes. It keeps to the
 * pause that a mirror has asked for even so.
 *
 * SOURCES
 *	freshclam(1) SIGUSR1, freshclam.conf(5).
 */
#include "service.h"

#include "base/str.h"
#include "base/vec.h"

VEC_TYPE(mirror_vec, struct tpl_item);

static bool is_enabled(const struct settings *s)
{
	return s->enable_clamav && s->enable_amavis && s->clamav_updates_per_day > 0;
}

static struct tpl_value mirrors(const struct service_ctx *ctx)
{
	struct str rest = str_from(ctx->s->clamav_private_mirror), word;
	struct mirror_vec list = VEC_INIT;

	while (str_next_word(&rest, " ", &word)) {
		struct tpl_field *f = arena_array(ctx->arena, 1, sizeof(*f));
		f[0] = (struct tpl_field){ "mirror", tpl_text(str_dup(ctx->arena, word)) };
		*VEC_PUSH(ctx->arena, &list) = (struct tpl_item){ f, 1 };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { list.v, list.n } };
}

static const struct fact facts[] = {
	{ "clamav_mirrors", "one's own servers with virus databases: mirror", mirrors },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "clamav/freshclam.conf", .tpl = "freshclam.conf.tpl", .dialect = DIALECT_WORDS },
	{ .dest = NULL },
};

static const struct service_cron crons[] = {
	{ "*/10 * * * *", "clamav",
	  "ls /var/lib/clamav/ | grep -qE '[.](c[lvu]d|[nhlm]d[bu]|[hm]s[bu]|yara?)$' || pkill -USR1 -x freshclam",
	  NULL },
	{ NULL, NULL, NULL, NULL },
};

const struct service service_freshclam = {
	.name = "freshclam",
	.enabled = is_enabled,
	.facts = facts,
	.files = files,
	.crons = crons,
	.program = { .command =
			     "/usr/bin/freshclam --daemon --foreground --config-file=/etc/clamav/freshclam.conf",
		     .user = "clamav",
		     .stop_signal = "TERM",
		     .stop_wait_s = 2,
		     .start_s = 1,
		     .priority = 30 },
};
