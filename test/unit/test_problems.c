/* SPDX-License-Identifier: MIT */
#include <setjmp.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "settings/problems.h"

static void test_sorted(void **state UNUSED)
{
	struct arena a;
	struct problems p;
	autobuf struct buf out = BUF_INIT;
	arena_init(&a, "test");
	problems_init(&p, &a);
	problems_add(&p, SEV_NOTE, "A", NULL, "note %d", 1);
	problems_add(&p, SEV_ERROR, "C='x'", "use 'y'", "not one of %s", "y, z");
	problems_add(&p, SEV_WARNING, "B", "try again", "odd");
	problems_add(&p, SEV_ERROR, "A", NULL, "wrong");
	problems_print(&p, &out);
	assert_string_equal(out.p, "error: A: wrong\n"
				   "error: C='x': not one of y, z\n"
				   "       use 'y'\n"
				   "warning: B: odd\n"
				   "         try again\n"
				   "note: A: note 1\n");
	assert_int_equal(problems_errors(&p), 2);
	assert_int_equal(problems_count(&p, SEV_WARNING), 1);
	assert_int_equal(problems_count(&p, SEV_NOTE), 1);
	problems_log(&p);
	arena_fini(&a);
}

static void test_empty(void **state UNUSED)
{
	struct arena a;
	struct problems p;
	autobuf struct buf out = BUF_INIT;
	arena_init(&a, "test");
	problems_init(&p, &a);
	problems_print(&p, &out);
	problems_log(&p);
	assert_string_equal(out.p, "");
	assert_int_equal(problems_errors(&p), 0);
	arena_fini(&a);
}

static void test_once(void **state UNUSED)
{
	struct arena a;
	struct problems p;
	arena_init(&a, "test");
	problems_init(&p, &a);
	for (int i = 0; i < 3; i++)
		problems_add(&p, SEV_ERROR, "A", NULL, "wrong");
	problems_add(&p, SEV_WARNING, "A", NULL, "wrong");
	problems_add(&p, SEV_ERROR, "A", NULL, "wrong too");
	assert_int_equal(p.list.n, 3);
	arena_fini(&a);
}

/* A flood of lesser findings never hides an error. */
static void test_flood(void **state UNUSED)
{
	struct arena a;
	struct problems p;
	autobuf struct buf out = BUF_INIT;
	arena_init(&a, "test");
	problems_init(&p, &a);
	for (int i = 0; i < PROBLEMS_MAX + 10; i++)
		problems_add(&p, SEV_NOTE, "file", NULL, "line %d", i);
	assert_int_equal(p.list.n, PROBLEMS_MAX);
	assert_int_equal(p.suppressed, 10);
	assert_int_equal(problems_errors(&p), 0);
	problems_add(&p, SEV_ERROR, "A", NULL, "wrong");
	assert_int_equal(problems_errors(&p), 1);
	assert_int_equal(p.list.n, PROBLEMS_MAX);
	assert_int_equal(p.suppressed, 11);
	problems_print(&p, &out);
	assert_true(has_prefix(out.p, "error: A: wrong\n"));
	assert_non_null(strstr(out.p, "and 11 more\n"));
	problems_log(&p);
	arena_fini(&a);
}

int main(void)
{
	log_set_threshold(LOG_LVL_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_flood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
