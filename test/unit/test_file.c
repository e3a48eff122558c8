/* SPDX-License-Identifier: MIT */
/*
 * file: reading, replacing, links, locks. Failures that need a mount, a quota or another owner are played: the three
 * calls below stand in front of libc's and fail once with the errno in `fault`.
 */
#include "unit.h"

#include "base/proc.h"

#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static struct {
	int rename, fsync, fchown;
} fault;

/* 0 = go on; otherwise errno is set. */
static int take_fault(int *which)
{
	errno = *which;
	*which = 0;
	return errno;
}

int rename(const char *from, const char *to)
{
	if (take_fault(&fault.rename))
		return -1;
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int fsync(int fd)
{
	return take_fault(&fault.fsync) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	return take_fault(&fault.fchown) ? -1 : (int)syscall(SYS_fchown, fd, uid, gid);
}

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

static const char *content(const char *path)
{
	char *text = NULL;
	struct err err = ERR_INIT;
	assert_done(file_read(&t.arena, path, 1 << 20, &text, NULL, &err), &err);
	return text;
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void test_read_fails(void **state UNUSED)
{
	char *text = NULL;
	size_t n = 99;
	struct err err = ERR_INIT;
	const char *missing = temp_path(&t, "missing");
	assert_false(file_read(&t.arena, missing, 100, &text, &n, &err));
	assert_err(&err, ERR_IO, "open ");
	assert_int_equal(err.sys, ENOENT);
	assert_false(file_read(&t.arena, t.dir, 100, &text, &n, &err));
	assert_err(&err, ERR_IO, "not a regular file");
	assert_false(file_read(&t.arena, "/dev/null", 100, &text, &n, &err));
	assert_err(&err, ERR_IO, "not a regular file");
	const char *fifo = temp_path(&t, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_false(file_read(&t.arena, fifo, 100, &text, &n, &err));
	assert_err(&err, ERR_IO, "not a regular file");
	temp_write(temp_path(&t, "large"), "123456");
	assert_false(file_read(&t.arena, temp_path(&t, "large"), 5, &text, &n, &err));
	assert_err(&err, ERR_IO, "larger than 5 bytes");
	assert_false(file_read(&t.arena, "/proc/self/status", 5, &text, &n, &err));
	assert_err(&err, ERR_IO, "larger than 5 bytes");
	assert_null(text);
	assert_int_equal(n, 99);
}

static void test_read(void **state UNUSED)
{
	char *text = NULL;
	size_t n = 0;
	struct err err = ERR_INIT;
	const char *path = temp_path(&t, "file");
	temp_write(path, "");
	assert_done(file_read(&t.arena, path, 0, &text, &n, &err), &err);
	assert_int_equal(n, 0);
	assert_string_equal(text, "");
	temp_write(path, "123456");
	assert_done(file_read(&t.arena, path, 6, &text, &n, &err), &err);
	assert_int_equal(n, 6);
	assert_string_equal(text, "123456");
	assert_done(file_read(&t.arena, "/proc/self/status", 1 << 20, &text, NULL, &err), &err);
	assert_non_null(strstr(text, "Name:"));
	assert_true(file_exists(path) && !dir_exists(path));
	assert_true(dir_exists(t.dir) && !file_exists(t.dir));
	assert_false(file_exists(temp_path(&t, "missing")) || dir_exists(temp_path(&t, "missing")));
}

static void test_read_roomy(void **state UNUSED)
{
	const char *path = temp_path(&t, "roomy"), *const paths[] = { path, "/proc/self/status" };
	struct err err = ERR_INIT;
	char *text;
	size_t n;

	temp_write(path, "123456");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_done(file_read_roomy(&t.arena, paths[i], 1 << 20, 3, &text, &n, &err), &err);
		assert_int_equal(text[n], '\0');
		memcpy(text + n, "789", 4);
		assert_string_equal(text + n, "789");
	}
	assert_false(file_read_roomy(&t.arena, path, 5, 9, &text, &n, &err));
	assert_err(&err, ERR_IO, "larger than 5 bytes");
}

static void test_holds(void **state UNUSED)
{
	const char *path = temp_path(&t, "holds");
	size_t n = ((size_t)64 << 10) + 5;
	char *text = arena_alloc(&t.arena, n + 1);

	assert_false(file_holds(path, STR_LIT("")));
	assert_false(file_holds(t.dir, STR_LIT("")));
	temp_write(path, "");
	assert_true(file_holds(path, STR_LIT("")));
	assert_false(file_holds(path, STR_LIT("x")));
	memset(text, 'x', n);
	temp_write(path, text);
	assert_true(file_holds(path, (struct str){ text, n }));
	assert_false(file_holds(path, (struct str){ text, n - 1 }));
	assert_false(file_holds(path, (struct str){ text, n + 1 }));
	text[n - 1] = 'y';
	assert_false(file_holds(path, (struct str){ text, n }));
	text[n - 5] = '\0'; /* the file is exactly one part long */
	temp_write(path, text);
	assert_true(file_holds(path, (struct str){ text, n - 5 }));
}

static void test_replace_fails(void **state UNUSED)
{
	struct err err = ERR_INIT;
	assert_false(file_replace(temp_path(&t, "no/such/file"), "x", 1, NULL, FILE_EPHEMERAL, NULL,
				  &err));
	assert_err(&err, ERR_IO, "create ");
	assert_int_equal(err.sys, ENOENT);
	/* A directory has the name: it stays, and no temporary file is left. */
	assert_int_equal(mkdir(temp_path(&t, "isdir"), 0700), 0);
	assert_false(
		file_replace(temp_path(&t, "isdir"), "x", 1, NULL, FILE_EPHEMERAL, NULL, &err));
	assert_err(&err, ERR_IO, "rename ");
	assert_true(dir_exists(temp_path(&t, "isdir")));
	assert_false(file_exists(temp_path(&t, ".isdir.new")));
	/* The temporary name is taken by something that can't be removed. */
	assert_int_equal(mkdir(temp_path(&t, ".busy.new"), 0700), 0);
	assert_false(file_replace(temp_path(&t, "busy"), "x", 1, NULL, FILE_EPHEMERAL, NULL, &err));
	assert_err(&err, ERR_IO, "remove ");
	autoclose int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_false(write_all(fd, "x", 1));
	assert_int_equal(errno, ENOSPC);
}

static void test_replace(void **state UNUSED)
{
	static const enum file_flags flags[] = { FILE_EPHEMERAL, FILE_DURABLE };
	const char *path = temp_path(&t, "replaced");
	const char *stale = temp_path(&t, ".replaced.new");
	struct err err = ERR_INIT;
	mode_t mask = umask(077);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		bool in_place = true;
		(void)unlink(path);
		temp_write(stale, "left by a crash");
		assert_done(file_replace(path, "one", 3, NULL, flags[i], &in_place, &err), &err);
		assert_false(in_place);
		assert_string_equal(content(path), "one");
		assert_int_equal(mode_of(path), 0644);
		assert_false(file_exists(stale));
		/* Mode and owner of an existing file are kept; the old inode is not touched. */
		assert_int_equal(chmod(path, 0640), 0);
		autoclose int old = open(path, O_RDONLY | O_CLOEXEC);
		assert_done(file_replace(path, "", 0, NULL, flags[i], NULL, &err), &err);
		assert_string_equal(content(path), "");
		assert_int_equal(mode_of(path), 0640);
		char seen[4] = "";
		assert_int_equal(read(old, seen, 3), 3);
		assert_string_equal(seen, "one");
		const struct file_attr attr = { .mode = 0600, .uid = getuid(), .gid = (gid_t)-1 };
		assert_done(file_replace(path, "two", 3, &attr, flags[i], NULL, &err), &err);
		assert_int_equal(mode_of(path), 0600);
	}
	(void)umask(mask);
	/* A name without a directory is one in the working directory. */
	char cwd[PATH_MAX];
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(t.dir), 0);
	assert_done(file_replace("bare", "x", 1, NULL, FILE_DURABLE, NULL, &err), &err);
	assert_int_equal(chdir(cwd), 0);
	assert_string_equal(content(temp_path(&t, "bare")), "x");
}

/* What fails at the new file leaves the old one and no temporary file. */
static void test_replace_keeps_old(void **state UNUSED)
{
	static const struct {
		int rename, fsync, fchown;
		const char *part;
	} cases[] = {
		{ EACCES, 0, 0, "rename " },
		{ 0, EIO, 0, "fsync " },
		{ 0, 0, EPERM, "chown " },
	};
	const char *path = temp_path(&t, "kept");
	const struct file_attr foreign = { .mode = 0600, .uid = getuid() + 1, .gid = getgid() };
	struct err err = ERR_INIT;
	temp_write(path, "old");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fault.rename = cases[i].rename;
		fault.fsync = cases[i].fsync;
		fault.fchown = cases[i].fchown;
		assert_false(file_replace(path, "new", 3, cases[i].fchown ? &foreign : NULL,
					  FILE_DURABLE, NULL, &err));
		assert_err(&err, ERR_IO, cases[i].part);
		assert_string_equal(content(path), "old");
		assert_false(file_exists(temp_path(&t, ".kept.new")));
	}
	/* No room. */
	struct rlimit old, small;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ 2, old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	bool done = file_replace(path, "new", 3, NULL, FILE_EPHEMERAL, NULL, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	(void)signal(SIGXFSZ, SIG_DFL);
	assert_false(done);
	assert_err(&err, ERR_IO, "write ");
	assert_string_equal(content(path), "old");
	assert_false(file_exists(temp_path(&t, ".kept.new")));
}

/* A file that is a mount point: same inode, backup beside it, with and without the lock in the caller's hand. */
static void test_replace_in_place(void **state UNUSED)
{
	const char *path = temp_path(&t, "mounted");
	struct stat before, after;
	struct err err = ERR_INIT;
	autoclose int lock = -1;
	temp_write(path, "a long old text");
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(stat(path, &before), 0);
	for (int i = 0; i < 2; i++) {
		bool in_place = false;
		fault.rename = EBUSY;
		assert_done(file_replace(path, "new", 3, NULL, FILE_DURABLE, &in_place, &err),
			    &err);
		assert_true(in_place);
		assert_string_equal(content(path), "new");
		assert_string_equal(content(temp_path(&t, "mounted.bak")),
				    i ? "new" : "a long old text");
		assert_int_equal(mode_of(temp_path(&t, "mounted.bak")), 0640);
		assert_false(file_exists(temp_path(&t, ".mounted.new")));
		assert_int_equal(stat(path, &after), 0);
		assert_true(before.st_ino == after.st_ino && after.st_mode == before.st_mode);
		if (i == 0)
			assert_done(dir_lock(t.dir, 0, &lock, &err), &err);
	}
	/* The backup can't be made: nothing is touched. */
	assert_int_equal(unlink(temp_path(&t, "mounted.bak")), 0);
	assert_int_equal(mkdir(temp_path(&t, "mounted.bak"), 0700), 0);
	fault.rename = EBUSY;
	assert_false(file_replace(path, "newer", 5, NULL, FILE_DURABLE, NULL, &err));
	assert_err(&err, ERR_IO, "back up ");
	assert_string_equal(content(path), "new");
}

static void test_link_flip(void **state UNUSED)
{
	struct err err = ERR_INIT;
	char target[64] = "";
	const char *link = temp_path(&t, "current");
	assert_false(link_flip(temp_path(&t, "no/current"), "1", &err));
	assert_err(&err, ERR_IO, "create ");
	assert_int_equal(mkdir(temp_path(&t, "realdir"), 0700), 0);
	assert_false(link_flip(temp_path(&t, "realdir"), "1", &err));
	assert_err(&err, ERR_IO, "rename ");
	assert_int_equal(mkdir(temp_path(&t, ".taken.new"), 0700), 0);
	assert_false(link_flip(temp_path(&t, "taken"), "1", &err));
	assert_err(&err, ERR_IO, "remove ");
	static const char *const targets[] = { "1", "2", "/nowhere" };
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		assert_done(link_flip(link, targets[i], &err), &err);
		memset(target, 0, sizeof(target));
		assert_true(readlink(link, target, sizeof(target) - 1) > 0);
		assert_string_equal(target, targets[i]);
	}
	temp_write(temp_path(&t, ".current.new"), "stale");
	assert_done(link_flip(link, "3", &err), &err);
}

static void test_lock_fails(void **state UNUSED)
{
	struct err err = ERR_INIT;
	int fd = -2;
	assert_false(dir_lock(temp_path(&t, "missing"), 0, &fd, &err));
	assert_err(&err, ERR_IO, "open ");
	assert_false(dir_lock("/dev/null", 0, &fd, &err));
	assert_err(&err, ERR_IO, "open /dev/null");
	autoclose int held = -1;
	assert_done(dir_lock(t.dir, 0, &held, &err), &err);
	static const int timeouts[] = { 0, -1, 20 };
	for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
		int64_t start = now_ms();
		assert_false(dir_lock(t.dir, timeouts[i], &fd, &err));
		assert_err(&err, ERR_TEMP, "still holds it");
		assert_true(now_ms() - start < 10000);
		assert_true(timeouts[i] <= 0 || now_ms() - start >= timeouts[i]);
	}
	assert_int_equal(fd, -2);
	(void)close(steal_fd(&held));
	assert_done(dir_lock(t.dir, 0, &held, &err), &err);
}

/* The holder lets go when it sees on /proc that somebody waits: no guess about time. */
static void hold_until_waited_for(int ready, const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		_exit(1);
	struct stat st;
	char inode[32], text[65536];
	(void)fstat(fd, &st);
	(void)snprintf(inode, sizeof(inode), ":%ju ", (uintmax_t)st.st_ino);
	(void)write_all(ready, "x", 1);
	for (int64_t deadline = now_ms() + 10000; now_ms() < deadline;) {
		int locks = open("/proc/locks", O_RDONLY | O_CLOEXEC);
		size_t n = 0; /* one read gives a page at most, others have locks too */
		for (ssize_t got = 1; got > 0; n += got > 0 ? (size_t)got : 0)
			got = read(locks, text + n, sizeof(text) - 1 - n);
		(void)close(locks);
		text[n] = '\0';
		for (const char *p = text; (p = strstr(p, "-> FLOCK")) != NULL; p++) {
			const char *end = strchr(p, '\n');
			const char *hit = strstr(p, inode);
			if (hit && (!end || hit < end))
				_exit(0);
		}
	}
	_exit(1);
}

static void test_lock_waits(void **state UNUSED)
{
	int fds[2], wstatus = 0;
	char byte;
	struct err err = ERR_INIT;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0)
		hold_until_waited_for(fds[1], t.dir);
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	(void)close(fds[0]);
	autoclose int fd = -1;
	assert_done(dir_lock(t.dir, 20000, &fd, &err), &err);
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_true(WIFEXITED(wstatus) && WEXITSTATUS(wstatus) == 0);
	/* It is really ours: a second one is refused. */
	int second = -1;
	assert_false(dir_lock(t.dir, 0, &second, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_fails),	  cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_roomy),	  cmocka_unit_test(test_holds),
		cmocka_unit_test(test_replace_fails),	  cmocka_unit_test(test_replace),
		cmocka_unit_test(test_replace_keeps_old), cmocka_unit_test(test_replace_in_place),
		cmocka_unit_test(test_link_flip),	  cmocka_unit_test(test_lock_fails),
		cmocka_unit_test(test_lock_waits),
	};
	return cmocka_run_group_tests(tests, open_temp, close_temp);
}
