/* SPDX-License-Identifier: MIT */
#include "../fixtures/settings_fixture.h"

static const char *const known_names[] = {
#define NAME(name) #name,
#include "../fixtures/environment_names.inc"
#undef NAME
};

static void test_every_name_is_known(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_names); i++)
		if (!settings_find(known_names[i]) && !settings_is_foreign(known_names[i]))
			fail_msg("no row for %s", known_names[i]);
	assert_true(ARRAY_SIZE(known_names) > 170);
}

static bool is_lower_case_of(const char *field, const char *name)
{
	size_t i = 0;
	for (; field[i] && name[i]; i++)
		if (field[i] != (char)tolower((unsigned char)name[i]))
			return false;
	return field[i] == name[i];
}

static void test_rows_are_sound(void **state UNUSED)
{
	struct loaded l;
	load(&l, NO_ENV);
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		for (size_t k = 0; k < i; k++)
			if (row->kind != KIND_SECTION && streq(settings_rows[k].name, row->name))
				fail_msg("%s has two rows", row->name);
		if (row->kind == KIND_ALIAS && !settings_find(row->field))
			fail_msg("%s leads to %s, which has no row", row->name, row->field);
		if (row->kind == KIND_REMOVED && strlen(row->doc) < 10)
			fail_msg("%s has no advice", row->name);
		if (!setting_has_value(row))
			continue;
		struct setting_value v;
		struct err err = ERR_INIT;
		if (!strstr(row->def, "{{") && !setting_parse(&l.arena, row, row->def, &v, &err))
			fail_msg("default of %s: %s", row->name, err.text);
		const char *text = settings_text(&l.arena, &l.s, row);
		if (!setting_parse(&l.arena, row, text, &v, &err))
			fail_msg("%s='%s': %s", row->name, text, err.text);
		if (!is_lower_case_of(row->field, row->name) &&
		    !streq(row->field, "domainname_setting"))
			fail_msg("the field of %s is called %s", row->name, row->field);
		size_t n = strlen(row->doc);
		if (n < 10 || row->doc[n - 1] != '.')
			fail_msg("the text of %s is no sentence", row->name);
		assert_int_equal(l.s.origin[i], ORIGIN_DEFAULT);
	}
	assert_string_equal(told(&l), "");
	unload(&l);
}

static void test_defaults(void **state UNUSED)
{
	struct loaded l;
	load(&l, NO_ENV);
	assert_int_equal(findings(&l), 0);
	assert_string_equal(l.s.hostname, "mail.example.com");
	assert_string_equal(l.s.domainname, "example.com");
	assert_string_equal(l.s.postmaster_address, "postmaster@example.com");
	assert_string_equal(l.s.logwatch_recipient, "postmaster@example.com");
	assert_string_equal(l.s.pflogsumm_sender, "mailserver-report@mail.example.com");
	assert_true(l.s.enable_imap);
	assert_false(l.s.enable_pop3);
	assert_false(l.s.enable_rspamd_redis);
	assert_int_equal(l.s.postfix_message_size_limit, 10240000);
	assert_int_equal(l.s.clamav_message_size_limit, 25000000);
	assert_int_equal(l.s.update_check_interval, 86400);
	assert_string_equal(l.s.ssl_type, "");
	assert_string_equal(l.s.tls_mode, "auto");
	unload(&l);
}

static void test_values(void **state UNUSED)
{
	struct loaded l;
	load(&l, ENV("ENABLE_POP3=1", "ENABLE_IMAP=", "POSTFIX_MESSAGE_SIZE_LIMIT=50M",
		     "POSTMASTER_ADDRESS=anna@example.com", "TLS_MODE=both", "SSL_TYPE=self-signed",
		     "PATH=/bin", "HOSTNAME=other", "=odd", "nothing", "ENABLE_POP3=0"));
	assert_string_equal(told(&l), "");
	assert_true(l.s.enable_pop3);
	assert_true(l.s.enable_imap);
	assert_int_equal(l.s.postfix_message_size_limit, 50000000);
	assert_string_equal(l.s.report_recipient, "anna@example.com");
	assert_int_equal(l.s.origin[SETTING_ROW(enable_pop3) - settings_rows], ORIGIN_ENV);
	assert_int_equal(l.s.origin[SETTING_ROW(enable_imap) - settings_rows], ORIGIN_DEFAULT);
	unload(&l);
}

static void test_blanks_are_empty(void **state UNUSED)
{
	struct loaded l;
	load(&l, ENV("REPORT_SENDER=  ", "ENABLE_IMAP= ", "SPAM_SUBJECT= ", "TLS_MODE= both ",
		     "SSL_TYPE=custom "));
	assert_string_equal(l.s.report_sender, "mailserver-report@mail.example.com");
	assert_true(l.s.enable_imap);
	assert_string_equal(l.s.spam_subject, " ");
	assert_string_equal(l.s.tls_mode, "both");
	assert_string_equal(l.s.ssl_type, "custom");
	assert_int_equal(problems_errors(&l.problems), 0);
	unload(&l);
}

static void test_three_mistakes_at_once(void **state UNUSED)
{
	struct loaded l;
	load(&l, ENV("POSTFIX_INET_PROTOCOLS=ipv5", "DMS_VMAIL_UID=root", "ENABLE_POP3=maybe",
		     "LOGROTATE_COUNT=4"));
	assert_int_equal(problems_errors(&l.problems), 3);
	const struct problem *p = finding(&l, SEV_ERROR, "POSTFIX_INET_PROTOCOLS='ipv5'",
					  "not one of all, ipv4, ipv6");
	assert_non_null(p);
	assert_string_equal(p->hint, "use 'ipv4'");
	p = finding(&l, SEV_ERROR, "DMS_VMAIL_UID='root'", "not a whole number");
	assert_non_null(p);
	assert_non_null(strstr(p->hint, "5000"));
	p = finding(&l, SEV_ERROR, "ENABLE_POP3='maybe'", "not a switch");
	assert_non_null(p);
	assert_non_null(strstr(p->hint, "0 | 1"));
	/* The rest is there: defaults for the bad ones, and what was good. */
	assert_string_equal(l.s.postfix_inet_protocols, "all");
	assert_int_equal(l.s.dms_vmail_uid, 5000);
	assert_int_equal(l.s.logrotate_count, 4);
	unload(&l);
}

static void test_odd_values_in_findings(void **state UNUSED)
{
	struct loaded l;
	load(&l, ENV("LOG_LEVEL=\"info\"", "DMS_VMAIL_GID=tcp://10.0.0.1:5000",
		     "TLS_LEVEL=mod\x1b[31mern",
		     "TLS_MODE=0123456789012345678901234567890123456789012345678901234567\xc3\xbc"
		     "\xc3\xbc\xc3\xbc"));
	const struct problem *p = finding(&l, SEV_ERROR, "LOG_LEVEL='\"info\"'", "not one of");
	assert_non_null(p);
	assert_non_null(strstr(p->hint, "quotes"));
	p = finding(&l, SEV_ERROR, "DMS_VMAIL_GID=", "not a whole number");
	assert_non_null(p);
	assert_non_null(strstr(p->hint, "Kubernetes"));
	assert_non_null(finding(&l, SEV_ERROR, "TLS_LEVEL='mod\\x1b[31mern'", "control character"));
	assert_non_null(
		finding(&l, SEV_ERROR,
			"TLS_MODE='0123456789012345678901234567890123456789012345678901234567"
			"\xc3\xbc...'",
			"not one of"));
	unload(&l);
}

static void test_words_for_switches(void **state UNUSED)
{
	struct loaded l;
	load(&l, ENV("ENABLE_POP3=yes", "ENABLE_IMAP=off", "ENABLE_MANAGESIEVE=True"));
	assert_true(l.s.enable_pop3);
	assert_false(l.s.enable_imap);
	assert_true(l.s.enable_managesieve);
	assert_int_equal(findings(&l), 2);
	assert_non_null(finding(&l, SEV_NOTE, "ENABLE_POP3='yes'", "means on"));
	assert_non_null(finding(&l, SEV_NOTE, "ENABLE_MANAGESIEVE='True'", "means on"));
	unload(&l);
}

static void test_unknown_names(void **state UNUSED)
{
	static const struct {
		const char *entry;
		const char *name;
		const char *near;
	} cases[] = {
		{ "ENABLE_POP=1", "ENABLE_POP", "did you mean ENABLE_POP3?" },
		{ "ENABEL_IMAP=1", "ENABEL_IMAP", "did you mean ENABLE_IMAP?" },
		{ "enable_imap=1", "enable_imap", "did you mean ENABLE_IMAP?" },
		{ "POSTFIX_MESAGE_SIZE_LIMIT=1", "POSTFIX_MESAGE_SIZE_LIMIT",
		  "did you mean POSTFIX_MESSAGE_SIZE_LIMIT?" },
		{ "SSL_TYP__FILE=/x", "SSL_TYP", "did you mean SSL_TYPE?" },
		{ "SSL_CERT=/x", "SSL_CERT", "did you mean SSL_CERT_PATH?" },
		{ "OVERIDE_HOSTNAME=x", "OVERIDE_HOSTNAME", "did you mean OVERRIDE_HOSTNAME?" },
		{ "DOVECOT_SOMETHING_ELSE=1", "DOVECOT_SOMETHING_ELSE", NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct loaded l;
		load(&l, ENV(cases[i].entry));
		const struct problem *p =
			finding(&l, SEV_WARNING, cases[i].name, "no such setting");
		if (!p)
			fail_msg("%s: %s", cases[i].entry, told(&l));
		assert_int_equal(findings(&l), 1);
		if (cases[i].near)
			assert_string_equal(p->hint, cases[i].near);
		else
			assert_null(p->hint);
		unload(&l);
	}
}

static void test_names_of_others(void **state UNUSED)
{
	struct loaded l;
	load(&l, ENV("PATH=/bin", "HOME=/root", "HOSTNAME=x", "TERM=xterm", "LANG=C.UTF-8",
		     "LC_ALL=C", "container=podman", "KUBERNETES_PORT=tcp://10.0.0.1:443",
		     "DOVECOT_PORT_143_TCP_ADDR=10.0.0.1", "POSTFIX_SERVICE_HOST=10.0.0.2",
		     "LDAP_SERVICE_PORT=389", "LDAP_PORT=tcp://10.0.0.3:389", "NAME=x",
		     "DEBIAN_FRONTEND=noninteractive", "http_proxy=http://proxy", "DEFAULT_USER=x",
		     "MY_OWN=1", "ENABLE_TYPO=", "MAIL=/var/mail/root", "TZDIR=/x", "SRS_\nX=1"));
	assert_string_equal(told(&l), "");
	unload(&l);
}

static void test_old_names(void **state UNUSED)
{
	struct loaded l;
	load(&l, ENV("SA_SPAM_SUBJECT=[SPAM]"));
	assert_string_equal(l.s.spam_subject, "[SPAM]");
	assert_non_null(finding(&l, SEV_WARNING, "SA_SPAM_SUBJECT", "old name of SPAM_SUBJECT"));
	unload(&l);
	load(&l, ENV("SA_SPAM_SUBJECT=[old]", "SPAM_SUBJECT=[new]"));
	assert_string_equal(l.s.spam_subject, "[new]");
	unload(&l);
	load(&l, ENV("SPAM_SUBJECT=[new]", "SA_SPAM_SUBJECT=[old]"));
	assert_string_equal(l.s.spam_subject, "[new]");
	unload(&l);
	load(&l, ENV("SPAM_SUBJECT=", "SA_SPAM_SUBJECT=[old]"));
	assert_string_equal(l.s.spam_subject, "[old]");
	unload(&l);
}

static void test_removed_names(void **state UNUSED)
{
	struct loaded l;
	load(&l, ENV("DMS_DEBUG=1", "SASL_PASSWD=top-secret", "ONE_DIR=", "ENABLE_LDAP=1"));
	assert_int_equal(findings(&l), 3);
	const struct problem *p = finding(&l, SEV_WARNING, "DMS_DEBUG", "no longer");
	assert_non_null(p);
	assert_string_equal(p->hint, "set LOG_LEVEL=debug");
	assert_non_null(finding(&l, SEV_WARNING, "SASL_PASSWD", "no longer"));
	assert_null(strstr(told(&l), "top-secret"));
	unload(&l);
}

static void test_later(void **state UNUSED)
{
	struct loaded l;
	/* Defaults said aloud are no news. */
	load(&l, ENV("ENABLE_AMAVIS=1", "ENABLE_OPENDKIM=1", "ENABLE_CLAMAV=0", "SA_TAG=2",
		     "CLAMAV_MESSAGE_SIZE_LIMIT=25000k", "UPDATE_CHECK_INTERVAL=24h",
		     "REPORT_RECIPIENT=postmaster@example.com", "ENABLE_RSPAMD_REDIS=0"));
	assert_string_equal(told(&l), "");
	unload(&l);
	load(&l, ENV("ENABLE_UPDATE_CHECK=0", "ENABLE_FAIL2BAN=1", "ENABLE_FAIL2BAN=1",
		     "LDAP_BIND_DN=u", "LDAP_BIND_PW=top-secret", "ENABLE_RSPAMD=1"));
	assert_int_equal(problems_errors(&l.problems), 0);
	assert_int_equal(findings(&l), 5);
	assert_non_null(
		finding(&l, SEV_WARNING, "ENABLE_UPDATE_CHECK='0'", "not in this image yet"));
	assert_non_null(finding(&l, SEV_WARNING, "ENABLE_FAIL2BAN='1'", "not in this image yet"));
	assert_non_null(finding(&l, SEV_WARNING, "LDAP_BIND_PW", "not in this image yet"));
	assert_null(strstr(told(&l), "top-secret"));
	assert_true(l.s.enable_rspamd_redis);
	unload(&l);
	/* Validated all the same. */
	load(&l, ENV("POSTGREY_DELAY=soon"));
	assert_int_equal(findings(&l), 1);
	assert_non_null(finding(&l, SEV_ERROR, "POSTGREY_DELAY='soon'", "not a time"));
	unload(&l);
}

static void test_secrets_stay_secret(void **state UNUSED)
{
	struct loaded l;
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		char entry[128];
		autobuf struct buf out = BUF_INIT;
		if (!setting_has_value(row) || !(row->flags & F_SECRET))
			continue;
		(void)snprintf(entry, sizeof(entry), "%s=hush\x01-%s", row->name, "hush");
		load(&l, ENV(entry));
		assert_int_equal(problems_errors(&l.problems), 1);
		assert_null(strstr(told(&l), "hush"));
		unload(&l);

		(void)snprintf(entry, sizeof(entry), "%s='hush'", row->name);
		load(&l, ENV(entry));
		settings_print_show(&l.arena, &l.s, false, &out);
		settings_print_show(&l.arena, &l.s, true, &out);
		settings_write_shell(&l.arena, &l.s, &out);
		assert_null(strstr(told(&l), "hush"));
		assert_null(strstr(out.p, "hush"));
		assert_non_null(strstr(out.p, "(secret)"));
		unload(&l);
	}
}

static void test_host_names(void **state UNUSED)
{
	static const struct {
		const char *nodename;
		const char *entry;
		const char *hostname;
		const char *domainname;
	} cases[] = {
		{ "mail.example.com", "X=", "mail.example.com", "example.com" },
		{ "Mail.Example.com", "X=", "mail.example.com", "example.com" },
		{ "a.b.example.com", "X=", "a.b.example.com", "b.example.com" },
		{ "example.com", "X=", "example.com", "example.com" },
		{ "mail.local", "DOMAINNAME=example.com", "mail.local", "example.com" },
		{ "c0ffee", "OVERRIDE_HOSTNAME=MX.example.org", "mx.example.org", "example.org" },
		{ "mail.example.com", "OVERRIDE_HOSTNAME=example.org", "example.org",
		  "example.org" },
		{ "mail.example.com", "DOMAINNAME=example.com", "mail.example.com", "example.com" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct loaded l;
		load_as(&l, cases[i].nodename, true, ENV(cases[i].entry));
		assert_string_equal(told(&l), "");
		assert_string_equal(l.s.hostname, cases[i].hostname);
		assert_string_equal(l.s.domainname, cases[i].domainname);
		unload(&l);
	}
}

static void test_bad_host_names(void **state UNUSED)
{
	static const char *const names[] = {
		"c0ffee", "", "192.0.2.1", "ma_il.example.com", "mail.example.com.", "mail..com"
	};
	struct loaded l;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		load_as(&l, names[i], true, NO_ENV);
		const struct problem *p = finding(&l, SEV_ERROR, "host name '", "");
		assert_non_null(p);
		assert_non_null(strstr(p->hint, "--hostname mail.example.com"));
		assert_non_null(strstr(p->hint, "OVERRIDE_HOSTNAME"));
		assert_int_equal(findings(&l), 1);
		unload(&l);
	}
	load_as(&l, "c0ffee", true, ENV("OVERRIDE_HOSTNAME=mail"));
	assert_int_equal(findings(&l), 1);
	assert_non_null(finding(&l, SEV_ERROR, "OVERRIDE_HOSTNAME='mail'", "not a full host name"));
	unload(&l);
	load(&l, ENV("DOMAINNAME=other.example"));
	assert_non_null(finding(&l, SEV_WARNING, "DOMAINNAME='other.example'", "not used"));
	unload(&l);
}

/* A default made of another value can be unfit: said under the row's own name. */
static void test_unfit_default(void **state UNUSED)
{
	struct loaded l;
	load(&l, ENV("REPORT_SENDER=reports@example.com", "LDAP_SERVER_HOST=ldap://a ldaps://b"));
	assert_string_equal(l.s.pflogsumm_sender, "reports@example.com");
	assert_string_equal(l.s.dovecot_uris, "ldap://a ldaps://b");
	assert_int_equal(problems_errors(&l.problems), 0);
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_name_is_known),
		cmocka_unit_test(test_rows_are_sound),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_blanks_are_empty),
		cmocka_unit_test(test_three_mistakes_at_once),
		cmocka_unit_test(test_odd_values_in_findings),
		cmocka_unit_test(test_words_for_switches),
		cmocka_unit_test(test_unknown_names),
		cmocka_unit_test(test_names_of_others),
		cmocka_unit_test(test_old_names),
		cmocka_unit_test(test_removed_names),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_secrets_stay_secret),
		cmocka_unit_test(test_host_names),
		cmocka_unit_test(test_bad_host_names),
		cmocka_unit_test(test_unfit_default),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
