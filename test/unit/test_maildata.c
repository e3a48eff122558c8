/* SPDX-License-Identifier: MIT */
/* maildata: what is removed, and what can never be. */
#include "unit/unit.h"

#include "cli/maildata.h"

static void make(struct temp *t, const char *dir)
{
	struct err err = ERR_INIT;

	assert_done(dir_make(temp_path(t, dir), NULL, &err), &err);
}

static void test_maildata(void **state UNUSED)
{
	static const char *const refused[] = { "..@x.example",
					       "a/../../b@x.example",
					       "a@..",
					       "a@x.example/..",
					       "a",
					       "@x.example",
					       "",
					       "../a@x.example" };
	struct err err = ERR_INIT;
	struct temp t;
	bool existed;

	temp_open(&t);
	make(&t, "mail/x.example/anna/new");
	make(&t, "mail/x.example/ben");
	make(&t, "outside/anna");
	const char *root = temp_path(&t, "mail");
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		assert_false(maildata_remove(root, refused[i], &existed, &err));
		assert_int_equal(err.class, ERR_DATA);
	}
	assert_false(maildata_remove(temp_path(&t, "nowhere"), "anna@x.example", &existed, &err));
	temp_write(temp_path(&t, "mail/x.example/anna/new/1"), "mail");
	assert_done(maildata_remove(root, "nobody@x.example", &existed, &err), &err);
	assert_false(existed);
	assert_done(maildata_remove(root, "nobody@y.example", &existed, &err), &err);
	assert_false(existed);
	assert_done(maildata_remove(root, "anna@x.example", &existed, &err), &err);
	assert_true(existed);
	assert_false(dir_exists(temp_path(&t, "mail/x.example/anna")));
	assert_true(dir_exists(temp_path(&t, "mail/x.example/ben")));
	assert_done(maildata_remove(root, "ben@x.example", &existed, &err), &err);
	assert_false(dir_exists(temp_path(&t, "mail/x.example")));
	/* Links are not followed: the domain is refused, the mailbox loses only the link. */
	assert_int_equal(symlink(temp_path(&t, "outside"), temp_path(&t, "mail/x.example")), 0);
	assert_false(maildata_remove(root, "anna@x.example", &existed, &err));
	make(&t, "mail/y.example");
	assert_int_equal(
		symlink(temp_path(&t, "outside/anna"), temp_path(&t, "mail/y.example/anna")), 0);
	assert_done(maildata_remove(root, "anna@y.example", &existed, &err), &err);
	assert_true(dir_exists(temp_path(&t, "outside/anna")));
	temp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maildata),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
