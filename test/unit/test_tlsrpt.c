/* SPDX-License-Identifier: MIT */
/* tlsrpt: what the MTA tells of a session, how it adds up, what is kept on disk, and the report. */
#include "unit/unit.h"

#include "tlsrpt/mail.h"
#include "tlsrpt/reports.h"
#include "tlsrpt/rua.h"
#include "tlsrpt/send.h"

#define EVENT(domain, policies)                                                                    \
	"{\"d\":\"" domain "\",\"pr\":\"v=TLSRPTv1; rua=mailto:r@a.test\",\"policies\":[" policies \
	"]}"
#define NONE(failed) "{\"policy-type\":9,\"t\":0,\"f\":" failed "}"
#define TLSA(strings)                                                                              \
	"{\"policy-type\":1,\"policy-domain\":\"MX.a.test\",\"policy-string\":[" strings           \
	"],\"f\":0}"
#define FAILED(more)                                                                               \
	"{\"policy-type\":2,\"policy-string\":[\"mode: enforce\"],\"mx-host\":[\"*.a.test\"],"     \
	"\"failure-details\":[{" more "}],\"t\":1,\"f\":1}"

/* 2026-11-28T10:40:00Z */
#define NOW INT64_C(1795862400)
#define DAY (NOW / STORE_DAY_S)

static void test_event_errors(void **state UNUSED)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "no JSON" },
		{ "[]", "no domain" },
		{ "{\"d\":\"a.test\",\"d\":\"b.test\"}", "no JSON" },
		{ "{\"d\":\"a\\u0000.test\"}", "no JSON" },
		{ "{\"d\":1}", "no domain" },
		{ EVENT("../a.test", NONE("0")), "'../a.test' is no domain" },
		{ EVENT(".a.test", NONE("0")), "no domain" },
		{ EVENT("test", NONE("0")), "no domain" },
		{ EVENT("a.test", ""), "a.test: 0 policies" },
		{ "{\"d\":\"a.test\",\"policies\":{}}", "0 policies" },
		{ EVENT("a.test", "{\"policy-type\":3,\"f\":0}"), "no known type" },
		{ EVENT("a.test", "{\"policy-type\":\"9\",\"f\":0}"), "no known type" },
		{ EVENT("a.test", "{\"policy-type\":9}"), "without its result" },
		{ EVENT("a.test", "7"), "no known type" },
	};
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = ERR_INIT;
		struct tally t = { .domain = "untouched" };
		assert_false(tally_parse_event(&a, str_from(cases[i].text), &t, &err));
		assert_err(&err, ERR_DATA, cases[i].says);
		assert_string_equal(t.domain, "untouched");
	}
	arena_fini(&a);
}

static struct tally parse(struct arena *a, const char *text)
{
	struct err err = ERR_INIT;
	struct tally t;

	assert_done(tally_parse_event(a, str_from(text), &t, &err), &err);
	return t;
}

static void test_event(void **state UNUSED)
{
	struct arena a;

	arena_init(&a, "test");
	struct tally t = parse(
		&a, EVENT("A.Test", FAILED("\"c\":204,\"s\":\"192.0.2.1\",\"n\":\"mx.a.test\","
					   "\"h\":\"250-mx.a.test hello\\r\\n250 STARTTLS\","
					   "\"a\":\"\",\"x\":1")));
	assert_string_equal(t.domain, "a.test");
	assert_string_equal(t.record, "v=TLSRPTv1; rua=mailto:r@a.test");
	assert_int_equal(t.policies.n, 1);
	const struct tally_policy *p = &t.policies.v[0];
	assert_string_equal(p->type, "sts");
	assert_string_equal(p->domain, "a.test");
	assert_int_equal(p->successes, 0);
	assert_int_equal(p->failures, 1);
	assert_string_equal(p->mx.v[0], "*.a.test");
	const struct tally_failure *f = &p->details.v[0];
	assert_string_equal(f->type, "certificate-expired");
	assert_string_equal(f->detail[0], "192.0.2.1");
	assert_string_equal(f->detail[2], "mx.a.test");
	assert_null(f->detail[3]);
	assert_null(f->detail[4]); /* empty is not known */
	/* A code of a later version of the library; a text that is cut between two signs. */
	char long_text[600] = "";
	while (strlen(long_text) < 500)
		(void)snprintf(long_text + strlen(long_text), 8, "%s", "a\xc3\xa4");
	t = parse(&a,
		  arena_printf(&a, EVENT("a.test", FAILED("\"c\":999,\"a\":\"%s\"")), long_text));
	assert_string_equal(t.policies.v[0].details.v[0].type, "validation-failure");
	size_t n = strlen(t.policies.v[0].details.v[0].detail[4]);
	assert_true(n <= 255 && n % 3 != 2);
	arena_fini(&a);
}

static void test_merge(void **state UNUSED)
{
	static const char *const events[] = {
		EVENT("a.test", NONE("0")),
		EVENT("a.test", NONE("1")),
		EVENT("a.test", TLSA("\"3 1 1 AA\",\"3 1 1 BB\"")),
		EVENT("a.test", TLSA("\"3 1 1 BB\",\"3 1 1 AA\"")), /* the same */
		EVENT("a.test", FAILED("\"c\":202,\"n\":\"mx1.a.test\"")),
		EVENT("a.test", FAILED("\"c\":202,\"n\":\"mx1.a.test\"")),
		EVENT("a.test", FAILED("\"c\":202,\"n\":\"mx2.a.test\"")),
		EVENT("a.test", NONE("0") "," NONE("0")), /* becomes one */
	};
	struct tally sum = { .domain = "a.test" };
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		struct tally t = parse(&a, events[i]);
		assert_done(tally_merge(&a, &sum, &t, &err), &err);
	}
	assert_int_equal(sum.policies.n, 3);
	assert_int_equal(sum.policies.v[0].successes, 3);
	assert_int_equal(sum.policies.v[0].failures, 1);
	assert_string_equal(sum.policies.v[1].domain, "mx.a.test");
	assert_int_equal(sum.policies.v[1].successes, 2);
	assert_int_equal(sum.policies.v[2].failures, 3);
	assert_int_equal(sum.policies.v[2].details.n, 2);
	assert_int_equal(sum.policies.v[2].details.v[0].n, 2);
	arena_fini(&a);
}

static void test_limits(void **state UNUSED)
{
	struct tally sum = { .domain = "a.test" };
	struct err err = ERR_INIT;
	int64_t failed = 0;
	struct arena a;

	arena_init(&a, "test");
	for (int i = 0; i < 500; i++) {
		struct tally t = parse(
			&a,
			arena_printf(&a, EVENT("a.test", FAILED("\"c\":%d,\"n\":\"mx%d.a.test\"")),
				     i % 2 ? 201 : 203, i));
		assert_done(tally_merge(&a, &sum, &t, &err), &err);
	}
	assert_int_equal(sum.policies.v[0].details.n, TALLY_FAILURES + 2);
	for (size_t i = 0; i < sum.policies.v[0].details.n; i++)
		failed += sum.policies.v[0].details.v[i].n;
	assert_int_equal(failed, 500);
	assert_null(sum.policies.v[0].details.v[TALLY_FAILURES].detail[1]);
	for (int i = 1; i < TALLY_POLICIES; i++) {
		struct tally t =
			parse(&a, arena_printf(&a, EVENT("a.test", TLSA("\"3 1 1 %d\"")), i));
		assert_done(tally_merge(&a, &sum, &t, &err), &err);
	}
	struct tally t = parse(&a, EVENT("a.test", TLSA("\"3 1 1 FF\"")));
	assert_false(tally_merge(&a, &sum, &t, &err));
	assert_err(&err, ERR_DATA, "a.test has more than 16 policies");
	assert_int_equal(sum.policies.n, TALLY_POLICIES);
	arena_fini(&a);
}

static void test_days(void **state UNUSED)
{
	static const char *const bad[] = { "",		 "2026-11-2", "2026-02-29",  "2026-13-01",
					   "2026-1-128", "today",     "2026-11-28x", "1969-12-31" };
	struct arena a;
	int64_t day = -1;

	arena_init(&a, "test");
	assert_string_equal(store_day_text(&a, DAY), "2026-11-28");
	assert_true(store_day_parse("2026-11-28", &day));
	assert_int_equal(day, DAY);
	assert_true(store_day_parse("2024-02-29", &day));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(store_day_parse(bad[i], &day));
	arena_fini(&a);
}

static void count(struct store *store, int64_t now, const char *text)
{
	struct err err = ERR_INIT;

	assert_done(store_count(store, now, str_from(text), &err), &err);
}

static void test_store(void **state UNUSED)
{
	struct store store = { .day = -1 }, again = { .day = -1 };
	struct store_day_vec days;
	struct text_vec domains;
	struct err err = ERR_INIT;
	struct tally t;
	struct temp d;

	temp_open(&d);
	store.dir = again.dir = d.dir;
	count(&store, NOW, EVENT("a.test", NONE("0")));
	count(&store, NOW, EVENT("b.test", NONE("1")));
	count(&again, NOW + 10, EVENT("a.test", NONE("1"))); /* after a restart */
	assert_int_equal(again.domains, 2);
	assert_done(store_read(&d.arena, d.dir, DAY, "a.test", &t, &err), &err);
	assert_int_equal(t.policies.v[0].successes, 1);
	assert_int_equal(t.policies.v[0].failures, 1);
	assert_false(store_read(&d.arena, d.dir, DAY, "c.test", &t, &err));
	assert_int_equal(err.sys, ENOENT);
	/* A damaged file is begun anew; no more domains than there may be, those that are there go on. */
	temp_write(temp_path(&d, "2026-11-28/a.test"), "{\"domain\":");
	count(&again, NOW, EVENT("a.test", NONE("0")));
	assert_done(store_read(&d.arena, d.dir, DAY, "a.test", &t, &err), &err);
	assert_int_equal(t.policies.v[0].successes, 1);
	again.domains = STORE_DOMAINS;
	assert_false(store_count(&again, NOW, str_from(EVENT("c.test", NONE("0"))), &err));
	assert_err(&err, ERR_TEMP, "more than 10000 domains");
	count(&again, NOW, EVENT("a.test", NONE("0")));
	count(&again, NOW + STORE_DAY_S, EVENT("c.test", NONE("0")));
	assert_int_equal(again.domains, 1);
	temp_write(temp_path(&d, "other"), "");
	store_days(&d.arena, d.dir, &days);
	assert_int_equal(days.n, 2);
	assert_int_equal(days.v[0], DAY);
	store_domains(&d.arena, d.dir, DAY, &domains);
	assert_int_equal(domains.n, 2);
	assert_string_equal(domains.v[1], "b.test");
	/* Thirty days are kept. */
	assert_done(store_prune(d.dir, DAY + STORE_KEEP_DAYS, &err), &err);
	store_days(&d.arena, d.dir, &days);
	assert_int_equal(days.n, 2);
	assert_done(store_prune(d.dir, DAY + STORE_KEEP_DAYS + 1, &err), &err);
	store_days(&d.arena, d.dir, &days);
	assert_int_equal(days.n, 1);
	assert_true(file_exists(temp_path(&d, "other")));
	temp_close(&d);
}

static void test_kept_errors(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"{}",
		"{\"domain\":\"a.test\",\"policies\":[1]}",
		"{\"domain\":\"a.test\",\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"a\"}}]}",
		"{\"domain\":\"a.test\",\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"a\"},"
		"\"summary\":{\"total-successful-session-count\":-1,\"total-failure-session-count\":0}}]}",
		"{\"domain\":\"a.test\",\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"a\"},"
		"\"summary\":{\"total-successful-session-count\":1,\"total-failure-session-count\":0},"
		"\"failure-details\":[{}]}]}",
	};
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = ERR_INIT;
		struct tally t;
		assert_false(tally_parse(&a, str_from(bad[i]), &t, &err));
		assert_int_equal(err.class, ERR_DATA);
	}
	arena_fini(&a);
}

static void test_report(void **state UNUSED)
{
	static const char wanted[] =
		"{\n  \"organization-name\": \"example.com\",\n  \"date-range\": {\n"
		"    \"start-datetime\": \"2026-11-28T00:00:00Z\",\n"
		"    \"end-datetime\": \"2026-11-28T23:59:59Z\"\n  },\n"
		"  \"contact-info\": \"tls@example.com\",\n"
		"  \"report-id\": \"2026-11-28.a.test@mail.example.com\",\n  \"policies\": [\n    {\n"
		"      \"policy\": {\n        \"policy-type\": \"sts\",\n        \"policy-string\": [\n"
		"          \"mode: enforce\"\n        ],\n        \"policy-domain\": \"a.test\",\n"
		"        \"mx-host\": [\n          \"*.a.test\"\n        ]\n      },\n"
		"      \"summary\": {\n        \"total-successful-session-count\": 0,\n"
		"        \"total-failure-session-count\": 1\n      },\n"
		"      \"failure-details\": [\n        {\n"
		"          \"result-type\": \"sts-webpki-invalid\",\n"
		"          \"receiving-ip\": \"192.0.2.7\",\n"
		"          \"failed-session-count\": 1\n        }\n      ]\n    }\n  ]\n}\n";
	const char *conf_text =
		"# x\n\norganization example.com\nhost mail.example.com\ncontact tls@example.com\nsender no@example.com\n";
	autobuf struct buf out = BUF_INIT;
	struct reports_conf conf;
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	assert_false(reports_conf_parse(&a, str_from("host\n"), &conf, &err));
	assert_err(&err, ERR_DATA, "bad line 'host'");
	assert_false(reports_conf_parse(&a, str_from("hosts x\n"), &conf, &err));
	assert_false(reports_conf_parse(&a, str_from("host x\n"), &conf, &err));
	assert_err(&err, ERR_DATA, "missing");
	assert_done(reports_conf_parse(&a, str_from(conf_text), &conf, &err), &err);
	struct tally t = parse(&a, EVENT("a.test", FAILED("\"c\":303,\"r\":\"192.0.2.7\"")));
	reports_write(&a, &conf, DAY, &t, &out);
	assert_string_equal(out.p, wanted);
	arena_fini(&a);
}

static void test_sent(void **state UNUSED)
{
	struct tally_sent places[] = { { "https://a.test/x", 3, NOW, TALLY_GIVEN_UP },
				       { "b@a.test", 1, NOW + 1, TALLY_SENT } };
	autobuf struct buf kept = BUF_INIT, report = BUF_INIT;
	const struct tally_head head = { "o", "c", "i", "2026-11-28" };
	struct err err = ERR_INIT;
	struct tally again;
	struct arena a;

	arena_init(&a, "test");
	struct tally t = parse(&a, EVENT("a.test", NONE("0")));
	t.sent.v = places;
	t.sent.n = 2;
	tally_write(&t, &kept);
	assert_done(tally_parse(&a, str_from(kept.p), &again, &err), &err);
	assert_int_equal(again.sent.n, 2);
	assert_string_equal(again.sent.v[0].to, "https://a.test/x");
	assert_int_equal(again.sent.v[0].tries, 3);
	assert_int_equal(again.sent.v[0].state, TALLY_GIVEN_UP);
	assert_int_equal(again.sent.v[1].last, NOW + 1);
	assert_int_equal(again.sent.v[1].state, TALLY_SENT);
	tally_write_report(&t, &head, &report);
	assert_null(strstr(report.p, "https://a.test/x"));
	assert_false(tally_parse(&a, str_from("{\"domain\":\"a.test\",\"sent\":[{\"to\":\"x\"}]}"),
				 &again, &err));
	assert_err(&err, ERR_DATA, "a place without its state");
	arena_fini(&a);
}

/* The places of a record, with blanks between; what is wrong with it. */
static const char *places_of(struct arena *a, const char *record)
{
	autobuf struct buf out = BUF_INIT;
	struct rua_vec places;
	struct err err = ERR_INIT;

	if (!rua_parse(a, record, &places, &err))
		return arena_strdup(a, err.text);
	for (size_t i = 0; i < places.n; i++)
		buf_printf(&out, "%s%s", i ? " " : "", places.v[i].to);
	return buf_dup(a, &out);
}

static void test_rua(void **state UNUSED)
{
	static const char none[] = "no place for reports that can be used";
	static const struct {
		const char *record, *places;
	} cases[] = {
		{ "", "no record that begins with v=TLSRPTv1" },
		{ "v=TLSRPTv2; rua=mailto:a@b.test", "no record that begins with v=TLSRPTv1" },
		{ "v=TLSRPTv1", none },
		{ "v=TLSRPTv1; ruf=mailto:a@b.test", none },
		{ "v=TLSRPTv1; rua=", none },
		{ "v=TLSRPTv1; rua=a@b.test", none },
		{ "v=TLSRPTv1; rua=mailto:b.test", none },
		{ "v=TLSRPTv1; rua=mailto:-oQ@b.test", none },
		{ "v=TLSRPTv1; rua=mailto:a%0ab@b.test", none },
		{ "v=TLSRPTv1; rua=mailto:a%4", none },
		{ "v=TLSRPTv1; rua=mailto:a%zz@b.test", none },
		{ "v=TLSRPTv1; rua=mailto:a%c3%a4@b.test", none },
		{ "v=TLSRPTv1; rua=http://b.test/x", none },
		{ "v=TLSRPTv1; rua=file:///etc/passwd", none },
		{ "v=TLSRPTv1; rua=https://", none },
		{ "v=TLSRPTv1; rua=https:///x", none },
		{ "v=TLSRPTv1; rua=https://b.test/a b", none },
		{ "v=TLSRPTv1; rua=https://b.test/\"x", none },
		{ "v=TLSRPTv1;rua=mailto:a@b.test", "a@b.test" },
		{ "v=TLSRPTv1 ; x=1 ; rua = MailTo:a%40b.test?subject=x , https://b.test/r%2Cx?y=1 ;",
		  "a@b.test https://b.test/r%2Cx?y=1" },
		{ "v=TLSRPTv1; rua=mailto:bad,mailto:a@b.test", "a@b.test" },
		{ "v=TLSRPTv1; rua=mailto:1@b.test,mailto:2@b.test,mailto:3@b.test,mailto:4@b.test,"
		  "mailto:5@b.test,mailto:6@b.test",
		  "1@b.test 2@b.test 3@b.test 4@b.test 5@b.test" },
	};
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(places_of(&a, cases[i].record), cases[i].places);
	arena_fini(&a);
}

static void test_due(void **state UNUSED)
{
	const int64_t over = (DAY + 1) * STORE_DAY_S;
	int64_t first = INT64_MAX, last = 0;
	struct arena a;

	arena_init(&a, "test");
	for (int i = 0; i < 1000; i++) {
		const char *domain = arena_printf(&a, "d%d.test", i);
		int64_t due = send_due("mail.example.com", domain, DAY) - over;
		assert_int_equal(due, send_due("mail.example.com", domain, DAY) - over);
		first = due < first ? due : first;
		last = due > last ? due : last;
	}
	assert_true(first >= SEND_FIRST_S && first < 1200);
	assert_true(last < SEND_SPREAD_S && last > SEND_SPREAD_S - 1800);
	assert_true(send_due("mail.example.com", "a.test", DAY) !=
		    send_due("mx.example.com", "a.test", DAY));
	arena_fini(&a);
}

static void test_decide(void **state UNUSED)
{
	struct tally_sent failed = { "x", 1, NOW, TALLY_FAILED },
			  sent = { "x", 1, NOW, TALLY_SENT },
			  given_up = { "x", 1, NOW, TALLY_GIVEN_UP };
	const int64_t end = NOW + SEND_TRY_S;

	assert_int_equal(send_decide(NULL, NOW, NOW - 1), SEND_NOT_NOW);
	assert_int_equal(send_decide(NULL, NOW, NOW), SEND_TRY);
	assert_int_equal(send_decide(NULL, NOW, end - 1), SEND_TRY);
	assert_int_equal(send_decide(NULL, NOW, end), SEND_NOT_NOW);
	assert_int_equal(send_decide(&failed, NOW, NOW + 3599), SEND_NOT_NOW);
	assert_int_equal(send_decide(&failed, NOW, NOW + 3600), SEND_TRY);
	assert_int_equal(send_decide(&failed, NOW - 60, NOW - 10),
			 SEND_TRY); /* the clock was set back */
	assert_int_equal(send_decide(&failed, NOW, end), SEND_GIVE_UP);
	assert_int_equal(send_decide(&given_up, NOW, end + 1), SEND_NOT_NOW);
	assert_int_equal(send_decide(&sent, NOW, NOW + 3600), SEND_NOT_NOW);
	assert_int_equal(send_decide(&sent, NOW, end), SEND_NOT_NOW);
}

static void test_mail(void **state UNUSED)
{
	const struct mail mail = {
		.from = "no@example.com",
		.to = "r@a.test",
		.contact = "tls@example.com",
		.domain = "a.test",
		.id = "2026-11-28.a.test@mail.example.com",
		.day = "2026-11-28",
		.start_s = DAY * STORE_DAY_S,
		.end_s = (DAY + 1) * STORE_DAY_S - 1,
		.now = NOW + STORE_DAY_S,
		.gzip = STR_LIT("0123456789012345678901234567890123456789012345678901234567890"),
	};
	static const char *const parts[] = {
		"From: <no@example.com>\nTo: <r@a.test>\nDate: Sun, 29 Nov 2026 ",
		"\nSubject: Report Domain: a.test Submitter: example.com "
		"Report-ID: <2026-11-28.a.test@mail.example.com>\n",
		"\nTLS-Report-Domain: a.test\nTLS-Report-Submitter: example.com\nTLS-Required: No\n",
		"\nContent-Type: multipart/report; report-type=\"tlsrpt\"; boundary=",
		"\nContent-Type: application/tlsrpt+gzip\nContent-Transfer-Encoding: base64\n",
		" filename=\"example.com!a.test!1795824000!1795910399.json.gz\"\n\n"
		"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2\nNzg5MA==\n",
	};
	autobuf struct buf out = BUF_INIT;
	struct arena a;

	arena_init(&a, "test");
	mail_write(&a, &mail, &out);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strstr(out.p, parts[i]))
			fail_msg("missing: %s\nin:\n%s", parts[i], out.p);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_errors), cmocka_unit_test(test_event),
		cmocka_unit_test(test_merge),	     cmocka_unit_test(test_limits),
		cmocka_unit_test(test_days),	     cmocka_unit_test(test_store),
		cmocka_unit_test(test_sent),	     cmocka_unit_test(test_rua),
		cmocka_unit_test(test_due),	     cmocka_unit_test(test_decide),
		cmocka_unit_test(test_mail),	     cmocka_unit_test(test_kept_errors),
		cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
