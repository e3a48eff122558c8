/* SPDX-License-Identifier: MIT */
/* postfix-tls-policy.cf, and who has the first word about a destination. */
#include "unit.h"

#include "base/buf.h"
#include "inputs/tls_policy.h"
#include "mta-sts/policy.h"

static void test_bad_lines(void **state UNUSED)
{
	static const struct {
		const char *line, *what;
	} cases[] = {
		{ "example.com", "has no level" },
		{ "example.com secret", "'secret' is no level" },
		{ "example.com secure match", "is no attribute of the form name=value" },
		{ "example.com secure match=", "is no attribute of the form name=value" },
		{ "example.com secure colour=red", "'colour=red' is no attribute (match" },
		{ "bob@example.com secure", "is an address" },
		{ "[smtp.example.com secure", "is neither a domain" },
		{ ".exa_mple secure", "is not a domain behind the dot" },
	};
	struct tls_policy_vec out = VEC_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		problems_init(&p, &a);
		tls_policy_parse(&a, TLS_POLICY_FILE, str_from(cases[i].line), &out, &p);
		assert_int_equal(problems_errors(&p), 1);
		assert_string_equal(p.list.v[0].subject, TLS_POLICY_FILE ":1");
		assert_non_null(strstr(p.list.v[0].text, cases[i].what));
	}
	assert_int_equal(out.n, 0);
	arena_fini(&a);
}

static void test_good_lines(void **state UNUSED)
{
	static const char text[] =
		"# own\n"
		"Example.COM   secure match=.example.com:x.test ciphers=high \r\n"
		".example.net\tencrypt\n"
		"[smtp.example.com]:587 verify\n"
		"example.com none\n";
	struct tls_policy_vec out = VEC_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	problems_init(&p, &a);
	tls_policy_parse(&a, TLS_POLICY_FILE, str_from(text), &out, &p);
	assert_int_equal(problems_errors(&p), 0);
	assert_int_equal(out.n, 3);
	assert_string_equal(out.v[0].destination, "example.com");
	assert_string_equal(out.v[0].policy, "secure match=.example.com:x.test ciphers=high");
	assert_string_equal(out.v[1].destination, ".example.net");
	assert_string_equal(out.v[2].destination, "[smtp.example.com]:587");
	assert_int_equal(p.list.n, 1);
	assert_non_null(strstr(p.list.v[0].text, "is in line 2 already"));
	arena_fini(&a);
}

/* A small world: what the names begin with says what there is. */
static bool ask_dns(struct arena *a, const char *name, enum dns_type type, struct dns_answer *out,
		    struct err *err)
{
	static const char *hosts[] = { "mx.plain.test", "mx.tlsa.test" };
	static const char *null_mx[] = { "" };

	(void)a;
	*out = (struct dns_answer){ .secure = strstr(name, "unsigned") == NULL };
	if (strstr(name, "broken"))
		return err_set(err, ERR_TEMP, "no answer from the resolver about %s", name);
	if (type == DNS_TLSA) {
		out->n = strstr(name, "tlsa") != NULL;
		return true;
	}
	if (has_prefix(name, "two.") || has_prefix(name, "unsigned.")) {
		out->n = 2;
		out->names = hosts;
	} else if (has_prefix(name, "one.")) {
		out->n = 1;
		out->names = hosts;
	} else if (has_prefix(name, "null.")) {
		out->n = 1;
		out->names = null_mx;
	}
	return true;
}

static bool ask_daemon(struct arena *a, const char *domain, const char **reply_r, struct err *err)
{
	if (has_prefix(domain, "null."))
		return err_set(err, ERR_TEMP, "the daemon does not answer");
	*reply_r = arena_printf(a, "OK secure match=mx.%s", domain);
	return true;
}

static void test_replies(void **state UNUSED)
{
	static const struct {
		const char *request, *reply;
	} cases[] = {
		{ "dane two.test", "OK dane" },
		{ "dane Two.Test", "OK dane" },
		{ "dane tlsa.test", "OK dane" }, /* no MX: itself */
		{ "plain two.test", "OK secure match=mx.two.test" },
		{ "dane one.test", "OK secure match=mx.one.test" },
		{ "dane unsigned.test", "OK secure match=mx.unsigned.test" },
		{ "dane none.test", "OK secure match=mx.none.test" },
		{ "dane broken.test", "TEMP no answer from the resolver about broken.test" },
		{ "plain null.test", "TEMP MTA-STS: the daemon does not answer" },
		{ "dane .test.test", "NOTFOUND " },
		{ "dane [mx.test]:587", "NOTFOUND " },
		{ "dane 192.0.2.1", "NOTFOUND " },
		{ "dane localhost", "NOTFOUND " },
		{ "dane", "NOTFOUND " },
		{ "other x.test", "PERM no such map" },
		{ "", "PERM no such map" },
	};
	const struct policy_sources sources = { ask_dns, ask_daemon };
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(policy_reply(&a, str_from(cases[i].request), &sources),
				    cases[i].reply);
	arena_fini(&a);
}

static void test_netstrings(void **state UNUSED)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{ "", 0 },	  { "3", 0 },	    { "3:ab", 0 },     { "3:abc", 0 },
		{ "3:abc,", 1 },  { "0:,", 1 },	    { ":,", -1 },      { "x", -1 },
		{ "3;abc,", -1 }, { "3:abcd", -1 }, { "999999:", -1 }, { "00000003", -1 },
	};
	struct str text;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str rest = str_from(cases[i].text);
		assert_int_equal(netstring_next(&rest, &text), cases[i].result);
	}
	struct str rest = str_from("2:ab,1:c,");
	assert_int_equal(netstring_next(&rest, &text), 1);
	assert_true(str_is(text, "ab"));
	assert_int_equal(netstring_next(&rest, &text), 1);
	assert_true(str_is(text, "c"));
	assert_int_equal(rest.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_netstrings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
