/* SPDX-License-Identifier: MIT */
/* What comes of ports that do not answer, or not in TLS; those that do are asked in test/e2e/tls.bats. */
#include "unit.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "plan/tls_scan.h"

/* A listening socket on a free port of 127.0.0.1. */
static int listener(int *port_r)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, n), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
	*port_r = ntohs(address.sin_port);
	return fd;
}

static void test_nobody_listens(void **state UNUSED)
{
	struct service_probe probe = { .name = "smtp", .kind = PROBE_SMTP };
	struct err err = ERR_INIT;
	struct tls_scan scan;
	int fd = listener(&probe.port);

	assert_int_equal(close(fd), 0);
	assert_false(tls_scan_port(&probe, 2000, &scan, &err));
	assert_int_equal(err.class, ERR_UNAVAILABLE);
	assert_non_null(strstr(err.text, ": no connection"));
}

/* The kernel takes the connection; nobody speaks. */
static void test_silence(void **state UNUSED)
{
	static const struct service_probe kinds[] = {
		{ .name = "smtp", .kind = PROBE_SMTP },
		{ .name = "smtps", .kind = PROBE_SMTP, .tls = true },
		{ .name = "imap", .kind = PROBE_IMAP },
		{ .name = "pop3", .kind = PROBE_POP3 },
		{ .name = "sieve", .kind = PROBE_SIEVE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct service_probe probe = kinds[i];
		struct err err = ERR_INIT;
		struct tls_scan scan;
		int fd = listener(&probe.port);
		assert_false(tls_scan_port(&probe, 50, &scan, &err));
		assert_non_null(strstr(err.text, ": no TLS connection"));
		assert_int_equal(close(fd), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
