/* SPDX-License-Identifier: MIT */
/* proxy_gate: who is let through, and what the service behind it gets. */
#include "unit.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "postfix/proxy_gate.h"

static struct temp t;

static int open_temp(void **state UNUSED)
{
	temp_open(&t);
	return 0;
}

static int close_temp(void **state UNUSED)
{
	temp_close(&t);
	return 0;
}

/* A connection over loopback: [0] the client's end, [1] the server's. */
static void connect_loopback(int fds[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&at, sizeof(at)), 0);
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fds[1] >= 0);
	(void)close(listener);
}

static void test_trust(void **state UNUSED)
{
	static const struct {
		const char *networks[3];
		bool trusted;
	} cases[] = {
		{ { "192.0.2.1", NULL }, false },
		{ { "::1", "2001:db8::/32", NULL }, false },
		{ { "127.0.0.2", NULL }, false },
		{ { "nonsense", NULL }, false },
		{ { NULL }, false },
		{ { "127.0.0.1", NULL }, true },
		{ { "192.0.2.1", "127.0.0.0/8", NULL }, true },
	};
	char peer[64];
	int fds[2];

	connect_loopback(fds);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *networks[3] = { NULL };
		for (size_t k = 0; cases[i].networks[k]; k++)
			networks[k] = arena_strdup(&t.arena, cases[i].networks[k]);
		assert_int_equal(proxy_gate_is_trusted(fds[1], networks, peer, sizeof(peer)),
				 cases[i].trusted);
		assert_string_equal(peer, "127.0.0.1");
	}
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void test_no_network_connection(void **state UNUSED)
{
	char all[] = "0.0.0.0/0", *networks[] = { all, NULL }, peer[64];
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_false(proxy_gate_is_trusted(fds[0], networks, peer, sizeof(peer)));
	assert_false(proxy_gate_is_trusted(-1, networks, peer, sizeof(peer)));
	assert_string_equal(peer, "no network connection");
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void test_pass_fails(void **state UNUSED)
{
	char path[200];
	struct err err = ERR_INIT;

	assert_false(proxy_gate_pass(0, temp_path(&t, "none"), &err));
	assert_err(&err, ERR_UNAVAILABLE, "connect to ");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(proxy_gate_pass(0, path, &err));
	assert_err(&err, ERR_USAGE, "too long");
}

static void test_pass(void **state UNUSED)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char bytes[4], text[8] = "";
	struct iovec data = { bytes, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct err err = ERR_INIT;
	int fds[2], got;

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/service", t.dir);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	connect_loopback(fds);
	assert_done(proxy_gate_pass(fds[1], at.sun_path, &err), &err);
	(void)close(fds[1]);

	int service = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(recvmsg(service, &message, MSG_CMSG_CLOEXEC), 1);
	assert_int_equal(CMSG_FIRSTHDR(&message)->cmsg_type, SCM_RIGHTS);
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(got));
	/* No attributes: their end, and the end of all. */
	assert_int_equal(recv(service, bytes, sizeof(bytes), MSG_WAITALL), 1);
	assert_int_equal(bytes[0], 0);
	/* What the client has said is all still there. */
	assert_int_equal(send(fds[0], "PROXY", 5, 0), 5);
	assert_int_equal(recv(got, text, 5, MSG_WAITALL), 5);
	assert_string_equal(text, "PROXY");
	(void)close(got);
	(void)close(service);
	(void)close(listener);
	(void)close(fds[0]);
}

static void test_usage(void **state UNUSED)
{
	char name[] = "proxy-gate", path[] = "/x", *argv[] = { name, path, NULL };

	assert_int_equal(proxy_gate_main(2, argv), ERR_USAGE);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_temp, close_temp)
	const struct CMUnitTest tests[] = {
		CASE(test_trust),      CASE(test_no_network_connection),
		CASE(test_pass_fails), CASE(test_pass),
		CASE(test_usage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
