/* SPDX-License-Identifier: MIT */
/* tree: making, copying and removing directories; links are never followed. */
#include "unit.h"

static struct temp t;

static int open_temp(void **state UNUSED)
{
	temp_open(&t);
	return 0;
}

static int close_temp(void **state UNUSED)
{
	temp_close(&t);
	return 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void make(const char *name)
{
	assert_int_equal(mkdir(temp_path(&t, name), 0700), 0);
}

static void test_make_fails(void **state UNUSED)
{
	struct err err = ERR_INIT;
	temp_write(temp_path(&t, "plain"), "x");
	assert_false(dir_make(temp_path(&t, "plain"), NULL, &err));
	assert_err(&err, ERR_IO, "mkdir ");
	assert_false(dir_make(temp_path(&t, "plain/sub/dir"), NULL, &err));
	assert_err(&err, ERR_IO, "mkdir ");
	assert_false(dir_make("", NULL, &err));
}

static void test_make(void **state UNUSED)
{
	struct err err = ERR_INIT;
	mode_t mask = umask(022);
	const struct file_attr attr = { .mode = 02770, .uid = getuid(), .gid = getgid() };
	assert_done(dir_make(temp_path(&t, "a//b/c"), &attr, &err), &err);
	assert_int_equal(mode_of(temp_path(&t, "a")), 0755);
	assert_int_equal(mode_of(temp_path(&t, "a/b/c")), 02770);
	const struct file_attr other = { .mode = 0700, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	assert_done(dir_make(temp_path(&t, "a/b/c"), &other, &err), &err);
	assert_int_equal(mode_of(temp_path(&t, "a/b/c")), 02770);
	assert_done(dir_make(temp_path(&t, "a/b/d/"), &other, &err), &err);
	assert_int_equal(mode_of(temp_path(&t, "a/b/d")), 0700);
	assert_done(dir_make(temp_path(&t, "e"), NULL, &err), &err);
	assert_int_equal(mode_of(temp_path(&t, "e")), 0755);
	assert_done(dir_make("/", &other, &err), &err);
	(void)umask(mask);
}

static void test_remove(void **state UNUSED)
{
	struct err err = ERR_INIT;
	assert_done(tree_remove(temp_path(&t, "missing"), &err), &err);
	make("rm");
	make("rm/sub");
	make("rm/sub/deep");
	make("outside");
	temp_write(temp_path(&t, "outside/kept"), "x");
	temp_write(temp_path(&t, "rm/sub/deep/file"), "x");
	assert_int_equal(symlink(temp_path(&t, "outside"), temp_path(&t, "rm/sub/link")), 0);
	assert_int_equal(mkfifo(temp_path(&t, "rm/fifo"), 0600), 0);
	assert_done(tree_remove(temp_path(&t, "rm"), &err), &err);
	assert_false(dir_exists(temp_path(&t, "rm")));
	assert_true(file_exists(temp_path(&t, "outside/kept")));
	/* The path itself may be a link or a file. */
	assert_int_equal(symlink(temp_path(&t, "outside"), temp_path(&t, "link")), 0);
	assert_done(tree_remove(temp_path(&t, "link"), &err), &err);
	assert_true(file_exists(temp_path(&t, "outside/kept")));
	assert_done(tree_remove(temp_path(&t, "outside/kept"), &err), &err);
	assert_false(file_exists(temp_path(&t, "outside/kept")));
	assert_false(tree_remove("/proc/self/status", &err));
	assert_err(&err, ERR_IO, "/proc/self/status");
}

/* A chain of directories top/d/d/d… of the given depth. */
static void make_chain(const char *top, int depth)
{
	autobuf struct buf path = BUF_INIT;
	buf_adds(&path, temp_path(&t, top));
	for (int i = 0; i < depth; i++) {
		assert_int_equal(mkdir(path.p, 0700), 0);
		buf_adds(&path, "/d");
	}
}

/* Takes a chain away from its end. */
static void remove_chain(const char *top, int depth)
{
	for (; depth > 0; depth--) {
		autobuf struct buf path = BUF_INIT;
		buf_adds(&path, temp_path(&t, top));
		for (int i = 1; i < depth; i++)
			buf_adds(&path, "/d");
		assert_int_equal(rmdir(path.p), 0);
	}
}

static void test_too_deep(void **state UNUSED)
{
	struct err err = ERR_INIT;
	make_chain("deep", 65);
	assert_false(tree_copy(temp_path(&t, "deep"), temp_path(&t, "deep-copy"), &err));
	assert_err(&err, ERR_IO, "directories deep");
	assert_done(tree_remove(temp_path(&t, "deep-copy"), &err), &err);
	assert_false(tree_remove(temp_path(&t, "deep"), &err));
	assert_err(&err, ERR_IO, "directories deep");
	remove_chain("deep", 65);
	make_chain("deep", 64);
	assert_done(tree_copy(temp_path(&t, "deep"), temp_path(&t, "deep-copy"), &err), &err);
	assert_done(tree_remove(temp_path(&t, "deep-copy"), &err), &err);
	assert_done(tree_remove(temp_path(&t, "deep"), &err), &err);
}

static void test_copy_fails(void **state UNUSED)
{
	struct err err = ERR_INIT;
	make("src");
	temp_write(temp_path(&t, "src/file"), "x");
	temp_write(temp_path(&t, "file"), "x");
	assert_false(tree_copy(temp_path(&t, "missing"), temp_path(&t, "dst"), &err));
	assert_err(&err, ERR_IO, "open directory ");
	assert_false(tree_copy(temp_path(&t, "file"), temp_path(&t, "dst"), &err));
	assert_err(&err, ERR_IO, "open directory ");
	assert_false(tree_copy(temp_path(&t, "src"), temp_path(&t, "no/dst"), &err));
	assert_err(&err, ERR_IO, "create copy of ");
	assert_false(tree_copy(temp_path(&t, "src"), temp_path(&t, "file"), &err));
	assert_err(&err, ERR_IO, "open copy of ");
	/* A directory stands where a file or link shall go. */
	make("dst");
	make("dst/file");
	assert_false(tree_copy(temp_path(&t, "src"), temp_path(&t, "dst"), &err));
	assert_err(&err, ERR_IO, "replace copy of ");
	assert_int_equal(unlink(temp_path(&t, "src/file")), 0);
	assert_int_equal(symlink("x", temp_path(&t, "src/file")), 0);
	assert_false(tree_copy(temp_path(&t, "src"), temp_path(&t, "dst"), &err));
	assert_err(&err, ERR_IO, "replace copy of ");
}

static void test_copy(void **state UNUSED)
{
	struct err err = ERR_INIT;
	char *text = NULL, target[64] = "";
	make("from");
	make("from/sub");
	temp_write(temp_path(&t, "from/a"), "one");
	temp_write(temp_path(&t, "from/sub/b"), "two");
	assert_int_equal(symlink("../a", temp_path(&t, "from/sub/link")), 0);
	assert_int_equal(mkfifo(temp_path(&t, "from/fifo"), 0600), 0);
	assert_int_equal(chmod(temp_path(&t, "from/a"), 0751), 0);
	assert_int_equal(chmod(temp_path(&t, "from/sub"), 0500), 0);
	/* Twice: the second time over the first. A file that is a link in the copy is replaced, not followed. */
	for (int i = 0; i < 2; i++) {
		assert_done(tree_copy(temp_path(&t, "from"), temp_path(&t, "to"), &err), &err);
		assert_done(file_read(&t.arena, temp_path(&t, "to/a"), 100, &text, NULL, &err),
			    &err);
		assert_string_equal(text, "one");
		assert_int_equal(mode_of(temp_path(&t, "to/a")), 0751);
		assert_int_equal(mode_of(temp_path(&t, "to/sub")), 0500);
		assert_done(file_read(&t.arena, temp_path(&t, "to/sub/b"), 100, &text, NULL, &err),
			    &err);
		assert_true(readlink(temp_path(&t, "to/sub/link"), target, sizeof(target) - 1) > 0);
		assert_string_equal(target, "../a");
		assert_int_equal(access(temp_path(&t, "to/fifo"), F_OK), -1);
		temp_write(temp_path(&t, "victim"), "untouched");
		assert_int_equal(unlink(temp_path(&t, "to/a")), 0);
		assert_int_equal(symlink(temp_path(&t, "victim"), temp_path(&t, "to/a")), 0);
		assert_int_equal(chmod(temp_path(&t, "to/sub"), 0700), 0);
		if (i == 0)
			assert_int_equal(rename(temp_path(&t, "to/sub"), temp_path(&t, "to/old")),
					 0);
	}
	assert_done(file_read(&t.arena, temp_path(&t, "victim"), 100, &text, NULL, &err), &err);
	assert_string_equal(text, "untouched");
	assert_int_equal(chmod(temp_path(&t, "from/sub"), 0700), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make_fails), cmocka_unit_test(test_make),
		cmocka_unit_test(test_remove),	   cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_copy_fails), cmocka_unit_test(test_copy),
	};
	return cmocka_run_group_tests(tests, open_temp, close_temp);
}
