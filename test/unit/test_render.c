/* SPDX-License-Identifier: MIT */
/* plan, render: a tree from the real templates; what is refused. Run from the top of the sources. */
#include "unit/unit.h"

#include "plan/render.h"

struct fixture {
	struct temp t;
	struct settings s;
	struct plan plan;
	struct problems p;
};

static void open_fixture(struct fixture *f)
{
	static const char *const env[] = { "OVERRIDE_HOSTNAME=mail.example.test", NULL };
	const struct settings_source src = { .environ = env, .nodename = "", .read_files = false };

	*f = (struct fixture){ 0 };
	temp_open(&f->t);
	problems_init(&f->p, &f->t.arena);
	settings_load(&f->t.arena, &src, &f->s, &f->p);
	plan_make(&f->t.arena, &f->s, NULL, true, &f->plan, &f->p);
	assert_int_equal(problems_errors(&f->p), 0);
}

static const char *read_out(struct fixture *f, const char *name)
{
	struct err err = ERR_INIT;
	char *text;

	if (!file_read(&f->t.arena, temp_path(&f->t, name), (size_t)1 << 20, &text, NULL, &err))
		fail_msg("%s", err.text);
	return text;
}

static void test_tree_and_manifest(void **state UNUSED)
{
	struct fixture f;
	struct err err = ERR_INIT;
	autobuf struct buf one = BUF_INIT, two = BUF_INIT;

	open_fixture(&f);
	struct render_where to = { .templates = "target/services", .out = temp_path(&f.t, "out") };
	if (!render_tree(&f.plan, &to, &f.p, &err))
		fail_msg("%s", err.text);
	assert_non_null(
		strstr(read_out(&f, "out/postfix/main.cf"), "\nmyhostname = mail.example.test\n"));
	assert_non_null(strstr(read_out(&f, "out/dms-settings"),
			       "OVERRIDE_HOSTNAME='mail.example.test'\n"));
	assert_string_equal(read_out(&f, "out/mailname"), "example.test\n");
	assert_true(render_manifest(&f.t.arena, to.out, &one, &err));
	assert_non_null(strstr(one.p, "0644 postfix/main.cf "));

	to.out = temp_path(&f.t, "again");
	assert_true(render_tree(&f.plan, &to, &f.p, &err));
	assert_true(render_manifest(&f.t.arena, to.out, &two, &err));
	assert_string_equal(one.p, two.p);
	temp_close(&f.t);
}

static void test_pristine_and_dropins(void **state UNUSED)
{
	struct fixture f;
	struct err err = ERR_INIT;

	open_fixture(&f);
	assert_true(dir_make(temp_path(&f.t, "pristine/postfix/postfix-files.d"), NULL, &err));
	assert_true(dir_make(temp_path(&f.t, "drop/dovecot/conf.d"), NULL, &err));
	temp_write(temp_path(&f.t, "pristine/postfix/dynamicmaps.cf"), "maps\n");
	temp_write(temp_path(&f.t, "pristine/postfix/postfix-files"), "files\n");
	temp_write(temp_path(&f.t, "drop/dovecot/conf.d/own.conf"), "own\n");
	struct render_where to = { .templates = "target/services",
				   .pristine = temp_path(&f.t, "pristine"),
				   .dropins = temp_path(&f.t, "drop"),
				   .out = temp_path(&f.t, "out") };
	if (!render_tree(&f.plan, &to, &f.p, &err))
		fail_msg("%s", err.text);
	assert_string_equal(read_out(&f, "out/postfix/dynamicmaps.cf"), "maps\n");
	assert_string_equal(read_out(&f, "out/dovecot/conf.d/own.conf"), "own\n");
	temp_close(&f.t);
}

static void test_faults_name_the_place(void **state UNUSED)
{
	struct fixture f;
	struct err err = ERR_INIT;

	open_fixture(&f);
	struct render_where to = { .templates = temp_path(&f.t, "none"),
				   .out = temp_path(&f.t, "out") };
	assert_false(render_tree(&f.plan, &to, &f.p, &err));
	assert_non_null(strstr(err.text, "none/"));
	temp_close(&f.t);
}

static void test_order_and_print(void **state UNUSED)
{
	struct fixture f;
	autobuf struct buf out = BUF_INIT;

	open_fixture(&f);
	plan_print(&f.plan, &out);
	const char *dovecot = strstr(out.p, "service dovecot\n"),
		   *postfix = strstr(out.p, "service postfix\n");
	assert_non_null(dovecot);
	assert_non_null(postfix);
	assert_true(dovecot < postfix); /* Postfix names it in `after` */
	assert_non_null(strstr(out.p, "port 587 submission\n"));
	assert_null(strstr(out.p, "port 465")); /* no certificate is configured */
	temp_close(&f.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_and_manifest),
		cmocka_unit_test(test_pristine_and_dropins),
		cmocka_unit_test(test_faults_name_the_place),
		cmocka_unit_test(test_order_and_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
