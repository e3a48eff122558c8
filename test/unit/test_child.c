/* SPDX-License-Identifier: MIT */
/* child: work that fails or dies, and what it leaves. */
#include "unit.h"

#include "base/child.h"
#include "base/file.h"

static bool fail_work(void *arg, struct err *err)
{
	return err_set(err, ERR_DATA, "no %s", (const char *)arg);
}

static bool die_work(void *arg UNUSED, struct err *err UNUSED)
{
	(void)raise(SIGKILL);
	return true;
}

static bool write_work(void *arg, struct err *err)
{
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };

	return file_replace(arg, "x", 1, &attr, FILE_EPHEMERAL, NULL, err);
}

static void test_failed_work(void **state UNUSED)
{
	char what[] = "space";
	struct child c = { 0 };
	struct err err = ERR_INIT;

	assert_true(child_begin(&c, fail_work, what));
	assert_true(c.pid > 0);
	assert_false(child_end(&c, &err));
	assert_err(&err, ERR_IO, "no space");
	assert_int_equal(c.pid, 0);

	assert_true(child_begin(&c, die_work, NULL));
	assert_false(child_end(&c, &err));
	assert_err(&err, ERR_IO, "died");
}

static void test_work_leaves_a_file(void **state UNUSED)
{
	struct temp t;
	struct child c = { 0 }, d = { 0 };
	struct err err = ERR_INIT;

	temp_open(&t);
	char *one = arena_printf(&t.arena, "%s/one", t.dir);
	char *two = arena_printf(&t.arena, "%s/two", t.dir);
	assert_true(child_begin(&c, write_work, one));
	assert_true(child_begin(&d, write_work, two));
	assert_true(child_end(&c, &err));
	assert_true(file_exists(one));
	assert_true(child_end(&d, &err));
	assert_true(file_exists(two));
	temp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failed_work),
		cmocka_unit_test(test_work_leaves_a_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
