/* SPDX-License-Identifier: MIT */
#include "../fixtures/settings_fixture.h"

/* A row of a kind that no settings.def needs to hold for the test. */
static const struct setting_row bool_row = { .kind = KIND_BOOL, .name = "B", .def = "0" };
static const struct setting_row int_row = {
	.kind = KIND_INT, .name = "I", .def = "5", .lo = -3, .hi = 10
};
static const struct setting_row size_row = {
	.kind = KIND_SIZE, .name = "S", .def = "0", .lo = 0, .hi = 1000000000000000
};
static const struct setting_row time_row = {
	.kind = KIND_TIME, .name = "T", .def = "1d", .lo = 1, .hi = 604800
};
static const struct setting_row float_row = {
	.kind = KIND_FLOAT, .name = "F", .def = "2.0", .lo = -10, .hi = 10
};
static const struct setting_row enum_row = {
	.kind = KIND_ENUM, .name = "E", .def = "FILE", .words = "FILE LDAP self-signed"
};
static const struct setting_row empty_enum_row = {
	.kind = KIND_ENUM, .name = "E", .def = "", .words = "a b"
};
static const struct setting_row text_row = { .kind = KIND_TEXT, .name = "X", .def = "" };
static const struct setting_row lines_row = {
	.kind = KIND_TEXT, .name = "L", .def = "", .flags = F_LINES
};
static const struct setting_row fqdn_row = { .kind = KIND_FQDN, .name = "H", .def = "" };
static const struct setting_row hostport_row = { .kind = KIND_HOSTPORT, .name = "P", .def = "" };
static const struct setting_row email_row = { .kind = KIND_EMAIL, .name = "M", .def = "" };
static const struct setting_row emails_row = { .kind = KIND_EMAILS, .name = "MS", .def = "" };
static const struct setting_row domains_row = { .kind = KIND_DOMAINS, .name = "D", .def = "" };
static const struct setting_row words_row = { .kind = KIND_WORDS, .name = "W", .def = "" };
static const struct setting_row path_row = { .kind = KIND_PATH, .name = "PA", .def = "" };
static const struct setting_row url_row = { .kind = KIND_URL, .name = "U", .def = "" };
static const struct setting_row networks_row = { .kind = KIND_NETWORKS, .name = "N", .def = "" };

struct good {
	const struct setting_row *row;
	const char *text;
	const char *out;
};

static const struct good good[] = {
	{ &bool_row, "0", "0" },
	{ &bool_row, "1", "1" },
	{ &bool_row, "TRUE", "1" },
	{ &bool_row, "Yes", "1" },
	{ &bool_row, "on", "1" },
	{ &bool_row, "false", "0" },
	{ &bool_row, "NO", "0" },
	{ &bool_row, "Off", "0" },
	{ &bool_row, " 1 ", "1" },
	{ &int_row, "-3", "-3" },
	{ &int_row, "10", "10" },
	{ &int_row, "007", "7" },
	{ &size_row, "0", "0" },
	{ &size_row, "10240000", "10240000" },
	{ &size_row, "25M", "25000000" },
	{ &size_row, "1k", "1000" },
	{ &size_row, "1K", "1000" },
	{ &size_row, "2G", "2000000000" },
	{ &size_row, "1T", "1000000000000" },
	{ &time_row, "300", "300" },
	{ &time_row, "90s", "90" },
	{ &time_row, "5m", "300" },
	{ &time_row, "2h", "7200" },
	{ &time_row, "7d", "604800" },
	{ &float_row, "6.31", "6.31" },
	{ &float_row, "-10", "-10" },
	{ &float_row, "10.0", "10.0" },
	{ &enum_row, "FILE", "FILE" },
	{ &enum_row, "file", "FILE" },
	{ &enum_row, "Self-Signed", "self-signed" },
	{ &empty_enum_row, "", "" },
	{ &empty_enum_row, "a", "a" },
	{ &text_row, "[SPAM] ", "[SPAM] " },
	{ &text_row, "Gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xa7", "Gr\xc3\xbc\xc3\x9f \xf0\x9f\x93\xa7" },
	{ &lines_row, "a@b.example:x\nc@d.example:y\n", "a@b.example:x\nc@d.example:y" },
	{ &lines_row, "a\r\nb\r\n", "a\nb" },
	{ &lines_row, "a\tb", "a\tb" },
	{ &fqdn_row, "Mail.Example.COM", "mail.example.com" },
	{ &fqdn_row, "xn--mnchen-3ya.example", "xn--mnchen-3ya.example" },
	{ &fqdn_row, "", "" },
	{ &hostport_row, "[relay.example.com]:587", "[relay.example.com]:587" },
	{ &hostport_row, "relay", "relay" },
	{ &email_row, "Post.Master@example.com", "Post.Master@example.com" },
	{ &emails_row, "a@b.example, c@d.example", "a@b.example,c@d.example" },
	{ &emails_row, "a@b.example c@d.example", "a@b.example,c@d.example" },
	{ &domains_row, "Example.com,.sub.example", "example.com,.sub.example" },
	{ &words_row, "ldap://a,  ldaps://b", "ldap://a ldaps://b" },
	{ &path_row, "/etc/ssl/my key.pem", "/etc/ssl/my key.pem" },
	{ &url_row, "https://id.example.com/userinfo?x=1", "https://id.example.com/userinfo?x=1" },
	{ &networks_row, "192.0.2.0/24,2001:DB8::/32", "192.0.2.0/24 2001:db8::/32" },
};

static void test_good(void **state UNUSED)
{
	struct arena a;
	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct setting_value v;
		struct err err = ERR_INIT;
		if (!setting_parse(&a, good[i].row, good[i].text, &v, &err))
			fail_msg("%s '%s': %s", good[i].row->name, good[i].text, err.text);
		const char *out = setting_value_text(&a, good[i].row, &v);
		assert_string_equal(out, good[i].out);
		/* What comes out goes in again and stays the same. */
		assert_true(setting_parse(&a, good[i].row, out, &v, &err));
		assert_string_equal(setting_value_text(&a, good[i].row, &v), out);
		assert_int_equal(err.class, ERR_NONE);
	}
	arena_fini(&a);
}

struct bad {
	const struct setting_row *row;
	const char *text;
	const char *says;
};

static const struct bad bad[] = {
	{ &bool_row, "2", "not a switch" },
	{ &bool_row, "enabled", "not a switch" },
	{ &bool_row, "", "not a switch" },
	{ &bool_row, "1\r", "control character" },
	{ &int_row, "", "not a whole number" },
	{ &int_row, "x", "not a whole number" },
	{ &int_row, "5x", "not a whole number" },
	{ &int_row, "5.0", "not a whole number" },
	{ &int_row, "11", "between -3 and 10" },
	{ &int_row, "-4", "between -3 and 10" },
	{ &int_row, "99999999999999999999", "not a whole number" },
	{ &size_row, "", "not a size" },
	{ &size_row, "M", "not a size" },
	{ &size_row, "25MB", "not a size" },
	{ &size_row, "25m", "not a size" },
	{ &size_row, "-1", "not a size" },
	{ &size_row, "1.5G", "not a size" },
	{ &size_row, "99999999999999999999", "must be between" },
	{ &size_row, "9223372036854775807T", "must be between" },
	{ &size_row, "1001T", "must be between" },
	{ &time_row, "0", "between 1 and 604800 seconds" },
	{ &time_row, "8d", "between 1 and 604800 seconds" },
	{ &time_row, "1w", "not a time" },
	{ &time_row, "h", "not a time" },
	{ &time_row, "1 h", "not a time" },
	{ &float_row, "", "not a number" },
	{ &float_row, "1e3", "not a number" },
	{ &float_row, "nan", "not a number" },
	{ &float_row, "5.", "not a number" },
	{ &float_row, ".5", "not a number" },
	{ &float_row, "-", "not a number" },
	{ &float_row, "0x10", "not a number" },
	{ &float_row, "1,5", "not a number" },
	{ &float_row, "10.5", "between -10 and 10" },
	{ &float_row, "0.0000000000000000000000000000000001", "not a number" },
	{ &enum_row, "FILES", "not one of FILE, LDAP, self-signed" },
	{ &enum_row, "", "not one of" },
	{ &enum_row, "FILE LDAP", "not one of" },
	{ &text_row, "a\nb", "a line feed" },
	{ &text_row, "a\tb", "a tab" },
	{ &text_row, "a\x1b[31m", "a control character" },
	{ &text_row, "a\x7f", "a control character" },
	{ &text_row, "a\xc2\x85", "a control character" },
	{ &text_row, "caf\xe9", "not UTF-8" },
	{ &text_row, "\xc0\xaf", "not UTF-8" },
	{ &text_row, "\xe0\x80\xaf", "not UTF-8" },
	{ &text_row, "\xed\xa0\x80", "not UTF-8" },
	{ &text_row, "\xf4\x90\x80\x80", "not UTF-8" },
	{ &text_row, "\xf5\x80\x80\x80", "not UTF-8" },
	{ &text_row, "\xe2\x82", "not UTF-8" },
	{ &lines_row, "a\rb", "a control character" },
	{ &lines_row, "a\x01", "a control character" },
	{ &fqdn_row, "mail", "not a full host name" },
	{ &fqdn_row, "mail_1.example.com", "not a full host name" },
	{ &fqdn_row, "mail.example.com.", "not a full host name" },
	{ &fqdn_row, "192.0.2.1", "not a full host name" },
	{ &hostport_row, "relay:587:1", "not a host" },
	{ &hostport_row, "re lay", "not a host" },
	{ &email_row, "postmaster", "not an e-mail address" },
	{ &email_row, "a@b.example,c@d.example", "not an e-mail address" },
	{ &emails_row, "a@b.example, c", "not a list of e-mail addresses" },
	{ &domains_row, " , ", "not a list of domains" },
	{ &domains_row, "example.com,*", "not a list of domains" },
	{ &path_row, "etc/cert.pem", "not an absolute path" },
	{ &url_row, "id.example.com", "not a URL" },
	{ &url_row, "https://a b", "not a URL" },
	{ &url_row, "https://", "not a URL" },
	{ &networks_row, "192.0.2.0/24 192.0.2.7/24", "bits behind the prefix" },
	{ &networks_row, "192.0.2.0/33", "not a list of networks" },
	{ &networks_row, "example.com", "not a list of networks" },
};

static void test_bad(void **state UNUSED)
{
	struct arena a;
	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct setting_value v = { .flag = true, .number = 77, .text = "untouched" };
		struct err err = ERR_INIT;
		if (setting_parse(&a, bad[i].row, bad[i].text, &v, &err))
			fail_msg("%s '%s' was accepted", bad[i].row->name, bad[i].text);
		if (!strstr(err.text, bad[i].says))
			fail_msg("%s '%s': %s", bad[i].row->name, bad[i].text, err.text);
		assert_int_equal(err.class, ERR_CONFIG);
		assert_int_equal(v.number, 77);
		assert_string_equal(v.text, "untouched");
	}
	arena_fini(&a);
}

static void test_long_path(void **state UNUSED)
{
	struct arena a;
	struct setting_value v;
	struct err err = ERR_INIT;
	char path[5001];
	arena_init(&a, "test");
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[5000] = '\0';
	assert_false(setting_parse(&a, &path_row, path, &v, &err));
	path[4095] = '\0';
	assert_true(setting_parse(&a, &path_row, path, &v, &err));
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
