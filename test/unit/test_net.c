/* SPDX-License-Identifier: MIT */
/* net: one table a predicate, refused ones first. */
#include "unit.h"

#include "base/net.h"

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define L61 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"

typedef bool predicate(const char *s);

static void check_all(predicate *is, const char *const *list, size_t n, bool want)
{
	for (size_t i = 0; i < n; i++)
		if (is(list[i]) != want)
			fail_msg("'%s' was %s", list[i], want ? "refused" : "taken");
}
#define REFUSED(is, ...)                                                                           \
	do {                                                                                       \
		static const char *const list[] = { __VA_ARGS__ };                                 \
		check_all(is, list, ARRAY_SIZE(list), false);                                      \
	} while (0)
#define TAKEN(is, ...)                                                                             \
	do {                                                                                       \
		static const char *const list[] = { __VA_ARGS__ };                                 \
		check_all(is, list, ARRAY_SIZE(list), true);                                       \
	} while (0)

static void test_hostname(void **state UNUSED)
{
	REFUSED(is_hostname, "", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a-.b", "a_b", "a b",
		"a/b", "192.0.2.1", "300.1.1.1", "example.123", "m\xc3\xbc.de", L63 "x", "::1",
		"a\n", L63 "." L63 "." L63 "." L61 "x");
	TAKEN(is_hostname, "a", "1", "localhost", "mail.example.com", "3com.com",
	      "xn--mller-kva.de", L63, "A.B", L63 "." L63 "." L63 "." L61, "1.2.3.4.in-addr.arpa",
	      "4a3f01bc77d0", "123456789012");
	REFUSED(is_fqdn, "", "localhost", "mail.", "192.0.2.1");
	TAKEN(is_fqdn, "example.com", "a.b.c.example.co.uk");
}

static void test_address(void **state UNUSED)
{
	REFUSED(is_ip_address, "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4x", "[::1]",
		"::1::", "12345::", "fe80::1%eth0", "1.2.3.4 ",
		"00000000000000000000000000000000000000000000000000000000000000000");
	TAKEN(is_ip_address, "192.0.2.1", "0.0.0.0", "::", "::1", "2001:db8::25",
	      "::ffff:192.0.2.1");
	REFUSED(is_network, "", "/", "/8", "192.0.2.1/", "192.0.2.1/33", "192.0.2.1/-1",
		"192.0.2.1/08", "::/129", "192.0.2.0/24/2", "a/8",
		"192.0.2.0/99999999999999999999");
	TAKEN(is_network, "192.0.2.1", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "fd00::/8",
	      "::/0", "::1/128");
}

static void test_hostport(void **state UNUSED)
{
	REFUSED(is_hostport, "", ":25", "a:", "a:0", "a:65536", "a:x", "a:1:2", "::1", "[", "[]",
		"[a", "[a]25", "[a]:", "[a]:0", "[a b]", "[::1]:99999", "a b:25",
		"192.0.2.1:", "[a]]:25");
	TAKEN(is_hostport, "relay.example.com", "relay:25", "relay.example.com:65535",
	      "[relay.example.com]", "[relay.example.com]:587", "[2001:db8::1]:25", "[2001:db8::1]",
	      "192.0.2.1", "192.0.2.1:25", "[192.0.2.1]:25");
}

static void test_email_problem(void **state UNUSED)
{
	static const struct {
		const char *email, *part;
	} cases[] = {
		{ "", "no '@'" },
		{ "user", "no '@'" },
		{ "@example.com", "nothing before" },
		{ "a@", "nothing behind" },
		{ "a@b@example.com", "more than one" },
		{ L63 "xy@example.com", "more than 64" },
		{ ".a@example.com", "'.' at the start" },
		{ "a.@example.com", "next to the '@'" },
		{ "a..b@example.com", "two dots" },
		{ "a b@example.com", "blank" },
		{ "\"a\"@example.com", "character" },
		{ "a\\b@example.com", "character" },
		{ "a,b@example.com", "character" },
		{ "a\x01@example.com", "character" },
		{ "a\xff@example.com", "UTF-8" },
		{ "a\xc3@example.com", "UTF-8" },
		{ "a\xc0\xaf@example.com", "UTF-8" },
		{ "a\xe0\x80\xaf@example.com", "UTF-8" },
		{ "a\xed\xa0\x80@example.com", "UTF-8" },
		{ "a\xf0\x80\x80\xaf@example.com", "UTF-8" },
		{ "a\xf4\x90\x80\x80@example.com", "UTF-8" },
		{ "a\xe2\x82z@example.com", "UTF-8" },
		{ "a@localhost", "without a dot" },
		{ "a@m\xc3\xbcller.de", "xn--" },
		{ "a@example..com", "not a valid host name" },
		{ "a@192.0.2.1", "not a valid host name" },
		{ "a@ex_ample.com", "not a valid host name" },
		{ "abc@" L63 "." L63 "." L63 "." L61, "254" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *problem = email_problem(cases[i].email);
		if (!problem || !strstr(problem, cases[i].part))
			fail_msg("'%s': %s", cases[i].email, problem ? problem : "taken");
		assert_false(is_email(cases[i].email));
	}
}

static void test_email(void **state UNUSED)
{
	TAKEN(is_email, "user@example.com", "a@b.cd", "first.last+tag@mail.example.com",
	      "!#$%&'*+-/=?^_`{|}~@example.com", "m\xc3\xbcller@example.com",
	      "\xe2\x82\xac\xf0\x9f\x93\xa7@example.com", L63 "x@example.com", "A.B@EXAMPLE.COM",
	      "u@xn--mller-kva.de");
	assert_null(email_domain("user"));
	assert_string_equal(email_domain("a@b@c.de"), "c.de");
	assert_string_equal(email_domain("a@"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostname), cmocka_unit_test(test_address),
		cmocka_unit_test(test_hostport), cmocka_unit_test(test_email_problem),
		cmocka_unit_test(test_email),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
