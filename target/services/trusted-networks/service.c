/* SPDX-License-Identifier: MIT */
/*
 * Who may send without logging in (PERMIT_DOCKER): one list, which every daemon's template writes in
 * its own way. No daemon of its own.
 *
 *	none			nobody, not even this machine
 *	container		this machine's own addresses (NETWORK_INTERFACE)
 *	host			the network of NETWORK_INTERFACE, as large as it really is
 *	network			172.16.0.0/12, where Docker makes its networks
 *	connected-networks	the networks of all interfaces
 *
 * Gateways are never trusted: where the engine forwards connections with a gateway's address as
 * their origin, everybody outside comes from it, and could relay. They are left out of the networks:
 * the default gateway as the kernel knows it, and the first address of each network, which engines
 * give to theirs (even an internal network of Docker has one). "host" means the gateway, and is
 * refused.
 *
 * Neither are TRUSTED_PROXIES, the other list kept here: what a proxy forwards to port 25 comes from its
 * address. What it hands over with the PROXY protocol is judged by the client's own.
 *
 * SOURCES
 *	docker "Packet filtering and firewalls", userland proxy; podman "slirp4netns" port handlers;
 *	postconf(5) mynetworks "!"; opendkim.conf(5) "!" in data sets of hosts.
 */
#include "service.h"

#include <sys/socket.h>

#include "base/str.h"

#include "base/netif.h"

#define DOCKER_NETWORKS "172.16.0.0/12"
#define ADVICE                                                                                     \
	"let the host's programs log in, or use connected-networks for containers; "               \
	"PERMIT_DOCKER_TRUST_GATEWAY=1 trusts it nevertheless"

struct trusted {
	struct cidr_vec networks;
	struct cidr_vec excluded; /* what is not trusted of them: gateways, then proxies */
	size_t excluded_gateways;
	struct netif_vec interfaces;
	struct cidr_vec gateways;
};

static bool is(const struct service_ctx *ctx, const char *value)
{
	return streq(ctx->s->permit_docker, value);
}

static void add(struct arena *a, struct trusted *t, const struct cidr *c)
{
	for (size_t i = 0; i < t->networks.n; i++)
		if (cidr_contains(&t->networks.v[i], c))
			return;
	*VEC_PUSH(a, &t->networks) = *c;
}

static void add_text(struct arena *a, struct trusted *t, const char *text)
{
	struct cidr c;

	if (!cidr_parse(text, &c))
		BUG("network '%s'", text);
	add(a, t, &c);
}

/* Link-local addresses are left out: gateways have some too. */
static void add_interfaces(const struct service_ctx *ctx, struct trusted *t)
{
	bool all = is(ctx, "connected-networks");

	for (size_t i = 0; i < t->interfaces.n; i++) {
		const struct netif *n = &t->interfaces.v[i];
		if (n->is_loopback || n->is_link_local ||
		    (!all && !streq(n->name, ctx->s->network_interface)))
			continue;
		add(ctx->arena, t, is(ctx, "container") ? &n->address : &n->network);
	}
}

/* The address behind the network's own: where engines put the gateway. */
static struct cidr first_address(const struct cidr *network)
{
	struct cidr c = *network;
	size_t last = c.family == AF_INET ? 3 : 15;

	c.bits = (unsigned)(last + 1) * 8;
	c.bytes[last] |= 1;
	return c;
}

static bool is_own(const struct trusted *t, const struct cidr *c)
{
	for (size_t i = 0; i < t->interfaces.n; i++)
		if (cidr_equal(&t->interfaces.v[i].address, c))
			return true;
	return false;
}

static void exclude(struct arena *a, struct trusted *t, const struct cidr *c)
{
	bool inside = false;

	for (size_t i = 0; i < t->networks.n; i++)
		inside = inside || cidr_contains(&t->networks.v[i], c);
	for (size_t i = 0; i < t->excluded.n; i++)
		inside = inside && !cidr_equal(&t->excluded.v[i], c);
	if (inside && !is_own(t, c))
		*VEC_PUSH(a, &t->excluded) = *c;
}

static void exclude_gateways(const struct service_ctx *ctx, struct trusted *t)
{
	if (ctx->s->permit_docker_trust_gateway)
		return;
	for (size_t i = 0; i < t->gateways.n; i++)
		exclude(ctx->arena, t, &t->gateways.v[i]);
	for (size_t i = 0; i < t->interfaces.n; i++) {
		const struct netif *n = &t->interfaces.v[i];
		struct cidr first = first_address(&n->network);
		if (!n->is_loopback && !n->is_link_local && !cidr_equal(&n->network, &n->address))
			exclude(ctx->arena, t, &first);
	}
}

/* TRUSTED_PROXIES, whose form the settings have checked. */
static void list_proxies(const struct service_ctx *ctx, struct cidr_vec *out)
{
	struct str rest = str_from(ctx->s->trusted_proxies), word;
	struct cidr c;

	while (str_next_word(&rest, " ", &word))
		if (cidr_parse(str_dup(ctx->arena, word), &c))
			*VEC_PUSH(ctx->arena, out) = c;
}

/* Those in trusted networks, and those that hold trusted networks. */
static void exclude_proxies(const struct service_ctx *ctx, struct trusted *t)
{
	struct cidr_vec proxies = VEC_INIT;

	list_proxies(ctx, &proxies);
	for (size_t i = 0; i < proxies.n; i++) {
		const struct cidr *c = &proxies.v[i];
		bool touches = false;
		for (size_t k = 0; k < t->networks.n; k++)
			touches = touches || cidr_contains(c, &t->networks.v[k]) ||
				  cidr_contains(&t->networks.v[k], c);
		if (touches)
			*VEC_PUSH(ctx->arena, &t->excluded) = *c;
	}
}

static struct trusted find_trusted(const struct service_ctx *ctx)
{
	struct trusted t = { .networks = VEC_INIT };
	struct err ignored = ERR_INIT; /* then nobody is trusted, which check() says */

	if (is(ctx, "none"))
		return t;
	if (!ctx->on_host) {
		(void)!netif_read(ctx->arena, &t.interfaces, &ignored);
		netif_gateways(ctx->arena, &t.gateways);
	}
	add_text(ctx->arena, &t, "127.0.0.0/8");
	add_text(ctx->arena, &t, "::1");
	if (is(ctx, "network"))
		add_text(ctx->arena, &t, DOCKER_NETWORKS);
	else
		add_interfaces(ctx, &t);
	exclude_gateways(ctx, &t);
	t.excluded_gateways = t.excluded.n;
	exclude_proxies(ctx, &t);
	return t;
}

static const char *subject_of(const struct service_ctx *ctx)
{
	return arena_printf(ctx->arena, "PERMIT_DOCKER='%s'", ctx->s->permit_docker);
}

/* What was left out, and what "host" would mean. */
static void check_gateways(const struct service_ctx *ctx, const struct trusted *t,
			   struct problems *p)
{
	bool trusts = ctx->s->permit_docker_trust_gateway;

	for (size_t i = 0; i < t->excluded_gateways; i++)
		problems_add(p, is(ctx, "host") ? SEV_ERROR : SEV_NOTE, subject_of(ctx),
			     is(ctx, "host") ? ADVICE : NULL,
			     "the gateway %s is not trusted: everybody whose connection it "
			     "forwards could relay",
			     cidr_address(ctx->arena, &t->excluded.v[i]));
	for (size_t i = 0; trusts && i < t->networks.n; i++)
		for (size_t k = 0; k < t->gateways.n; k++)
			if (cidr_contains(&t->networks.v[i], &t->gateways.v[k]))
				problems_add(p, SEV_WARNING, subject_of(ctx), NULL,
					     "%s holds the default gateway %s: whoever connects "
					     "through it may relay",
					     cidr_text(ctx->arena, &t->networks.v[i], false),
					     cidr_address(ctx->arena, &t->gateways.v[k]));
}

/* Rootless engines hand connections from outside over with the container's own address. */
static void check_rootless(const struct service_ctx *ctx, const struct trusted *t,
			   struct problems *p)
{
	for (size_t i = 0; i < t->interfaces.n; i++)
		if (streq(t->interfaces.v[i].name, "tap0") && !ctx->s->permit_docker_trust_gateway)
			problems_add(p, SEV_ERROR, subject_of(ctx), ADVICE,
				     "the interface tap0 is that of a rootless engine, which hands "
				     "connections from outside over with this machine's own "
				     "addresses: everybody could relay");
}

static const char *list_names(struct arena *a, const struct trusted *t)
{
	autobuf struct buf out = BUF_INIT;

	for (size_t i = 0; i < t->interfaces.n; i++)
		if (!t->interfaces.v[i].is_loopback && !strstr(out.p, t->interfaces.v[i].name))
			buf_printf(&out, "%s%s", out.n ? ", " : "", t->interfaces.v[i].name);
	return out.n ? buf_dup(a, &out) : "none";
}

static void check_interface(const struct service_ctx *ctx, const struct trusted *t,
			    struct problems *p)
{
	for (size_t i = 0; i < t->interfaces.n; i++)
		if (streq(t->interfaces.v[i].name, ctx->s->network_interface))
			return;
	problems_add(p, SEV_ERROR,
		     arena_printf(ctx->arena, "NETWORK_INTERFACE='%s'", ctx->s->network_interface),
		     "PERMIT_DOCKER starts from its address: name one of those that are there",
		     "there is no such interface with an address; there is: %s",
		     list_names(ctx->arena, t));
}

static void check_proxies(const struct service_ctx *ctx, struct problems *p)
{
	struct cidr_vec proxies = VEC_INIT;

	list_proxies(ctx, &proxies);
	for (size_t i = 0; i < proxies.n; i++)
		if (proxies.v[i].bits == 0)
			problems_add(p, SEV_ERROR,
				     arena_printf(ctx->arena, "TRUSTED_PROXIES='%s'",
						  ctx->s->trusted_proxies),
				     "name the addresses of the proxies",
				     "%s is everybody: each client could claim any address",
				     cidr_text(ctx->arena, &proxies.v[i], false));
}

static void check(const struct service_ctx *ctx, struct problems *p)
{
	check_proxies(ctx, p);
	if (is(ctx, "none")) {
		if (ctx->s->permit_docker_trust_gateway)
			problems_add(p, SEV_NOTE, "PERMIT_DOCKER_TRUST_GATEWAY", NULL,
				     "has no effect while PERMIT_DOCKER is none");
		return;
	}
	if (ctx->on_host) {
		problems_add(p, SEV_NOTE, subject_of(ctx), NULL,
			     "which networks are trusted is known only inside the container");
		return;
	}
	struct trusted t = find_trusted(ctx);
	if (is(ctx, "container") || is(ctx, "host"))
		check_interface(ctx, &t, p);
	check_gateways(ctx, &t, p);
	check_rootless(ctx, &t, p);
}

static struct tpl_item list_item(struct arena *a, const char *mark, const struct cidr *c)
{
	struct tpl_field *f = arena_array(a, 2, sizeof(*f));

	f[0] = (struct tpl_field){ "network", tpl_text(arena_printf(a, "%s%s", mark,
								    cidr_text(a, c, false))) };
	f[1] = (struct tpl_field){ "network_bracketed",
				   tpl_text(arena_printf(a, "%s%s", mark, cidr_text(a, c, true))) };
	return (struct tpl_item){ f, 2 };
}

static struct tpl_value trusted_networks(const struct service_ctx *ctx)
{
	struct trusted t = find_trusted(ctx);
	size_t n = 0;
	struct tpl_item *items =
		arena_array(ctx->arena, t.excluded.n + t.networks.n, sizeof(*items));

	for (size_t i = 0; i < t.excluded.n; i++)
		items[n++] = list_item(ctx->arena, "!", &t.excluded.v[i]);
	for (size_t i = 0; i < t.networks.n; i++)
		items[n++] = list_item(ctx->arena, "", &t.networks.v[i]);
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, n } };
}

static struct tpl_value proxy_networks(const struct service_ctx *ctx)
{
	autobuf struct buf out = BUF_INIT;
	struct cidr_vec proxies = VEC_INIT;

	list_proxies(ctx, &proxies);
	for (size_t i = 0; i < proxies.n; i++)
		buf_printf(&out, "%s%s", i ? " " : "", cidr_text(ctx->arena, &proxies.v[i], false));
	return tpl_text(buf_dup(ctx->arena, &out));
}

static const struct fact facts[] = {
	{ "proxy_networks", "TRUSTED_PROXIES as networks, with blanks between", proxy_networks },
	{ "trusted_networks",
	  "networks that may send without logging in: network, network_bracketed ([v6]/bits); "
	  "\"!\" in front of what is not trusted, which comes first",
	  trusted_networks },
	{ NULL, NULL, NULL },
};

const struct service service_trusted_networks = {
	.name = "trusted-networks",
	.check = check,
	.facts = facts,
};
