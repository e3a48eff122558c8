/* SPDX-License-Identifier: MIT */
/* live: the first tables of many accounts, which children make. */
#include "unit/live_fixture.h"

#define MANY 6000

/* Accounts by number; every 1,000th has what `special` says behind its hash. */
static void put_numbered(struct fixture *f, int n, const char *special)
{
	autobuf struct buf text = BUF_INIT;

	for (int i = 0; i < n; i++)
		buf_printf(&text, "u%d@example.test|" HASH "%s\n", i, i % 1000 ? "" : special);
	put(f, "postfix-accounts.cf", text.p);
}

/* From some thousands on children make the first tables; both ways give the same. */
static void check_many(int n)
{
	struct fixture f;

	open_fixture(&f);
	put_numbered(&f, n, "|userdb_mail_path=/a userdb_mail_path=/b nologin userdb_x=1");
	put(&f, "dovecot-quotas.cf", "u7@example.test:5G\nu1000@example.test:6G\n");
	assert_int_equal(apply(&f), INPUT_ALL);
	for (int i = 0; i < n; i += 7)
		assert_string_equal(sql_value(&f, "passdb", "password",
					      arena_printf(&f.t.arena, "u%d@example.test", i)),
				    HASH);
	assert_string_equal(sql_value(&f, "userdb", "mail_path", "u1000@example.test"), "/b");
	assert_string_equal(sql_value(&f, "userdb", "x", "u1000@example.test"), "1");
	assert_string_equal(sql_value(&f, "passdb", "nologin", "u1000@example.test"), "yes");
	assert_string_equal(sql_value(&f, "userdb", "quota_storage_size", "u1000@example.test"),
			    "6G");
	assert_string_equal(sql_value(&f, "userdb", "quota_storage_size", "u7@example.test"), "5G");
	assert_null(sql_value(&f, "passdb", "nologin", "u7@example.test"));
	assert_null(sql_value(&f, "userdb", "quota_storage_size", "u8@example.test"));
	assert_string_equal(cdb_value(&f, "mailboxes.cdb", "u1001@example.test"),
			    "example.test/u1001/");
	assert_false(file_exists(arena_printf(&f.t.arena, "%s/accounts.sqlite.new", f.live)));

	/* What an account no longer has is gone; so is one that is not there any more. */
	put_numbered(&f, n - 1, "");
	put(&f, "dovecot-quotas.cf", "u7@example.test:5G\n");
	assert_int_equal(apply(&f), INPUT_ACCOUNTS | INPUT_QUOTAS);
	assert_null(sql_value(&f, "userdb", "mail_path", "u1000@example.test"));
	assert_null(sql_value(&f, "userdb", "quota_storage_size", "u1000@example.test"));
	assert_string_equal(sql_value(&f, "passdb", "password", "u1000@example.test"), HASH);
	assert_string_equal(sql_value(&f, "userdb", "quota_storage_size", "u7@example.test"), "5G");
	assert_null(sql_value(&f, "passdb", "password",
			      arena_printf(&f.t.arena, "u%d@example.test", n - 1)));
	temp_close(&f.t);
}

static void test_many_accounts(void **state UNUSED)
{
	check_many(1100);
	check_many(MANY);
}

/* Children that nobody needs any more are waited for, and what they made goes. */
static void test_what_is_begun_can_be_aborted(void **state UNUSED)
{
	struct fixture f;
	struct problems p;
	struct err err = ERR_INIT;

	open_fixture(&f);
	put_numbered(&f, MANY, "");
	problems_init(&p, &f.t.arena);
	inputs_read(&f.t.arena, &f.s, &f.where, &f.in, &p);
	plan_make(&f.t.arena, &f.s, &f.in, true, &f.plan, &p);
	live_abort(live_begin(&f.plan, f.live, INPUT_ALL));
	assert_int_equal(rmdir(f.live), 0); /* nothing is left in it */
	assert_true(dir_make(f.live, NULL, &err));

	/* A directory where the file would be made. */
	assert_int_equal(mkdir(arena_printf(&f.t.arena, "%s/accounts.sqlite.new", f.live), 0700),
			 0);
	assert_false(live_apply(&f.plan, f.live, INPUT_ALL, false, &err));
	assert_err(&err, ERR_IO, "dovecot tables: ");
	assert_int_equal(rmdir(arena_printf(&f.t.arena, "%s/accounts.sqlite.new", f.live)), 0);
	assert_int_equal(rmdir(f.live), 0);
	temp_close(&f.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_accounts),
		cmocka_unit_test(test_what_is_begun_can_be_aborted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
