/* SPDX-License-Identifier: MIT */
/* map: unknown keys, duplicates, growth far beyond what was expected. */
#include "unit.h"

#include "base/map.h"

static void test_unknown_and_duplicate(void **state UNUSED)
{
	struct arena a;
	struct map m;
	int one = 1, two = 2;
	arena_init(&a, "map");
	map_init(&m, &a, 0);
	assert_null(map_get(&m, "x"));
	assert_true(map_add(&m, "x", &one));
	assert_false(map_add(&m, "x", &two));
	assert_ptr_equal(map_get(&m, "x"), &one);
	assert_null(map_get(&m, "X"));
	assert_null(map_get(&m, ""));
	assert_true(map_add(&m, "", &two));
	assert_ptr_equal(map_get(&m, ""), &two);
	assert_int_equal(m.n, 2);
	arena_fini(&a);
}

static void test_growth(void **state UNUSED)
{
	static const size_t expects[] = { 0, 10, 5000 };
	for (size_t e = 0; e < ARRAY_SIZE(expects); e++) {
		struct arena a;
		struct map m;
		arena_init(&a, "map");
		map_init(&m, &a, expects[e]);
		size_t cap = m.cap;
		for (int i = 0; i < 5000; i++) {
			char *key = arena_printf(&a, "user%d@example.com", i);
			assert_true(map_add(&m, key, key));
		}
		assert_int_equal(m.n, 5000);
		if (expects[e] == 5000)
			assert_int_equal(m.cap, cap);
		for (int i = 0; i < 5000; i++) {
			const char *key = arena_printf(&a, "user%d@example.com", i);
			assert_string_equal(map_get(&m, key), key);
			assert_false(map_add(&m, key, &m));
		}
		assert_null(map_get(&m, "user5000@example.com"));
		arena_fini(&a);
	}
}

/* Keys that were said ahead, before and after the map has grown. */
static void test_prepared(void **state UNUSED)
{
	struct arena a;
	struct map m;
	int one = 1, two = 2;
	arena_init(&a, "map");
	map_init(&m, &a, 0);
	uint64_t x = map_prepare(&m, "x"), y = map_prepare(&m, "y");
	assert_null(map_get_prepared(&m, "x", x));
	assert_true(map_add_prepared(&m, "x", x, &one));
	assert_false(map_add_prepared(&m, "x", x, &two));
	for (int i = 0; i < 100; i++)
		assert_true(map_add(&m, arena_printf(&a, "%d", i), &two));
	assert_true(map_add_prepared(&m, "y", y, &two));
	assert_ptr_equal(map_get_prepared(&m, "x", x), &one);
	assert_ptr_equal(map_get(&m, "x"), &one);
	assert_ptr_equal(map_get(&m, "y"), &two);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_and_duplicate),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_prepared),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
