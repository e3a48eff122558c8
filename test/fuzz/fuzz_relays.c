/* SPDX-License-Identifier: MIT */
/*
 * Input: a postfix-relaymap.cf, read also as postfix-sasl-password.cf; the first line stands for
 * DEFAULT_RELAY_HOST where it is one. What is accepted has a good key and a good relay; no finding
 * holds a login; every relay that a login reaches is among those with TLS; a line that was set is
 * found, one that was removed is not.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/linefile.h"
#include "inputs/relay_routes.h"
#include "inputs/relays.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY "@fuzz-key.example"
#define HOP "[fuzz.example]:587"
#define HOST "mail.fuzz.example"

static void check_parsed(const struct inputs *in)
{
	for (size_t i = 0; i < in->relays.n; i++) {
		const struct relay *x = &in->relays.v[i];
		if (relay_sender_problem(x->key))
			BUG("accepted the sender '%s'", x->key);
		if (*x->hop && (relay_hop_problem(x->hop) || relay_hop_is_self(x->hop, HOST)))
			BUG("accepted the relay '%s'", x->hop);
	}
	for (size_t i = 0; i < in->relay_logins.n; i++) {
		const struct relay_login *x = &in->relay_logins.v[i];
		const char *colon = strchr(x->login, ':');
		if (colon == NULL || colon == x->login || colon[1] == '\0')
			BUG("accepted a login of '%s' that is none", x->key);
	}
}

static const char *login_for(const struct relay_login_vec *logins, const char *key)
{
	for (size_t i = 0; i < logins->n; i++)
		if (streq(logins->v[i].key, key))
			return logins->v[i].login;
	return NULL;
}

/* As Postfix looks: whoever has a relay and a login needs TLS there. */
static void check_tls(struct arena *a, const struct settings *s, const struct inputs *in)
{
	struct relay_vec routes = VEC_INIT;
	struct relay_login_vec logins = VEC_INIT;
	struct text_vec hops = VEC_INIT;

	relay_routes(a, s, in, &routes);
	relay_logins(a, s, in, &logins);
	relay_hops_with_login(a, s, in, &hops);
	for (size_t i = 0; i < routes.n; i++) {
		const struct relay *x = &routes.v[i];
		bool tls = *x->hop == '\0';
		for (size_t k = 0; k < hops.n; k++)
			tls = tls || streq(hops.v[k], x->hop);
		if (!tls && (login_for(&logins, x->key) || login_for(&logins, x->hop) ||
			     login_for(&logins, strrchr(x->key, '@')) ||
			     login_for(&logins, str_dup(a, relay_hop_split(x->hop).host))))
			BUG("a login for '%s' may go to '%s' without TLS", x->key, x->hop);
	}
}

static bool has_bad_line(struct str text)
{
	struct linefile lf;
	struct str line;
	const char *bad;

	linefile_init(&lf, "f", text);
	while (linefile_next(&lf, &line, &bad))
		if (bad)
			return true;
	return false;
}

static size_t count_key(struct arena *a, struct str text, const char **hop_r)
{
	struct relay_vec list = VEC_INIT;
	struct problems ignored;
	size_t n = 0;

	problems_init(&ignored, a);
	relays_parse(a, "f", text, HOST, &list, &ignored);
	for (size_t i = 0; i < list.n; i++)
		if (streq(list.v[i].key, KEY)) {
			*hop_r = list.v[i].hop;
			n++;
		}
	return n;
}

static void check_edits(struct arena *a, struct str text)
{
	autobuf struct buf set = BUF_INIT, deleted = BUF_INIT, again = BUF_INIT;
	const char *hop = "";

	relays_edit_set(text, KEY, HOP, &set);
	struct str with = { set.p, set.n };
	if (count_key(a, with, &hop) != 1 || !streq(hop, HOP))
		BUG("what was set is not found");
	if (!relays_edit_del(with, KEY, &deleted))
		BUG("what is there can't be deleted");
	struct str without = { deleted.p, deleted.n };
	if (count_key(a, without, &hop) != 0 || relays_edit_del(without, KEY, &again))
		BUG("what was deleted is found");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings s = { .relay_user = "u", .relay_password = "p", .hostname = HOST };
	struct str text = { (const char *)data, size }, rest = text, first;
	struct inputs in = { 0 };
	struct problems p;
	struct arena a;

	arena_init(&a, "fuzz");
	problems_init(&p, &a);
	relays_parse(&a, "f", text, HOST, &in.relays, &p);
	relay_logins_parse(&a, "l", text, &in.relay_logins, &p);
	check_parsed(&in);
	if (str_next_line(&rest, &first)) {
		const char *hop = str_lower(&a, first);
		if (!str_has_char(first, '\0') && relay_hop_problem(hop) == NULL)
			s.default_relay_host = hop;
	}
	check_tls(&a, &s, &in);
	relay_routes_check(&a, &s, &in, &p);
	if (!has_bad_line(text))
		check_edits(&a, text);
	arena_fini(&a);
	return 0;
}
