/* SPDX-License-Identifier: MIT */
/*
 * The rows wanted and the rows there are both sorted by name, so one pass over the two finds what
 * differs: a change of one alias among 100,000 writes one row.
 *
 * Aliases of accounts without a limit need no row, unless the name would else be found as another
 * account's. So 100,000 aliases cost nothing where nobody has a limit.
 *
 * LIMITS
 *	Patterns (postfix-regexp.cf) have no rows: what they match is not known before. Where there
 *	are some, they may take what a catch-all or a role address would get, so those two count for
 *	nobody then; nor does an account whose mail a pattern takes.
 *
 * SOURCES
 *	Dovecot 2.4 quota-status: %{protocol} is "quota-status" in its user look-ups; virtual(5).
 */
#include "dovecot/recipients.h"

#include <sqlite3.h>

#include "inputs/patterns.h"
#include "inputs/quotas.h"
#include "inputs/resolve.h"

struct recipient {
	uint64_t prefix;
	const char *name, *account;
	bool bare; /* of a key without domain: comes second to one with */
};
VEC_TYPE(recipient_vec, struct recipient);

static int by_name(const void *x, const void *y)
{
	const struct recipient *a = x, *b = y;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	int order = strcmp(a->name, b->name);
	return order ? order : (int)a->bare - (int)b->bare;
}

/* Sorts, and keeps the first of each name. */
static void sort_unique(struct recipient_vec *list)
{
	size_t n = 0;

	if (list->n > 1)
		qsort(list->v, list->n, sizeof(*list->v), by_name);
	for (size_t i = 0; i < list->n; i++)
		if (n == 0 || !streq(list->v[i].name, list->v[n - 1].name))
			list->v[n++] = list->v[i];
	list->n = n;
}

/* Whether a pattern sends the account's mail somewhere else: Postfix asks them before it looks for
 * mailboxes. */
static bool is_taken(const struct patterns *patterns, const char *account)
{
	struct pattern_hit hit = patterns_match(patterns, account);

	return hit.result && strcasecmp(hit.result, account) != 0;
}

/* The account with a limit that mail for the alias ends at, or NULL. The usual case, one target
 * that is an account, costs no memory. */
static const char *final_account(const struct service_ctx *svc, const struct patterns *patterns,
				 const struct alias *x)
{
	const char *account = x->targets;

	if (x->key[0] == '@' || !inputs_find_account(svc->in, account) ||
	    inputs_find_alias(svc->in, account))
		account = resolve_single(svc->arena, svc->s, svc->in, x);
	if (account == NULL || !quota_limits(svc->s, inputs_find_account(svc->in, account)) ||
	    is_taken(patterns, account))
		return NULL;
	return account;
}

/* Whether the look-up would find another account without a row of this name. */
static bool hides(const struct service_ctx *svc, const struct alias *x)
{
	const char *at = strrchr(x->key, '@');

	return at == NULL || strchr(x->key, '+') || inputs_find_account(svc->in, x->key) ||
	       (at > x->key && inputs_find_alias(svc->in, at));
}

static void push_row(struct arena *a, const char *name, const char *account, bool bare,
		     struct recipient_vec *out)
{
	struct recipient *r = VEC_PUSH(a, out);

	*r = (struct recipient){ .prefix = str_prefix(name),
				 .name = name,
				 .account = account ? account : "",
				 .bare = bare };
}

static void list_aliases(const struct service_ctx *svc, const struct patterns *patterns,
			 struct recipient_vec *out)
{
	struct arena *a = svc->arena;
	struct alias_vec list = VEC_INIT;

	inputs_effective_aliases(a, svc->s, svc->in, &list);
	for (size_t i = 0; i < list.n; i++) {
		const struct alias *x = &list.v[i];
		if (streq(x->file, ALIAS_IDENTITY) ||
		    (alias_is_role(x) && !patterns_are_none(patterns)))
			continue;
		const char *account = final_account(svc, patterns, x);
		if (account == NULL && !hides(svc, x))
			continue;
		/* A bare name is looked up at the host's own name. */
		bool bare = strchr(x->key, '@') == NULL;
		push_row(a, bare ? arena_printf(a, "%s@%s", x->key, svc->s->hostname) : x->key,
			 account, bare, out);
	}
}

static void list_wanted(const struct service_ctx *svc, struct recipient_vec *out)
{
	const struct account_vec *accounts = &svc->in->accounts;
	const struct patterns *patterns;

	if (!svc->s->enable_quotas || !quota_limits_any(svc->s, svc->in))
		return;
	patterns = patterns_compile(svc->arena, str_from(svc->in->regexp));
	list_aliases(svc, patterns, out);
	for (size_t i = 0; i < accounts->n && !patterns_are_none(patterns); i++) {
		const struct account *x = &accounts->v[i];
		if (quota_limits(svc->s, x) && !inputs_find_alias(svc->in, x->address) &&
		    is_taken(patterns, x->address))
			push_row(svc->arena, x->address, NULL, false, out);
	}
	sort_unique(out);
}

static bool list_existing(struct arena *a, sqlite3 *db, struct recipient_vec *out)
{
	sqlite3_stmt *q = NULL;
	int rc;

	if (sqlite3_prepare_v2(db, "SELECT name, account FROM recipient ORDER BY name", -1, &q,
			       NULL) != SQLITE_OK)
		return false;
	while ((rc = sqlite3_step(q)) == SQLITE_ROW)
		*VEC_PUSH(a, out) = (struct recipient){
			.name = arena_strdup(a, (const char *)sqlite3_column_text(q, 0)),
			.account = arena_strdup(a, (const char *)sqlite3_column_text(q, 1)),
		};
	(void)sqlite3_finalize(q);
	return rc == SQLITE_DONE;
}

/* Puts the row, or deletes it when it has no account. */
static bool run(sqlite3_stmt *q, const struct recipient *r)
{
	(void)sqlite3_reset(q);
	(void)sqlite3_bind_text(q, 1, r->name, -1, SQLITE_STATIC);
	if (sqlite3_bind_parameter_count(q) > 1)
		(void)sqlite3_bind_text(q, 2, r->account, -1, SQLITE_STATIC);
	return sqlite3_step(q) == SQLITE_DONE;
}

static bool write_differences(sqlite3_stmt *put, sqlite3_stmt *del,
			      const struct recipient_vec *wanted, const struct recipient_vec *there)
{
	size_t i = 0, k = 0;
	bool ok = true;

	while (ok && (i < wanted->n || k < there->n)) {
		int order = k == there->n    ? -1
			    : i == wanted->n ? 1
					     : strcmp(wanted->v[i].name, there->v[k].name);
		if (order > 0)
			ok = run(del, &there->v[k++]);
		else if (order < 0 || !streq(wanted->v[i].account, there->v[k].account))
			ok = run(put, &wanted->v[i]);
		k += order == 0;
		i += order <= 0;
	}
	return ok;
}

bool recipients_write(const struct live_ctx *ctx, struct sqlite3 *db)
{
	static const char make[] = "CREATE TABLE IF NOT EXISTS recipient"
				   "(name TEXT PRIMARY KEY, account TEXT NOT NULL) WITHOUT ROWID";
	struct recipient_vec wanted = VEC_INIT, there = VEC_INIT;
	sqlite3_stmt *put = NULL, *del = NULL;

	if (sqlite3_exec(db, make, NULL, NULL, NULL) != SQLITE_OK ||
	    !list_existing(ctx->svc->arena, db, &there))
		return false;
	list_wanted(ctx->svc, &wanted);
	bool ok = sqlite3_prepare_v2(
			  db, "INSERT OR REPLACE INTO recipient(name, account) VALUES (?, ?)", -1,
			  &put, NULL) == SQLITE_OK &&
		  sqlite3_prepare_v2(db, "DELETE FROM recipient WHERE name = ?", -1, &del, NULL) ==
			  SQLITE_OK &&
		  write_differences(put, del, &wanted, &there);
	(void)sqlite3_finalize(put);
	(void)sqlite3_finalize(del);
	return ok;
}
