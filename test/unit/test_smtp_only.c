/* SPDX-License-Identifier: MIT */
/* smtp_only: accounts without mailboxes. */
#include "inputs_unit.h"

#include "inputs/smtp_only.h"

static struct temp t;
static struct settings s;
static struct inputs in;
static struct problems p;

static int open_temp(void **state UNUSED)
{
	temp_open(&t);
	s = plain_settings();
	s.smtp_only = true;
	s.postfix_dagent = "";
	in = (struct inputs){ 0 };
	problems_init(&p, &t.arena);
	map_init(&in.account_index, &t.arena, 0);
	return 0;
}

static int close_temp(void **state UNUSED)
{
	temp_close(&t);
	return 0;
}

static void add_account(const char *address)
{
	assert_true(inputs_index_add(&in.account_index, address, in.accounts.n));
	*VEC_PUSH(&t.arena, &in.accounts) = (struct account){ .address = address };
}

static void test_accounts_are_nobody(void **state UNUSED)
{
	add_account("anna@firma.example");
	add_account("ben@firma.example");
	smtp_only_apply(&t.arena, &s, &in, &p);
	assert_finding(&p, SEV_WARNING, "SMTP_ONLY='1'",
		       "mail for anna@firma.example and 1 more is refused");
	assert_finding(&p, SEV_WARNING, "SMTP_ONLY='1'", "POSTFIX_DAGENT");
	assert_int_equal(in.accounts.n, 0);
	assert_null(inputs_find_account(&in, "anna@firma.example"));
}

static void test_accounts_of_a_store(void **state UNUSED)
{
	s.postfix_dagent = "lmtp:inet:store.example:24";
	add_account("anna@firma.example");
	smtp_only_apply(&t.arena, &s, &in, &p);
	assert_no_findings(&p);
	assert_non_null(inputs_find_account(&in, "anna@firma.example"));
}

static void test_files_without_effect(void **state UNUSED)
{
	*VEC_PUSH(&t.arena, &in.dovecot_cf) = "mail_max_userip_connections = 5";
	*VEC_PUSH(&t.arena, &in.masters) = (struct master){ .name = "admin" };
	in.script_after = STR_LIT("keep;");
	smtp_only_apply(&t.arena, &s, &in, &p);
	assert_finding(&p, SEV_NOTE, "SMTP_ONLY='1'", "dovecot.cf: no effect");
	assert_finding(&p, SEV_NOTE, "SMTP_ONLY='1'", "Sieve scripts: no effect");
	assert_finding(&p, SEV_NOTE, "SMTP_ONLY='1'", "master accounts: no effect");
}

static void test_off(void **state UNUSED)
{
	s.smtp_only = false;
	add_account("anna@firma.example");
	*VEC_PUSH(&t.arena, &in.dovecot_cf) = "x = y";
	smtp_only_apply(&t.arena, &s, &in, &p);
	assert_no_findings(&p);
	assert_int_equal(in.accounts.n, 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_temp, close_temp)
	const struct CMUnitTest tests[] = {
		CASE(test_accounts_are_nobody),
		CASE(test_accounts_of_a_store),
		CASE(test_files_without_effect),
		CASE(test_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
