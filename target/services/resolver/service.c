/* SPDX-License-Identifier: MIT */
/*
 * A validating DNS resolver inside the container: unbound, on loopback only.
 *
 * How it comes into use is decided by the engine's /etc/resolv.conf:
 *
 *	127.0.0.1, ::1		the container was started with --dns 127.0.0.1: nothing to do
 *	127.0.0.11		Docker's own DNS, which knows the other containers. It stays in front, because nobody
 *				else can answer for their names; with --dns 127.0.0.1 (compose: dns: 127.0.0.1) it asks
 *				us for all others, from within the container's network.
 *	others			replaced by 127.0.0.1 where the file can be written, else a warning. Such
 *				addresses are not asked for anything: there, too, whoever is on the way to them could lie.
 *
 * SOURCES
 *	unbound.conf(5), unbound-control(8); resolv.conf(5) (trust-ad).
 */
#include "service.h"

#include <dirent.h>

#include "base/file.h"
#include "base/log.h"
#include "resolver/anchor.h"

#define DROPINS "/usr/share/mailserver/drop-in/resolver/conf.d"
#define DROPIN_MAX ((size_t)1 << 20)
#define SOCKET "/run/unbound/control.sock"
#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_MAX ((size_t)1 << 16)
#define EMBEDDED "127.0.0.11"
#define ADVICE "start the container with --dns 127.0.0.1 (compose: \"dns: 127.0.0.1\")"

static bool enabled(const struct settings *s)
{
	return s->enable_resolver;
}

static struct tpl_value resolver_socket(const struct service_ctx *ctx UNUSED)
{
	return tpl_text(SOCKET);
}

static struct tpl_value resolver_dropin_dir(const struct service_ctx *ctx UNUSED)
{
	return tpl_text(DROPINS);
}

/* unbound takes a pattern that fits nothing for a mistake, so each file is named. */
static struct text_vec dropin_paths(const struct service_ctx *ctx)
{
	struct text_vec paths = VEC_INIT;
	struct dirent **list = NULL;
	int n = ctx->on_host ? 0 : scandir(DROPINS, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (has_suffix(list[i]->d_name, ".conf"))
			*VEC_PUSH(ctx->arena, &paths) =
				arena_printf(ctx->arena, DROPINS "/%s", list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return paths;
}

static struct tpl_value resolver_dropins(const struct service_ctx *ctx)
{
	struct text_vec paths = dropin_paths(ctx);
	struct tpl_item *items = arena_array(ctx->arena, paths.n, sizeof(*items));

	for (size_t i = 0; i < paths.n; i++) {
		struct tpl_field *f = arena_array(ctx->arena, 1, sizeof(*f));
		f[0] = (struct tpl_field){ "dropin", tpl_text(paths.v[i]) };
		items[i] = (struct tpl_item){ f, 1 };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, paths.n } };
}

/* Whether the text has a line `trust-anchor: ". …"`. */
static bool has_root_anchor(struct str text)
{
	struct str line, word;

	while (str_next_line(&text, &line))
		if (str_next_word(&line, " \t\"", &word) && str_is(word, "trust-anchor:") &&
		    str_next_word(&line, " \t\"", &word) && str_is(word, "."))
			return true;
	return false;
}

/* Keys of the root that the administrator sets are the only ones: unbound takes no other beside them. */
static struct tpl_value resolver_own_root(const struct service_ctx *ctx)
{
	struct text_vec paths = dropin_paths(ctx);
	struct err ignored = ERR_INIT;
	bool own = false;
	char *text;

	for (size_t i = 0; !own && i < paths.n; i++)
		own = file_read(ctx->arena, paths.v[i], DROPIN_MAX, &text, NULL, &ignored) &&
		      has_root_anchor(str_from(text));
	return tpl_bool(own);
}

/* Whether this machine has IPv6 at all; a laptop does not say. */
static struct tpl_value resolver_ipv6(const struct service_ctx *ctx)
{
	char *text;
	struct err err = ERR_INIT;

	return tpl_bool(ctx->on_host || (file_read(ctx->arena, "/proc/net/if_inet6", RESOLV_MAX,
						   &text, NULL, &err) &&
					 strstr(text, "00000000000000000000000000000001 ")));
}

static const struct fact facts[] = {
	{ "resolver_socket", "control socket of the resolver, root only", resolver_socket },
	{ "resolver_dropin_dir", "more settings of the resolver", resolver_dropin_dir },
	{ "resolver_dropins", "list: files there: dropin", resolver_dropins },
	{ "resolver_own_root", "a drop-in sets the keys of the root zone", resolver_own_root },
	{ "resolver_ipv6", "the container has ::1", resolver_ipv6 },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "resolver/unbound.conf",
	  .tpl = "unbound.conf.tpl",
	  .dialect = DIALECT_RAW }, /* one value, a constant */
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/unbound", "resolver" },
	{ NULL, NULL },
};

static const struct service_dir dirs[] = {
	{ "/run/unbound", "unbound", "unbound", 0750 },
	{ ANCHOR_DIR, "unbound", "unbound", 0750 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { SOCKET, NULL };

static const char *const check_conf[] = { "/usr/sbin/unbound-checkconf", "@/resolver/unbound.conf",
					  NULL };

static const struct service_check checks[] = {
	{ check_conf, NULL, 10000 },
	{ NULL, NULL, 0 },
};

static const struct service_probe probes[] = {
	{ .name = "resolver",
	  .kind = PROBE_UNIX,
	  .path = SOCKET,
	  .say = "UBCT1 status\n",
	  .expect = "version:" },
	{ .name = NULL },
};

/* The checker wants the file, too. */
static bool finish(const struct service_ctx *ctx, const char *staging UNUSED,
		   struct problems *p UNUSED, struct err *err)
{
	return ctx->on_host || anchor_seed(ctx->arena, ANCHOR_DIR, ANCHOR_PACKAGE, err);
}

enum front { FRONT_SELF, FRONT_ENGINE, FRONT_OTHER };

/* Who is asked by the programs of the container; fills rest with everything but the addresses. */
static enum front read_resolv_conf(struct str text, struct buf *rest)
{
	enum front front = FRONT_SELF;
	struct str line, word, address;
	bool any = false;

	while (str_next_line(&text, &line)) {
		struct str words = line;
		if (!str_next_word(&words, " \t", &word) || !str_is(word, "nameserver")) {
			buf_add(rest, line.p, line.n);
			buf_addc(rest, '\n');
			continue;
		}
		any = true;
		if (!str_next_word(&words, " \t", &address) || str_is(address, "127.0.0.1") ||
		    str_is(address, "::1"))
			continue;
		buf_printf(rest, "# was: %.*s\n", (int)line.n, line.p);
		if (str_is(address, EMBEDDED))
			front = FRONT_ENGINE;
		else if (front == FRONT_SELF)
			front = FRONT_OTHER;
	}
	return any ? front : FRONT_SELF; /* without a line the library asks 127.0.0.1 */
}

/* In place: the file is a mount of the engine. */
static bool write_resolv_conf(const struct buf *rest)
{
	autoclose int fd = open(RESOLV_CONF, O_WRONLY | O_TRUNC | O_CLOEXEC);
	autobuf struct buf out = BUF_INIT;

	if (fd < 0)
		return false;
	buf_adds(&out, "# Written by mailserver (ENABLE_RESOLVER=1).\nnameserver 127.0.0.1\n");
	buf_adds(&out, "options edns0 trust-ad\n");
	buf_add(&out, rest->p, rest->n);
	return write_all(fd, out.p, out.n);
}

static void take_over(const struct live_ctx *ctx)
{
	autobuf struct buf rest = BUF_INIT;
	struct err err = ERR_INIT;
	char *text;

	if (!file_read(ctx->svc->arena, RESOLV_CONF, RESOLV_MAX, &text, NULL, &err)) {
		log_warn("the resolver is not in use: %s; " ADVICE, err.text);
		return;
	}
	switch (read_resolv_conf(str_from(text), &rest)) {
	case FRONT_SELF:
		return;
	case FRONT_ENGINE:
		log_info("the engine's DNS (" EMBEDDED
			 ") stays in front of the resolver, for the names of other "
			 "containers; it asks the resolver for all others when you " ADVICE);
		return;
	case FRONT_OTHER:
		if (write_resolv_conf(&rest))
			log_info("the container's programs ask the resolver in it: " RESOLV_CONF
				 " names 127.0.0.1");
		else
			log_warn("the resolver is not in use: " RESOLV_CONF
				 " names others and can't be "
				 "written (%s); " ADVICE,
				 strerror(errno));
		return;
	}
}

static bool prepare(const struct live_ctx *ctx UNUSED, void **state_r UNUSED,
		    struct err *err UNUSED)
{
	return true;
}

static bool commit(const struct live_ctx *ctx, void *state UNUSED, struct err *err UNUSED)
{
	if ((ctx->changed | INPUT_TLS) == INPUT_ALL) /* certificates are another step of the boot */
		take_over(ctx);
	return true;
}

/* Of no input but the settings: at boot, where everything counts as changed. */
static const struct service_live live = {
	.inputs = INPUT_ALIASES,
	.prepare = prepare,
	.commit = commit,
};

const struct service service_resolver = {
	.name = "resolver",
	.enabled = enabled,
	.facts = facts,
	.files = files,
	.links = links,
	.dirs = dirs,
	.leftovers = leftovers,
	.checks = checks,
	.probes = probes,
	.finish = finish,
	.live = &live,
	.program = { .command = "/usr/sbin/unbound -d -p -c /etc/unbound/unbound.conf",
		     .stop_signal = "TERM",
		     .stop_wait_s = 2,
		     .start_s = 1,
		     .priority = 11, /* behind the log */
		     .ready = SOCKET },
};
