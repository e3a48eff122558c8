/* SPDX-License-Identifier: MIT */
#include <setjmp.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "plan/control.h"
#include "plan/xmlrpc.h"

/* clang-format off */
#define HEAD "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n"
#define TAIL "</data></array></value>\n</param>\n</params>\n</methodResponse>\n"
#define STRING(name, value) "<member>\n<name>" name "</name>\n<value><string>" value "</string></value>\n</member>\n"
#define INT(name, value) "<member>\n<name>" name "</name>\n<value><int>" value "</int></value>\n</member>\n"
#define MEMBERS(name, state, error) \
	STRING("description", "pid 7, uptime 0:00:01") INT("pid", "7") STRING("stderr_logfile", "") \
	STRING("statename", state) INT("state", "20") STRING("name", name) STRING("group", "g-" name) \
	STRING("spawnerr", error)
#define PROGRAM(name, state, error) "<value><struct>\n" MEMBERS(name, state, error) "</struct></value>\n"
/* Running since `start`, seen at second 1000. */
#define SINCE(name, state, start) \
	"<value><struct>\n" INT("start", start) MEMBERS(name, state, "") INT("now", "1000") "</struct></value>\n"
/* clang-format on */

static void see(void *ctx, const struct xmlrpc_program *p)
{
	struct buf *seen = ctx;

	buf_printf(seen, "%s|%s|%s|%s\n", p->name, p->state, p->error, p->about);
}

static void test_programs(void **state UNUSED)
{
	autobuf struct buf seen = BUF_INIT;
	struct err err = ERR_INIT;

	assert_true(xmlrpc_programs(
		str_from(HEAD PROGRAM("one", "RUNNING", "") PROGRAM(
			"two", "BACKOFF", "can't find &apos;x&apos; &lt;&amp;&#62; &#x41;&bad; & ;")
				 TAIL),
		see, &seen, &err));
	assert_string_equal(seen.p, "one|RUNNING||pid 7, uptime 0:00:01\n"
				    "two|BACKOFF|can't find 'x' <&> ?? ?|pid 7, uptime 0:00:01\n");
}

static void test_shapes(void **state UNUSED)
{
	static const struct {
		const char *body;
		const char *seen; /* NULL: refused */
		const char *why;
	} cases[] = {
		{ HEAD TAIL, "", NULL },
		{ "<methodResponse/>", "", NULL },
		/* a value without a type; a value that is empty */
		{ HEAD
		  "<value><struct><member><name>name</name><value>x</value></member>"
		  "<member><name>statename</name><value><string/></value></member></struct></value>" TAIL,
		  "x|||\n", NULL },
		/* a struct inside a struct belongs to the outer one and does not count by itself */
		{ HEAD
		  "<value><struct><member><name>name</name><value><string>x</string></value></member>"
		  "<member><name>more</name><value><struct><member><name>y</name><value>1</value></member>"
		  "</struct></value></member></struct></value>" TAIL,
		  "x|||\n", NULL },
		{ "<methodResponse><fault><value><struct>" INT("faultCode", "2")
			  STRING("faultString",
				 "SHUTDOWN_STATE") "</struct></value></fault></methodResponse>",
		  NULL, "SHUTDOWN_STATE" },
		{ "<methodResponse><fault></fault></methodResponse>", NULL,
		  "a fault without text" },
		{ "", NULL, "cut off" },
		{ "no markup", NULL, "cut off" },
		{ "<methodResponse", NULL, "cut off" },
		{ HEAD, NULL, "cut off" },
		{ HEAD PROGRAM("one", "RUNNING", ""), NULL, "cut off" },
		{ "<html></html>", NULL, "not a method response" },
		{ "<methodResponse></params></methodResponse>", NULL, "not closed in order" },
		{ "</methodResponse>", NULL, "closed that was not opened" },
		{ "</>", NULL, "closed that was not opened" },
		{ "<>", NULL, "not plain" },
		{ "<!DOCTYPE x [<!ENTITY a \"b\">]><methodResponse/>", NULL, "not plain" },
		{ "<methodResponse><!-- x --></methodResponse>", NULL, "not plain" },
		{ "<methodResponse><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", NULL,
		  "too deeply" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf seen = BUF_INIT;
		struct err err = ERR_INIT;
		bool ok = xmlrpc_programs(str_from(cases[i].body), see, &seen, &err);
		assert_int_equal(ok, cases[i].seen != NULL);
		if (ok)
			assert_string_equal(seen.p, cases[i].seen);
		else if (strstr(err.text, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].body, err.text);
	}
}

/* A good answer cut anywhere is an error, never a crash. */
static void test_cut_anywhere(void **state UNUSED)
{
	static const char body[] =
		HEAD PROGRAM("one", "RUNNING", "&lt;") PROGRAM("two", "FATAL", "x") TAIL;
	/* Behind the closing tag of the root nothing more is needed. */
	size_t whole =
		(size_t)(strstr(body, "</methodResponse>") - body) + strlen("</methodResponse>");

	for (size_t n = 0; n < whole; n++) {
		autobuf struct buf seen = BUF_INIT;
		struct err err = ERR_INIT;
		assert_false(xmlrpc_programs((struct str){ body, n }, see, &seen, &err));
	}
}

#define HTTP "HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n"

static void test_judge(void **state UNUSED)
{
	static const struct {
		const char *answer;
		const char *why; /* NULL: all well */
	} cases[] = {
		{ HTTP HEAD PROGRAM("one", "RUNNING", "") PROGRAM("two", "RUNNING", "") TAIL,
		  NULL },
		/* somebody else's programs may have ended */
		{ HTTP HEAD PROGRAM("one", "RUNNING", "") PROGRAM("x", "EXITED", "")
			  PROGRAM("two", "RUNNING", "") TAIL,
		  NULL },
		{ HTTP HEAD PROGRAM("one", "RUNNING", "") PROGRAM("x", "FATAL", "")
			  PROGRAM("two", "RUNNING", "") TAIL,
		  "x is FATAL (pid 7, uptime 0:00:01)" },
		{ HTTP HEAD PROGRAM("one", "BACKOFF", "") PROGRAM("two", "FATAL", "no file") TAIL,
		  "one is BACKOFF (pid 7, uptime 0:00:01); two is FATAL (no file)" },
		/* all young, all old, and one that was started again */
		{ HTTP HEAD SINCE("one", "STARTING", "1000") SINCE("two", "RUNNING", "995") TAIL,
		  NULL },
		{ HTTP HEAD SINCE("one", "RUNNING", "990") SINCE("two", "RUNNING", "10") TAIL,
		  NULL },
		{ HTTP HEAD SINCE("one", "STARTING", "995") SINCE("two", "RUNNING", "10") TAIL,
		  "one was restarted 5 s ago" },
		{ HTTP HEAD SINCE("one", "RUNNING", "10") SINCE("two", "RUNNING", "991") TAIL,
		  "two was restarted 9 s ago" },
		/* a clock that was set back */
		{ HTTP HEAD SINCE("one", "RUNNING", "2000") SINCE("two", "RUNNING", "3000") TAIL,
		  NULL },
		{ HTTP HEAD PROGRAM("one", "RUNNING", "") TAIL,
		  "two is not known to the supervisor" },
		{ HTTP HEAD PROGRAM("one", "", "") PROGRAM("two", "RUNNING", "") TAIL,
		  "one is in no known state (pid 7, uptime 0:00:01)" },
		{ HTTP "<methodResponse>", "answer of the supervisor: cut off" },
		{ "HTTP/1.0 401 Unauthorized\r\n\r\n", "the supervisor refuses the request" },
		{ "HTTP/1.0\r\n\r\n", "the supervisor refuses the request" },
		{ "\r\n\r\n", "the supervisor refuses the request" },
		{ "HTTP/1.0 200 OK\r\n", "the supervisor's answer is cut off" },
		{ "", "the supervisor's answer is cut off" },
	};
	static const char *const names[] = { "one", "two", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char why[256];
		bool ok = control_judge(str_from(cases[i].answer), names, why, sizeof(why));
		assert_string_equal(why, cases[i].why ? cases[i].why : "");
		assert_int_equal(ok, cases[i].why == NULL);
	}
}

static void test_long_complaint(void **state UNUSED)
{
	static const char *const names[] = { "one", "two", NULL };
	static const char answer[] =
		HTTP HEAD PROGRAM("one", "FATAL", "") PROGRAM("two", "FATAL", "") TAIL;

	for (size_t size = 1; size < 80; size++) {
		char why[80];
		memset(why, 'x', sizeof(why));
		assert_false(control_judge(str_from(answer), names, why, size));
		assert_true(strlen(why) < size);
	}
}

static void test_complete(void **state UNUSED)
{
	static const struct {
		const char *answer;
		bool complete;
	} cases[] = {
		{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", true },
		{ "HTTP/1.0 200 OK\r\ncontent-length:3\r\n\r\nabcd", true },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nab", false },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n", false },
		{ "HTTP/1.0 200 OK\r\n\r\nabc", false },
		{ "HTTP/1.0 200 OK\r\nContent-Length: -1\r\n\r\nabc", false },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc", false },
		{ "HTTP/1.0 200 OK\r\nContent-Length:\r\n\r\nabc", false },
		{ "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(control_is_complete(str_from(cases[i].answer)), cases[i].complete);
}

static void test_request(void **state UNUSED)
{
	char text[CONTROL_REQUEST_MAX];
	size_t n = control_request(text, sizeof(text));

	assert_int_equal(n, strlen(text));
	assert_non_null(strstr(text, "supervisor.getAllProcessInfo"));
	assert_true(control_is_complete((struct str){ text, n }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),       cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_cut_anywhere),   cmocka_unit_test(test_judge),
		cmocka_unit_test(test_long_complaint), cmocka_unit_test(test_complete),
		cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
