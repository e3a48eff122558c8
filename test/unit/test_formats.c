/* SPDX-License-Identifier: MIT */
/* formats: mail that is stored in another format than the one that is set. */
#include "inputs_unit.h"

#include "dovecot/formats.h"

static struct temp t;
static struct settings s;
static struct inputs in;

static int open_temp(void **state UNUSED)
{
	temp_open(&t);
	s = (struct settings){ .dovecot_mailbox_format = "maildir" };
	in = (struct inputs){ .accounts = VEC_INIT };
	return 0;
}

static int close_temp(void **state UNUSED)
{
	temp_close(&t);
	return 0;
}

static void add_account(const char *local, const char *extra)
{
	const char *address = arena_printf(&t.arena, "%s@example.test", local);

	*VEC_PUSH(&t.arena, &in.accounts) = (struct account){ .address = address,
							      .domain = strchr(address, '@') + 1,
							      .extra = extra };
}

/* A directory of the mailbox: "anna/cur". */
static void make(const char *path)
{
	struct err err = ERR_INIT;

	assert_done(dir_make(temp_path(&t, arena_printf(&t.arena, "mail/example.test/%s", path)),
			     NULL, &err),
		    &err);
}

static const struct service_ctx *ctx_with(const char *format)
{
	static struct service_ctx ctx;

	s.dovecot_mailbox_format = format;
	ctx = (struct service_ctx){ .arena = &t.arena, .s = &s, .in = &in };
	return &ctx;
}

/* What is said about it, or "" when it is right. */
static const char *complaint(const char *format)
{
	struct problems p;

	problems_init(&p, &t.arena);
	formats_check(ctx_with(format), temp_path(&t, "mail"), temp_path(&t, "note"), &p);
	if (p.list.n == 0)
		return "";
	assert_int_equal(p.list.n, 1);
	assert_int_equal(p.list.v[0].severity, SEV_ERROR);
	return arena_printf(&t.arena, "%s: %s; %s", p.list.v[0].subject, p.list.v[0].text,
			    p.list.v[0].hint);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in '%s'", part, text);
}

static void test_other_formats(void **state UNUSED)
{
	static const struct {
		const char *dirs[2], *is, *not [2];
	} cases[] = {
		{ { "anna/cur", NULL }, "maildir", { "sdbox", "mdbox" } },
		{ { "anna/mailboxes", NULL }, "sdbox", { "maildir", "mdbox" } },
		{ { "anna/mailboxes", "anna/storage" }, "mdbox", { "maildir", "sdbox" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		(void)open_temp(NULL);
		add_account("anna", "");
		for (size_t k = 0; k < 2 && cases[i].dirs[k]; k++)
			make(cases[i].dirs[k]);
		assert_string_equal(complaint(cases[i].is), "");
		for (size_t k = 0; k < 2; k++) {
			const char *said = complaint(cases[i].not [k]);
			has(said, arena_printf(&t.arena, "DOVECOT_MAILBOX_FORMAT='%s'",
					       cases[i].not [k]));
			has(said, arena_printf(&t.arena, "anna@example.test is stored as %s",
					       cases[i].is));
			has(said,
			    arena_printf(&t.arena, "set DOVECOT_MAILBOX_FORMAT=%s", cases[i].is));
		}
		(void)close_temp(NULL);
	}
	(void)open_temp(NULL);
}

static void test_counts_accounts(void **state UNUSED)
{
	add_account("new", "");
	add_account("own", "userdb_mail_path=/var/mail/archive/own");
	add_account("done", "");
	add_account("anna", "");
	add_account("ben", "");
	make("own/cur");
	make("anna/cur");
	make("ben/cur");
	/* Converted, with the old mail still there. */
	make("done/cur");
	make("done/storage");
	has(complaint("mdbox"), "the mail of anna@example.test and 1 more is stored as maildir");
}

static void test_nothing_there(void **state UNUSED)
{
	assert_string_equal(complaint("mdbox"), "");
	add_account("anna", "");
	assert_string_equal(complaint("mdbox"), "");
	/* A script came before the first mail. */
	make("anna/home");
	assert_string_equal(complaint("mdbox"), "");
}

static void test_note(void **state UNUSED)
{
	const char *note = temp_path(&t, "note");
	struct err err = ERR_INIT;

	add_account("anna", "");
	make("anna/cur");
	assert_false(formats_note(ctx_with("mdbox"), temp_path(&t, "none/note"), &err));
	assert_done(formats_note(ctx_with("mdbox"), note, &err), &err);
	assert_string_equal(complaint("mdbox"), "");
	has(complaint("sdbox"), "stored as maildir");
	assert_done(formats_note(ctx_with("sdbox"), note, &err), &err);
	has(complaint("mdbox"), "stored as maildir");
}

static void test_home(void **state UNUSED)
{
	s.dovecot_mailbox_format = "maildir";
	assert_string_equal(formats_home(&t.arena, &s, "a@b@example.test"),
			    "/var/mail/example.test/a@b/home");
	s.dovecot_mailbox_format = "sdbox";
	assert_string_equal(formats_home(&t.arena, &s, "anna@example.test"),
			    "/var/mail/example.test/anna");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_temp, close_temp)
	const struct CMUnitTest tests[] = {
		CASE(test_other_formats), CASE(test_counts_accounts),
		CASE(test_nothing_there), CASE(test_note),
		CASE(test_home),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
