/* SPDX-License-Identifier: MIT */
/* `setup config dkim`: words in any order, keys that stay, tables, owners, a server that refuses. */
#include "unit/inputs_unit.h"

#include "cli/commands.h"
#include "inputs/dkim.h"
#include "plan/apply.h"

static struct {
	bool running, refuses;
} server;

bool apply_is_running(void)
{
	return server.running;
}

int apply_live(const struct settings_source *src UNUSED, struct problems *p UNUSED,
	       struct apply_result *result_r)
{
	*result_r = (struct apply_result){ .applied = !server.refuses };
	return server.refuses ? 1 : 0;
}

bool apply_running_source(struct arena *a UNUSED, struct settings_source *src_r UNUSED)
{
	return false;
}

struct fixture {
	struct temp t;
	const char *dir;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	temp_open(&f->t);
	f->dir = temp_path(&f->t, "config");
	assert_true(dir_make(f->dir, NULL, &err));
	server.running = server.refuses = false;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	temp_close(&f->t);
	free(f);
	return 0;
}

static const char *path_of(struct fixture *f, const char *name)
{
	return arena_printf(&f->t.arena, "%s/%s", f->dir, name);
}

/* The text, "" when there is no such file. */
static const char *get(struct fixture *f, const char *name)
{
	struct err err = ERR_INIT;
	char *text;

	return file_read(&f->t.arena, path_of(f, name), 1 << 20, &text, NULL, &err) ? text : "";
}

static int run(struct fixture *f, const char *line)
{
	static const struct cmd_row row = { "config dkim [<dkim>...]", config_dkim, "", "" };
	struct cmd cmd = { .config_dir = f->dir, .row = &row };
	struct str rest = str_from(line), word;

	while (str_next_word(&rest, " ", &word))
		cmd.argv[cmd.argc++] = str_dup(&f->t.arena, word);
	return config_dkim(&cmd);
}

static struct dkim_facts facts_of(struct fixture *f, const char *name)
{
	struct dkim_facts facts = { .bits = 0 };
	struct err err = ERR_INIT;

	if (!dkim_key_read(&f->t.arena, str_from(get(f, name)), &facts, &err))
		fail_msg("%s %s", name, err.text);
	return facts;
}

#define KEY(domain, selector) DKIM_KEYS "/" domain "/" selector

static void test_wrong_words(void **state)
{
	static const char *const bad[] = { "keysize",
					   "selector",
					   "domain",
					   "keytype",
					   "keysize 512",
					   "keysize 8192",
					   "keysize two",
					   "keysize 2048x",
					   "keytype dsa",
					   "keytype ed25519 keysize 4096",
					   "selector a/b",
					   "selector ..",
					   "domain nodots",
					   "domain a_b.example",
					   "domain ../x.example",
					   "domain ,",
					   "size 2048",
					   "domain a.example extra" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (run(f, bad[i]) != 1)
			fail_msg("'%s' passed", bad[i]);
	assert_false(dir_exists(path_of(f, DKIM_DIR)));
	/* Nothing to do is no failure. */
	assert_int_equal(run(f, ""), 0);
	assert_false(dir_exists(path_of(f, DKIM_DIR)));
}

static void test_make(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(run(f, "domain B.example,a.example keysize 1024 selector s1"), 0);
	assert_int_equal(facts_of(f, KEY("b.example", "s1.private")).bits, 1024);
	assert_int_equal(facts_of(f, KEY("a.example", "s1.private")).bits, 1024);
	assert_int_equal(stat(path_of(f, KEY("a.example", "s1.private")), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(path_of(f, KEY("a.example", "s1.txt")), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_string_equal(
		get(f, DKIM_KEY_TABLE),
		"s1._domainkey.b.example b.example:s1:/etc/opendkim/keys/b.example/s1.private\n"
		"s1._domainkey.a.example a.example:s1:/etc/opendkim/keys/a.example/s1.private\n");
	assert_string_equal(get(f, DKIM_SIGNING_TABLE), "*@b.example s1._domainkey.b.example\n"
							"*@a.example s1._domainkey.a.example\n");
	assert_string_equal(get(f, DKIM_HOSTS), "127.0.0.1\nlocalhost\n");
	assert_string_equal(
		dkim_record_public_key(&f->t.arena, str_from(get(f, KEY("a.example", "s1.txt")))),
		facts_of(f, KEY("a.example", "s1.private")).public_key);
}

static void test_keep_and_force(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, "keysize 1024 domain a.example"), 0);
	const char *key = get(f, KEY("a.example", "mail.private"));
	const char *tables = get(f, DKIM_KEY_TABLE);
	assert_int_equal(run(f, "domain a.example keysize 2048"), 0);
	assert_string_equal(get(f, KEY("a.example", "mail.private")), key);
	assert_string_equal(get(f, DKIM_KEY_TABLE), tables);

	/* Lines that went come back, the key stays. */
	assert_int_equal(unlink(path_of(f, DKIM_KEY_TABLE)), 0);
	temp_write(path_of(f, DKIM_SIGNING_TABLE), "# mine\n*@b.example x");
	temp_write(path_of(f, DKIM_HOSTS), "10.0.0.1\n");
	assert_int_equal(run(f, "domain a.example"), 0);
	assert_string_equal(get(f, DKIM_KEY_TABLE), tables);
	assert_string_equal(get(f, DKIM_SIGNING_TABLE),
			    "# mine\n*@b.example x\n*@a.example mail._domainkey.a.example\n");
	assert_string_equal(get(f, DKIM_HOSTS), "10.0.0.1\n");
	assert_string_equal(get(f, KEY("a.example", "mail.private")), key);

	assert_int_equal(run(f, "--force domain a.example keytype ed25519"), 0);
	assert_int_equal(facts_of(f, KEY("a.example", "mail.private")).kind, DKIM_ED25519);
	assert_string_equal(get(f, DKIM_KEY_TABLE), tables);

	/* What is there and is no key is not taken for one, nor overwritten. */
	temp_write(path_of(f, KEY("a.example", "mail.private")), "rubbish\n");
	assert_int_equal(run(f, "domain a.example"), 1);
	assert_string_equal(get(f, KEY("a.example", "mail.private")), "rubbish\n");
}

static void test_domains_of_files(void **state)
{
	struct fixture *f = *state;

	temp_write(path_of(f, "postfix-accounts.cf"), "anna@a.example|{PLAIN}x\n");
	temp_write(path_of(f, "postfix-virtual.cf"), "info@b.example anna@a.example\n");
	assert_int_equal(run(f, "keysize 1024"), 0);
	(void)facts_of(f, KEY("a.example", "mail.private"));
	(void)facts_of(f, KEY("b.example", "mail.private"));
}

static void test_server_refuses(void **state)
{
	struct fixture *f = *state;

	server.running = server.refuses = true;
	assert_int_equal(run(f, "keysize 1024 domain a.example"), 1);
	assert_false(dir_exists(path_of(f, DKIM_DIR)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_wrong_words, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_make, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keep_and_force, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_domains_of_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_server_refuses, set_up, tear_down),
	};
	(void)setenv("LOG_LEVEL", "error", 1);
	if (freopen("/dev/null", "w", stderr) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
