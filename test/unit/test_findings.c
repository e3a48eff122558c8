/* SPDX-License-Identifier: MIT */
#include <setjmp.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "init/findings.h"
#include "plan/status.h"

struct place {
	struct arena a;
	char dir[64], memory[80], said[80];
	int stderr_fd;
};

static int set_up(void **state)
{
	struct place *p = xmalloc(sizeof(*p));

	arena_init(&p->a, "test");
	(void)snprintf(p->dir, sizeof(p->dir), "%s", "/tmp/test_findings.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->memory, sizeof(p->memory), "%s/memory", p->dir);
	(void)snprintf(p->said, sizeof(p->said), "%s/said", p->dir);
	p->stderr_fd = dup(STDERR_FILENO);
	log_set_plain(true);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	struct err err = ERR_INIT;

	(void)close(p->stderr_fd);
	arena_fini(&p->a);
	assert_true(tree_remove(p->dir, &err));
	free(p);
	return 0;
}

/* Tells the findings and returns what went to standard error meanwhile. */
static const char *tell(struct place *p, const struct problems *findings, bool quiet)
{
	int fd = open(p->said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err err = ERR_INIT;
	char *text;

	assert_true(fd >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	findings_tell(&p->a, findings, p->memory, quiet);
	assert_true(dup2(p->stderr_fd, STDERR_FILENO) >= 0);
	(void)close(fd);
	assert_true(file_read(&p->a, p->said, 65536, &text, NULL, &err));
	return text;
}

static void test_once(void **state)
{
	struct place *p = *state;
	struct problems one, two, none;
	const char *said;

	problems_init(&none, &p->a);
	problems_init(&one, &p->a);
	problems_add(&one, SEV_WARNING, "X", NULL, "is odd");
	problems_init(&two, &p->a);
	problems_add(&two, SEV_WARNING, "X", NULL, "is odd");
	problems_add(&two, SEV_ERROR, "postfix-accounts.cf:3", NULL, "no\nhash");

	assert_string_equal(tell(p, &one, true), "");
	assert_string_equal(tell(p, &one, false), "");
	said = tell(p, &two, false);
	assert_non_null(strstr(said, "postfix-accounts.cf:3"));
	assert_null(strstr(said, "is odd"));
	assert_string_equal(tell(p, &two, false), "");
	said = tell(p, &one, false);
	assert_non_null(strstr(said, "in order again"));
	assert_string_equal(tell(p, &one, false), "");
	assert_string_equal(tell(p, &none, false), "");
	assert_non_null(strstr(tell(p, &one, false), "is odd"));
}

static void test_status(void **state)
{
	struct place *p = *state;
	struct err err = ERR_INIT;
	struct status s;

	status_parse(&p->a,
		     str_from("finding a.cf:1: bad\nfinding b\nother x\nfinding\naccounts 12\n"),
		     &s);
	assert_int_equal(s.findings.n, 2);
	assert_string_equal(s.findings.v[0], "a.cf:1: bad");
	assert_string_equal(s.findings.v[1], "b");
	assert_int_equal(s.accounts, 12);
	status_parse(&p->a, str_from("accounts many\n"), &s);
	assert_int_equal(s.accounts, -1);
	assert_true(status_read(&p->a, p->memory, &s, &err));
	assert_int_equal(s.findings.n, 0);
	assert_false(status_read(&p->a, p->dir, &s, &err));
}

static void test_notes(void **state)
{
	struct place *p = *state;
	struct text_vec notes = VEC_INIT;
	const char *dir = arena_printf(&p->a, "%s/notes", p->dir);
	struct err err = ERR_INIT;

	status_notes(&p->a, dir, &notes);
	assert_int_equal(notes.n, 0);
	assert_true(dir_make(dir, NULL, &err));
	assert_true(file_replace(arena_printf(&p->a, "%s/b", dir), "three\n", 6, NULL,
				 FILE_EPHEMERAL, NULL, &err));
	assert_true(file_replace(arena_printf(&p->a, "%s/a", dir), "one\n\ntwo", 8, NULL,
				 FILE_EPHEMERAL, NULL, &err));
	assert_true(file_replace(arena_printf(&p->a, "%s/.hidden", dir), "no", 2, NULL,
				 FILE_EPHEMERAL, NULL, &err));
	status_notes(&p->a, dir, &notes);
	assert_int_equal(notes.n, 3);
	assert_string_equal(notes.v[0], "one");
	assert_string_equal(notes.v[1], "two");
	assert_string_equal(notes.v[2], "three");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_status, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_notes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
