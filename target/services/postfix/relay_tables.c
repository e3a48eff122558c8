/* SPDX-License-Identifier: MIT */
/*
 * Grow, switch, shrink: first required TLS and logins are added to what is there, then the routes
 * are replaced, and only then go the logins and TLS rules that nobody needs any more. So a relay is
 * in use only while its login is there, and a login only while TLS is required for it.
 *
 * SOURCES
 *	postconf(5) default_transport (where a next hop comes from), smtp_tls_policy_maps,
 *	smtp_sasl_password_maps; smtp(8).
 */
#include "postfix/relay_tables.h"

#include "inputs/relay_routes.h"
#include "inputs/relays.h"
#include "postfix/lmdb_table.h"

struct content {
	struct relay_vec routes;
	struct relay_login_vec logins;
	struct text_vec tls;
};

static int grow_tls(const struct service_ctx *svc UNUSED, const void *data, MDB_txn *txn,
		    MDB_dbi dbi)
{
	const struct content *c = data;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->tls.n; i++)
		rc = lmdb_table_put(txn, dbi, c->tls.v[i], "encrypt");
	return rc;
}

static int replace_tls(const struct service_ctx *svc, const void *data, MDB_txn *txn, MDB_dbi dbi)
{
	int rc = mdb_drop(txn, dbi, 0);

	return rc == 0 ? grow_tls(svc, data, txn, dbi) : rc;
}

static int grow_logins(const struct service_ctx *svc UNUSED, const void *data, MDB_txn *txn,
		       MDB_dbi dbi)
{
	const struct content *c = data;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->logins.n; i++)
		rc = lmdb_table_put(txn, dbi, c->logins.v[i].key, c->logins.v[i].login);
	return rc;
}

static int replace_logins(const struct service_ctx *svc, const void *data, MDB_txn *txn,
			  MDB_dbi dbi)
{
	int rc = mdb_drop(txn, dbi, 0);

	return rc == 0 ? grow_logins(svc, data, txn, dbi) : rc;
}

const char *relay_transport_of(struct arena *a, const char *hop)
{
	if (*hop == '\0')
		return "smtp:";
	return arena_printf(a, "%s:%s",
			    relay_hop_is_implicit_tls(hop) ? RELAY_TRANSPORT_TLS : RELAY_TRANSPORT,
			    hop);
}

static int replace_routes(const struct service_ctx *svc, const void *data, MDB_txn *txn,
			  MDB_dbi dbi)
{
	const struct content *c = data;
	int rc = mdb_drop(txn, dbi, 0);

	for (size_t i = 0; rc == 0 && i < c->routes.n; i++)
		rc = lmdb_table_put(txn, dbi, c->routes.v[i].key,
				    relay_transport_of(svc->arena, c->routes.v[i].hop));
	return rc;
}

bool relay_tables_commit(const struct live_ctx *ctx, struct err *err)
{
	static const struct {
		const char *name;
		mode_t mode;
		lmdb_fill_fn *fill;
	} steps[] = {
		{ "relay-tls.lmdb", 0644, grow_tls },
		{ "relay-logins.lmdb", 0600, grow_logins },
		{ "relays.lmdb", 0644, replace_routes },
		{ "relay-logins.lmdb", 0600, replace_logins },
		{ "relay-tls.lmdb", 0644, replace_tls },
	};
	const struct service_ctx *svc = ctx->svc;
	bool domains_count = relay_host_hop(svc->arena, svc->s) != NULL;
	unsigned needed =
		INPUT_RELAYS | (domains_count ? (unsigned)(INPUT_ACCOUNTS | INPUT_ALIASES) : 0);
	struct content c = { 0 };

	if ((ctx->changed & needed) == 0)
		return true;
	relay_routes(svc->arena, svc->s, svc->in, &c.routes);
	relay_logins(svc->arena, svc->s, svc->in, &c.logins);
	relay_hops_with_login(svc->arena, svc->s, svc->in, &c.tls);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (!lmdb_table_write(ctx, steps[i].name, steps[i].mode, steps[i].fill, &c, err))
			return false;
	return true;
}
