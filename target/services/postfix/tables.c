/* SPDX-License-Identifier: MIT */
/*
 * Keys and values end with a NUL byte in lmdb (Postfix's default on Linux) and without in cdb;
 * Postfix tries both.
 *
 * SOURCES
 *	lmdb_table(5), cdb_table(5), DATABASE_README, virtual(5), aliases(5); cdb(3); lmdb.h.
 */
#include "postfix/tables.h"

#include <cdb.h>
#include "base/child.h"
#include "base/file.h"
#include "inputs/senders.h"
#include "postfix/access_tables.h"
#include "postfix/check_table.h"
#include "postfix/dane.h"
#include "postfix/lmdb_table.h"
#include "postfix/relay_tables.h"
#include "postfix/sni_table.h"

enum table {
	T_REGEXP,
	T_SENDER_PATTERNS,
	T_MAILBOXES,
	T_LOCAL_ALIASES,
	T_SENDERS,
	T_ROLES,
	T_ALIASES,
	T_SNI,
	T_COUNT
};

static const char *const table_names[T_COUNT] = {
	"regexp.pcre", "senders.pcre", "mailboxes.cdb", "local-aliases.cdb",
	"senders.cdb", "roles.cdb",    "aliases.cdb",	"sni.cdb",
};
/* What accounts, aliases and patterns mean together decides about the two alias tables. */
#define INPUTS_OF_ALIASES (INPUT_ACCOUNTS | INPUT_ALIASES | INPUT_REGEXP | INPUT_LOCAL_ALIASES)

static const unsigned table_inputs[T_COUNT] = {
	INPUT_REGEXP,	   INPUTS_OF_ALIASES, INPUT_ACCOUNTS,	 INPUT_LOCAL_ALIASES,
	INPUTS_OF_ALIASES, INPUTS_OF_ALIASES, INPUTS_OF_ALIASES, INPUT_TLS,
};

struct tables_state {
	bool ready[T_COUNT]; /* NAME.new is complete */
	const struct live_ctx *ctx;
	struct child child; /* makes them */
};

/* From this many entries on a child makes the tables, while the parent does other services'
 * work. */
#define CHILD_FROM 5000

static const char *table_path(const struct live_ctx *ctx, enum table t, const char *suffix)
{
	return arena_printf(ctx->svc->arena, "%s/%s%s", ctx->dir, table_names[t], suffix);
}

/* Tables of senders are made for SPOOF_PROTECTION only. */
static bool table_is_wanted(const struct live_ctx *ctx, int t)
{
	return (table_inputs[t] & ctx->changed) != 0 &&
	       (ctx->svc->s->spoof_protection || (t != T_SENDERS && t != T_SENDER_PATTERNS));
}

static bool add_pair(struct cdb_make *cdb, const char *key, const char *value)
{
	return cdb_make_add(cdb, key, (unsigned)strlen(key), value, (unsigned)strlen(value)) == 0;
}

static bool add_mailboxes(const struct live_ctx *ctx, struct cdb_make *cdb)
{
	const struct account_vec *accounts = &ctx->svc->in->accounts;
	autobuf struct buf value = BUF_INIT;

	for (size_t i = 0; i < accounts->n; i++) {
		const struct account *acc = &accounts->v[i];
		buf_reset(&value);
		buf_adds(&value, acc->domain);
		buf_addc(&value, '/');
		struct str local = account_local(acc);
		buf_add(&value, local.p, local.n);
		buf_addc(&value, '/');
		if (!add_pair(cdb, acc->address, value.p))
			return false;
	}
	return true;
}

/* Names of aliases(5) with their values, continuation lines joined. */
struct local_alias {
	const char *name, *value;
};
VEC_TYPE(local_alias_vec, struct local_alias);

static void push_local_alias(struct arena *a, struct local_alias_vec *out, const char *logical)
{
	struct str name, value;

	if (!str_split(str_from(logical), ':', &name, &value))
		return;
	name = str_trim(name);
	if (name.n >= 2 && name.p[0] == '"' && name.p[name.n - 1] == '"')
		name = (struct str){ name.p + 1, name.n - 2 };
	*VEC_PUSH(a, out) = (struct local_alias){ str_lower(a, name), str_dup(a, str_trim(value)) };
}

/* The administrator's lines. Where defaults are added they come behind: of two entries with one
 * name the first counts. */
static void list_local_aliases(const struct live_ctx *ctx, struct local_alias_vec *out)
{
	struct arena *a = ctx->svc->arena;
	struct str rest = str_from(ctx->svc->in->local_aliases), line;
	autobuf struct buf logical = BUF_INIT;

	while (str_next_line(&rest, &line)) {
		struct str text = str_trim(line);
		if (text.n == 0 || text.p[0] == '#')
			continue;
		if (line.p[0] != ' ' && line.p[0] != '\t') {
			push_local_alias(a, out, logical.p);
			buf_reset(&logical);
		} else {
			buf_addc(&logical, ' ');
		}
		buf_add(&logical, text.p, text.n);
	}
	push_local_alias(a, out, logical.p);
}

static void list_default_aliases(const struct live_ctx *ctx, struct local_alias_vec *out)
{
	struct arena *a = ctx->svc->arena;

	*VEC_PUSH(a, out) = (struct local_alias){ "root", ctx->svc->s->postmaster_address };
	*VEC_PUSH(a, out) = (struct local_alias){ "postmaster", "root" };
	*VEC_PUSH(a, out) = (struct local_alias){ "mailer-daemon", "root" };
}

static bool add_local_aliases(const struct live_ctx *ctx, struct cdb_make *cdb)
{
	struct local_alias_vec list = VEC_INIT;

	list_local_aliases(ctx, &list);
	list_default_aliases(ctx, &list);
	for (size_t i = 0; i < list.n; i++)
		if (!add_pair(cdb, list.v[i].name, list.v[i].value))
			return false;
	return true;
}

/* The host's own name is a mailbox domain: what aliases(5) knows is reached there too, unless
 * somebody owns the address. */
static bool add_host_aliases(const struct live_ctx *ctx, struct cdb_make *cdb)
{
	struct arena *a = ctx->svc->arena;
	const struct inputs *in = ctx->svc->in;
	struct local_alias_vec list = VEC_INIT;

	list_local_aliases(ctx, &list);
	if (in->domains.n > 0 &&
	    inputs_is_received(a, ctx->svc->s, in, inputs_postmaster(a, ctx->svc->s)))
		list_default_aliases(ctx, &list);
	for (size_t i = 0; i < list.n; i++) {
		const char *key = arena_printf(a, "%s@%s", list.v[i].name, ctx->svc->s->hostname);
		if (inputs_find_account(in, key) || inputs_find_alias(in, key))
			continue;
		if (!add_pair(cdb, key, arena_printf(a, "%s@localhost", list.v[i].name)))
			return false;
	}
	return true;
}

static bool add_list(struct cdb_make *cdb, const struct alias_vec *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!add_pair(cdb, list->v[i].key, list->v[i].targets))
			return false;
	return true;
}

static bool add_aliases(const struct live_ctx *ctx, struct cdb_make *cdb)
{
	return add_list(cdb, &ctx->svc->in->aliases);
}

/* Role addresses (postmaster@…) stand in a table of their own behind the patterns, which may
 * define them too. */
static bool add_roles(const struct live_ctx *ctx, struct cdb_make *cdb)
{
	struct alias_vec list = VEC_INIT;

	inputs_added_aliases(ctx->svc->arena, ctx->svc->s, ctx->svc->in, &list);
	return add_list(cdb, &list) && add_host_aliases(ctx, cdb);
}

static bool add_sender(void *cdb, const char *address, const char *logins)
{
	return add_pair(cdb, address, logins);
}

static bool add_senders(const struct live_ctx *ctx, struct cdb_make *cdb)
{
	struct senders sn;

	senders_init(&sn, ctx->svc->arena, ctx->svc->s, ctx->svc->in);
	return senders_each(&sn, add_sender, cdb);
}

static bool make_cdb(const struct live_ctx *ctx, enum table t, struct err *err)
{
	static bool (*const fill[T_COUNT])(const struct live_ctx *, struct cdb_make *) = {
		[T_MAILBOXES] = add_mailboxes, [T_LOCAL_ALIASES] = add_local_aliases,
		[T_SENDERS] = add_senders,     [T_ROLES] = add_roles,
		[T_ALIASES] = add_aliases,     [T_SNI] = sni_table_fill,
	};
	const char *path = table_path(ctx, t, ".new");
	mode_t mode = t == T_SNI ? 0600 : 0644; /* private keys */
	struct cdb_make cdb;

	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, ERR_IO, "remove %s", path);
	autoclose int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return err_sys(err, ERR_CREATE, "create %s", path);
	if (cdb_make_start(&cdb, fd) != 0)
		return err_sys(err, ERR_IO, "write %s", path);
	bool filled = fill[t](ctx, &cdb);
	if (cdb_make_finish(&cdb) != 0 || !filled)
		return err_sys(err, ERR_IO, "write %s", path);
	return true;
}

static bool make_text(const struct live_ctx *ctx, enum table t, struct err *err)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	autobuf struct buf text = BUF_INIT;
	struct senders sn;

	if (t == T_SENDER_PATTERNS) {
		senders_init(&sn, ctx->svc->arena, ctx->svc->s, ctx->svc->in);
		senders_patterns(&sn, &text);
	} else {
		buf_adds(&text, ctx->svc->in->regexp);
	}
	return file_replace(table_path(ctx, t, ".new"), text.p, text.n, &attr, FILE_EPHEMERAL, NULL,
			    err);
}

static bool make_tables(const struct live_ctx *ctx, struct tables_state *st, struct err *err)
{
	for (int t = 0; t < T_COUNT; t++) {
		bool is_text = t == T_REGEXP || t == T_SENDER_PATTERNS;
		if (!table_is_wanted(ctx, t))
			continue;
		if (!(is_text ? make_text : make_cdb)(ctx, (enum table)t, err))
			return false;
		st->ready[t] = true;
	}
	return true;
}

static void remove_new(const struct live_ctx *ctx)
{
	for (int t = 0; t < T_COUNT; t++)
		(void)unlink(table_path(ctx, (enum table)t, ".new"));
}

static bool child_work(void *arg, struct err *err)
{
	struct tables_state *st = arg;

	return make_tables(st->ctx, st, err);
}

static void tables_begin(const struct live_ctx *ctx, void **state_r)
{
	struct tables_state *st = ARENA_NEW(ctx->svc->arena, struct tables_state);
	bool any = false;

	*state_r = st;
	st->ctx = ctx;
	for (int t = 0; t < T_COUNT; t++)
		any = any || table_is_wanted(ctx, t);
	if (any && ctx->svc->in->accounts.n + ctx->svc->in->aliases.n >= CHILD_FROM)
		(void)child_begin(&st->child, child_work, st);
}

static void tables_abort(const struct live_ctx *ctx, void *state)
{
	struct tables_state *st = state;
	struct err ignored = ERR_INIT;

	if (st->child.pid > 0)
		(void)!child_end(&st->child, &ignored);
	remove_new(ctx);
}

static bool tables_prepare(const struct live_ctx *ctx, void **state_r, struct err *err)
{
	struct tables_state *st = *state_r;
	bool ok = st->child.pid > 0 ? child_end(&st->child, err) : make_tables(ctx, st, err);

	for (int t = 0; t < T_COUNT; t++)
		st->ready[t] = ok && table_is_wanted(ctx, t);
	if (!ok)
		remove_new(ctx);
	return ok;
}

/* The value is the name itself: who may send as a new account is that account. */
static int put_key(MDB_txn *txn, MDB_dbi dbi, const char *name)
{
	return lmdb_table_put(txn, dbi, name, name);
}

static int fill_domains(const struct service_ctx *svc, const void *data UNUSED, MDB_txn *txn,
			MDB_dbi dbi)
{
	const struct text_vec *domains = &svc->in->domains;
	int rc = mdb_drop(txn, dbi, 0);

	for (size_t i = 0; rc == 0 && i < domains->n; i++)
		rc = put_key(txn, dbi, domains->v[i]);
	if (rc == 0 && svc->s->enable_srs) /* so that bounces come home */
		rc = put_key(txn, dbi, svc->s->srs_domainname);
	return rc == 0 ? put_key(txn, dbi, svc->s->hostname) : rc;
}

/* Senders that are no strangers, by domain, with the way their mail leaves by. */
static int fill_srs_senders(const struct service_ctx *svc, const void *data UNUSED, MDB_txn *txn,
			    MDB_dbi dbi)
{
	struct arena *a = svc->arena;
	const char *way = relay_transport_of(a, svc->s->default_relay_host);
	const char *const own[] = { svc->s->hostname, svc->s->srs_domainname, "localhost",
				    arena_printf(a, "localhost.%s", svc->s->domainname) };
	struct str rest = str_from(svc->s->srs_exclude_domains), word;
	int rc = mdb_drop(txn, dbi, 0);

	for (size_t i = 0; rc == 0 && i < svc->in->domains.n; i++)
		rc = lmdb_table_put(txn, dbi, arena_printf(a, "@%s", svc->in->domains.v[i]), way);
	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(own); i++)
		rc = lmdb_table_put(txn, dbi, arena_printf(a, "@%s", own[i]), way);
	while (rc == 0 && str_next_word(&rest, ",", &word))
		rc = lmdb_table_put(txn, dbi, arena_printf(a, "@%.*s", (int)word.n, word.p), way);
	return rc;
}

/* First how mail of a new domain leaves, then the domain. */
static bool commit_domains(const struct live_ctx *ctx, struct err *err)
{
	if ((ctx->changed & (INPUT_ACCOUNTS | INPUT_ALIASES)) == 0)
		return true;
	if (ctx->svc->s->enable_srs &&
	    !lmdb_table_write(ctx, "srs-senders.lmdb", 0644, fill_srs_senders, NULL, err))
		return false;
	return lmdb_table_write(ctx, "domains.lmdb", 0644, fill_domains, NULL, err);
}

static int fill_recent_none(const struct service_ctx *svc UNUSED, const void *data UNUSED,
			    MDB_txn *txn, MDB_dbi dbi)
{
	return mdb_drop(txn, dbi, 0);
}

static int fill_recent_add(const struct service_ctx *svc UNUSED, const void *data, MDB_txn *txn,
			   MDB_dbi dbi)
{
	const struct account *account = data;

	return put_key(txn, dbi, account->address);
}

/* 1 found, 0 not, -1 the table can't be read. */
static int cdb_has(const struct live_ctx *ctx, enum table t, const char *key)
{
	struct cdb cdb;
	autoclose int fd = open(table_path(ctx, t, ""), O_RDONLY | O_CLOEXEC);

	if (fd < 0 || cdb_init(&cdb, fd) != 0)
		return -1;
	int found = cdb_find(&cdb, key, (unsigned)strlen(key));
	cdb_free(&cdb);
	return found;
}

/* A pattern may give somebody else the right to send as the new account. */
static bool has_sender_patterns(const struct live_ctx *ctx)
{
	struct stat st;

	return ctx->svc->s->spoof_protection &&
	       (stat(table_path(ctx, T_SENDER_PATTERNS, ""), &st) < 0 || st.st_size > 0);
}

/* An account that is there already needs no change here. A new one is an entry, if its domain
 * is, no alias or role has the address (nor is it where roles lead to) and no catch-all the
 * domain (whose accounts need an entry of their own among the aliases). */
static bool tables_can_put(const struct live_ctx *ctx, const struct account *account)
{
	const struct settings *s = ctx->svc->s;

	if (cdb_has(ctx, T_MAILBOXES, account->address) == 1)
		return true;
	return !s->smtp_only && !has_sender_patterns(ctx) &&
	       !access_tables_cover(ctx, account->address) &&
	       !streq(account->address, inputs_postmaster(ctx->svc->arena, s)) &&
	       !streq(account->domain, s->hostname) &&
	       lmdb_table_has(ctx, "domains.lmdb", account->domain) &&
	       cdb_has(ctx, T_ROLES, account->address) == 0 &&
	       cdb_has(ctx, T_ALIASES, account->address) == 0 &&
	       cdb_has(ctx, T_ALIASES, arena_printf(ctx->svc->arena, "@%s", account->domain)) ==
		       0 &&
	       cdb_has(ctx, T_MAILBOXES, account->address) >= 0;
}

static bool tables_have(const struct live_ctx *ctx, const struct account *account)
{
	return cdb_has(ctx, T_MAILBOXES, account->address) != 0 ||
	       lmdb_table_has(ctx, "recent.lmdb", account->address);
}

static bool tables_put(const struct live_ctx *ctx, const struct account *account, struct err *err)
{
	return cdb_has(ctx, T_MAILBOXES, account->address) == 1 ||
	       lmdb_table_write(ctx, "recent.lmdb", 0644, fill_recent_add, account, err);
}

static bool publish(const struct live_ctx *ctx, enum table t, struct err *err)
{
	const char *from = table_path(ctx, t, ".new"), *to = table_path(ctx, t, "");

	if (rename(from, to) < 0)
		return err_sys(err, ERR_IO, "rename %s", from);
	return true;
}

static bool tables_commit(const struct live_ctx *ctx, void *state, struct err *err)
{
	const struct tables_state *st = state;

	for (int t = T_REGEXP; t < T_MAILBOXES; t++) /* what Postfix does not watch */
		if (st->ready[t] && !publish(ctx, (enum table)t, err))
			return false;
	if (!commit_domains(ctx, err))
		return false;
	if (!relay_tables_commit(ctx, err) || !access_tables_commit(ctx, err) ||
	    !tls_policy_commit(ctx, err) || !check_table_commit(ctx, err))
		return false;
	for (int t = T_MAILBOXES; t < T_COUNT; t++)
		if (st->ready[t] && !publish(ctx, (enum table)t, err))
			return false;
	return !st->ready[T_MAILBOXES] ||
	       lmdb_table_write(ctx, "recent.lmdb", 0644, fill_recent_none, NULL, err);
}

const struct service_live postfix_live = {
	.inputs = INPUT_TLS | INPUT_ACCOUNTS | INPUT_ALIASES | INPUT_REGEXP | INPUT_LOCAL_ALIASES |
		  INPUT_RELAYS | INPUT_ACCESS | INPUT_TLS_POLICY | CHECK_TABLE_INPUTS,
	.begin = tables_begin,
	.prepare = tables_prepare,
	.commit = tables_commit,
	.abort = tables_abort,
	.has = tables_have,
	.can_put = tables_can_put,
	.put = tables_put,
};
