/* SPDX-License-Identifier: MIT */
/* anchor: which key files the resolver can begin with, and when it begins anew. */
#include "unit/unit.h"

#include "base/file.h"
#include "resolver/anchor.h"

#define KEY ". 86400 IN DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbz"
#define DS ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"

static void test_damaged(void **state UNUSED)
{
	static const char *const cases[] = {
		"",
		"; only a comment\n",
		"garbage\n",
		KEY "\ngarbage\n",
		"example. 1 IN DNSKEY 257 3 8 AwEAAaz\n",
		". 1 IN A 192.0.2.1\n",
		". IN DNSKEY 257 3 8\n",
		". IN DNSKEY 257 x 8 AwEAAaz\n",
		". IN DS 20326\n",
		KEY " ;{id = 20326 (ksk), size = 2048b} ;;state=1 [ ADDPEND ] ;;count=1\n",
		KEY " ;;state=4 [ REVOKED ]\n",
		KEY " ;;state=",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (anchor_is_sound(str_from(cases[i])))
			fail_msg("sound: %s", cases[i]);
}

static void test_sound(void **state UNUSED)
{
	static const char *const cases[] = {
		KEY "\n",
		DS "\n",
		KEY " ; keytag 20326\n",
		"; autotrust trust anchor file\n;;id: . 1\n;;last_queried: 1 ;;Fri\n" KEY
		" ;{id = 20326 (ksk), size = 2048b} ;;state=2 [  VALID  ] ;;count=0\n",
		KEY " ;;state=1 [ ADDPEND ]\n" KEY " ;;state=3 [ MISSING ]\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (!anchor_is_sound(str_from(cases[i])))
			fail_msg("not sound: %s", cases[i]);
}

struct place {
	struct temp t;
	const char *dir, *package, *key;
};

static void seed(struct place *p)
{
	struct err err = ERR_INIT;

	if (!anchor_seed(&p->t.arena, p->dir, p->package, &err))
		fail_msg("%s", err.text);
}

static void assert_key(const char *path, const char *text)
{
	assert_true(file_holds(path, str_from(text)));
}

static void test_seed(void **state UNUSED)
{
	struct place p = { 0 };
	struct err err = ERR_INIT;

	temp_open(&p.t);
	p.dir = temp_path(&p.t, "lib-unbound");
	p.package = temp_path(&p.t, "package.key");
	p.key = temp_path(&p.t, "lib-unbound/root.key");
	assert_true(dir_make(p.dir, NULL, &err));
	assert_false(anchor_seed(&p.t.arena, p.dir, p.package, &err));
	assert_non_null(strstr(err.text, p.package));
	temp_write(p.package, KEY "\n");
	seed(&p);
	assert_key(p.key, KEY "\n");
	/* What unbound has learned stays. */
	temp_write(p.key, KEY " ;;state=3 [ MISSING ]\n" DS "\n");
	seed(&p);
	assert_key(p.key, KEY " ;;state=3 [ MISSING ]\n" DS "\n");
	/* Damaged, or away. */
	temp_write(p.key, "half a l");
	seed(&p);
	assert_key(p.key, KEY "\n");
	assert_int_equal(unlink(p.key), 0);
	seed(&p);
	assert_key(p.key, KEY "\n");
	/* An image with other keys. */
	temp_write(p.package, DS "\n");
	seed(&p);
	assert_key(p.key, DS "\n");
	temp_close(&p.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
