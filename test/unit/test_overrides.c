/* SPDX-License-Identifier: MIT */
/* overrides: parsing; merge, types: how Postfix' files take them. */
#include "unit/inputs_unit.h"

#include "inputs/overrides.h"
#include "postfix/merge.h"
#include "postfix/types.h"

struct fixture {
	struct temp t;
	struct problems p;
	struct override_vec list;
};

static void open_fixture(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	temp_open(&f->t);
	problems_init(&f->p, &f->t.arena);
}

static void parse_main(struct fixture *f, const char *text)
{
	overrides_parse_main(&f->t.arena, MAIN_CF_FILE, str_from(text), &f->list, &f->p);
}

static void parse_master(struct fixture *f, const char *text)
{
	overrides_parse_master(&f->t.arena, MASTER_CF_FILE, str_from(text), &f->list, &f->p);
}

static void test_main_findings(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	parse_main(&f, "# mine\n"
		       "queue_minfree\n"
		       "= 5\n"
		       "smtpd banner = x\n"
		       "a = 1\n"
		       "b = \001\n"
		       "a = 2\n");
	assert_finding(&f.p, SEV_ERROR, "postfix-main.cf:2", "has no '='");
	assert_finding(&f.p, SEV_ERROR, "postfix-main.cf:3", "name of a parameter");
	assert_finding(&f.p, SEV_ERROR, "postfix-main.cf:4", "name of a parameter");
	assert_finding(&f.p, SEV_ERROR, "postfix-main.cf:6", "control character");
	assert_finding(&f.p, SEV_WARNING, "postfix-main.cf:7", "line 5 already");
	assert_int_equal(f.p.list.n, 5);
	assert_int_equal(f.list.n, 1);
	assert_string_equal(f.list.v[0].value, "2");
	assert_int_equal(f.list.v[0].line, 7);
	temp_close(&f.t);
}

static void test_master_findings(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	parse_master(&f, "submission\n"
			 "submission=x\n"
			 "submission/tcp/a=b\n"
			 "sub mission/inet/a=b\n"
			 "submission/inet/=b\n"
			 "filter/unix=filter unix - n n - 10\n"
			 "filter/unix=other unix - n n - 10 pipe\n");
	assert_finding(&f.p, SEV_ERROR, "postfix-master.cf:1", "has no '='");
	assert_finding(&f.p, SEV_ERROR, "postfix-master.cf:2", "no '/'");
	assert_finding(&f.p, SEV_ERROR, "postfix-master.cf:3", "type that is not one of");
	assert_finding(&f.p, SEV_ERROR, "postfix-master.cf:4", "name of a service");
	assert_finding(&f.p, SEV_ERROR, "postfix-master.cf:5", "no name of a parameter");
	assert_finding(&f.p, SEV_ERROR, "postfix-master.cf:6", "eight fields");
	assert_finding(&f.p, SEV_ERROR, "postfix-master.cf:7", "other fields");
	assert_int_equal(f.list.n, 0);
	temp_close(&f.t);
}

static const char *merged(struct fixture *f, const char *before, bool master)
{
	const char *path = temp_path(&f->t, "file.cf");
	struct err err = ERR_INIT;
	char *text;

	temp_write(path, before);
	bool ok = master ? merge_master(&f->t.arena, path, &f->list, &f->p, &err)
			 : merge_main(&f->t.arena, path, &f->list, &err);
	assert_done(ok, &err);
	assert_done(file_read(&f->t.arena, path, 65536, &text, NULL, &err), &err);
	return text;
}

static void test_merge_main(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	parse_main(&f, "message_size_limit = 5\n"
		       "mynetworks = 10.0.0.0/8\n"
		       "\t192.0.2.0/24\n"
		       "own = $x $$y\n"
		       "size = \n");
	assert_no_findings(&f.p);
	assert_string_equal(merged(&f,
				   "# head\n"
				   "mynetworks =\n"
				   "\t127.0.0.1\n"
				   "# between\n"
				   "message_size_limit=1\n"
				   "message_size = 2\n",
				   false),
			    "# head\n"
			    "mynetworks = 10.0.0.0/8 192.0.2.0/24\n"
			    "# between\n"
			    "message_size_limit = 5\n"
			    "message_size = 2\n"
			    "\n# --- From postfix-main.cf\n\n"
			    "own = $x $$y\n"
			    "size = \n");
	temp_close(&f.t);
}

static void test_restriction_classes_add_up(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	parse_main(&f, "smtpd_restriction_classes = mine, ours\n");
	assert_string_equal(merged(&f, "smtpd_restriction_classes =\n\task_quota\nx = y\n", false),
			    "smtpd_restriction_classes = mine, ours, ask_quota\nx = y\n");
	assert_string_equal(merged(&f, "smtpd_restriction_classes =\n", false),
			    "smtpd_restriction_classes = mine, ours\n");
	assert_string_equal(
		merged(&f, "", false),
		"\n# --- From postfix-main.cf\n\nsmtpd_restriction_classes = mine, ours\n");
	temp_close(&f.t);
}

static void test_merge_master(void **state UNUSED)
{
	struct fixture f;

	open_fixture(&f);
	parse_master(&f, "submission/inet/smtpd_a=x\n"
			 "submission/inet/smtpd_c=permit, reject\n"
			 "filter/unix=filter unix - n n - 10 pipe user=vmail\n"
			 "smtp/inet/x=1\n"
			 "filter/unix/y=2\n"
			 "smtps/inet/z=3\n");
	assert_string_equal(merged(&f,
				   "smtp  inet n - n - - smtpd\n"
				   "# comment\n"
				   "submission inet n - n - - smtpd\n"
				   "  -o smtpd_a=old\n"
				   "  -o smtpd_ab=kept\n",
				   true),
			    "smtp  inet n - n - - smtpd\n"
			    "  -o x=1\n"
			    "# comment\n"
			    "submission inet n - n - - smtpd\n"
			    "  -o smtpd_ab=kept\n"
			    "  -o smtpd_a=x\n"
			    "  -o { smtpd_c = permit, reject }\n"
			    "\n# --- From postfix-master.cf\n\n"
			    "filter unix - n n - 10 pipe user=vmail\n"
			    "  -o y=2\n");
	assert_finding(&f.p, SEV_ERROR, "postfix-master.cf:6", "no service 'smtps/inet'");
	assert_finding(&f.p, SEV_ERROR, "postfix-master.cf:6", "smtp/inet, submission/inet");
	temp_close(&f.t);
}

static void test_types(void **state UNUSED)
{
	static const struct {
		const char *default_value, *value;
		bool good;
	} cases[] = {
		{ "yes", "no", true },	      { "no", "YES", true },
		{ "no", "perhaps", false },   { "no", "", false },
		{ "no", "$other", true },     { "10240000", "0", true },
		{ "10240000", "10M", false }, { "0", "-1", true },
		{ "0", "", false },	      { "300s", "5m", true },
		{ "300s", "5", true },	      { "300s", "5x", false },
		{ "300s", "s", false },	      { "$myhostname ESMTP", "anything", true },
		{ "", "anything", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *problem =
			types_problem(types_kind_of(cases[i].default_value), cases[i].value);
		if ((problem == NULL) != cases[i].good)
			fail_msg("default '%s', value '%s': %s", cases[i].default_value,
				 cases[i].value, problem ? problem : "accepted");
	}
}

static void test_lines(void **state UNUSED)
{
	struct line_vec lines = VEC_INIT;
	struct fixture f;

	open_fixture(&f);
	overrides_parse_lines(&f.t.arena, DOVECOT_CF_FILE,
			      STR_LIT("a = 1\r\n\n# c\nb {\n\tx\001y\n}"), &lines, &f.p);
	assert_int_equal(lines.n, 6);
	assert_string_equal(lines.v[0], "a = 1");
	assert_string_equal(lines.v[1], "");
	assert_string_equal(lines.v[5], "}");
	assert_finding(&f.p, SEV_ERROR, "dovecot.cf:5", "control character");
	assert_int_equal(f.p.list.n, 1);
	temp_close(&f.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_main_findings),
		cmocka_unit_test(test_master_findings),
		cmocka_unit_test(test_restriction_classes_add_up),
		cmocka_unit_test(test_merge_main),
		cmocka_unit_test(test_merge_master),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
