/* SPDX-License-Identifier: MIT */
/*
 * WHERE A PASSWORD MAY GO
 *	Postfix looks for a login by sender (address, then @domain), then by the name of the host
 *	it talks to, then by the relay as written. A login for a sender therefore reaches every
 *	relay that a sender with this key may have, and one for a host reaches relays whose MX has
 *	that name: for relays without brackets any host may turn out to be one.
 *
 * SOURCES
 *	postconf(5) smtp_sender_dependent_authentication, smtp_sasl_password_maps,
 *	sender_dependent_default_transport_maps.
 */
#include "inputs/relay_routes.h"

#include "base/net.h"
#include "inputs/relays.h"

const char *relay_host_hop(struct arena *a, const struct settings *s)
{
	if (s->relay_host == NULL || *s->relay_host == '\0')
		return NULL;
	return arena_printf(a, "[%s]:%" PRId64, s->relay_host, s->relay_port);
}

static const char *default_hop(const struct settings *s)
{
	return s->default_relay_host && *s->default_relay_host ? s->default_relay_host : NULL;
}

void relay_routes(struct arena *a, const struct settings *s, const struct inputs *in,
		  struct relay_vec *out)
{
	const char *hop = relay_host_hop(a, s);
	struct map own;

	map_init(&own, a, in->relays.n);
	for (size_t i = 0; i < in->relays.n; i++) {
		(void)map_add(&own, in->relays.v[i].key, out);
		*VEC_PUSH(a, out) = in->relays.v[i];
	}
	for (size_t i = 0; hop && i < in->domains.n; i++) {
		const char *key = arena_printf(a, "@%s", in->domains.v[i]);
		if (map_get(&own, key) == NULL)
			*VEC_PUSH(a, out) = (struct relay){ key, hop, "RELAY_HOST", 0 };
	}
}

void relay_logins(struct arena *a, const struct settings *s, const struct inputs *in,
		  struct relay_login_vec *out)
{
	const char *hop = default_hop(s) ? default_hop(s) : relay_host_hop(a, s);

	for (size_t i = 0; i < in->relay_logins.n; i++) {
		*VEC_PUSH(a, out) = in->relay_logins.v[i];
		if (hop && streq(in->relay_logins.v[i].key, hop))
			hop = NULL;
	}
	if (hop && s->relay_user && *s->relay_user && *s->relay_password)
		*VEC_PUSH(a, out) =
			(struct relay_login){ .key = hop,
					      .login = arena_printf(a, "%s:%s", s->relay_user,
								    s->relay_password),
					      .file = "RELAY_USER" };
}

/* Everything at hand for the questions below. */
struct routes {
	struct arena *a;
	struct relay_vec relays;
	struct relay_login_vec logins;
	struct map relay_of;  /* sender → struct relay */
	struct map login_of;  /* key → struct relay_login */
	struct map hops;      /* every relay in use */
	struct text_vec list; /* the same in order */
	const char *by_default;
};

static void add_hop(struct routes *r, const char *hop)
{
	if (hop && *hop && map_add(&r->hops, hop, r))
		*VEC_PUSH(r->a, &r->list) = hop;
}

static void gather(struct routes *r, struct arena *a, const struct settings *s,
		   const struct inputs *in)
{
	*r = (struct routes){ .a = a, .by_default = default_hop(s) };
	relay_routes(a, s, in, &r->relays);
	relay_logins(a, s, in, &r->logins);
	map_init(&r->relay_of, a, r->relays.n);
	map_init(&r->login_of, a, r->logins.n);
	map_init(&r->hops, a, 8);
	for (size_t i = 0; i < r->relays.n; i++) {
		(void)map_add(&r->relay_of, r->relays.v[i].key, &r->relays.v[i]);
		add_hop(r, r->relays.v[i].hop);
	}
	add_hop(r, r->by_default);
	/* Without a hosted domain nobody uses it yet. */
	add_hop(r, relay_host_hop(a, s));
	for (size_t i = 0; i < r->logins.n; i++)
		(void)map_add(&r->login_of, r->logins.v[i].key, &r->logins.v[i]);
}

/* The sender's domain as a key: "@domain". */
static const char *domain_key(const char *sender)
{
	return strrchr(sender, '@');
}

/* The relay of a sender key, or NULL = sent directly. */
static const char *hop_of(const struct routes *r, const char *sender)
{
	const struct relay *x = map_get(&r->relay_of, sender);

	if (x == NULL)
		x = map_get(&r->relay_of, domain_key(sender));
	if (x)
		return *x->hop ? x->hop : NULL;
	return r->by_default;
}

static bool is_bare_host(const char *key)
{
	return strpbrk(key, "[]:@") == NULL;
}

/* Whether a login for a host or relay is one for this relay. */
static bool login_fits(const char *key, const char *hop)
{
	struct str host = relay_hop_split(hop).host;

	return streq(key, hop) || (is_bare_host(key) && str_is(host, key));
}

/* Whether a login is looked up under the name of a host that no relay in use has: it may be that
 * of an MX. */
static bool is_for_unknown_host(const struct routes *r, const struct relay_login *x)
{
	bool known = !is_bare_host(x->key);

	for (size_t i = 0; !known && i < r->list.n; i++)
		known = login_fits(x->key, r->list.v[i]);
	return !known;
}

static void mark(struct map *marked, const char *hop)
{
	if (hop)
		(void)map_add(marked, hop, marked);
}

static void mark_host_logins(const struct routes *r, const struct relay_login *x,
			     struct map *marked)
{
	bool anywhere = is_for_unknown_host(r, x);

	for (size_t i = 0; i < r->list.n; i++)
		if (login_fits(x->key, r->list.v[i]) ||
		    (anywhere && !relay_hop_split(r->list.v[i]).exact))
			mark(marked, r->list.v[i]);
}

static void mark_hops(const struct routes *r, struct map *marked)
{
	for (size_t i = 0; i < r->relays.n; i++) {
		const struct relay *x = &r->relays.v[i];
		if (*x->hop &&
		    (map_get(&r->login_of, x->key) || map_get(&r->login_of, domain_key(x->key))))
			mark(marked, x->hop);
	}
	for (size_t i = 0; i < r->logins.n; i++) {
		const struct relay_login *x = &r->logins.v[i];
		if (strchr(x->key, '@'))
			mark(marked, hop_of(r, x->key));
		else
			mark_host_logins(r, x, marked);
	}
}

void relay_hops_with_login(struct arena *a, const struct settings *s, const struct inputs *in,
			   struct text_vec *out)
{
	struct routes r;
	struct map marked;

	gather(&r, a, s, in);
	map_init(&marked, a, 8);
	mark_hops(&r, &marked);
	for (size_t i = 0; i < r.list.n; i++)
		if (map_get(&marked, r.list.v[i]))
			*VEC_PUSH(a, out) = r.list.v[i];
}

/* Whether a login for senders of this key is used anywhere. */
static bool sender_login_is_used(const struct routes *r, const char *key)
{
	if (hop_of(r, key))
		return true;
	for (size_t i = 0; key[0] == '@' && i < r->relays.n; i++)
		if (*r->relays.v[i].hop && streq(domain_key(r->relays.v[i].key), key))
			return true;
	return false;
}

static void check_login(struct routes *r, const struct relay_login *x, struct problems *p)
{
	const char *subject = arena_printf(r->a, "%s:%u", x->file, x->line);
	autobuf struct buf known = BUF_INIT;
	bool mx_possible = false;

	if (strchr(x->key, '@')) {
		if (!sender_login_is_used(r, x->key))
			problems_add(
				p, SEV_WARNING, subject, "name a relay: setup relay add-domain",
				"the login is never used: mail from '%s' goes through no relay",
				x->key);
		return;
	}
	for (size_t i = 0; i < r->list.n; i++) {
		if (login_fits(x->key, r->list.v[i]))
			return;
		mx_possible = mx_possible || !relay_hop_split(r->list.v[i]).exact;
		if (i < 8)
			buf_printf(&known, "%s%s", i ? ", " : "", r->list.v[i]);
	}
	if (is_bare_host(x->key) && mx_possible)
		return;
	problems_add(p, SEV_WARNING, subject,
		     arena_printf(r->a, "write the relay exactly as it is used; there is: %s",
				  known.n ? known.p : "none"),
		     "the login is never used: no mail goes through '%s'", x->key);
}

static void check_relay(struct routes *r, const struct settings *s, const struct inputs *in,
			const struct relay *x, struct problems *p)
{
	const char *subject = arena_printf(r->a, "%s:%u", x->file, x->line);
	const char *domain = domain_key(x->key);
	const struct relay *of_domain = map_get(&r->relay_of, domain);

	if (*x->hop) {
		struct relay_hop hop = relay_hop_split(x->hop);
		if (!hop.exact && inputs_hosts_domain(in, str_dup(r->a, hop.host)))
			problems_add(
				p, SEV_WARNING, subject, "write the host in brackets: [host]:port",
				"without brackets '%s' stands for the mail exchanger of a domain "
				"of this server",
				x->hop);
	} else if (r->by_default == NULL && relay_host_hop(r->a, s) == NULL &&
		   (of_domain == NULL || of_domain == x || *of_domain->hop == '\0')) {
		problems_add(p, SEV_NOTE, subject, NULL,
			     "has no effect: mail from '%s' is sent directly anyway", x->key);
	}
}

/* A relay named by a variable. */
static void check_variable(const struct routes *r, const struct settings *s, size_t offset,
			   const char *hop, struct problems *p)
{
	const struct setting_row *row = settings_row_at(offset);
	struct map marked;

	if (hop == NULL)
		return;
	const char *subject = arena_printf(r->a, "%s='%s'", row->name, settings_text(r->a, s, row));
	if (relay_hop_is_self(hop, s->hostname)) {
		problems_add(p, SEV_ERROR, subject,
			     "name the server that takes your mail, or leave it empty",
			     "this is the server itself: mail would go round in a circle");
		return;
	}
	map_init(&marked, r->a, 8);
	mark_hops(r, &marked);
	if (map_get(&marked, hop) == NULL)
		problems_add(p, SEV_NOTE, subject,
			     "set RELAY_USER and RELAY_PASSWORD, or use setup relay add-auth",
			     "there is no login for it: it must know this server by its address");
}

void relay_routes_check(struct arena *a, const struct settings *s, const struct inputs *in,
			struct problems *p)
{
	struct routes r;

	gather(&r, a, s, in);
	for (size_t i = 0; i < in->relays.n; i++)
		check_relay(&r, s, in, &in->relays.v[i], p);
	for (size_t i = 0; i < in->relay_logins.n; i++)
		check_login(&r, &in->relay_logins.v[i], p);
	check_variable(&r, s, offsetof(struct settings, default_relay_host), default_hop(s), p);
	check_variable(&r, s, offsetof(struct settings, relay_host), relay_host_hop(a, s), p);
}
