/* SPDX-License-Identifier: MIT */
/*
 * Postgrey: puts off the first mail of unknown senders, as the last of the policy servers: what is
 * refused anyway is not put off.
 *
 * SOURCES
 *	postgrey(8) 1.37.
 */
#include "service.h"

#include "base/file.h"

#define SOCKET "/run/postgrey/postgrey.sock"
#define STATE "/var/mail-state/lib-postgrey"

static bool enabled(const struct settings *s)
{
	return s->enable_postgrey;
}

static struct tpl_value socket_path(const struct service_ctx *ctx UNUSED)
{
	return tpl_text(SOCKET);
}

/* Postgrey takes 0 for its default of five minutes. */
static struct tpl_value delay_s(const struct service_ctx *ctx)
{
	int64_t delay = ctx->s->postgrey_delay > 0 ? ctx->s->postgrey_delay : 1;

	return tpl_text(arena_printf(ctx->arena, "%" PRId64, delay));
}

static const struct fact facts[] = {
	{ "postgrey_socket", "where the policy server listens", socket_path },
	{ "postgrey_delay_s", "POSTGREY_DELAY, at least one second", delay_s },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "postgrey/arguments",
	  .tpl = "arguments.tpl",
	  .dialect = DIALECT_RAW }, /* a line is an argument as it is */
	{ .dest = NULL },
};

static const struct service_state states[] = {
	{ "/var/lib/postgrey", "lib-postgrey" },
	{ NULL, NULL },
};

static const struct service_dir dirs[] = {
	{ STATE, "postgrey", "postgrey", 0700 },
	{ "/run/postgrey", "postgrey", "postfix", 0750 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { SOCKET, NULL };

static const struct service_probe probes[] = {
	/* A question would be logged, and remembered. */
	{ .name = "greylisting", .kind = PROBE_UNIX, .path = SOCKET, .say = "", .watched = true },
	{ .name = NULL },
};

static const struct service_policy policy = {
	.server = "unix:" SOCKET,
	.options = "timeout=20s",
	.order = 90,
};

static const char *const list_names[] = { "greylist-clients", "greylist-recipients" };

static const char *list_path(const struct live_ctx *ctx, size_t i, const char *suffix)
{
	return arena_printf(ctx->svc->arena, "%s/%s%s", ctx->dir, list_names[i], suffix);
}

static void lists_abort(const struct live_ctx *ctx, void *state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_names); i++)
		(void)unlink(list_path(ctx, i, ".new"));
}

static bool lists_prepare(const struct live_ctx *ctx, void **state_r UNUSED, struct err *err)
{
	const char *texts[ARRAY_SIZE(list_names)] = { ctx->svc->in->greylist_clients,
						      ctx->svc->in->greylist_recipients };
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };

	for (size_t i = 0; i < ARRAY_SIZE(list_names); i++) {
		const char *text = texts[i] ? texts[i] : "";
		if (!file_replace(list_path(ctx, i, ".new"), text, strlen(text), &attr,
				  FILE_EPHEMERAL, NULL, err)) {
			lists_abort(ctx, NULL);
			return false;
		}
	}
	return true;
}

static bool lists_commit(const struct live_ctx *ctx, void *state UNUSED, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_names); i++)
		if (rename(list_path(ctx, i, ".new"), list_path(ctx, i, "")) < 0)
			return err_sys(err, ERR_IO, "rename %s", list_path(ctx, i, ".new"));
	return true;
}

static const struct service_live live = {
	.inputs = INPUT_GREYLIST,
	.prepare = lists_prepare,
	.commit = lists_commit,
	.abort = lists_abort,
};

/* It reads its lists again, and goes on. */
static const char *const reload[] = { "/usr/local/bin/supervisorctl", "signal", "HUP", "postgrey",
				      NULL };

const struct service service_postgrey = {
	.name = "postgrey",
	.enabled = enabled,
	.facts = facts,
	.files = files,
	.states = states,
	.dirs = dirs,
	.leftovers = leftovers,
	.probes = probes,
	.policy = &policy,
	.live = &live,
	.reload = reload,
	.reload_inputs = INPUT_GREYLIST,
	.program = { .command = "/usr/local/bin/mailserver exec --arguments "
				"/run/mailserver/boot/current/postgrey/arguments -- "
				"/usr/sbin/postgrey",
		     .user = "postgrey",
		     .stop_signal = "TERM",
		     .stop_wait_s = 5,
		     .start_s = 1,
		     .priority = 15,
		     .ready = SOCKET },
};
