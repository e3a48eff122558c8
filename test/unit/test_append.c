/* SPDX-License-Identifier: MIT */
/*
 * append: a line is there whole or not at all. The system calls below stand in front of libc's: they fail, write
 * less, or end the process at the n-th write, as a kill would.
 */
#include "unit.h"

#include "base/append.h"

#include <sys/syscall.h>

#define OLD "ben@example.test|x\n"
#define LINE "anna@example.test|{SCHEME}hash"

enum fate { FATE_NONE, FATE_DIE, FATE_FAIL };

static struct {
	int write; /* the number of the call that meets its fate */
	enum fate fate;
	size_t part;   /* bytes that are still written */
	int fdatasync; /* the call that fails */
} fault;
static int writes, syncs;

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	bool hit = ++writes == fault.write && fault.fate != FATE_NONE;
	size_t len = hit && fault.part < n ? fault.part : n;
	ssize_t done = len > 0 ? (ssize_t)syscall(SYS_pwrite64, fd, data, len, at) : 0;

	if (hit && fault.fate == FATE_DIE)
		_exit(1);
	if (hit && len == 0) {
		errno = ENOSPC;
		return -1;
	}
	return done;
}

int fdatasync(int fd UNUSED)
{
	if (++syncs != fault.fdatasync)
		return 0;
	errno = EIO;
	return -1;
}

static struct temp t;
static const char *path;

static int open_temp(void **state UNUSED)
{
	temp_open(&t);
	path = temp_path(&t, "accounts");
	memset(&fault, 0, sizeof(fault));
	writes = syncs = 0;
	return 0;
}

static int close_temp(void **state UNUSED)
{
	temp_close(&t);
	return 0;
}

static const char *content(void)
{
	struct err err = ERR_INIT;
	char *text;

	assert_done(file_read(&t.arena, path, 1 << 20, &text, NULL, &err), &err);
	return text;
}

static struct stat write_old(const char *text)
{
	struct stat st;

	temp_write(path, text);
	assert_int_equal(lstat(path, &st), 0);
	return st;
}

static void test_adds(void **state UNUSED)
{
	struct stat st = write_old(OLD), now;

	assert_true(append_line(path, &st, LINE, 1000));
	assert_string_equal(content(), OLD LINE "\n");
	assert_true(append_holds(path, &st, LINE));
	assert_int_equal(stat(path, &now), 0);
	assert_int_equal(now.st_ino, st.st_ino);
	assert_int_equal(syncs, 2); /* before the comment becomes a line, and after */
	assert_true(append_line(path, &now, "c|y", 1000));
	assert_string_equal(content(), OLD LINE "\nc|y\n");
	assert_false(append_holds(path, &st, LINE));
}

static void test_refuses(void **state UNUSED)
{
	static const char *const texts[] = { "", "\n", "x", "x\r\n", "x\ny" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct stat st = write_old(texts[i]);
		assert_false(append_line(path, &st, LINE, 1000));
		assert_string_equal(content(), texts[i]);
	}
	struct stat st = write_old(OLD);
	size_t whole = strlen(OLD) + strlen(LINE) + 1;
	assert_false(append_line(path, &st, LINE, whole - 1));
	assert_false(append_line(path, &st, LINE, 3));
	const char *link = temp_path(&t, "link");
	assert_int_equal(symlink(path, link), 0);
	assert_false(append_line(link, &st, LINE, 1000));
	assert_false(append_line(temp_path(&t, "missing"), &st, LINE, 1000));
	assert_false(append_line(t.dir, &st, LINE, 1000));
	assert_string_equal(content(), OLD);
	assert_true(append_line(path, &st, LINE, whole));
}

/* Rewritten by somebody to the same size, with the old time put back. */
static void test_refuses_a_changed_file(void **state UNUSED)
{
	struct stat st = write_old(OLD), now;
	const struct timespec times[2] = { st.st_atim, st.st_mtim };

	do {
		(void)write_old("eva@example.test|y\n");
		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
		assert_int_equal(stat(path, &now),
				 0); /* until the clock of the file system has moved */
	} while (now.st_ctim.tv_sec == st.st_ctim.tv_sec &&
		 now.st_ctim.tv_nsec == st.st_ctim.tv_nsec);
	assert_int_equal(now.st_size, st.st_size);
	assert_int_equal(now.st_mtim.tv_nsec, st.st_mtim.tv_nsec);
	assert_false(append_line(path, &st, LINE, 1000));
	assert_string_equal(content(), "eva@example.test|y\n");
	/* Another file in its place. */
	const char *other = temp_path(&t, "other");
	temp_write(other, OLD);
	assert_int_equal(rename(other, path), 0);
	assert_false(append_line(path, &now, LINE, 1000));
	assert_string_equal(content(), OLD);
}

static void test_failures_leave_the_text(void **state UNUSED)
{
	for (int call = 1; call <= 2; call++)
		for (size_t part = 0; part < 2; part++) {
			struct stat st = write_old(OLD);
			writes = 0;
			fault.write = call;
			fault.fate = FATE_FAIL;
			fault.part = call == 1 ? part * 7 : 0;
			assert_false(append_line(path, &st, LINE, 1000));
			assert_string_equal(content(), OLD);
		}
	fault.fate = FATE_NONE;
	for (fault.fdatasync = 1; fault.fdatasync <= 2; fault.fdatasync++) {
		struct stat st = write_old(OLD);
		syncs = 0;
		assert_false(append_line(path, &st, LINE, 1000));
		assert_string_equal(content(), OLD);
	}
}

/* Killed at any byte: the old text, and at most a comment or the whole line. */
static void test_killed(void **state UNUSED)
{
	for (int call = 1; call <= 2; call++)
		for (size_t part = 0; part <= (call == 1 ? strlen(LINE) + 1 : 1); part++) {
			struct stat st = write_old(OLD);
			int wstatus = 0;
			pid_t pid = fork();
			if (pid == 0) {
				writes = 0;
				fault.write = call;
				fault.fate = FATE_DIE;
				fault.part = part;
				_exit(append_line(path, &st, LINE, 1000) ? 2 : 3);
			}
			assert_int_equal(waitpid(pid, &wstatus, 0), pid);
			assert_int_equal(WEXITSTATUS(wstatus), 1);
			const char *text = content();
			assert_true(has_prefix(text, OLD));
			text += strlen(OLD);
			if (*text != '\0' && *text != '#')
				assert_string_equal(text, LINE "\n");
		}
}

static void test_undo(void **state UNUSED)
{
	struct stat st = write_old(OLD);

	assert_false(append_undo(path, &st, LINE));
	assert_true(append_line(path, &st, LINE, 1000));
	assert_false(append_undo(path, &st, "anna@example.test|{SCHEME}othr"));
	assert_true(append_undo(path, &st, LINE));
	assert_string_equal(content(), OLD);
	st = write_old(OLD);
	assert_true(append_line(path, &st, LINE, 1000));
	(void)write_old(OLD LINE "\nmore\n");
	assert_false(append_undo(path, &st, LINE));
	assert_string_equal(content(), OLD LINE "\nmore\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_temp, close_temp)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_adds),
		TEST(test_refuses),
		TEST(test_refuses_a_changed_file),
		TEST(test_failures_leave_the_text),
		TEST(test_killed),
		TEST(test_undo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
