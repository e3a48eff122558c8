/* SPDX-License-Identifier: MIT */
/* sni: lines of ssl-sni.cf and names of directories. */
#include "unit/inputs_unit.h"

#include "inputs/sni.h"

static void test_bad_lines(void **state UNUSED)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{ "mail.a.test", "less than three words" },
		{ "mail.a.test a.pem", "less than three words" },
		{ "mail.a.test a.pem a.key more", "more than three words" },
		{ "mail a.pem a.key", "no full host name" },
		{ "a_b.test a.pem a.key", "no full host name" },
		{ "192.0.2.1 a.pem a.key", "is an address" },
		{ "mail.*.test a.pem a.key", "'*'" },
		{ "*mail.a.test a.pem a.key", "'*'" },
		{ "mail.a.test a.pem \001", "control" },
	};
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sni_entry_vec list = VEC_INIT;
		struct problems p;
		problems_init(&p, &a);
		sni_parse(&a, "/c", str_from(arena_printf(&a, "# names\n%s\n", cases[i].line)),
			  &list, &p);
		assert_finding(&p, SEV_ERROR, "ssl-sni.cf:2", cases[i].says);
		assert_int_equal(list.n, 0);
	}
	arena_fini(&a);
}

static void test_lines(void **state UNUSED)
{
	struct sni_entry_vec list = VEC_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	problems_init(&p, &a);
	sni_parse(&a, "/c",
		  str_from("Mail.B.test\tssl/b.pem  /k/b.key\n\n*.c.test c.pem c.key\n"
			   "mail.b.test x y\nbad\n"),
		  &list, &p);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].name, "mail.b.test");
	assert_string_equal(list.v[0].cert, "/c/ssl/b.pem");
	assert_string_equal(list.v[0].key, "/k/b.key");
	assert_string_equal(list.v[1].name, "*.c.test");
	assert_string_equal(sni_file_name(&a, list.v[1].name), "_.c.test");
	assert_string_equal(sni_file_name(&a, list.v[0].name), "mail.b.test");
	assert_finding(&p, SEV_WARNING, "ssl-sni.cf:4", "in ssl-sni.cf:1 already");
	assert_finding(&p, SEV_ERROR, "ssl-sni.cf:5", "less than three words");
	arena_fini(&a);
}

static void test_too_many(void **state UNUSED)
{
	struct sni_entry_vec list = VEC_INIT;
	autobuf struct buf text = BUF_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	problems_init(&p, &a);
	for (int i = 0; i <= SNI_MAX; i++)
		buf_printf(&text, "n%d.test a b\n", i);
	sni_parse(&a, "/c", (struct str){ text.p, text.n }, &list, &p);
	assert_int_equal(list.n, SNI_MAX);
	assert_finding(&p, SEV_ERROR, "ssl-sni.cf:1001", "more than 1000 names");
	arena_fini(&a);
}

static void test_directories(void **state UNUSED)
{
	struct sni_entry_vec list = VEC_INIT;
	struct problems p;
	struct err err = ERR_INIT;
	struct temp t;

	temp_open(&t);
	problems_init(&p, &t.arena);
	const struct inputs_where where = { .config_dir = temp_path(&t, "") };
	sni_read(&t.arena, &where, &list, &p);
	assert_no_findings(&p);
	assert_done(dir_make(temp_path(&t, "ssl-sni/mail.b.test"), NULL, &err), &err);
	assert_done(dir_make(temp_path(&t, "ssl-sni/_.c.test"), NULL, &err), &err);
	assert_done(dir_make(temp_path(&t, "ssl-sni/what"), NULL, &err), &err);
	assert_done(dir_make(temp_path(&t, "ssl-sni/.git"), NULL, &err), &err);
	temp_write(temp_path(&t, "ssl-sni/README"), "x");
	temp_write(temp_path(&t, "ssl-sni/_.c.test/key.pem"), "x");
	temp_write(temp_path(&t, "ssl-sni.cf"), "mail.b.test a.pem a.key\n");
	sni_read(&t.arena, &where, &list, &p);
	assert_int_equal(list.n, 2);
	assert_true(has_suffix(list.v[0].cert, "/a.pem"));
	assert_string_equal(list.v[1].name, "*.c.test");
	assert_true(has_suffix(list.v[1].cert, "ssl-sni/_.c.test/fullchain.pem"));
	assert_true(has_suffix(list.v[1].key, "ssl-sni/_.c.test/key.pem"));
	assert_finding(&p, SEV_ERROR, "ssl-sni/what", "no full host name");
	assert_finding(&p, SEV_WARNING, "ssl-sni/mail.b.test", "in ssl-sni.cf:1 already");
	assert_int_equal(p.list.n, 2);
	temp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_directories),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
