/* SPDX-License-Identifier: MIT */
#include "../fixtures/settings_fixture.h"

static bool is_shown(const struct setting_row *row)
{
	return setting_has_value(row) && !(row->flags & F_HIDDEN);
}

static void test_dist_lines(void **state UNUSED)
{
	autobuf struct buf dist = BUF_INIT;
	struct str line;
	unsigned number = 0;
	settings_write_dist(&dist);
	struct str rest = str_from(dist.p);
	while (str_next_line(&rest, &line)) {
		number++;
		for (size_t i = 0; i < line.n; i++)
			if (line.p[i] < ' ' || line.p[i] > '~')
				fail_msg("line %u is not plain ASCII", number);
		if (line.n > 0 && line.p[line.n - 1] == ' ')
			fail_msg("line %u ends in a blank", number);
		if (line.n > 78 && memchr(line.p + 4, ' ', line.n - 4))
			fail_msg("line %u has %zu columns", number, line.n);
		if (line.n > 0 && line.p[0] != '#' && line.p[line.n - 1] != '=')
			fail_msg("line %u is neither comment nor NAME=", number);
	}
}

/* Every row once, hidden and removed ones not at all, in the order of the rows. */
static void test_dist_is_complete(void **state UNUSED)
{
	autobuf struct buf dist = BUF_INIT;
	settings_write_dist(&dist);
	const char *last = dist.p;
	for (size_t i = 0; i < settings_rows_n; i++) {
		char entry[128];
		const struct setting_row *row = &settings_rows[i];
		(void)snprintf(entry, sizeof(entry),
			       row->kind == KIND_SECTION ? "\n# %s\n" : "\n%s=\n", row->name);
		const char *at = strstr(dist.p, entry);
		if ((is_shown(row) || row->kind == KIND_SECTION) != (at != NULL))
			fail_msg("%s is %s", row->name, at ? "there" : "missing");
		if (at && at < last)
			fail_msg("%s is out of order", row->name);
		last = at ? at : last;
	}
}

static void test_dist_texts(void **state UNUSED)
{
	autobuf struct buf dist = BUF_INIT;
	settings_write_dist(&dist);
	assert_non_null(strstr(dist.p, "# allowed: 0 | 1\n# default: 0\nENABLE_POP3=\n"));
	assert_non_null(
		strstr(dist.p, "# default: postmaster@<mail domain>\nPOSTMASTER_ADDRESS=\n"));
	assert_non_null(strstr(dist.p, "# default: <REPORT_RECIPIENT>\nPFLOGSUMM_RECIPIENT=\n"));
	assert_non_null(
		strstr(dist.p, "# secret: better as MAIL_ACCOUNTS__FILE=\nMAIL_ACCOUNTS=\n"));
	assert_non_null(strstr(dist.p, "# (not in this image yet)\n# allowed: 0 | 1\n# default: 1\n"
				       "ENABLE_UPDATE_CHECK=\n"));
	assert_null(strstr(dist.p, "{{"));
}

/* Used as it is, the file says nothing: no finding, and every value stays the default. */
static void test_dist_unchanged(void **state UNUSED)
{
	autobuf struct buf dist = BUF_INIT;
	struct arena a;
	struct loaded l;
	struct str line;
	VEC(const char *) env = VEC_INIT;
	arena_init(&a, "test");
	settings_write_dist(&dist);
	struct str rest = str_from(dist.p);
	while (str_next_line(&rest, &line))
		if (line.n > 0 && line.p[0] != '#')
			*VEC_PUSH(&a, &env) = str_dup(&a, line);
	*VEC_PUSH(&a, &env) = NULL;
	load(&l, env.v);
	assert_string_equal(told(&l), "");
	for (size_t i = 0; i < settings_rows_n; i++)
		assert_int_equal(l.s.origin[i], ORIGIN_DEFAULT);
	unload(&l);
	arena_fini(&a);
}

static void test_shell(void **state UNUSED)
{
	autobuf struct buf out = BUF_INIT;
	struct loaded l;
	struct str line;
	load(&l, ENV("POSTGREY_TEXT=it's $HOME `x` \"y\" \\", "ENABLE_POP3=yes",
		     "RELAY_PASSWORD=hush", "POSTFIX_MESSAGE_SIZE_LIMIT=20M"));
	settings_write_shell(&l.arena, &l.s, &out);
	assert_non_null(strstr(out.p, "POSTGREY_TEXT='it'\\''s $HOME `x` \"y\" \\'\n"));
	assert_non_null(strstr(out.p, "\nENABLE_POP3='1'\n"));
	assert_non_null(strstr(out.p, "\nENABLE_IMAP='1'\n"));
	assert_non_null(strstr(out.p, "\nPOSTFIX_MESSAGE_SIZE_LIMIT='20000000'\n"));
	assert_non_null(strstr(out.p, "\nSSL_TYPE=''\n"));
	assert_null(strstr(out.p, "hush"));
	assert_null(strstr(out.p, "RELAY_PASSWORD"));
	struct str rest = str_from(out.p);
	const char *before = "";
	while (str_next_line(&rest, &line)) {
		struct str name;
		struct str value;
		assert_true(str_split(line, '=', &name, &value));
		const char *now = str_dup(&l.arena, name);
		assert_true(strcmp(before, now) < 0);
		before = now;
	}
	unload(&l);
}

static void test_list(void **state UNUSED)
{
	autobuf struct buf out = BUF_INIT;
	settings_print_list(&out);
	for (size_t i = 0; i < settings_rows_n; i++) {
		char entry[128];
		(void)snprintf(entry, sizeof(entry), "\n%s ", settings_rows[i].name);
		if (settings_rows[i].kind != KIND_SECTION && !strstr(out.p, entry))
			fail_msg("%s is missing", settings_rows[i].name);
	}
	assert_true(has_prefix(out.p, "NAME "));
	assert_non_null(strstr(out.p, "[not in this image yet]"));
	assert_non_null(strstr(out.p, "write SPAM_SUBJECT\n"));
}

static void test_show(void **state UNUSED)
{
	autobuf struct buf text = BUF_INIT;
	autobuf struct buf json = BUF_INIT;
	struct loaded l;
	load(&l,
	     ENV("ENABLE_POP3=1", "MAIL_ACCOUNTS=a@b.example:hush",
		 "MAIL_ALIASES=a@b.example=c@d.example\ne@b.example=\"f\\", "DMS_VMAIL_UID=6000"));
	settings_print_show(&l.arena, &l.s, false, &text);
	assert_true(has_prefix(text.p, "# host name mail.example.com, mail domain example.com\n"));
	assert_non_null(strstr(text.p, "\nenvironment  ENABLE_POP3=1\n"));
	assert_non_null(strstr(text.p, "\ndefault      ENABLE_IMAP=1\n"));
	assert_non_null(strstr(text.p, "\nenvironment  MAIL_ACCOUNTS=(secret)\n"));
	assert_non_null(strstr(text.p, "\ndefault      LDAP_BIND_PW=  [not in this image yet]\n"));
	assert_non_null(strstr(text.p, "=c@d.example\\ne@b.example="));
	settings_print_show(&l.arena, &l.s, true, &json);
	assert_true(has_prefix(json.p, "{\n  \"hostname\": {\"value\": \"mail.example.com\""));
	assert_true(has_suffix(json.p, "}\n}\n"));
	assert_non_null(strstr(json.p, "\"ENABLE_POP3\": {\"value\": true, \"origin\": "
				       "\"environment\"}"));
	assert_non_null(strstr(json.p, "\"DMS_VMAIL_UID\": {\"value\": 6000, "));
	assert_non_null(strstr(json.p, "\"value\": \"a@b.example=c@d.example\\u000ae@b.example="
				       "\\\"f\\\\\""));
	assert_null(strstr(json.p, "hush"));
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dist_lines), cmocka_unit_test(test_dist_is_complete),
		cmocka_unit_test(test_dist_texts), cmocka_unit_test(test_dist_unchanged),
		cmocka_unit_test(test_shell),	   cmocka_unit_test(test_list),
		cmocka_unit_test(test_show),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
