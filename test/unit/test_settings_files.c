/* SPDX-License-Identifier: MIT */
/* Values from files, and values written out and read again. */
#include "../fixtures/settings_fixture.h"

static const char *put_file(const char *dir, const char *name, const void *data, size_t n)
{
	static char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	return path;
}

static void load_file(struct loaded *l, const char *dir, const void *data, size_t n)
{
	char entry[512];
	(void)snprintf(entry, sizeof(entry), "RELAY_USER__FILE=%s",
		       put_file(dir, "value", data, n));
	load(l, ENV("RELAY_USER=", "RELAY_PASSWORD=x", entry));
}

static void test_value_files(void **state UNUSED)
{
	static const struct {
		const char *content;
		const char *value;
	} cases[] = {
		{ "anna", "anna" },	{ "anna\n", "anna" }, { "anna\n\n\n", "anna" },
		{ "anna\r\n", "anna" }, { "a b \n", "a b " }, { "\\n", "\\n" },
	};
	char dir[] = "/tmp/test-settings-XXXXXX";
	struct loaded l;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		load_file(&l, dir, cases[i].content, strlen(cases[i].content));
		assert_int_equal(problems_errors(&l.problems), 0);
		assert_string_equal(l.s.relay_user, cases[i].value);
		assert_int_equal(l.s.origin[SETTING_ROW(relay_user) - settings_rows], ORIGIN_FILE);
		unload(&l);
	}
	load_file(&l, dir, "a\0b", 3);
	assert_non_null(finding(&l, SEV_ERROR, "RELAY_USER__FILE='/tmp/", "NUL"));
	unload(&l);
	load_file(&l, dir, "a\nb\n", 4);
	assert_non_null(finding(&l, SEV_ERROR, "RELAY_USER='a\\x0ab'", "a line feed"));
	unload(&l);
	load_file(&l, dir, "\n", 1);
	assert_non_null(finding(&l, SEV_WARNING, "RELAY_USER__FILE", "empty"));
	unload(&l);
	static char big[(64 << 10) + 1];
	memset(big, 'x', sizeof(big));
	load_file(&l, dir, big, sizeof(big));
	assert_non_null(finding(&l, SEV_ERROR, "RELAY_USER__FILE='/tmp/", ""));
	unload(&l);
	load_file(&l, dir, big, sizeof(big) - 1);
	assert_int_equal(problems_errors(&l.problems), 0);
	unload(&l);
	assert_int_equal(unlink(put_file(dir, "value", "", 0)), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void test_value_file_conflicts(void **state UNUSED)
{
	struct loaded l;
	load(&l, ENV("MAIL_ACCOUNTS=a@b.example:hush", "MAIL_ACCOUNTS__FILE=/nowhere"));
	assert_int_equal(findings(&l), 1);
	assert_non_null(finding(&l, SEV_ERROR, "MAIL_ACCOUNTS",
				"MAIL_ACCOUNTS and MAIL_ACCOUNTS__FILE are both set"));
	assert_null(strstr(told(&l), "hush"));
	unload(&l);
	load(&l, ENV("MAIL_ACCOUNTS__FILE=/nowhere/at/all"));
	assert_int_equal(findings(&l), 1);
	const struct problem *p =
		finding(&l, SEV_ERROR, "MAIL_ACCOUNTS__FILE='/nowhere/at/all'", "No such file");
	assert_non_null(p);
	unload(&l);
	load(&l, ENV("MAIL_ACCOUNTS__FILE=relative\n"));
	assert_int_equal(findings(&l), 1);
	assert_non_null(finding(&l, SEV_ERROR, "MAIL_ACCOUNTS__FILE='relative\\x0a'", "line feed"));
	unload(&l);
	load(&l, ENV("MAIL_ACCOUNTS__FILE=relative"));
	assert_non_null(finding(&l, SEV_ERROR, "MAIL_ACCOUNTS__FILE='relative'", "absolute path"));
	unload(&l);
	load(&l, ENV("MAIL_ACCOUNTS=a@b.example:x", "MAIL_ACCOUNTS__FILE="));
	assert_int_equal(findings(&l), 0);
	unload(&l);
	load(&l, ENV("DMS_DEBUG__FILE=/nowhere"));
	assert_non_null(finding(&l, SEV_WARNING, "DMS_DEBUG", "no longer"));
	unload(&l);
}

/* PID 1 reads no files: what it can't know is no finding. */
static void test_without_files(void **state UNUSED)
{
	struct loaded l;
	load_as(&l, "c0ffee", false,
		ENV("OVERRIDE_HOSTNAME__FILE=/nowhere", "SSL_TYPE=manual",
		    "SSL_CERT_PATH__FILE=/nowhere", "SSL_KEY_PATH=/key",
		    "RELAY_USER__FILE=/nowhere", "RELAY_PASSWORD__FILE=/nowhere",
		    "DEFAULT_RELAY_HOST__FILE=/nowhere"));
	assert_string_equal(told(&l), "");
	assert_int_equal(l.s.origin[SETTING_ROW(ssl_cert_path) - settings_rows], ORIGIN_FILE);
	unload(&l);
}

static void test_snapshot(void **state UNUSED)
{
	struct loaded l;
	struct loaded again;
	const char *const *env = NULL;
	struct err err = ERR_INIT;
	autobuf struct buf first = BUF_INIT;
	autobuf struct buf second = BUF_INIT;
	load(&l, ENV("ENABLE_POP3=yes", "POSTFIX_MESSAGE_SIZE_LIMIT=50M", "SSL_TYPE=Self-Signed",
		     "UPDATE_CHECK_INTERVAL=2h", "SA_TAG=3.5", "SA_SPAM_SUBJECT=a\\nb ",
		     "SRS_EXCLUDE_DOMAINS=a.example, .b.example",
		     "MAIL_ACCOUNTS=a@b.example:p\\w\nc@d.example:q\n",
		     "OVERRIDE_HOSTNAME=MX.example.com", "LOG_LEVEL="));
	settings_snapshot(&l.arena, &l.s, &first);
	assert_non_null(strstr(first.p, "ENABLE_POP3=1\n"));
	assert_non_null(strstr(first.p, "MAIL_ACCOUNTS=a@b.example:p\\\\w\\nc@d.example:q\n"));
	assert_null(strstr(first.p, "LOG_LEVEL"));
	assert_true(settings_snapshot_read(&l.arena, first.p, &env, &err));
	load_as(&again, "elsewhere", false, env);
	settings_snapshot(&again.arena, &again.s, &second);
	assert_string_equal(first.p, second.p);
	assert_string_equal(again.s.mail_accounts, "a@b.example:p\\w\nc@d.example:q");
	for (size_t i = 0; i < settings_rows_n; i++)
		if (setting_has_value(&settings_rows[i]))
			assert_string_equal(
				settings_text(&l.arena, &l.s, &settings_rows[i]),
				settings_text(&again.arena, &again.s, &settings_rows[i]));
	assert_string_equal(l.s.hostname, again.s.hostname);
	unload(&again);
	unload(&l);
}

static void test_bad_snapshots(void **state UNUSED)
{
	static const char *const bad[] = { "A=1\nB\n", "=x\n", "A=\\x\n", "A=x\\" };
	struct arena a;
	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *const *env = NULL;
		struct err err = ERR_INIT;
		assert_false(settings_snapshot_read(&a, bad[i], &env, &err));
		assert_int_equal(err.class, ERR_DATA);
		assert_non_null(strstr(err.text, "line "));
		assert_null(env);
	}
	const char *const *env = NULL;
	struct err err = ERR_INIT;
	assert_true(settings_snapshot_read(&a, "", &env, &err));
	assert_null(env[0]);
	arena_fini(&a);
}

static void test_lookup(void **state UNUSED)
{
	struct loaded l;
	struct tpl_value v;
	load(&l, ENV("POSTFIX_MESSAGE_SIZE_LIMIT=50M", "DOMAINNAME=example.com"));
	assert_true(settings_lookup(&l.arena, &l.s, "postfix_message_size_limit", &v));
	assert_int_equal(v.kind, TPL_TEXT);
	assert_string_equal(v.text, "50000000");
	assert_true(settings_lookup(&l.arena, &l.s, "enable_imap", &v));
	assert_int_equal(v.kind, TPL_BOOL);
	assert_true(v.truth);
	assert_true(settings_lookup(&l.arena, &l.s, "hostname", &v));
	assert_string_equal(v.text, "mail.example.com");
	assert_true(settings_lookup(&l.arena, &l.s, "domainname", &v));
	assert_string_equal(v.text, "example.com");
	assert_true(settings_lookup(&l.arena, &l.s, "ssl_type", &v));
	assert_string_equal(v.text, "");
	assert_false(settings_lookup(&l.arena, &l.s, "myhostname", &v));
	assert_false(settings_lookup(&l.arena, &l.s, "", &v));
	assert_false(settings_lookup(&l.arena, &l.s, "SPAM_SUBJECT", &v));
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value_files),   cmocka_unit_test(test_value_file_conflicts),
		cmocka_unit_test(test_without_files), cmocka_unit_test(test_snapshot),
		cmocka_unit_test(test_bad_snapshots), cmocka_unit_test(test_lookup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
