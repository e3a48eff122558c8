/* SPDX-License-Identifier: MIT */
#include <setjmp.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "init/watch.h"

struct place {
	char root[64];
	struct watch w;
};

static const char *at(const struct place *p, const char *name)
{
	static char path[4][128];
	static unsigned turn;
	char *out = path[turn++ % ARRAY_SIZE(path)];

	(void)snprintf(out, sizeof(path[0]), "%s/%s", p->root, name);
	return out;
}

static int set_up(void **state)
{
	struct place *p = xmalloc(sizeof(*p));
	struct err err = ERR_INIT;

	(void)snprintf(p->root, sizeof(p->root), "%s", "/tmp/test_watch.XXXXXX");
	assert_non_null(mkdtemp(p->root));
	assert_true(watch_open(&p->w, &err));
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	struct err err = ERR_INIT;

	watch_close(&p->w);
	assert_true(tree_remove(p->root, &err));
	free(p);
	return 0;
}

static void put(const struct place *p, const char *name, const char *text)
{
	autoclose int fd = open(at(p, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_true(write_all(fd, text, strlen(text)));
}

static void make_dir(const struct place *p, const char *name)
{
	assert_int_equal(mkdir(at(p, name), 0755), 0);
}

static void test_names(void **state UNUSED)
{
	static const char *const ignored[] = { ".",	".x.new", ".postfix-accounts.cf.swp",
					       "a~",	"#a#",	  "4913",
					       "x.bak", "x.tmp",  "x.lock",
					       "x.swx", "..",	  "a.new" };
	static const char *const watched[] = { "postfix-accounts.cf", "..data",
					       "..data_tmp2",	      "ssl",
					       "privkey.pem",	      "" };

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		assert_true(watch_ignores(ignored[i]));
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
		assert_false(watch_ignores(watched[i]));
}

static void test_debounce(void **state UNUSED)
{
	struct debounce d = { .pending = false };

	assert_true(debounce_due_ms(&d) == INT64_MAX);
	debounce_note(&d, 1000);
	assert_int_equal(debounce_due_ms(&d), 1060);
	debounce_note(&d, 1050);
	assert_int_equal(debounce_due_ms(&d), 1110);
	debounce_note(&d, 1240);
	assert_int_equal(debounce_due_ms(&d), 1250);
	debounce_clear(&d);
	assert_true(debounce_due_ms(&d) == INT64_MAX);
	debounce_note(&d, 5000);
	assert_int_equal(debounce_due_ms(&d), 5060);
}

static void test_files(void **state)
{
	struct place *p = *state;

	make_dir(p, "config");
	put(p, "config/old.cf", "1");
	watch_add(&p->w, at(p, "config"));
	watch_add(&p->w, at(p, "config"));
	assert_int_equal(p->w.dirs_n, 1);
	watch_arm(&p->w);
	assert_false(watch_drain(&p->w));

	put(p, "config/new.cf", "1");
	assert_true(watch_drain(&p->w));
	put(p, "config/old.cf", "2");
	assert_true(watch_drain(&p->w));
	assert_false(watch_drain(&p->w));
	put(p, "config/.old.cf.new", "3");
	assert_false(watch_drain(&p->w));
	assert_int_equal(rename(at(p, "config/.old.cf.new"), at(p, "config/old.cf")), 0);
	assert_true(watch_drain(&p->w));
	assert_int_equal(unlink(at(p, "config/old.cf")), 0);
	assert_true(watch_drain(&p->w));
	assert_int_equal(chmod(at(p, "config/new.cf"), 0600), 0);
	assert_true(watch_drain(&p->w));
	put(p, "elsewhere", "1");
	assert_false(watch_drain(&p->w));
}

/* The whole path comes later, step by step. */
static void test_missing_directory(void **state)
{
	struct place *p = *state;

	watch_add(&p->w, at(p, "a/b/config"));
	watch_arm(&p->w);
	put(p, "stranger", "1");
	assert_false(watch_drain(&p->w));
	make_dir(p, "a");
	assert_true(watch_drain(&p->w));
	make_dir(p, "a/b");
	make_dir(p, "a/b/config");
	assert_true(watch_drain(&p->w));
	assert_int_equal(p->w.dirs[0].awaited, 0);
	assert_false(watch_drain(&p->w));
	put(p, "a/b/config/x.cf", "1");
	assert_true(watch_drain(&p->w));
	/* The way there is not watched any more. */
	put(p, "stranger", "2");
	put(p, "a/stranger", "1");
	assert_false(watch_drain(&p->w));
}

static void test_directory_goes_and_comes(void **state)
{
	struct place *p = *state;

	make_dir(p, "config");
	watch_add(&p->w, at(p, "config"));
	watch_arm(&p->w);
	assert_int_equal(rename(at(p, "config"), at(p, "gone")), 0);
	assert_true(watch_drain(&p->w));
	put(p, "gone/x.cf", "1");
	assert_false(watch_drain(&p->w));
	make_dir(p, "config");
	assert_true(watch_drain(&p->w));
	put(p, "config/x.cf", "1");
	assert_true(watch_drain(&p->w));
	assert_int_equal(unlink(at(p, "config/x.cf")), 0);
	assert_int_equal(rmdir(at(p, "config")), 0);
	assert_true(watch_drain(&p->w));
	assert_true(p->w.dirs[0].awaited > 0);
}

/* ssl/ below a watched directory, both in the list. */
static void test_nested(void **state)
{
	struct place *p = *state;

	make_dir(p, "config");
	watch_add(&p->w, at(p, "config"));
	watch_add(&p->w, at(p, "config/ssl"));
	watch_arm(&p->w);
	make_dir(p, "config/ssl");
	assert_true(watch_drain(&p->w));
	put(p, "config/ssl/key.pem", "1");
	assert_true(watch_drain(&p->w));
	put(p, "config/x.cf", "1");
	assert_true(watch_drain(&p->w));
}

static void test_compare(void **state)
{
	struct place *p = *state;

	make_dir(p, "config");
	put(p, "config/x.cf", "1");
	watch_add(&p->w, at(p, "config"));
	watch_arm(&p->w);
	assert_false(watch_compare(&p->w));
	put(p, "config/x.cf", "22");
	assert_true(watch_compare(&p->w));
	assert_false(watch_compare(&p->w));
	assert_int_equal(symlink("nowhere", at(p, "config/link")), 0);
	assert_true(watch_compare(&p->w));
	assert_int_equal(unlink(at(p, "config/x.cf")), 0);
	assert_true(watch_compare(&p->w));
	assert_false(watch_compare(&p->w));
}

static void test_changed_since(void **state)
{
	struct place *p = *state;
	struct timespec now = { 0, 0 };
	struct stat st;

	make_dir(p, "config");
	put(p, "config/x.cf", "1");
	watch_add(&p->w, at(p, "config"));
	assert_int_equal(stat(at(p, "config/x.cf"), &st), 0);
	now = st.st_ctim;
	assert_true(watch_changed_since(&p->w, now));
	now.tv_sec++;
	assert_false(watch_changed_since(&p->w, now));
}

static void test_limits(void **state)
{
	struct place *p = *state;
	autobuf struct buf path = BUF_INIT;

	watch_add(&p->w, "relative");
	assert_int_equal(p->w.dirs_n, 0);
	for (unsigned i = 0; i < WATCH_DIRS_MAX + 3; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "d%u", i);
		watch_add(&p->w, at(p, name));
	}
	assert_int_equal(p->w.dirs_n, WATCH_DIRS_MAX);
	watch_arm(&p->w);
	buf_addc(&path, '/');
	for (unsigned i = 0; i < WATCH_TEXT_MAX; i++)
		buf_addc(&path, 'x');
	watch_add(&p->w, path.p);
	assert_int_equal(p->w.dirs_n, WATCH_DIRS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_debounce),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_directory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_directory_goes_and_comes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nested, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_compare, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changed_since, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
