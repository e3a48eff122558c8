/* SPDX-License-Identifier: MIT */
#include <setjmp.h>

#include <cmocka.h>

#include "base/arena.h"
#include "settings/host.h"

static void test_fqdn(void **state UNUSED)
{
	static const struct {
		const char *nodename;
		const char *hosts;
		const char *fqdn;
	} cases[] = {
		{ "mail.example.com", "", "mail.example.com" },
		{ "mail.example.com", "10.0.0.1 other.example.com mail.example.com\n",
		  "mail.example.com" },
		{ "mail", "", "mail" },
		{ "mail", "127.0.0.1\tlocalhost\n172.17.0.2\tmail.example.com mail\n",
		  "mail.example.com" },
		{ "mail", "172.17.0.2 mail mail.example.com", "mail.example.com" },
		{ "mail", "172.17.0.2 MAIL Mail.Example.com", "Mail.Example.com" },
		{ "mail", "172.17.0.2 mail\r\n172.17.0.3 x.example.com mail\r\n", "x.example.com" },
		{ "mail", "172.17.0.2 mail\n", "mail" },
		{ "mail", "# 172.17.0.2 mail.example.com mail\n", "mail" },
		{ "mail", "172.17.0.2 other.example.com # mail\n", "mail" },
		{ "mail", "172.17.0.2 mailbox.example.com mailbox\n", "mail" },
		{ "mail", "mail\n\n   \n", "mail" },
		{ "", "172.17.0.2 mail.example.com mail\n", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena a;
		arena_init(&a, "test");
		assert_string_equal(host_fqdn(&a, cases[i].nodename, cases[i].hosts),
				    cases[i].fqdn);
		arena_fini(&a);
	}
}

static void test_domain(void **state UNUSED)
{
	static const struct {
		const char *fqdn;
		const char *domainname;
		const char *domain;
	} cases[] = {
		{ "mail.example.com", "", "example.com" },
		{ "mail.example.com", "other.example", "example.com" },
		{ "a.b.example.com", "", "b.example.com" },
		{ "example.com", "", "example.com" },
		{ "mail.local", "example.com", "example.com" },
		{ "mail", "example.com", "example.com" },
		{ "mail", "", "mail" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena a;
		arena_init(&a, "test");
		assert_string_equal(host_domain(&a, cases[i].fqdn, cases[i].domainname),
				    cases[i].domain);
		arena_fini(&a);
	}
}

/* Whatever the machine is called: there is an answer. */
static void test_system(void **state UNUSED)
{
	struct arena a;
	arena_init(&a, "test");
	assert_non_null(host_system_fqdn(&a));
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fqdn),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_system),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
