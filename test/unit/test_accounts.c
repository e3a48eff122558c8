/* SPDX-License-Identifier: MIT */
/* accounts and password: what is refused, what is taken, what edits leave alone. */
#include "unit/inputs_unit.h"

#include <crypt.h>

#include "inputs/accounts.h"

#define FILE_NAME "postfix-accounts.cf"
#define HASH "{SHA512-CRYPT}$6$salt$hash"

struct parsed {
	struct arena a;
	struct account_vec list;
	struct map index;
	struct problems p;
};

static void parse(struct parsed *x, const char *text)
{
	*x = (struct parsed){ 0 };
	arena_init(&x->a, "test");
	problems_init(&x->p, &x->a);
	accounts_parse(&x->a, FILE_NAME, str_from(text), &x->list, &x->index, &x->p);
}

static void test_bad_lines(void **state UNUSED)
{
	static const struct {
		const char *line, *part;
	} cases[] = {
		{ "anna|" HASH, "has no '@'" },
		{ "|" HASH, "has no '@'" },
		{ "@firma.example|" HASH, "nothing before the '@'" },
		{ "a@b@firma.example|" HASH, "more than one '@'" },
		{ "anna@firma|" HASH, "without a dot" },
		{ "a/b@firma.example|" HASH, "directory" },
		{ "a*b@firma.example|" HASH, "master user" },
		{ "../x@firma.example|" HASH, "'.'" },
		{ "anna@firma.example", "has no password" },
		{ "anna@firma.example|", "has no password" },
		{ "anna@firma.example|geheim", "is not a hash" },
		{ "anna@firma.example|{NEW}x", "Dovecot does not know" },
		{ "anna@firma.example|{SHA512-CRYPT}", "no hash" },
		{ "anna@firma.example|{PLAIN}a\001b", "control character" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf text = BUF_INIT;
		struct parsed x;
		buf_printf(&text, "# a comment\n\n%s\nben@firma.example|" HASH "\n", cases[i].line);
		parse(&x, text.p);
		assert_finding(&x.p, SEV_ERROR, FILE_NAME ":3", cases[i].part);
		assert_int_equal(problems_errors(&x.p), 1);
		assert_int_equal(x.list.n, 1);
		assert_string_equal(x.list.v[0].address, "ben@firma.example");
		arena_fini(&x.a);
	}
}

static void test_secrets_stay_out_of_findings(void **state UNUSED)
{
	autobuf struct buf all = BUF_INIT;
	struct parsed x;

	parse(&x, "anna@firma.example|geheim\nben@firma.example|{SECRETSCHEME}geheim\n");
	problems_print(&x.p, &all);
	assert_null(strstr(all.p, "geheim"));
	arena_fini(&x.a);
}

static void test_good_lines(void **state UNUSED)
{
	struct parsed x;
	size_t at;

	parse(&x, "anna@firma.example|" HASH "\r\n"
		  " ben@firma.example | {BLF-CRYPT}$2y$05$x | userdb_mail_path=/x a=b \n"
		  "cäsar@firma.example|$6$bare$hash\n"
		  "d@x.example|{SHA256.HEX}00|with|bars");
	assert_no_findings(&x.p);
	assert_int_equal(x.list.n, 4);
	assert_str(x.list.v[0].hash, HASH);
	assert_str(account_local(&x.list.v[0]), "anna");
	assert_string_equal(x.list.v[0].domain, "firma.example");
	assert_string_equal(x.list.v[0].extra, "");
	assert_string_equal(x.list.v[0].file, FILE_NAME);
	assert_int_equal(x.list.v[1].line, 2);
	assert_string_equal(x.list.v[1].address, "ben@firma.example");
	assert_str(x.list.v[1].hash, "{BLF-CRYPT}$2y$05$x");
	assert_string_equal(x.list.v[1].extra, "userdb_mail_path=/x a=b");
	assert_str(x.list.v[2].hash, "{SHA512-CRYPT}$6$bare$hash");
	assert_string_equal(x.list.v[3].extra, "with|bars");
	assert_true(inputs_index_get(&x.index, "d@x.example", &at));
	assert_int_equal(at, 3);
	arena_fini(&x.a);
}

static void test_warnings_and_notes(void **state UNUSED)
{
	struct parsed x;

	parse(&x, "Anna@Firma.example|" HASH "\nanna@firma.example|{PLAIN}x\n"
		  "old@firma.example|{MD5-CRYPT}$1$x\n"
		  "q@firma.example|" HASH "|userdb_quota_rule=*:bytes=5G userdb_mail=mbox:~/m\n");
	assert_int_equal(problems_errors(&x.p), 0);
	assert_finding(&x.p, SEV_NOTE, FILE_NAME ":1", "anna@firma.example");
	assert_finding(&x.p, SEV_WARNING, FILE_NAME ":2", "line 1 already: that one counts");
	assert_finding(&x.p, SEV_WARNING, FILE_NAME ":3", "weak");
	assert_finding(&x.p, SEV_WARNING, FILE_NAME ":4", "dovecot-quotas.cf");
	assert_finding(&x.p, SEV_WARNING, FILE_NAME ":4", "userdb_mail_path");
	assert_int_equal(x.list.n, 3);
	assert_str(x.list.v[0].hash, HASH);
	arena_fini(&x.a);
}

/* The first line of an address counts, however far away it is, and the order of the file stays. */
static void test_duplicates_near_and_far(void **state UNUSED)
{
	autobuf struct buf text = BUF_INIT;
	struct parsed x;
	size_t at;

	for (int i = 0; i < 60; i++)
		buf_printf(&text, "u%d@firma.example|{SHA512-CRYPT}$6$%d\n", i % 20 == 19 ? 18 : i,
			   i);
	buf_adds(&text, "u0@firma.example|" HASH "\n");
	parse(&x, text.p);
	assert_int_equal(x.list.n, 57);
	assert_finding(&x.p, SEV_WARNING, FILE_NAME ":20", "line 19 already");
	assert_finding(&x.p, SEV_WARNING, FILE_NAME ":60", "line 19 already");
	assert_finding(&x.p, SEV_WARNING, FILE_NAME ":61", "line 1 already");
	for (size_t i = 0; i < x.list.n; i++) {
		assert_true(inputs_index_get(&x.index, x.list.v[i].address, &at));
		assert_int_equal(at, i);
		assert_true(i == 0 || x.list.v[i].line > x.list.v[i - 1].line);
	}
	assert_str(x.list.v[0].hash, "{SHA512-CRYPT}$6$0");
	arena_fini(&x.a);
}

static void parse_env(struct parsed *x, const char *value, const struct password_key *key)
{
	*x = (struct parsed){ 0 };
	arena_init(&x->a, "test");
	problems_init(&x->p, &x->a);
	accounts_parse_env(&x->a, value, key, &x->list, &x->index, &x->p);
}

static void test_env_errors(void **state UNUSED)
{
	static const struct {
		const char *value, *part;
	} cases[] = {
		{ "anna@firma.example", "has no ':'" },
		{ "anna:geheim", "has no '@'" },
		{ "anna@firma.example:", "is empty" },
		{ "anna@firma.example:{NOSUCH}geheim", "does not know" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf value = BUF_INIT, all = BUF_INIT;
		struct parsed x;
		buf_printf(&value, "ben@firma.example:x\n %s\n", cases[i].value);
		parse_env(&x, value.p, NULL);
		assert_finding(&x.p, SEV_ERROR, "MAIL_ACCOUNTS:2", cases[i].part);
		problems_print(&x.p, &all);
		assert_null(strstr(all.p, "geheim"));
		assert_int_equal(x.list.n, 1);
		arena_fini(&x.a);
	}
}

static void test_env_hashes(void **state UNUSED)
{
	const struct password_key key = { .bytes = { 1, 2, 3 } }, other = { .bytes = { 4 } };
	struct parsed x, y, z;

	parse_env(&x,
		  "a@x.example:gleich b@x.example:gleich c@x.example:{PLAIN}p d@x.example:$6$s$h",
		  &key);
	parse_env(&y, "a@x.example:gleich", &key);
	parse_env(&z, "a@x.example:gleich", &other);
	assert_no_findings(&x.p);
	const char *text = str_dup(&x.a, x.list.v[0].hash);
	assert_str(y.list.v[0].hash, text);
	assert_false(str_is(x.list.v[1].hash, text));
	assert_false(str_is(z.list.v[0].hash, text));
	assert_str(x.list.v[2].hash, "{PLAIN}p");
	assert_str(x.list.v[3].hash, "{SHA512-CRYPT}$6$s$h");
	text += strlen("{SHA512-CRYPT}");
	struct crypt_data data = { 0 };
	assert_string_equal(crypt_rn("gleich", text, &data, (int)sizeof(data)), text);
	arena_fini(&x.a);
	arena_fini(&y.a);
	arena_fini(&z.a);
	parse_env(&x, "a@x.example:gleich", NULL);
	assert_str(x.list.v[0].hash, PASSWORD_PLACEHOLDER);
	arena_fini(&x.a);
}

static void test_password_key(void **state UNUSED)
{
	struct temp t;
	struct password_key one, two;
	struct err err = ERR_INIT;
	struct stat st;

	temp_open(&t);
	const char *path = temp_path(&t, "salt.key");
	assert_false(password_key_load(temp_path(&t, "no/dir/key"), &one, &err));
	assert_done(password_key_load(path, &one, &err), &err);
	assert_done(password_key_load(path, &two, &err), &err);
	assert_memory_equal(&one, &two, sizeof(one));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	temp_write(path, "too short");
	assert_done(password_key_load(path, &two, &err), &err);
	assert_memory_not_equal(&one, &two, sizeof(one));
	temp_close(&t);
}

static void test_password_hash(void **state UNUSED)
{
	struct temp t;
	struct err err = ERR_INIT;
	const char *one, *two;
	char longest[PASSWORD_MAX + 2];

	temp_open(&t);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(password_hash(&t.arena, "", &one, &err));
	assert_err(&err, ERR_DATA, "is empty");
	assert_false(password_hash(&t.arena, longest, &one, &err));
	assert_err(&err, ERR_DATA, "longer than 511");
	assert_false(password_hash(&t.arena, "a\nb", &one, &err));
	longest[PASSWORD_MAX] = '\0';
	assert_done(password_hash(&t.arena, longest, &one, &err), &err);
	assert_done(password_hash(&t.arena, "gehêim", &one, &err), &err);
	assert_done(password_hash(&t.arena, "gehêim", &two, &err), &err);
	assert_true(has_prefix(one, "{SHA512-CRYPT}$6$"));
	assert_string_not_equal(one, two);
	assert_false(password_is_hash(&t.arena, "plain", &two));
	assert_false(password_is_hash(&t.arena, "{x", &two));
	assert_true(password_is_hash(&t.arena, "$2y$05$x", &two));
	assert_string_equal(two, "{BLF-CRYPT}$2y$05$x");
	temp_close(&t);
}

static const char sample[] = "# accounts\n"
			     "Anna@firma.example|" HASH "\n"
			     "\tben@firma.example | {PLAIN}x | a=b\r\n"
			     "joanna@firma.example|" HASH;

static void test_find(void **state UNUSED)
{
	struct str line;
	unsigned number;

	assert_false(accounts_find(STR_LIT(sample), "nna@firma.example", &line, &number));
	assert_false(accounts_find(STR_LIT(sample), "anna@firma.exampl", &line, &number));
	assert_true(accounts_find(STR_LIT(sample), "anna@firma.example", &line, &number));
	assert_int_equal(number, 2);
	assert_true(accounts_find(STR_LIT(sample), "BEN@firma.example", &line, NULL));
	assert_true(str_is(line, "ben@firma.example | {PLAIN}x | a=b"));
}

static void test_edits(void **state UNUSED)
{
	autobuf struct buf out = BUF_INIT;

	assert_true(accounts_edit_update(STR_LIT(sample), "ben@firma.example", "{PLAIN}n", &out));
	assert_string_equal(out.p, "# accounts\nAnna@firma.example|" HASH "\n"
				   "\tben@firma.example |{PLAIN}n| a=b\r\n"
				   "joanna@firma.example|" HASH);
	buf_reset(&out);
	assert_true(
		accounts_edit_update(STR_LIT("a@x.example\n"), "a@x.example", "{PLAIN}n", &out));
	assert_string_equal(out.p, "a@x.example|{PLAIN}n\n");
	buf_reset(&out);
	assert_false(
		accounts_edit_update(STR_LIT(sample), "nobody@firma.example", "{PLAIN}n", &out));
	buf_reset(&out);
	assert_true(accounts_edit_del(STR_LIT(sample), "anna@firma.example", &out));
	assert_string_equal(out.p, "# accounts\n"
				   "\tben@firma.example | {PLAIN}x | a=b\r\n"
				   "joanna@firma.example|" HASH);
	buf_reset(&out);
	assert_false(accounts_edit_del(STR_LIT(sample), "x@firma.example", &out));
	assert_string_equal(out.p, sample);
}

/* Many domains in turn and long runs of one: the quick approval agrees with the full check. */
static void test_many(void **state UNUSED)
{
	autobuf struct buf text = BUF_INIT;
	struct parsed x;

	for (int i = 0; i < 3000; i++)
		buf_printf(&text, "u%d@d%d.example|{PLAIN}x\n", i, i < 1000 ? i % 3 : i / 500);
	buf_adds(&text, "u.@d5.example|{PLAIN}x\nu@d5.example.|{PLAIN}x\n.u@d5.example|{PLAIN}x\n");
	parse(&x, text.p);
	assert_int_equal(x.list.n, 3000);
	assert_int_equal(problems_errors(&x.p), 3);
	arena_fini(&x.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_secrets_stay_out_of_findings),
		cmocka_unit_test(test_env_errors),
		cmocka_unit_test(test_password_hash),
		cmocka_unit_test(test_password_key),
		cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_warnings_and_notes),
		cmocka_unit_test(test_duplicates_near_and_far),
		cmocka_unit_test(test_env_hashes),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
