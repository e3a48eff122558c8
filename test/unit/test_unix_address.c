/* SPDX-License-Identifier: MIT */
/* unix_address: the longest path there is, and one byte more; a peer that is not there, and one that says nothing. */
#include "unit.h"

#include <sys/socket.h>

#include "base/unix_address.h"

static void test_lengths(void **state UNUSED)
{
	struct sockaddr_un a = { .sun_path = "before" };
	char path[sizeof(a.sun_path) + 1];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(unix_address(&a, "%s", path));
	assert_string_equal(a.sun_path, "before");
	path[sizeof(path) - 2] = '\0';
	assert_true(unix_address(&a, "%s", path));
	assert_string_equal(a.sun_path, path);
	assert_true(unix_address(&a, "%s/%s", "/run/x", "y"));
	assert_string_equal(a.sun_path, "/run/x/y");
	assert_int_equal(a.sun_family, AF_UNIX);
}

static void test_connect(void **state UNUSED)
{
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	char too_long[sizeof(((struct sockaddr_un *)0)->sun_path) + 1], byte;
	struct sockaddr_un a;
	const char *path;
	struct temp t;

	temp_open(&t);
	path = temp_path(&t, "socket");
	assert_int_equal(unix_connect(path, 1), -1);
	assert_int_equal(errno, ENOENT);
	assert_true(unix_address(&a, "%s", path));
	assert_int_equal(bind(listening, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(unix_connect(path, 1), -1);
	assert_int_equal(errno, ECONNREFUSED);
	assert_int_equal(listen(listening, 1), 0);
	fd = unix_connect(path, 1);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	(void)close(fd);
	(void)close(listening);
	temp_close(&t);
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(unix_connect(too_long, 1), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_connect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
