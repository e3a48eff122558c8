/* SPDX-License-Identifier: MIT */
/* dns-lists: which answers make a list one to be believed, the files that say what is tested and what is off. */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <netdb.h>

#include "base/file.h"
#include "dns-lists/lists.h"

static const struct dns_list zen = { "zen.spamhaus.org", 2, 11 };
static const struct dns_list any = { "psbl.surriel.com", 1, 255 };
static const struct dns_list friends = { "list.dnswl.org", 0, 3 };

/* "A,B" or "" or "?" for silence. */
static struct dns_answer answer(const char *text)
{
	struct dns_answer x = { .error = *text ? 0 : EAI_NONAME };
	struct str rest = str_from(text), word;
	char one[32];

	if (streq(text, "?"))
		return (struct dns_answer){ .error = EAI_AGAIN };
	while (str_next_word(&rest, ",", &word)) {
		(void)snprintf(one, sizeof(one), "%.*s", (int)word.n, word.p);
		assert_int_equal(inet_pton(AF_INET, one, &x.address[x.n++]), 1);
	}
	return x;
}

static void test_judge(void **state UNUSED)
{
	static const struct {
		const struct dns_list *list;
		const char *listed, *unlisted, *why;
	} cases[] = {
		{ &zen, "127.0.0.2,127.0.0.4,127.0.0.10", "", "" },
		{ &any, "127.0.0.2", "", "" },
		{ &friends, "127.0.10.0", "", "" },
		{ &zen, "", "", "does not list its test entry" },
		{ &zen, "?", "", "does not answer" },
		{ &zen, "127.0.0.2", "?", "does not answer" },
		{ &zen, "127.0.0.2", "127.0.0.2", "would list everybody" },
		{ &any, "192.0.2.1", "192.0.2.1", "would list everybody" },
		{ &zen, "127.0.0.12", "", "answers 127.0.0.12 about" },
		{ &zen, "192.0.2.3", "", "answers 192.0.2.3 about" },
		{ &friends, "127.0.0.255", "", "answers 127.0.0.255 about" },
		{ &zen, "127.255.255.254", "127.255.255.254", "refuses questions" },
		{ &any, "127.255.255.254", "", "refuses questions" },
		{ &any, "127.0.0.2", "127.255.255.252", "refuses questions" },
	};
	char why[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dns_answer listed = answer(cases[i].listed);
		struct dns_answer unlisted = answer(cases[i].unlisted);
		dns_list_judge(cases[i].list, &listed, &unlisted, why, sizeof(why));
		if (*cases[i].why == '\0')
			assert_string_equal(why, "");
		else
			assert_non_null(strstr(why, cases[i].why));
		assert_null(strchr(why, '\n'));
	}
}

static void test_bad_lines(void **state UNUSED)
{
	static const char *const lines[] = { "a.test\n",     "a.test 1\n",   " 1 2\n",
					     "a.test x 2\n", "a.test 3 2\n", "a.test 0 256\n" };
	struct dns_list_vec out = VEC_INIT;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct err err = ERR_INIT;
		assert_false(dns_lists_parse(&a, str_from(lines[i]), &out, &err));
		assert_int_equal(err.class, ERR_DATA);
	}
	arena_fini(&a);
}

static void test_lines(void **state UNUSED)
{
	struct dns_list_vec out = VEC_INIT;
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	assert_true(dns_lists_parse(&a, str_from("# x\n\nzen.spamhaus.org 2 11\nb.test 0 255"),
				    &out, &err));
	assert_int_equal(out.n, 2);
	assert_string_equal(out.v[0].domain, "zen.spamhaus.org");
	assert_int_equal(out.v[0].low, 2);
	assert_int_equal(out.v[0].high, 11);
	arena_fini(&a);
}

static void test_off(void **state UNUSED)
{
	struct dns_list_off_vec off = VEC_INIT;
	struct arena a;
	struct temp t;

	temp_open(&t);
	arena_init(&a, "test");
	dns_lists_off_read(&a, temp_path(&t, "none"), &off);
	assert_int_equal(off.n, 0);
	temp_write(temp_path(&t, "off"), "a.test it does not answer\nrubbish\n\n");
	dns_lists_off_read(&a, temp_path(&t, "off"), &off);
	assert_int_equal(off.n, 1);
	assert_string_equal(dns_lists_off_why(&off, "a.test"), "it does not answer");
	assert_null(dns_lists_off_why(&off, "b.test"));
	arena_fini(&a);
	temp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
