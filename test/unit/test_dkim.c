/* SPDX-License-Identifier: MIT */
/* dkim, dkim_key: tables, keys on disk, the last good copies, records. */
#include "unit/inputs_unit.h"

#include "inputs/dkim.h"

struct fixture {
	struct temp t;
	struct settings s;
	struct inputs_where where;
	struct inputs in;
	struct problems p;
};

static void open_fixture(struct fixture *f)
{
	struct err err = ERR_INIT;

	*f = (struct fixture){ .s = plain_settings() };
	f->s.enable_opendkim = true;
	temp_open(&f->t);
	f->where.config_dir = temp_path(&f->t, "config");
	f->where.last_good_dir = temp_path(&f->t, "good");
	f->where.fallback = true;
	assert_true(dir_make(temp_path(&f->t, "config/" DKIM_KEYS "/firma.example"), NULL, &err));
}

static void put(struct fixture *f, const char *name, const char *text)
{
	temp_write(arena_printf(&f->t.arena, "%s/%s", f->where.config_dir, name), text);
}

static const char *make_key(struct fixture *f, enum dkim_kind kind, int bits)
{
	autobuf struct buf pem = BUF_INIT;
	struct err err = ERR_INIT;

	assert_true(dkim_key_make(kind, bits, &pem, &err));
	return buf_dup(&f->t.arena, &pem);
}

static void read_all(struct fixture *f)
{
	f->in = (struct inputs){ 0 };
	problems_init(&f->p, &f->t.arena);
	dkim_read(&f->t.arena, &f->s, &f->where, false, &f->in, &f->p);
}

#define KEY_LINE(name)                                                                             \
	name " firma.example:" name ":/etc/opendkim/keys/firma.example/" name ".private\n"

static void test_bad_lines(void **state UNUSED)
{
	static const struct {
		const char *line, *part;
	} keys[] = { { "one", "one word" },
		     { "name a b", "more than two words" },
		     { "name firma.example", "not DOMAIN:SELECTOR:PATH" },
		     { "name firma.example:mail", "not DOMAIN:SELECTOR:PATH" },
		     { "name firma.example:mail:", "not DOMAIN:SELECTOR:PATH" },
		     { "name fir_ma/../x:mail:/k", "not a domain" },
		     { "name firma.example:../x:/k", "not a selector" },
		     { "na:me firma.example:mail:/k", "':'" },
		     { "name \001 firma.example:mail:/k", "the line" } },
	  rules[] = { { "*@firma.example", "one word" },
		      { "*@firma.example :x", "name of the key is missing" },
		      { "a b c", "more than two" } },
	  hosts[] = { { "10.0.0.0/33", "none of these" },
		      { "two words", "none of these" },
		      { "!", "none of these" } };
	struct dkim_key_vec key_list = VEC_INIT;
	struct dkim_rule_vec rule_list = VEC_INIT;
	struct text_vec host_list = VEC_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		problems_init(&p, &a);
		dkim_parse_keys(&a, "f", str_from(keys[i].line), &key_list, &p);
		assert_finding(&p, SEV_ERROR, "f:1", keys[i].part);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		problems_init(&p, &a);
		dkim_parse_rules(&a, "f", str_from(rules[i].line), &rule_list, &p);
		assert_finding(&p, SEV_ERROR, "f:1", rules[i].part);
	}
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		problems_init(&p, &a);
		dkim_parse_hosts(&a, "f", str_from(hosts[i].line), &host_list, &p);
		assert_finding(&p, SEV_ERROR, "f:1", hosts[i].part);
	}
	assert_int_equal(key_list.n + rule_list.n + host_list.n, 0);
	arena_fini(&a);
}

static void test_good_lines(void **state UNUSED)
{
	struct dkim_key_vec keys = VEC_INIT;
	struct dkim_rule_vec rules = VEC_INIT;
	struct text_vec hosts = VEC_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	problems_init(&p, &a);
	dkim_parse_keys(
		&a, "k",
		STR_LIT("# keys\n\n  m\tFirma.Example:mail.2026:/etc/opendkim/keys/x # mine\r\n"
			"any %:s:/k\n"
			"m firma.example:other:/k"),
		&keys, &p);
	assert_int_equal(keys.n, 2);
	assert_string_equal(keys.v[0].domain, "firma.example");
	assert_string_equal(keys.v[0].selector, "mail.2026");
	assert_string_equal(keys.v[0].source, "/etc/opendkim/keys/x");
	assert_int_equal(keys.v[1].line, 4);
	assert_finding(&p, SEV_WARNING, "k:5", "line 3 already");
	problems_init(&p, &a);
	dkim_parse_rules(&a, "r", STR_LIT("*@firma.example m\nanna@x.example m:anna@x.example\n"),
			 &rules, &p);
	assert_int_equal(rules.n, 2);
	assert_string_equal(rules.v[1].key, "m");
	assert_string_equal(rules.v[1].value, "m:anna@x.example");
	dkim_parse_hosts(
		&a, "h",
		STR_LIT("127.0.0.1\n10.0.0.0/8\n::1\nlocalhost\n.firma.example\n!10.1.2.3\n"),
		&hosts, &p);
	assert_int_equal(hosts.n, 6);
	assert_no_findings(&p);
	arena_fini(&a);
}

static void test_read(void **state UNUSED)
{
	struct fixture f;
	struct dkim_facts facts;
	struct err err = ERR_INIT;
	autobuf struct buf zone = BUF_INIT;

	open_fixture(&f);
	read_all(&f);
	assert_no_findings(&f.p);
	assert_int_equal(f.in.dkim.keys.n, 0);
	uint64_t nothing = f.in.fingerprint[__builtin_ctz(INPUT_DKIM)];

	const char *key = make_key(&f, DKIM_RSA, 1024);
	put(&f, DKIM_KEYS "/firma.example/mail.private", key);
	read_all(&f);
	assert_finding(&f.p, SEV_WARNING, DKIM_KEYS "/firma.example/mail.private",
		       "setup config dkim selector mail domain firma.example");

	put(&f, DKIM_SIGNING_TABLE, "*@firma.example mail\n");
	put(&f, DKIM_KEY_TABLE, KEY_LINE("mail"));
	read_all(&f);
	assert_no_findings(&f.p);
	assert_true(f.in.dkim.good);
	assert_int_equal(f.in.dkim.keys.n, 1);
	assert_string_equal(f.in.dkim.keys.v[0].text, key);
	assert_true(dkim_signs_domain(&f.in.dkim, "firma.example"));
	assert_true(dkim_signs_domain(&f.in.dkim, "Firma.Example"));
	assert_false(dkim_signs_domain(&f.in.dkim, "sub.firma.example"));
	assert_true(nothing != f.in.fingerprint[__builtin_ctz(INPUT_DKIM)]);

	/* The record of this key, and of another one. */
	assert_true(dkim_key_read(&f.t.arena, str_from(key), &facts, &err));
	dkim_record_zone(&f.t.arena, "mail", "firma.example", &facts, &zone);
	put(&f, DKIM_KEYS "/firma.example/mail.txt", zone.p);
	read_all(&f);
	assert_no_findings(&f.p);
	put(&f, DKIM_KEYS "/firma.example/mail.private", make_key(&f, DKIM_RSA, 1024));
	read_all(&f);
	assert_finding(&f.p, SEV_WARNING, DKIM_KEY_TABLE ":1", "another private key");
	temp_close(&f.t);
}

static void test_bad_keys(void **state UNUSED)
{
	static const struct {
		const char *table, *key, *part;
	} cases[] = {
		{ KEY_LINE("mail"), NULL, "no key '/etc/" },
		{ KEY_LINE("mail"), "", "not a private key" },
		{ KEY_LINE("mail"),
		  "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
		  "not a private key" },
		{ KEY_LINE("mail"), "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n",
		  "pass phrase" },
		{ "mail firma.example:mail:/etc/opendkim/keys/../../x\n", NULL, "'..'" },
		{ "mail firma.example:mail:./mail.private\n", NULL, "not absolute" },
		{ "mail firma.example:mail:MIIB\n", NULL, "the third field is not" },
	};
	struct fixture f;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		open_fixture(&f);
		put(&f, DKIM_KEY_TABLE, cases[i].table);
		if (cases[i].key)
			put(&f, DKIM_KEYS "/firma.example/mail.private", cases[i].key);
		read_all(&f);
		assert_finding(&f.p, SEV_ERROR, DKIM_KEY_TABLE ":1", cases[i].part);
		assert_false(f.in.dkim.good);
		temp_close(&f.t);
	}
}

static void test_rules(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	put(&f, DKIM_KEYS "/firma.example/mail.private", make_key(&f, DKIM_RSA, 1024));
	put(&f, DKIM_KEYS "/firma.example/ed.private", make_key(&f, DKIM_ED25519, 0));
	put(&f, DKIM_KEY_TABLE, KEY_LINE("mail") KEY_LINE("ed"));
	put(&f, DKIM_SIGNING_TABLE, "*@firma.example nobody\n");
	read_all(&f);
	assert_finding(&f.p, SEV_ERROR, DKIM_SIGNING_TABLE ":1", "no key 'nobody'");

	put(&f, DKIM_SIGNING_TABLE, "*@firma.example ed\n");
	read_all(&f);
	assert_no_findings(&f.p);
	assert_true(f.in.dkim.is_ed25519);

	put(&f, DKIM_SIGNING_TABLE, "*@firma.example ed\n*@firma.example mail\n*@x.example ed\n");
	read_all(&f);
	assert_false(f.in.dkim.is_ed25519);
	assert_finding(&f.p, SEV_WARNING, DKIM_SIGNING_TABLE ":1", "does not sign beside RSA");
	assert_true(f.in.dkim.rules.v[0].unused);
	assert_true(dkim_signs_domain(&f.in.dkim, "firma.example"));
	assert_false(dkim_signs_domain(&f.in.dkim, "x.example"));

	put(&f, DKIM_KEY_TABLE,
	    KEY_LINE(
		    "mail") "two firma.example:mail:/etc/opendkim/keys/firma.example/two.private\n");
	put(&f, DKIM_KEYS "/firma.example/two.private", make_key(&f, DKIM_RSA, 1024));
	put(&f, DKIM_SIGNING_TABLE, "*@firma.example mail\n*@firma.example two\n");
	read_all(&f);
	assert_finding(&f.p, SEV_ERROR, DKIM_KEY_TABLE ":2", "another key for the selector 'mail'");
	assert_finding(&f.p, SEV_WARNING, DKIM_SIGNING_TABLE ":2", "has the key 'mail'");
	temp_close(&f.t);
}

static void test_last_good(void **state UNUSED)
{
	struct fixture f;
	struct err err = ERR_INIT;
	struct stat st;

	open_fixture(&f);
	const char *key = make_key(&f, DKIM_RSA, 1024);
	put(&f, DKIM_KEYS "/firma.example/mail.private", key);
	put(&f, DKIM_KEYS "/firma.example/old.private", make_key(&f, DKIM_RSA, 1024));
	put(&f, DKIM_KEY_TABLE, KEY_LINE("mail") KEY_LINE("old"));
	put(&f, DKIM_SIGNING_TABLE, "*@firma.example mail\n");
	read_all(&f);
	assert_no_findings(&f.p);
	assert_true(dkim_save_last_good(&f.t.arena, &f.where, &f.in.dkim, &err));
	const char *copy = temp_path(&f.t, "good/" DKIM_KEYS "/firma.example/old.private");
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	/* A key that is in no table any more is no copy either. */
	put(&f, DKIM_KEY_TABLE, KEY_LINE("mail"));
	read_all(&f);
	assert_true(dkim_save_last_good(&f.t.arena, &f.where, &f.in.dkim, &err));
	assert_int_equal(stat(copy, &st), -1);

	put(&f, DKIM_KEY_TABLE, "rubbish\n");
	assert_int_equal(unlink(temp_path(&f.t, "config/" DKIM_KEYS "/firma.example/mail.private")),
			 0);
	read_all(&f);
	assert_false(f.in.dkim.good);
	assert_int_equal(f.in.fallen.n, 1);
	assert_int_equal(problems_errors(&f.p), 0);
	assert_finding(&f.p, SEV_WARNING, DKIM_KEY_TABLE ":1", "one word");
	assert_finding(&f.p, SEV_WARNING, DKIM_DIR, "LAST GOOD COPIES");
	assert_int_equal(f.in.dkim.keys.n, 1);
	assert_string_equal(f.in.dkim.keys.v[0].text, key);

	f.where.fallback = false;
	read_all(&f);
	assert_int_equal(problems_errors(&f.p), 2); /* the line, and the rule whose key it was */
	f.s.enable_opendkim = false;
	read_all(&f);
	assert_no_findings(&f.p);
	temp_close(&f.t);
}

static void test_records(void **state UNUSED)
{
	static const char *const bad[] = { "", ".", "a.", ".a", "a b", "a/b", "a..b", "a:b", "ü" };
	struct dkim_facts facts;
	struct err err = ERR_INIT;
	struct fixture f;

	open_fixture(&f);
	struct arena *a = &f.t.arena;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(dkim_is_selector(bad[i]));
	assert_true(dkim_is_selector("mail_2026-08.example"));
	for (int bits = 1024; bits <= 4096; bits *= 2) {
		autobuf struct buf zone = BUF_INIT;
		assert_true(dkim_key_read(a, str_from(make_key(&f, DKIM_RSA, bits)), &facts, &err));
		assert_int_equal(facts.bits, bits);
		dkim_record_zone(a, "mail", "firma.example", &facts, &zone);
		assert_string_equal(dkim_record_public_key(a, (struct str){ zone.p, zone.n }),
				    facts.public_key);
		assert_non_null(strstr(
			zone.p, "mail._domainkey\tIN\tTXT\t( \"v=DKIM1; h=sha256; k=rsa; \""));
		struct str rest = { zone.p, zone.n }, line;
		while (str_next_line(&rest, &line))
			assert_true(line.n < 300);
	}
	assert_true(dkim_key_read(a, str_from(make_key(&f, DKIM_ED25519, 0)), &facts, &err));
	assert_int_equal(strlen(facts.public_key), 44);
	assert_non_null(strstr(dkim_record_value(a, &facts), "k=ed25519; p="));
	assert_false(dkim_key_read(a, str_from(make_key(&f, DKIM_RSA, 512)), &facts, &err));
	assert_non_null(strstr(err.text, "512 bits"));
	assert_string_equal(
		dkim_record_public_key(
			a, STR_LIT("x TXT (\"v=DKIM1; \" ; p=no\n \"p=AB \"\n\"CD=\")")),
		"ABCD=");
	temp_close(&f.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_lines), cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_read),	  cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_rules),	  cmocka_unit_test(test_last_good),
		cmocka_unit_test(test_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
