/* SPDX-License-Identifier: MIT */
/* relays, relay_routes: lines, edits, which relay takes what, where a password may go. */
#include "unit/inputs_unit.h"

#include "inputs/relay_routes.h"
#include "inputs/relays.h"

#define HOST "mail.firma.example"

static void test_hops(void **state UNUSED)
{
	static const struct {
		const char *text, *problem;
	} bad[] = {
		{ "", "not a host" },
		{ "[[smtp.relay.example]]:587", "two pairs" },
		{ "smtp:[smtp.relay.example]", "transport" },
		{ "smtps://smtp.relay.example", "transport" },
		{ "[smtp.relay.example]:submission", "no number" },
		{ "smtp.relay.example:", "port" },
		{ "[smtp.relay.example]:0", "1 to 65535" },
		{ "[smtp.relay.example]:65536", "1 to 65535" },
		{ "[smtp.relay.example", "not a host" },
		{ "smtp_relay", "not a host" },
	};
	static const struct {
		const char *text, *host;
		bool exact;
		int port;
	} good[] = {
		{ "smtp.relay.example", "smtp.relay.example", false, 25 },
		{ "smtp.relay.example:2525", "smtp.relay.example", false, 2525 },
		{ "[smtp.relay.example]", "smtp.relay.example", true, 25 },
		{ "[smtp.relay.example]:465", "smtp.relay.example", true, 465 },
		{ "[192.0.2.1]:587", "192.0.2.1", true, 587 },
		{ "[2001:db8::1]:587", "2001:db8::1", true, 587 },
		{ "[2001:db8::1]", "2001:db8::1", true, 25 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *problem = relay_hop_problem(bad[i].text);
		if (problem == NULL || strstr(problem, bad[i].problem) == NULL)
			fail_msg("'%s': %s", bad[i].text, problem ? problem : "passed");
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct relay_hop hop = relay_hop_split(good[i].text);
		assert_null(relay_hop_problem(good[i].text));
		assert_true(str_is(hop.host, good[i].host));
		assert_int_equal(hop.exact, good[i].exact);
		assert_int_equal(hop.port, good[i].port);
		assert_int_equal(relay_hop_is_implicit_tls(good[i].text), good[i].port == 465);
	}
}

static void test_self(void **state UNUSED)
{
	static const char *const self[] = {
		"[" HOST "]",	 "[MAIL.firma.example]:587", HOST,
		"localhost:465", "[127.0.0.2]:25",	     "[::1]:587"
	};
	static const char *const other[] = { "[smtp.firma.example]:587", "[localhost]:2525",
					     "[127.0.0.1]:10025", "127.relay.example",
					     "[" HOST ".example]:25" };

	for (size_t i = 0; i < ARRAY_SIZE(self); i++)
		if (!relay_hop_is_self(self[i], HOST))
			fail_msg("'%s' is not taken for the server", self[i]);
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		if (relay_hop_is_self(other[i], HOST))
			fail_msg("'%s' is taken for the server", other[i]);
	assert_false(relay_hop_is_self("[x.example]", NULL));
}

static void test_parse_relays(void **state UNUSED)
{
	static const char text[] = "# relays\n"
				   "@Firma.example \t [SMTP.relay.example]:587\r\n"
				   "  anna@firma.example [smtp.zwei.example]:465\n"
				   "@intern.example \n"
				   "@firma.example [other.example]:25\n"
				   "firma.example [smtp.relay.example]:587\n"
				   "@drei.example [a.example]:25 [b.example]:25\n"
				   "@vier.example [[a.example]]:25\n"
				   "@fünf@x [a.example]:25\n"
				   "@sechs.example [mail.firma.example]:587\n"
				   "@ [a.example]:25\n"
				   "a b@x.example [a.example]\n"
				   "@sieben.example [a.exa\001mple]\n";
	struct relay_vec list = VEC_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	problems_init(&p, &a);
	relays_parse(&a, RELAYS_FILE, STR_LIT(text), HOST, &list, &p);
	assert_finding(&p, SEV_WARNING, RELAYS_FILE ":5", "line 2 already");
	assert_finding(&p, SEV_ERROR, RELAYS_FILE ":6", "begins with '@'");
	assert_finding(&p, SEV_ERROR, RELAYS_FILE ":7", "one relay");
	assert_finding(&p, SEV_ERROR, RELAYS_FILE ":8", "two pairs of brackets");
	assert_finding(&p, SEV_ERROR, RELAYS_FILE ":9", "no domain");
	assert_finding(&p, SEV_ERROR, RELAYS_FILE ":10", "itself");
	assert_finding(&p, SEV_ERROR, RELAYS_FILE ":11", "no domain");
	assert_finding(&p, SEV_ERROR, RELAYS_FILE ":12", "begins with '@'");
	assert_finding(&p, SEV_ERROR, RELAYS_FILE ":13", "control character");
	assert_int_equal(list.n, 3);
	assert_string_equal(list.v[0].key, "@firma.example");
	assert_string_equal(list.v[0].hop, "[smtp.relay.example]:587");
	assert_string_equal(list.v[1].key, "anna@firma.example");
	assert_string_equal(list.v[2].hop, "");
	assert_int_equal(list.v[2].line, 4);
	arena_fini(&a);
}

static void test_parse_logins(void **state UNUSED)
{
	static const char text[] = "@firma.example              benutzer:geheim\n"
				   "[SMTP.relay.example]:587\tapikey:abc:def  \n"
				   "anna@firma.example  u:two words\n"
				   "@FIRMA.example x:hidden1\n"
				   "@zwei.example\n"
				   "@drei.example hidden2\n"
				   "@vier.example :hidden3\n"
				   "@fünf.example x:\n"
				   "@sechs.example x:\n"
				   "[[a.example]] x:hidden4\n"
				   "a@b x:hidden5\n"
				   "smtp.relay.example u:p\n";
	struct relay_login_vec list = VEC_INIT;
	autobuf struct buf all = BUF_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	problems_init(&p, &a);
	relay_logins_parse(&a, RELAY_LOGINS_FILE, STR_LIT(text), &list, &p);
	assert_finding(&p, SEV_WARNING, RELAY_LOGINS_FILE ":4", "line 1 already");
	assert_finding(&p, SEV_ERROR, RELAY_LOGINS_FILE ":5", "no user:password");
	assert_finding(&p, SEV_ERROR, RELAY_LOGINS_FILE ":6", "no ':'");
	assert_finding(&p, SEV_ERROR, RELAY_LOGINS_FILE ":7", "no user before");
	assert_finding(&p, SEV_ERROR, RELAY_LOGINS_FILE ":8", "no domain");
	assert_finding(&p, SEV_ERROR, RELAY_LOGINS_FILE ":9", "no password");
	assert_finding(&p, SEV_ERROR, RELAY_LOGINS_FILE ":10", "two pairs");
	assert_finding(&p, SEV_ERROR, RELAY_LOGINS_FILE ":11", "without a dot");
	problems_print(&p, &all);
	assert_null(strstr(all.p, "hidden"));
	assert_null(strstr(all.p, "benutzer"));
	assert_int_equal(list.n, 4);
	assert_string_equal(list.v[1].key, "[smtp.relay.example]:587");
	assert_string_equal(list.v[1].login, "apikey:abc:def");
	assert_string_equal(list.v[2].login, "u:two words");
	arena_fini(&a);
}

static void test_edit(void **state UNUSED)
{
	static const struct {
		const char *before, *value, *after;
	} cases[] = {
		{ "", "[a.example]:25", "@x.example [a.example]:25\n" },
		{ "# c\n@y.example", "", "# c\n@y.example\n@x.example \n" },
		{ "@X.example\t[b.example]\n# c\n", "[a.example]:25",
		  "@X.example [a.example]:25\n# c\n" },
		{ "@x.example\nn@x.example [b]\n@x.example [c]\n", "v",
		  "@x.example v\nn@x.example [b]\n" },
	};
	static const char text[] = "n@x.example [b]\n# @x.example c\n @X.EXAMPLE \n";
	autobuf struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf edited = BUF_INIT;
		relays_edit_set(str_from(cases[i].before), "@x.example", cases[i].value, &edited);
		assert_string_equal(edited.p, cases[i].after);
	}
	assert_false(relays_edit_del(STR_LIT(text), "x.example", &out));
	buf_reset(&out);
	assert_true(relays_edit_del(STR_LIT(text), "@x.example", &out));
	assert_string_equal(out.p, "n@x.example [b]\n# @x.example c\n");
}

/* Relays and logins put together. */
struct fixture {
	struct arena a;
	struct settings s;
	struct inputs in;
	struct problems p;
};

static void open_fixture(struct fixture *f, const char *relays, const char *logins,
			 const char *by_default, const char *relay_host)
{
	*f = (struct fixture){ .s = plain_settings() };
	arena_init(&f->a, "test");
	problems_init(&f->p, &f->a);
	f->s.default_relay_host = by_default;
	f->s.relay_host = relay_host;
	f->s.relay_port = 587;
	f->s.relay_user = f->s.relay_password = "";
	relays_parse(&f->a, RELAYS_FILE, str_from(relays), HOST, &f->in.relays, &f->p);
	relay_logins_parse(&f->a, RELAY_LOGINS_FILE, str_from(logins), &f->in.relay_logins, &f->p);
	map_init(&f->in.domain_index, &f->a, 4);
	for (size_t i = 0; i < 2; i++) {
		const char *domain = i ? "zwei.example" : "firma.example";
		(void)map_add(&f->in.domain_index, domain, f);
		*VEC_PUSH(&f->a, &f->in.domains) = domain;
	}
	relay_routes_check(&f->a, &f->s, &f->in, &f->p);
}

/* The relays that get a password, with blanks between. */
static const char *tls_hops(struct fixture *f)
{
	struct text_vec hops = VEC_INIT;
	autobuf struct buf out = BUF_INIT;

	relay_hops_with_login(&f->a, &f->s, &f->in, &hops);
	for (size_t i = 0; i < hops.n; i++)
		buf_printf(&out, "%s%s", i ? " " : "", hops.v[i]);
	return buf_dup(&f->a, &out);
}

static void test_password_goes_to(void **state UNUSED)
{
	static const struct {
		const char *relays, *logins, *by_default, *relay_host, *tls;
	} cases[] = {
		{ "", "", "", "", "" },
		{ "@a.example [r.example]:587\n", "", "", "", "" },
		{ "", "@a.example u:p\n", "", "", "" },
		/* by sender */
		{ "@a.example [r.example]:587\n@b.example [s.example]:587\n", "@a.example u:p\n",
		  "", "", "[r.example]:587" },
		{ "x@a.example [r.example]:587\n@a.example [s.example]:587\n", "@a.example u:p\n",
		  "", "", "[r.example]:587 [s.example]:587" },
		{ "x@a.example [r.example]:587\n@a.example [s.example]:587\n", "x@a.example u:p\n",
		  "", "", "[r.example]:587" },
		{ "@a.example [s.example]:587\n", "x@a.example u:p\n", "[d.example]", "",
		  "[s.example]:587" },
		{ "@a.example\n", "x@a.example u:p\n", "[d.example]", "", "" },
		{ "", "x@a.example u:p\n", "[d.example]", "", "[d.example]" },
		{ "x@a.example [r.example]:587\n", "@a.example u:p\n", "[d.example]", "",
		  "[r.example]:587 [d.example]" },
		{ "", "@firma.example u:p\n", "", "r.example", "[r.example]:587" },
		{ "", "@elsewhere.example u:p\n", "", "r.example", "" },
		/* by relay or host */
		{ "", "[d.example] u:p\n", "[d.example]", "", "[d.example]" },
		{ "", "d.example u:p\n", "[d.example]:587", "", "[d.example]:587" },
		{ "", "[d.example]:25 u:p\n", "[d.example]:587", "", "" },
		{ "@a.example r.example\n", "mx.r.example u:p\n", "[d.example]", "", "r.example" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		open_fixture(&f, cases[i].relays, cases[i].logins, cases[i].by_default,
			     cases[i].relay_host);
		if (!streq(tls_hops(&f), cases[i].tls))
			fail_msg("case %zu: '%s', not '%s'", i, tls_hops(&f), cases[i].tls);
		arena_fini(&f.a);
	}
}

static void test_variables(void **state UNUSED)
{
	struct relay_vec routes = VEC_INIT;
	struct relay_login_vec logins = VEC_INIT;
	struct fixture f;

	open_fixture(&f, "@firma.example\n", "[r.example]:587 file:wins\n", "", "r.example");
	f.s.relay_user = "u";
	f.s.relay_password = "p:q";
	relay_routes(&f.a, &f.s, &f.in, &routes);
	assert_int_equal(routes.n, 2);
	assert_string_equal(routes.v[0].hop, "");
	assert_string_equal(routes.v[1].key, "@zwei.example");
	assert_string_equal(routes.v[1].hop, "[r.example]:587");
	relay_logins(&f.a, &f.s, &f.in, &logins);
	assert_int_equal(logins.n, 1);
	assert_string_equal(logins.v[0].login, "file:wins");
	/* DEFAULT_RELAY_HOST has the login of the variables if both are set. */
	f.s.default_relay_host = "[d.example]:465";
	logins.n = 0;
	relay_logins(&f.a, &f.s, &f.in, &logins);
	assert_int_equal(logins.n, 2);
	assert_string_equal(logins.v[1].key, "[d.example]:465");
	assert_string_equal(logins.v[1].login, "u:p:q");
	f.s.relay_password = "";
	logins.n = 0;
	relay_logins(&f.a, &f.s, &f.in, &logins);
	assert_int_equal(logins.n, 1);
	arena_fini(&f.a);
}

static void test_checks(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f, "@a.example firma.example:587\n@b.example\n",
		     "@c.example u:p\n[x.example]:587 u:p\n", "", "");
	assert_finding(&f.p, SEV_WARNING, RELAYS_FILE ":1", "in brackets");
	assert_finding(&f.p, SEV_NOTE, RELAYS_FILE ":2", "sent directly anyway");
	assert_finding(&f.p, SEV_WARNING, RELAY_LOGINS_FILE ":1", "mail from '@c.example'");
	assert_finding(&f.p, SEV_WARNING, RELAY_LOGINS_FILE ":2", "there is: firma.example:587");
	arena_fini(&f.a);
	open_fixture(&f, "", "", "[" HOST "]:587", "localhost");
	assert_finding(&f.p, SEV_ERROR, "DEFAULT_RELAY_HOST='[" HOST "]:587'", "itself");
	assert_finding(&f.p, SEV_ERROR, "RELAY_HOST='localhost'", "itself");
	arena_fini(&f.a);
	open_fixture(&f, "@b.example\n", "", "[d.example]:587", "");
	assert_int_equal(f.p.list.n, 1);
	assert_finding(&f.p, SEV_NOTE, "DEFAULT_RELAY_HOST='[d.example]:587'", "no login");
	arena_fini(&f.a);
	open_fixture(&f, "x@b.example\n@b.example [r.example]\n",
		     "r.example u:p\n[d.example]:587 u:p\n", "[d.example]:587", "");
	assert_no_findings(&f.p);
	arena_fini(&f.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hops),	     cmocka_unit_test(test_self),
		cmocka_unit_test(test_parse_relays), cmocka_unit_test(test_parse_logins),
		cmocka_unit_test(test_edit),	     cmocka_unit_test(test_password_goes_to),
		cmocka_unit_test(test_variables),    cmocka_unit_test(test_checks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
