/* SPDX-License-Identifier: MIT */
/* live, stamp: the tables as the daemons will read them, written by the real services into a directory of the test. */
#include "unit/live_fixture.h"

#include <lmdb.h>

#include "inputs/accounts.h"
#include "inputs/dkim.h"
#include "plan/stamp.h"
#include "plan/tls_files.h"

#define HASH2 "{SHA512-CRYPT}$6$salt$other"

/* The value in an lmdb table, or NULL. */
static const char *lmdb_value(struct fixture *f, const char *table, const char *name)
{
	const char *path = arena_printf(&f->t.arena, "%s/%s", f->live, table), *text = NULL;
	MDB_val key = { strlen(name) + 1, (void *)(uintptr_t)name }, value;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_RDONLY, 0), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
	if (mdb_get(txn, dbi, &key, &value) == 0)
		text = arena_strndup(&f->t.arena, value.mv_data, value.mv_size);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return text;
}

static bool lmdb_key(struct fixture *f, const char *table, const char *name)
{
	return lmdb_value(f, table, name) != NULL;
}

static void test_first_tables(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf",
	    "anna@example.test|" HASH "\nben@other.test|" HASH "|userdb_mail_path=/var/mail/x\n");
	put(&f, "postfix-virtual.cf", "info@alias.test anna@example.test\n");
	put(&f, "postfix-regexp.cf", "/^x[0-9]@example\\.test$/ anna@example.test\n");
	put(&f, "postfix-aliases.cf", "devnull: /dev/null\n");
	put(&f, "dovecot-quotas.cf", "anna@example.test:5G\n");
	assert_int_equal(apply(&f), INPUT_ALL);

	assert_string_equal(cdb_value(&f, "mailboxes.cdb", "anna@example.test"),
			    "example.test/anna/");
	assert_null(cdb_value(&f, "mailboxes.cdb", "nobody@example.test"));
	assert_string_equal(cdb_value(&f, "aliases.cdb", "info@alias.test"), "anna@example.test");
	assert_string_equal(cdb_value(&f, "roles.cdb", "postmaster@other.test"),
			    "anna@example.test");
	assert_string_equal(cdb_value(&f, "roles.cdb", "devnull@mail.example.test"),
			    "devnull@localhost");
	assert_string_equal(cdb_value(&f, "local-aliases.cdb", "devnull"), "/dev/null");
	assert_string_equal(cdb_value(&f, "local-aliases.cdb", "root"), "anna@example.test");
	assert_true(lmdb_key(&f, "domains.lmdb", "example.test"));
	assert_true(lmdb_key(&f, "domains.lmdb", "alias.test"));
	assert_true(lmdb_key(&f, "domains.lmdb", "mail.example.test"));
	assert_false(lmdb_key(&f, "domains.lmdb", "example.com"));
	assert_string_equal(sql_value(&f, "passdb", "password", "anna@example.test"), HASH);
	assert_string_equal(sql_value(&f, "userdb", "quota_storage_size", "anna@example.test"),
			    "5G");
	assert_string_equal(sql_value(&f, "userdb", "mail_path", "ben@other.test"), "/var/mail/x");
	assert_null(sql_value(&f, "passdb", "password", "info@alias.test"));
	temp_close(&f.t);
}

static const struct service_live *live_of(const char *service)
{
	for (int i = 0; services_all[i]; i++)
		if (streq(services_all[i]->name, service))
			return services_all[i]->live;
	fail_msg("no service %s", service);
	return NULL;
}

/* The password of a master account, or NULL. */
static const char *master(struct fixture *f, const char *name)
{
	return sql_value(f, "(SELECT name AS user, password FROM master)", "password", name);
}

static void test_masters(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	(void)apply(&f);
	assert_null(master(&f, "admin"));
	put(&f, "dovecot-masters.cf", "Admin|" HASH "\n");
	assert_int_equal(apply(&f), INPUT_MASTERS);
	assert_string_equal(master(&f, "admin"), HASH);
	assert_null(sql_value(&f, "passdb", "password", "admin"));
	put(&f, "dovecot-masters.cf", "# c\nadmin|" HASH "\n");
	assert_int_equal(apply(&f), 0);
	put(&f, "dovecot-masters.cf", "other|" HASH2 "\n");
	assert_int_equal(apply(&f), INPUT_MASTERS);
	assert_null(master(&f, "admin"));
	assert_string_equal(master(&f, "other"), HASH2);
	temp_close(&f.t);
}

static void test_relays(void **state UNUSED)
{
	struct fixture f;
	struct stat st;

	open_fixture(&f);
	f.s.relay_host = "old.relay.test";
	f.s.relay_port = 465;
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\nben@two.test|" HASH "\n");
	put(&f, "postfix-relaymap.cf", "@two.test\nx@three.test [relay.test]:587\n");
	put(&f, "postfix-sasl-password.cf", "X@three.test u:p:q\n");
	(void)apply(&f);
	assert_string_equal(lmdb_value(&f, "relays.lmdb", "@example.test"),
			    "relayhost-tls:[old.relay.test]:465");
	assert_string_equal(lmdb_value(&f, "relays.lmdb", "@two.test"), "smtp:");
	assert_string_equal(lmdb_value(&f, "relays.lmdb", "x@three.test"),
			    "relayhost:[relay.test]:587");
	assert_string_equal(lmdb_value(&f, "relay-logins.lmdb", "x@three.test"), "u:p:q");
	assert_string_equal(lmdb_value(&f, "relay-tls.lmdb", "[relay.test]:587"), "encrypt");
	assert_false(lmdb_key(&f, "relay-tls.lmdb", "[old.relay.test]:465"));
	assert_int_equal(stat(arena_printf(&f.t.arena, "%s/relay-logins.lmdb", f.live), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* A new domain, an exclusion and a login that are gone. */
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\nc@four.test|" HASH "\n");
	put(&f, "postfix-relaymap.cf", "x@three.test [relay.test]:587\n");
	put(&f, "postfix-sasl-password.cf", "");
	assert_int_equal(apply(&f), INPUT_ACCOUNTS | INPUT_RELAYS);
	assert_true(lmdb_key(&f, "relays.lmdb", "@four.test"));
	assert_false(lmdb_key(&f, "relays.lmdb", "@two.test"));
	assert_false(lmdb_key(&f, "relay-logins.lmdb", "x@three.test"));
	assert_false(lmdb_key(&f, "relay-tls.lmdb", "[relay.test]:587"));
	temp_close(&f.t);
}

static void test_access(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf", "anna@a.test|" HASH "\nben@b.test|" HASH "\n");
	(void)apply(&f);
	assert_null(lmdb_value(&f, "send-access.lmdb", "a.test"));
	assert_string_equal(lmdb_value(&f, "checks.lmdb", "send"), "DUNNO");
	assert_string_equal(lmdb_value(&f, "checks.lmdb", "receive"), "DUNNO");
	put(&f, "postfix-send-access.cf",
	    "A.test REJECT\nben@b.test OK\nlater@b.test 550 no\n<> DISCARD\n");
	put(&f, "postfix-receive-access.cf", "ben@b.test HOLD\n");
	assert_int_equal(apply(&f), INPUT_ACCESS);
	assert_string_equal(lmdb_value(&f, "send-access.lmdb", "a.test"), "REJECT");
	assert_string_equal(lmdb_value(&f, "send-access.lmdb", "<>"), "DISCARD");
	assert_string_equal(lmdb_value(&f, "send-access.lmdb", "ben@b.test"), "OK");
	assert_string_equal(lmdb_value(&f, "receive-access.lmdb", "ben@b.test"), "HOLD");
	assert_string_equal(lmdb_value(&f, "checks.lmdb", "send"), "ask_send");
	assert_string_equal(lmdb_value(&f, "checks.lmdb", "receive"), "ask_receive");
	assert_string_equal(lmdb_value(&f, "send-logins.lmdb", "anna@a.test"), "REJECT");
	assert_string_equal(lmdb_value(&f, "send-logins.lmdb", "ben@b.test"), "DUNNO");
	assert_string_equal(lmdb_value(&f, "send-logins.lmdb", "later@b.test"), "550 no");
	assert_null(lmdb_value(&f, "send-logins.lmdb", "a.test"));

	put(&f, "postfix-accounts.cf", "carl@sub.a.test|" HASH "\n");
	assert_int_equal(apply(&f), INPUT_ACCOUNTS);
	assert_string_equal(lmdb_value(&f, "send-logins.lmdb", "carl@sub.a.test"), "REJECT");
	assert_null(lmdb_value(&f, "send-logins.lmdb", "anna@a.test"));

	put(&f, "postfix-send-access.cf", "");
	assert_int_equal(apply(&f), INPUT_ACCESS);
	assert_null(lmdb_value(&f, "send-access.lmdb", "a.test"));
	assert_string_equal(lmdb_value(&f, "checks.lmdb", "send"), "DUNNO");
	assert_string_equal(lmdb_value(&f, "checks.lmdb", "receive"), "ask_receive");
	assert_null(lmdb_value(&f, "send-logins.lmdb", "carl@sub.a.test"));
	temp_close(&f.t);
}

/* An account that a rule for its domain or name concerns needs a row of its own. */
static void test_put_asks_access(void **state UNUSED)
{
	const struct account carl = {
		.address = "carl@a.test", .domain = "a.test", .hash = STR_LIT(HASH), .extra = ""
	};
	static const struct {
		const char *rules;
		bool can;
	} cases[] = {
		{ "", true },
		{ "carl@a.test REJECT\n", true },
		{ "b.test REJECT\n", true },
		{ "ruben@ REJECT\n", true },
		{ "a.test REJECT\n", false },
		{ "carl@ REJECT\n", false },
		{ "test REJECT\n", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		open_fixture(&f);
		put(&f, "postfix-accounts.cf", "anna@a.test|" HASH "\n");
		put(&f, "postfix-send-access.cf", cases[i].rules);
		(void)apply(&f);
		struct live_ctx ctx = { .svc = &f.plan.ctx,
					.dir = f.live,
					.changed = INPUT_ACCOUNTS };
		if (live_of("postfix")->can_put(&ctx, &carl) != cases[i].can)
			fail_msg("rules '%s'", cases[i].rules);
		temp_close(&f.t);
	}
}

static void test_no_postmaster(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf", "ben@example.test|" HASH "\n");
	put(&f, "postfix-aliases.cf", "team: ben@example.test\n");
	(void)apply(&f);
	assert_null(cdb_value(&f, "roles.cdb", "postmaster@example.test"));
	assert_null(cdb_value(&f, "roles.cdb", "root@mail.example.test"));
	assert_non_null(cdb_value(&f, "roles.cdb", "team@mail.example.test"));
	assert_non_null(cdb_value(&f, "local-aliases.cdb", "root"));
	temp_close(&f.t);
}

static void test_nothing_changed(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\n");
	assert_int_equal(apply(&f), INPUT_ALL);
	assert_int_equal(apply(&f), 0);
	put(&f, "postfix-accounts.cf", "# a comment\n\nanna@example.test|" HASH "\n");
	assert_int_equal(apply(&f), 0);
	temp_close(&f.t);
}

static void test_change_and_removal(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\nben@gone.test|" HASH "\n");
	(void)apply(&f);
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH2 "|userdb_new_field=1\n");
	assert_int_equal(apply(&f), INPUT_ACCOUNTS);
	assert_string_equal(sql_value(&f, "passdb", "password", "anna@example.test"), HASH2);
	assert_string_equal(sql_value(&f, "userdb", "new_field", "anna@example.test"), "1");
	assert_null(sql_value(&f, "passdb", "password", "ben@gone.test"));
	assert_null(cdb_value(&f, "mailboxes.cdb", "ben@gone.test"));
	assert_false(lmdb_key(&f, "domains.lmdb", "gone.test"));
	temp_close(&f.t);
}

/* Whose quota counts for the name; NULL for no row. */
static const char *recipient(struct fixture *f, const char *name)
{
	return sql_value(f, "(SELECT name AS user, account FROM recipient)", "account", name);
}

static void test_recipients(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	f.s.postfix_mailbox_size_limit = 1 << 30;
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\nben@catch.test|" HASH "\n");
	put(&f, "postfix-virtual.cf",
	    "info@example.test anna@example.test\nteam@example.test anna@example.test,ben@catch.test\n"
	    "out@example.test x@other.example\nlater@example.test new@example.test\n"
	    "@catch.test info@example.test\ndesk anna+desk@example.test\n"
	    "desk@mail.example.test ben@catch.test\n"
	    "list@catch.test anna@example.test,ben@catch.test\n");
	assert_int_equal(apply(&f), INPUT_ALL);
	assert_string_equal(recipient(&f, "info@example.test"), "anna@example.test");
	assert_string_equal(recipient(&f, "@catch.test"), "anna@example.test");
	assert_null(recipient(&f, "team@example.test"));
	assert_null(recipient(&f, "out@example.test"));
	assert_string_equal(recipient(&f, "list@catch.test"), "");
	assert_string_equal(recipient(&f, "later@example.test"), "new@example.test");
	assert_string_equal(recipient(&f, "desk@mail.example.test"), "ben@catch.test");
	assert_string_equal(recipient(&f, "abuse@example.test"), "anna@example.test");
	assert_null(recipient(&f, "ben@catch.test"));
	assert_null(sql_value(&f, "userdb", "user", "info@example.test"));
	assert_null(sql_value(&f, "passdb", "user", "info@example.test"));

	/* One alias moves, one goes; with patterns nothing is known of catch-alls and roles. */
	put(&f, "postfix-virtual.cf",
	    "info@example.test ben@catch.test\n@catch.test anna@example.test\n");
	assert_int_equal(apply(&f), INPUT_ALIASES);
	assert_string_equal(recipient(&f, "info@example.test"), "ben@catch.test");
	assert_null(recipient(&f, "team@example.test"));
	put(&f, "postfix-regexp.cf",
	    "/^sales/ anna@example.test\n/^(ben)@/ $1@catch.test\n/^anna@/ x@other.example\n");
	assert_int_equal(apply(&f), INPUT_REGEXP);
	assert_string_equal(recipient(&f, "anna@example.test"), "");
	assert_null(recipient(&f, "ben@catch.test"));
	assert_string_equal(recipient(&f, "info@example.test"), "ben@catch.test");
	assert_null(recipient(&f, "@catch.test"));
	assert_null(recipient(&f, "abuse@example.test"));
	temp_close(&f.t);
}

/* Without a default limit only those rows are made that can matter. */
static void test_recipients_of_few_limits(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf",
	    "anna@example.test|" HASH "\nben@example.test|" HASH "\nown@example.test|" HASH
	    "|userdb_quota_storage_size=5M\n");
	put(&f, "postfix-virtual.cf",
	    "info@example.test anna@example.test\nb@example.test ben@example.test\n"
	    "o@example.test own@example.test\nben@example.test x@other.example\n"
	    "anna+x@example.test ben@example.test\nlater@example.test new@example.test\n");
	assert_int_equal(apply(&f), INPUT_ALL);
	assert_null(recipient(&f, "info@example.test"));
	assert_string_equal(recipient(&f, "o@example.test"), "own@example.test");
	assert_string_equal(recipient(&f, "ben@example.test"), "");
	put(&f, "dovecot-quotas.cf", "anna@example.test:5M\nown@example.test:0\n");
	assert_int_equal(apply(&f), INPUT_QUOTAS);
	assert_string_equal(recipient(&f, "info@example.test"), "anna@example.test");
	assert_null(recipient(&f, "o@example.test"));
	assert_string_equal(recipient(&f, "anna+x@example.test"), "");
	assert_null(recipient(&f, "later@example.test"));
	f.s.enable_quotas = false;
	put(&f, "dovecot-quotas.cf", "anna@example.test:6M\n");
	assert_int_equal(apply(&f), INPUT_QUOTAS);
	assert_null(recipient(&f, "info@example.test"));
	temp_close(&f.t);
}

/* Whether quota-status is asked about recipients. */
static bool quota_is_asked(struct fixture *f)
{
	const char *ask = lmdb_value(f, "checks.lmdb", "quota");

	/* Without quotas main.cf does not ask. */
	assert_int_equal(ask != NULL, f->s.enable_quotas);
	if (ask && !streq(ask, "DUNNO"))
		assert_string_equal(ask, "ask_quota");
	return ask && !streq(ask, "DUNNO");
}

static void test_quota_is_asked_where_there_is_one(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\nben@example.test|" HASH "\n");
	put(&f, "dovecot-quotas.cf", "anna@example.test:0\n");
	assert_int_equal(apply(&f), INPUT_ALL);
	assert_false(quota_is_asked(&f));
	put(&f, "dovecot-quotas.cf", "ben@example.test:5M\n");
	(void)apply(&f);
	assert_true(quota_is_asked(&f));
	put(&f, "dovecot-quotas.cf", "");
	(void)apply(&f);
	assert_false(quota_is_asked(&f));
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "|userdb_quota_storage_size=5M\n");
	(void)apply(&f);
	assert_true(quota_is_asked(&f));
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\n");
	put(&f, "dovecot.cf", "quota_storage_size = 1G\n");
	(void)apply(&f);
	assert_true(quota_is_asked(&f));
	f.s.enable_quotas = false;
	put(&f, "dovecot-quotas.cf", "anna@example.test:6M\n");
	(void)apply(&f);
	assert_false(quota_is_asked(&f));
	f.s.enable_quotas = true;
	f.s.postfix_mailbox_size_limit = 1000000;
	put(&f, "dovecot.cf", "");
	put(&f, "dovecot-quotas.cf", "");
	(void)apply(&f);
	assert_true(quota_is_asked(&f));
	temp_close(&f.t);
}

static void test_text_stays_text(void **state UNUSED)
{
	static const char name[] = "o'hara\"--@example.test";
	struct fixture f;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "|userdb_home=');DROP\n");
	(void)apply(&f);
	assert_string_equal(sql_value(&f, "userdb", "home", "anna@example.test"), "');DROP");
	assert_null(sql_value(&f, "passdb", "password", name));
	temp_close(&f.t);
}

/* Writes 60 accounts, the one in the middle with extra fields. */
static void put_many(struct fixture *f, const char *hash, const char *extra)
{
	autobuf struct buf text = BUF_INIT;

	for (int i = 0; i < 60; i++)
		buf_printf(&text, "u%d@example.test|%s%s\n", i, hash, i == 30 ? extra : "");
	put(f, "postfix-accounts.cf", text.p);
	assert_int_equal(apply(f) & INPUT_ACCOUNTS, INPUT_ACCOUNTS);
	for (int i = 0; i < 60; i++) {
		const char *name = arena_printf(&f->t.arena, "u%d@example.test", i);
		assert_string_equal(sql_value(f, "passdb", "password", name), hash);
		if (i != 30)
			assert_null(sql_value(f, "userdb", "home", name));
	}
}

/* Rows with fields come behind the others; a field that is gone leaves nothing. */
static void test_many_rows(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	put_many(&f, HASH, "|userdb_home=/srv/u");
	assert_string_equal(sql_value(&f, "userdb", "home", "u30@example.test"), "/srv/u");
	put_many(&f, HASH2, "|userdb_home=/srv/v");
	assert_string_equal(sql_value(&f, "userdb", "home", "u30@example.test"), "/srv/v");
	put_many(&f, HASH, "");
	assert_null(sql_value(&f, "userdb", "home", "u30@example.test"));
	temp_close(&f.t);
}

static void test_put_one(void **state UNUSED)
{
	static const char *const services[] = { "dovecot", "postfix" };
	static const struct inputs none;
	struct err err = ERR_INIT;
	struct fixture f;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\n");
	put(&f, "postfix-virtual.cf",
	    "@all.test anna@example.test\ntaken@example.test anna@example.test\n");
	(void)apply(&f);
	struct service_ctx svc = f.plan.ctx;
	svc.in = &none;
	struct live_ctx ctx = { .svc = &svc, .dir = f.live, .changed = INPUT_ACCOUNTS };
	struct account ben = { .address = "ben@example.test",
			       .domain = "example.test",
			       .hash = STR_LIT(HASH),
			       .extra = "" };
	struct account anna = { .address = "anna@example.test", .domain = "example.test" };
	struct account elsewhere = {
		.address = "x@new.test", .domain = "new.test", .hash = STR_LIT(HASH), .extra = ""
	};
	struct account caught = {
		.address = "x@all.test", .domain = "all.test", .hash = STR_LIT(HASH), .extra = ""
	};
	struct account taken = { .address = "taken@example.test",
				 .domain = "example.test",
				 .hash = STR_LIT(HASH),
				 .extra = "" };

	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		const struct service_live *live = live_of(services[i]);
		assert_true(live->can_put(&ctx, &ben));
		assert_false(live->has(&ctx, &ben));
		assert_true(live->has(&ctx, &anna));
		assert_true(live->put(&ctx, &ben, &err));
		assert_true(live->has(&ctx, &ben));
	}
	assert_false(live_of("postfix")->can_put(&ctx, &elsewhere));
	assert_false(live_of("postfix")->can_put(&ctx, &caught));
	assert_false(live_of("postfix")->can_put(&ctx, &taken));
	assert_true(lmdb_key(&f, "recent.lmdb", "ben@example.test"));
	assert_string_equal(sql_value(&f, "passdb", "password", "ben@example.test"), HASH);

	/* The file as it was before: the account that was put must go. */
	assert_int_equal(apply(&f), 0);
	assert_true(live_forget(&f.t.arena, f.live, INPUT_ACCOUNTS, &err));
	assert_int_equal(apply(&f), INPUT_ACCOUNTS);
	assert_null(sql_value(&f, "passdb", "password", "ben@example.test"));
	assert_false(lmdb_key(&f, "recent.lmdb", "ben@example.test"));

	/* The next full apply knows better than what was put. */
	assert_true(live_of("dovecot")->put(&ctx, &ben, &err));
	assert_true(live_of("postfix")->put(&ctx, &ben, &err));
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\nben@example.test|" HASH2 "\n");
	assert_int_equal(apply(&f), INPUT_ACCOUNTS);
	assert_false(lmdb_key(&f, "recent.lmdb", "ben@example.test"));
	assert_non_null(cdb_value(&f, "mailboxes.cdb", "ben@example.test"));
	assert_string_equal(sql_value(&f, "passdb", "password", "ben@example.test"), HASH2);
	temp_close(&f.t);
}

static void test_failed_prepare_changes_nothing(void **state UNUSED)
{
	struct fixture f;
	struct problems p;
	struct err err = ERR_INIT;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\n");
	(void)apply(&f);
	/* A directory where the new alias table would be written makes one service fail. */
	assert_int_equal(mkdir(arena_printf(&f.t.arena, "%s/aliases.cdb.new", f.live), 0700), 0);
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH2 "\n");
	problems_init(&p, &f.t.arena);
	inputs_read(&f.t.arena, &f.s, &f.where, &f.in, &p);
	plan_make(&f.t.arena, &f.s, &f.in, true, &f.plan, &p);
	assert_false(live_apply(&f.plan, f.live, live_changed(&f.plan, f.live), false, &err));
	assert_string_equal(sql_value(&f, "passdb", "password", "anna@example.test"), HASH);
	assert_int_equal(live_changed(&f.plan, f.live), INPUT_ACCOUNTS);
	temp_close(&f.t);
}

static void test_stamp(void **state UNUSED)
{
	struct fixture f;
	struct err err = ERR_INIT;
	const char *before;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\n");
	before = stamp_make(&f.t.arena, &f.s, &f.where);
	assert_string_equal(stamp_make(&f.t.arena, &f.s, &f.where), before);
	assert_string_equal(stamp_stored(&f.t.arena, f.live), "");
	assert_true(stamp_store(&f.t.arena, f.live, before, &err));
	assert_string_equal(stamp_stored(&f.t.arena, f.live), before);
	put(&f, "postfix-virtual.cf", "a@example.test anna@example.test\n");
	assert_string_not_equal(stamp_make(&f.t.arena, &f.s, &f.where), before);
	temp_close(&f.t);
}

static const char *live_text(struct fixture *f, const char *name)
{
	struct err err = ERR_INIT;
	char *text;

	return file_read(&f->t.arena, arena_printf(&f->t.arena, "%s/%s", f->live, name), 1 << 20,
			 &text, NULL, &err)
		       ? text
		       : "(missing)";
}

/* One key for the domain, under this selector, and no other in the tables. */
static const char *put_key(struct fixture *f, const char *selector)
{
	struct arena *a = &f->t.arena;
	autobuf struct buf pem = BUF_INIT;
	struct err err = ERR_INIT;

	assert_true(dkim_key_make(DKIM_RSA, 1024, &pem, &err));
	put(f, arena_printf(a, DKIM_KEYS "/example.test/%s.private", selector), pem.p);
	put(f, DKIM_SIGNING_TABLE, arena_printf(a, "*@example.test %s\n", selector));
	put(f, DKIM_KEY_TABLE,
	    arena_printf(a, "%s example.test:%s:" DKIM_ETC "keys/example.test/%s.private\n",
			 selector, selector, selector));
	return buf_dup(a, &pem);
}

/* Keys are there before the table that names them, and stay for the messages of the table before. */
static void test_signing(void **state UNUSED)
{
	struct fixture f;
	struct err err = ERR_INIT;
	struct stat st;

	open_fixture(&f);
	put(&f, "postfix-accounts.cf", "anna@example.test|" HASH "\n");
	assert_true(dir_make(
		arena_printf(&f.t.arena, "%s/" DKIM_KEYS "/example.test", f.where.config_dir), NULL,
		&err));
	(void)apply(&f);
	assert_non_null(strstr(live_text(&f, DKIM_DIR "/opendkim.conf"), "\nMode v\n"));

	const char *first = put_key(&f, "one");
	assert_int_equal(apply(&f), INPUT_DKIM);
	assert_string_equal(live_text(&f, DKIM_KEYS "/example.test/one.private"), first);
	assert_string_equal(live_text(&f, DKIM_KEY_TABLE),
			    "one example.test:one:" DKIM_ETC "keys/example.test/one.private\n");
	assert_string_equal(live_text(&f, DKIM_SIGNING_TABLE), "*@example.test one\n");
	assert_non_null(strstr(live_text(&f, DKIM_HOSTS), "127.0.0.1\n"));
	assert_non_null(strstr(live_text(&f, DKIM_DIR "/opendkim.conf"), "\nMode sv\n"));
	assert_int_equal(stat(temp_path(&f.t, "live/" DKIM_KEYS "/example.test/one.private"), &st),
			 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(apply(&f), 0);

	(void)put_key(&f, "two");
	assert_int_equal(apply(&f), INPUT_DKIM);
	assert_string_equal(live_text(&f, DKIM_KEYS "/example.test/one.private"), first);
	(void)put_key(&f, "three");
	assert_int_equal(apply(&f), INPUT_DKIM);
	assert_string_equal(live_text(&f, DKIM_KEYS "/example.test/one.private"), "(missing)");
	temp_close(&f.t);
}

/* Keys before their chains in one file, for daemons that read pairs: replaced as a whole. */
static void test_joined_certificates(void **state UNUSED)
{
	struct fixture f;
	struct err err = ERR_INIT;
	struct stat st;

	open_fixture(&f);
	(void)apply(&f);
	f.in.cert = (struct cert){ .key_pem = "KEY\n", .chain_pem = "CHAIN\n" };
	f.in.alt_cert = (struct cert){ .key_pem = "KEY2\n", .chain_pem = "CHAIN2\n" };
	assert_true(tls_files_write(&f.plan, f.live, &err));
	assert_string_equal(live_text(&f, "tls/keys-and-certs.pem"), "KEY\nCHAIN\nKEY2\nCHAIN2\n");
	assert_int_equal(stat(arena_printf(&f.t.arena, "%s/tls/keys-and-certs.pem", f.live), &st),
			 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f.in.alt_cert = (struct cert){ .key_pem = NULL };
	assert_true(tls_files_write(&f.plan, f.live, &err));
	assert_string_equal(live_text(&f, "tls/keys-and-certs.pem"), "KEY\nCHAIN\n");
	f.in.cert = (struct cert){ .key_pem = NULL };
	assert_true(tls_files_write(&f.plan, f.live, &err));
	assert_string_equal(live_text(&f, "tls/keys-and-certs.pem"), "(missing)");
	temp_close(&f.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_tables),
		cmocka_unit_test(test_masters),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_put_asks_access),
		cmocka_unit_test(test_no_postmaster),
		cmocka_unit_test(test_relays),
		cmocka_unit_test(test_nothing_changed),
		cmocka_unit_test(test_change_and_removal),
		cmocka_unit_test(test_recipients),
		cmocka_unit_test(test_recipients_of_few_limits),
		cmocka_unit_test(test_quota_is_asked_where_there_is_one),
		cmocka_unit_test(test_text_stays_text),
		cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_put_one),
		cmocka_unit_test(test_failed_prepare_changes_nothing),
		cmocka_unit_test(test_signing),
		cmocka_unit_test(test_stamp),
		cmocka_unit_test(test_joined_certificates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
