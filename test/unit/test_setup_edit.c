/* SPDX-License-Identifier: MIT */
/*
 * edit and the commands on top of it (email, alias), with a server that is not there, takes
 * everything, or refuses: the two functions of plan/apply are replaced here.
 */
#include "unit/inputs_unit.h"

#include "cli/commands.h"
#include "cli/edit.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/quotas.h"
#include "inputs/relays.h"
#include "plan/apply.h"

#define HASH "{SHA512-CRYPT}$6$salt$hash"

static struct {
	bool running;
	int status;
	int calls;
	const char *meddle; /* path that somebody else writes while we apply, or NULL */
} server;

bool apply_is_running(void)
{
	return server.running;
}

int apply_live(const struct settings_source *src UNUSED, struct problems *p,
	       struct apply_result *result_r)
{
	server.calls++;
	*result_r = (struct apply_result){ .applied = server.status == 0,
					   .changed = server.status == 0 };
	if (server.status)
		problems_add(p, SEV_ERROR, "postfix-accounts.cf:9", NULL, "made up");
	if (server.meddle)
		temp_write(server.meddle, "somebody else\n");
	return server.status;
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

	temp_open(&f->t);
	f->dir = temp_path(&f->t, "config");
	memset(&server, 0, sizeof(server));
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

static void put(struct fixture *f, const char *name, const char *text)
{
	struct err err = ERR_INIT;

	assert_done(dir_make(f->dir, NULL, &err), &err);
	temp_write(arena_printf(&f->t.arena, "%s/%s", f->dir, name), text);
}

static const char *get(struct fixture *f, const char *name)
{
	struct err err = ERR_INIT;
	char *text;

	return file_read(&f->t.arena, arena_printf(&f->t.arena, "%s/%s", f->dir, name), 1 << 20,
			 &text, NULL, &err)
		       ? text
		       : "(missing)";
}

/* Runs a command; the last argument is the password if has_password. */
static int run(struct fixture *f, int (*command)(const struct cmd *), const char *one,
	       const char *two, bool has_password, unsigned flags)
{
	struct cmd cmd = { .config_dir = f->dir, .flags = flags };

	cmd.argv[cmd.argc++] = one;
	if (two)
		cmd.argv[cmd.argc++] = two;
	if (has_password)
		cmd.password = arena_strdup(&f->t.arena, two);
	return command(&cmd);
}

#define FLAG(c) (1u << ((c) - 'a'))

static void test_refusals_change_nothing(void **state)
{
	struct fixture *f = *state;
	static const char accounts[] = "anna@firma.example|{PLAIN}x\n",
			  aliases[] = "info@firma.example anna@firma.example\n";

	put(f, ACCOUNTS_FILE, accounts);
	put(f, ALIASES_FILE, aliases);
	assert_int_equal(run(f, email_add, "ANNA@firma.example", "pw", true, 0), 1);
	assert_int_equal(run(f, email_add, "info@firma.example", "pw", true, 0), 1);
	assert_int_equal(run(f, email_update, "nobody@firma.example", "pw", true, 0), 1);
	assert_int_equal(run(f, email_del, "nobody@firma.example", NULL, false, FLAG('n')), 1);
	assert_int_equal(
		run(f, email_del, "anna@firma.example", NULL, false, FLAG('n') | FLAG('y')), 1);
	assert_int_equal(run(f, alias_add, "anna@firma.example", "b@x.example", false, 0), 1);
	assert_int_equal(run(f, alias_add, "info@firma.example", "ANNA@firma.example", false, 0),
			 1);
	assert_int_equal(run(f, alias_add, "a@firma.example", "a@firma.example", false, 0), 1);
	assert_int_equal(run(f, alias_del, "nix@firma.example", "anna@firma.example", false, 0), 0);
	assert_string_equal(get(f, ACCOUNTS_FILE), accounts);
	assert_string_equal(get(f, ALIASES_FILE), aliases);
	assert_int_equal(server.calls, 0);
}

static void test_server_refuses(void **state)
{
	struct fixture *f = *state;
	static const char accounts[] = "anna@firma.example|{PLAIN}x\n";

	server.running = true;
	server.status = 65;
	/* A new file vanishes again. */
	assert_int_equal(run(f, email_add, "anna@firma.example", "pw", true, 0), 1);
	assert_string_equal(get(f, ACCOUNTS_FILE), "(missing)");
	put(f, ACCOUNTS_FILE, accounts);
	put(f, QUOTAS_FILE, "anna@firma.example:1G\n");
	assert_int_equal(run(f, email_add, "ben@firma.example", "pw", true, 0), 1);
	assert_int_equal(run(f, email_del, "anna@firma.example", NULL, false, FLAG('n')), 1);
	assert_string_equal(get(f, ACCOUNTS_FILE), accounts);
	assert_string_equal(get(f, QUOTAS_FILE), "anna@firma.example:1G\n");
	assert_int_equal(server.calls, 3);
	/* What somebody else wrote in the meantime is not undone. */
	server.meddle = arena_printf(&f->t.arena, "%s/" ACCOUNTS_FILE, f->dir);
	assert_int_equal(run(f, email_add, "ben@firma.example", "pw", true, 0), 1);
	assert_string_equal(get(f, ACCOUNTS_FILE), "somebody else\n");
}

static void test_unwritable(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct edit e;

	temp_write(f->dir, "a file in place of the directory");
	assert_int_equal(run(f, email_add, "anna@firma.example", "pw", true, 0), 1);
	assert_false(edit_begin(&e, f->dir, &err));
	edit_end(&e);
}

static void test_add_update_del(void **state)
{
	struct fixture *f = *state;
	struct stat st;
	const char *text;

	assert_int_equal(run(f, email_add, "Anna@Firma.example", "pw", true, 0), 0);
	text = get(f, ACCOUNTS_FILE);
	assert_true(has_prefix(text, "anna@firma.example|{SHA512-CRYPT}$6$"));
	assert_int_equal(stat(arena_printf(&f->t.arena, "%s/" ACCOUNTS_FILE, f->dir), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(run(f, email_update, "ANNA@firma.example", "neu", true, 0), 0);
	assert_string_not_equal(get(f, ACCOUNTS_FILE), text);
	/* An alias that delivers to itself does not stand in the way. */
	put(f, ALIASES_FILE, "ben@firma.example x@y.example, ben@firma.example\n");
	assert_int_equal(run(f, email_add, "ben@firma.example", "pw", true, 0), 0);
	put(f, ACCOUNTS_FILE,
	    "# c\nAnna@firma.example|{PLAIN}x|a=b\njoanna@firma.example|{PLAIN}x\n");
	put(f, ALIASES_FILE,
	    "info@firma.example anna@firma.example\n"
	    "team@firma.example ANNA@firma.example,x@y.example\n");
	put(f, QUOTAS_FILE, "joanna@firma.example:1G\nanna@firma.example:2G\n");
	server.running = true;
	assert_int_equal(run(f, email_del, "anna@firma.example", NULL, false, FLAG('n')), 0);
	assert_string_equal(get(f, ACCOUNTS_FILE), "# c\njoanna@firma.example|{PLAIN}x\n");
	assert_string_equal(get(f, ALIASES_FILE), "team@firma.example x@y.example\n");
	assert_string_equal(get(f, QUOTAS_FILE), "joanna@firma.example:1G\n");
	assert_int_equal(server.calls, 1);
}

static void test_del_without_accounts(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, email_del, "anna@firma.example", NULL, false, 0), 0);
	put(f, ACCOUNTS_FILE, "");
	assert_int_equal(run(f, email_del, "anna@firma.example", NULL, false, 0), 0);
}

static void test_aliases(void **state)
{
	struct fixture *f = *state;

	server.running = true;
	assert_int_equal(
		run(f, alias_add, "Info@firma.example", "a@x.example, b@x.example", false, 0), 0);
	assert_string_equal(get(f, ALIASES_FILE), "info@firma.example a@x.example,b@x.example\n");
	assert_int_equal(
		run(f, alias_add, "INFO@firma.example", "b@x.example,c@x.example", false, 0), 0);
	assert_string_equal(get(f, ALIASES_FILE),
			    "info@firma.example a@x.example,b@x.example,c@x.example\n");
	assert_int_equal(run(f, alias_add, "b@firma.example", "info@firma.example", false, 0), 0);
	assert_int_equal(run(f, alias_add, "c@firma.example", "d@firma.example", false, 0), 0);
	/* d → c → d */
	assert_int_equal(run(f, alias_add, "d@firma.example", "c@firma.example", false, 0), 1);
	assert_int_equal(run(f, alias_del, "_", "A@x.example,b@x.example,c@x.example", false, 0),
			 0);
	assert_string_equal(
		get(f, ALIASES_FILE),
		"b@firma.example info@firma.example\nc@firma.example d@firma.example\n");
	assert_int_equal(server.calls, 5);
}

static void test_circles(void **state)
{
	struct fixture *f = *state;
	static const char aliases[] = "a@firma.example anna@firma.example,b@firma.example\n"
				      "@catch.example a@firma.example\n";

	put(f, ACCOUNTS_FILE, "anna@firma.example|" HASH "\n");
	put(f, ALIASES_FILE, aliases);
	/* Through one of several targets, through a catch-all, with an extension. */
	assert_int_equal(run(f, alias_add, "b@firma.example", "A@firma.example", false, 0), 1);
	assert_int_equal(run(f, alias_add, "b@firma.example", "any@catch.example", false, 0), 1);
	assert_int_equal(run(f, alias_add, "b@firma.example",
			     "anna@firma.example,a+x@firma.example", false, 0),
			 1);
	assert_string_equal(get(f, ALIASES_FILE), aliases);
	assert_int_equal(run(f, alias_add, "b@firma.example", "anna@firma.example", false, 0), 0);
	/* A copy for the mailbox of the same name is none. */
	assert_int_equal(
		run(f, alias_add, "c@firma.example", "c@firma.example,x@y.example", false, 0), 0);
}

/* What a command says while it runs. */
static const char *said(struct fixture *f, int (*command)(const struct cmd *), const char *one,
			const char *two)
{
	const char *path = temp_path(&f->t, "stderr");
	struct err err = ERR_INIT;
	char *text;

	(void)setenv("LOG_LEVEL", "info", 1);
	assert_non_null(freopen(path, "w", stderr));
	int status = run(f, command, one, two, false, command == email_del ? FLAG('n') : 0);
	(void)fflush(stderr);
	assert_non_null(freopen("/dev/null", "w", stderr));
	(void)setenv("LOG_LEVEL", "error", 1);
	assert_done(file_read(&f->t.arena, path, 1 << 16, &text, NULL, &err), &err);
	return arena_printf(&f->t.arena, "%d\n%s", status, text);
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void test_warnings(void **state)
{
	struct fixture *f = *state;
	const char *text;

	put(f, ACCOUNTS_FILE, "anna@firma.example|" HASH "\nben@other.example|" HASH "\n");
	put(f, ALIASES_FILE,
	    "exit@firma.example anna@firma.example\n"
	    "chain@firma.example exit@firma.example\n"
	    "keep@firma.example ben@other.example,anna@firma.example\n");
	text = said(f, alias_add, "new@firma.example", "nobody@firma.example");
	assert_has(text, "0\n");
	assert_has(text, "WARN  target 'nobody@firma.example' of 'new@firma.example'");
	text = said(f, alias_del, "exit@firma.example", "anna@firma.example");
	assert_has(text, "WARN  target 'exit@firma.example' of 'chain@firma.example'");
	assert_int_equal(run(f, alias_add, "exit@firma.example", "anna@firma.example", false, 0),
			 0);
	text = said(f, email_del, "anna@firma.example", NULL);
	assert_has(text, "0\n");
	assert_has(text, "INFO  the alias 'exit@firma.example' led to 'anna@firma.example' only");
	assert_has(text, "WARN  target 'exit@firma.example' of 'chain@firma.example'");
	assert_has(text,
		   "WARN  'anna@firma.example' was the last account of firma.example; 3 aliases");
	/* What was wrong before is not said again. */
	assert_null(strstr(text, "nobody@firma.example"));
	put(f, REGEXP_FILE, "/^sales/ ben@other.example\n");
	assert_int_equal(run(f, email_add, "sales@firma.example", "pw", true, 0), 0);
	text = said(f, quota_set, "sales@firma.example", "1G");
	assert_string_equal(text, "0\n");
}

static void test_international(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, email_add, "anna@M\xc3\xbcller.example", "pw", true, 0), 0);
	assert_true(has_prefix(get(f, ACCOUNTS_FILE), "anna@xn--mller-kva.example|{"));
	assert_int_equal(run(f, email_add, "anna@xn--mller-kva.example", "pw", true, 0), 1);
	assert_int_equal(run(f, email_update, "anna@m\xc3\xbcller.example", "pw2", true, 0), 0);
	assert_int_equal(run(f, alias_add, "info@m\xc3\xbcller.example",
			     "Anna@m\xc3\xbcller.example", false, 0),
			 0);
	assert_string_equal(get(f, ALIASES_FILE),
			    "info@xn--mller-kva.example Anna@xn--mller-kva.example\n");
	assert_int_equal(run(f, quota_set, "anna@m\xc3\xbcller.example", "5G", false, 0), 0);
	assert_string_equal(get(f, QUOTAS_FILE), "anna@xn--mller-kva.example:5G\n");
	assert_int_equal(run(f, alias_del, "info@m\xc3\xbcller.example",
			     "anna@m\xc3\xbcller.example", false, 0),
			 0);
	assert_string_equal(get(f, ALIASES_FILE), "");
	assert_int_equal(run(f, email_del, "anna@m\xc3\xbcller.example", NULL, false, FLAG('n')),
			 0);
	assert_string_equal(get(f, ACCOUNTS_FILE), "");
	assert_string_equal(get(f, QUOTAS_FILE), "");
}

static int add_from(struct fixture *f, const char *text)
{
	const char *path = temp_path(&f->t, "list");

	temp_write(path, text);
	return run(f, email_add_from, path, NULL, false, 0);
}

static void test_add_from_refused(void **state)
{
	struct fixture *f = *state;
	static const char accounts[] = "anna@firma.example|" HASH "\n";

	put(f, ACCOUNTS_FILE, accounts);
	put(f, ALIASES_FILE, "info@firma.example anna@firma.example\n");
	server.running = true;
	assert_int_equal(run(f, email_add_from, temp_path(&f->t, "missing"), NULL, false, 0), 1);
	assert_int_equal(add_from(f, "ben@firma.example geheim\nANNA@firma.example x\n"), 1);
	assert_int_equal(add_from(f, "ben@firma.example geheim\ninfo@firma.example x\n"), 1);
	assert_int_equal(add_from(f, "ben@firma.example geheim\nben@firma.example x\n"), 1);
	assert_int_equal(add_from(f, "ben@firma.example geheim\nrubbish\n"), 1);
	assert_int_equal(add_from(f, "# nobody\n\n"), 0);
	assert_string_equal(get(f, ACCOUNTS_FILE), accounts);
	assert_int_equal(server.calls, 0);
	server.status = 65;
	assert_int_equal(add_from(f, "ben@firma.example geheim\n"), 1);
	assert_string_equal(get(f, ACCOUNTS_FILE), accounts);
}

static void test_add_from(void **state)
{
	struct fixture *f = *state;
	autobuf struct buf list = BUF_INIT;
	struct str rest, line;
	size_t n = 0;

	put(f, ACCOUNTS_FILE, "anna@firma.example|" HASH "\r\n");
	buf_adds(&list, "# new ones\r\nBen@firma.example two words \r\n"
			"carla@firma.example|" HASH "|userdb_quota_storage_size=5M\n");
	for (int i = 0; i < 40; i++)
		buf_printf(&list, "u%d@firma.example pass%d\n", i, i);
	server.running = true;
	assert_int_equal(add_from(f, list.p), 0);
	assert_int_equal(server.calls, 1);
	const char *text = get(f, ACCOUNTS_FILE);
	assert_true(has_prefix(text, "anna@firma.example|" HASH
				     "\r\nben@firma.example|{SHA512-CRYPT}$6$"));
	assert_non_null(strstr(text, "\r\ncarla@firma.example|" HASH
				     "|userdb_quota_storage_size=5M\r\nu0@firma.example|{"));
	rest = str_from(text);
	while (str_next_line(&rest, &line))
		n += line.n > 100 || str_has_char(line, '=') || has_prefix(line.p, "anna");
	assert_int_equal(n, 43);
}

/* Lines that are added stand where there is room behind the text, and elsewhere when there is none. */
static void test_append(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	size_t large = (size_t)300 << 10;
	char *many = arena_alloc(&f->t.arena, large + 1);
	autobuf struct buf other = BUF_INIT;
	struct str text;
	struct edit e;

	memset(many, 'x', large);
	put(f, ACCOUNTS_FILE, "one\r\ntwo");
	assert_done(edit_begin(&e, f->dir, &err), &err);
	assert_done(edit_read(&e, ACCOUNTS_FILE, &text, &err), &err);
	assert_done(edit_read(&e, ALIASES_FILE, &text, &err), &err);
	edit_append(&e, ACCOUNTS_FILE, "three");
	edit_append(&e, ACCOUNTS_FILE, "four\nfive");
	edit_append(&e, ALIASES_FILE, "alias");
	assert_done(edit_read(&e, ACCOUNTS_FILE, &text, &err), &err);
	assert_true(str_is(text, "one\r\ntwo\r\nthree\r\nfour\r\nfive\r\n"));
	edit_append(&e, ACCOUNTS_FILE, many);
	edit_append(&e, ACCOUNTS_FILE, "last");
	buf_adds(&other, "anew\n");
	edit_write(&e, ALIASES_FILE, &other);
	edit_append(&e, ALIASES_FILE, "more");
	assert_int_equal(edit_commit(&e), 0);
	edit_end(&e);
	const char *end = get(f, ACCOUNTS_FILE);
	assert_true(has_prefix(end, "one\r\ntwo\r\nthree\r\nfour\r\nfive\r\nxxx"));
	assert_string_equal(strrchr(end, 'x'), "x\r\nlast\r\n");
	assert_string_equal(get(f, ALIASES_FILE), "anew\nmore\n");
}

static void test_two_editors(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct edit e;
	struct str text;
	int pipe_fds[2], wstatus;

	assert_done(edit_begin(&e, f->dir, &err), &err);
	assert_done(edit_read(&e, ACCOUNTS_FILE, &text, &err), &err);
	assert_int_equal(pipe(pipe_fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		/* Gives up its share of the lock, says that it is there, and waits for the lock. */
		(void)close(e.lock);
		(void)write_all(pipe_fds[1], "x", 1);
		_exit(run(f, email_add, "ben@firma.example", "pw", true, 0));
	}
	char c;
	assert_int_equal(read(pipe_fds[0], &c, 1), 1);
	edit_append(&e, ACCOUNTS_FILE, "anna@firma.example|{PLAIN}x");
	assert_int_equal(edit_commit(&e), 0);
	edit_end(&e);
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(wstatus, 0);
	assert_non_null(strstr(get(f, ACCOUNTS_FILE), "anna@firma.example|"));
	assert_non_null(strstr(get(f, ACCOUNTS_FILE), "ben@firma.example|"));
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

static void test_relays(void **state)
{
	struct fixture *f = *state;
	struct cmd cmd = { .config_dir = f->dir,
			   .argc = 2,
			   .argv = { "Firma.example", "r.example" } };
	struct stat st;

	assert_int_equal(run(f, relay_del_domain, "firma.example", NULL, false, 0), 1);
	assert_int_equal(run(f, relay_del_auth, "firma.example", NULL, false, 0), 1);
	cmd.argv[1] = "localhost";
	assert_int_equal(relay_add_domain(&cmd), 1);
	assert_string_equal(get(f, RELAYS_FILE), "(missing)");
	cmd.argv[1] = "r.example";
	assert_int_equal(relay_add_domain(&cmd), 0);
	assert_string_equal(get(f, RELAYS_FILE), "@firma.example [r.example]:25\n");
	cmd.argv[cmd.argc++] = "587";
	assert_int_equal(relay_add_domain(&cmd), 0);
	assert_int_equal(run(f, relay_exclude_domain, "anna@firma.example", NULL, false, 0), 0);
	assert_string_equal(get(f, RELAYS_FILE),
			    "@firma.example [r.example]:587\nanna@firma.example \n");
	cmd.argv[1] = "user";
	cmd.password = arena_strdup(&f->t.arena, "pa:ss ");
	assert_int_equal(relay_add_auth(&cmd), 1);
	assert_string_equal(get(f, RELAY_LOGINS_FILE), "(missing)");
	cmd.password = arena_strdup(&f->t.arena, "pa:ss");
	assert_int_equal(relay_add_auth(&cmd), 0);
	assert_string_equal(cmd.password, "");
	assert_string_equal(get(f, RELAY_LOGINS_FILE), "@firma.example user:pa:ss\n");
	assert_int_equal(stat(arena_printf(&f->t.arena, "%s/" RELAY_LOGINS_FILE, f->dir), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(run(f, relay_del_auth, "[R.example]:587", NULL, false, 0), 1);
	assert_int_equal(run(f, relay_del_auth, "FIRMA.example", NULL, false, 0), 0);
	assert_string_equal(get(f, RELAY_LOGINS_FILE), "");
	/* A server that refuses: the file is as it was. */
	server.running = true;
	server.status = 65;
	assert_int_equal(run(f, relay_del_domain, "firma.example", NULL, false, 0), 1);
	assert_non_null(strstr(get(f, RELAYS_FILE), "@firma.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refusals_change_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_server_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unwritable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_del_without_accounts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_add_update_del, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_aliases, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_circles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_warnings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_international, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_add_from_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_add_from, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_append, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_editors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_relays, set_up, tear_down),
	};
	/* Messages of the commands would drown the results. */
	(void)setenv("LOG_LEVEL", "error", 1);
	if (freopen("/dev/null", "w", stderr) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
