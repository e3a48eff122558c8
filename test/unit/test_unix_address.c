/* SPDX-License-Identifier: MIT */
/* unix_address: the longest path there is, and one byte more. */
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lengths) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
