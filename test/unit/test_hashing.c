/* SPDX-License-Identifier: MIT */
/* hashing: each password gets its own hash, whichever process made it. */
#include "unit/unit.h"

#include <crypt.h>

#include "cli/hashing.h"

#define SCHEME "{SHA512-CRYPT}"

static bool is_hash_of(const char *hash, const char *password)
{
	struct crypt_data data = { 0 };

	return has_prefix(hash, SCHEME) &&
	       streq(crypt_r(password, hash + strlen(SCHEME), &data), hash + strlen(SCHEME));
}

static void test_failure(void **state UNUSED)
{
	const char *passwords[40], *hashes[40];
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(passwords); i++)
		passwords[i] = "secret";
	passwords[20] = ""; /* is none */
	assert_false(hashing_run(&a, passwords, 40, hashes, &err));
	assert_err(&err, ERR_OS, "hashes passwords");
	err = (struct err)ERR_INIT;
	assert_false(hashing_run(&a, passwords + 20, 1, hashes, &err));
	arena_fini(&a);
}

static void test_each_its_own(void **state UNUSED)
{
	static const size_t counts[] = { 0, 1, 3, 17, 40 };
	const char *passwords[40], *hashes[40];
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(passwords); i++)
		passwords[i] = i == 2 ? NULL : arena_printf(&a, "secret %zu", i);
	for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
		memset(hashes, 0, sizeof(hashes));
		assert_done(hashing_run(&a, passwords, counts[c], hashes, &err), &err);
		for (size_t i = 0; i < counts[c]; i++)
			if (i == 2)
				assert_null(hashes[i]);
			else if (i % 7 == 0 || i == counts[c] - 1)
				assert_true(is_hash_of(hashes[i], passwords[i]));
	}
	assert_string_not_equal(hashes[0], hashes[1]);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_each_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
