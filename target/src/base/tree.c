/* SPDX-License-Identifier: MIT */
/*
 * The functions on whole trees of file.h.
 *
 * Everything below a directory is reached with *at() calls relative to its descriptor, without
 * following links: a tree that changes under us can't lead us elsewhere.
 *
 * LIMITS
 *	Trees deeper than TREE_DEPTH_MAX are refused: one descriptor is open per level. tree_copy()
 *	leaves out sockets, pipes and devices.
 *
 * SOURCES
 *	openat(2) O_NOFOLLOW; unlinkat(2) EISDIR, EPERM; readdir(3) for telling the end from a
 *	failure.
 */
#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>

#define TREE_DEPTH_MAX 64
#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static void dir_cleanup(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}
#define autodir __attribute__((cleanup(dir_cleanup)))

/* Opens the directory `name` in at for reading its entries; no link is followed. */
static DIR *open_entries(int at, const char *name, const char *label, struct err *err)
{
	autoclose int fd = openat(at, name, OPEN_DIR | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		(void)err_sys(err, ERR_IO, "open directory %s", label);
	else
		(void)steal_fd(&fd);
	return d;
}

/* Next entry but "." and ".."; NULL at the end and on failure (then *failed_r). */
static const struct dirent *next_entry(DIR *d, const char *label, bool *failed_r, struct err *err)
{
	for (;;) {
		errno = 0;
		const struct dirent *e = readdir(d);
		if (!e) {
			*failed_r = errno != 0;
			if (*failed_r)
				(void)err_sys(err, ERR_IO, "read directory %s", label);
			return NULL;
		}
		if (!streq(e->d_name, ".") && !streq(e->d_name, ".."))
			return e;
	}
}

/* Removes the entry `name` of the directory at, whatever it is. label: path for messages. */
static bool remove_at(int at, const char *name, const char *label, unsigned depth, struct err *err)
{
	bool failed = false;
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return true;
	/* EISDIR on Linux, EPERM by POSIX. */
	if (errno != EISDIR && errno != EPERM)
		return err_sys(err, ERR_IO, "remove %s", label);
	if (depth == TREE_DEPTH_MAX)
		return err_set(err, ERR_IO, "remove %s: more than %d directories deep", label,
			       TREE_DEPTH_MAX);
	autodir DIR *d = open_entries(at, name, label, err);
	if (!d)
		return false;
	for (const struct dirent *e; (e = next_entry(d, label, &failed, err)) != NULL;)
		if (!remove_at(dirfd(d), e->d_name, label, depth + 1, err))
			return false;
	if (failed)
		return false;
	return unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT ||
	       err_sys(err, ERR_IO, "remove %s", label);
}

bool tree_remove(const char *path, struct err *err)
{
	return remove_at(AT_FDCWD, path, path, 0, err);
}

static bool copy_bytes(int from, int to, const char *label, struct err *err)
{
	char chunk[16384];
	for (;;) {
		ssize_t n = read(from, chunk, sizeof(chunk));
		if (n == 0)
			return true;
		if (n < 0 && errno != EINTR)
			return err_sys(err, ERR_IO, "read %s", label);
		if (n > 0 && !write_all(to, chunk, (size_t)n))
			return err_sys(err, ERR_IO, "write copy of %s", label);
	}
}

static bool copy_file(int from, int to, const char *name, mode_t mode, const char *label,
		      struct err *err)
{
	autoclose int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (in < 0)
		return err_sys(err, ERR_IO, "open %s", label);
	if (unlinkat(to, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, ERR_IO, "replace copy of %s", label);
	autoclose int out =
		openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return err_sys(err, ERR_IO, "create copy of %s", label);
	if (!copy_bytes(in, out, label, err))
		return false;
	if (fchmod(out, mode) < 0)
		return err_sys(err, ERR_IO, "chmod copy of %s", label);
	return close(steal_fd(&out)) == 0 || err_sys(err, ERR_IO, "close copy of %s", label);
}

static bool copy_link(int from, int to, const char *name, const char *label, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);
	if (n < 0)
		return err_sys(err, ERR_IO, "read link %s", label);
	target[n] = '\0';
	if (unlinkat(to, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, ERR_IO, "replace copy of %s", label);
	return symlinkat(target, to, name) == 0 || err_sys(err, ERR_IO, "create copy of %s", label);
}

/* Copies the entries of from/src_name to to/dst_name, which is made if missing. */
static bool copy_dir(int from, const char *src_name, int to, const char *dst_name,
		     const char *label, unsigned depth, struct err *err)
{
	bool failed = false, made = false;
	struct stat st;
	if (depth == TREE_DEPTH_MAX)
		return err_set(err, ERR_IO, "copy %s: more than %d directories deep", label,
			       TREE_DEPTH_MAX);
	autodir DIR *d = open_entries(from, src_name, label, err);
	if (!d)
		return false;
	made = mkdirat(to, dst_name, 0700) == 0;
	if (!made && errno != EEXIST)
		return err_sys(err, ERR_IO, "create copy of %s", label);
	autoclose int out = openat(to, dst_name, OPEN_DIR | O_NOFOLLOW);
	if (out < 0)
		return err_sys(err, ERR_IO, "open copy of %s", label);
	for (const struct dirent *e; (e = next_entry(d, label, &failed, err)) != NULL;) {
		autobuf struct buf path = BUF_INIT;
		buf_printf(&path, "%s/%s", label, e->d_name);
		bool done = true;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			done = err_sys(err, ERR_IO, "stat %s", path.p);
		else if (S_ISREG(st.st_mode))
			done = copy_file(dirfd(d), out, e->d_name, st.st_mode & 07777, path.p, err);
		else if (S_ISLNK(st.st_mode))
			done = copy_link(dirfd(d), out, e->d_name, path.p, err);
		else if (S_ISDIR(st.st_mode))
			done = copy_dir(dirfd(d), e->d_name, out, e->d_name, path.p, depth + 1,
					err);
		if (!done)
			return false;
	}
	if (failed)
		return false;
	/* Last: a mode without write permission must not stop the copy. */
	if (made && (fstat(dirfd(d), &st) < 0 || fchmod(out, st.st_mode & 07777) < 0))
		return err_sys(err, ERR_IO, "chmod copy of %s", label);
	return true;
}

bool tree_copy(const char *src, const char *dst, struct err *err)
{
	return copy_dir(AT_FDCWD, src, AT_FDCWD, dst, src, 0, err);
}

void dir_names(struct arena *a, const char *path, bool (*wanted)(const char *name),
	       struct text_vec *out)
{
	autodir DIR *d = opendir(path);
	const struct dirent *e;

	while (d && (e = readdir(d)) != NULL)
		if (wanted ? wanted(e->d_name) : e->d_name[0] != '.')
			*VEC_PUSH(a, out) = arena_strdup(a, e->d_name);
	text_vec_sort(out);
}
