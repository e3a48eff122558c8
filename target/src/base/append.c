/* SPDX-License-Identifier: MIT */
/*
 * One write of a few hundred bytes is seen by readers whole or not at all, but for a kill between two
 * pages and for what the disk had of it when the power failed: hence the comment. One byte is
 * never torn.
 *
 * SOURCES
 *	pwrite(2), fdatasync(2) "metadata needed to retrieve the data", ftruncate(2).
 */
#include "base/append.h"

#include "base/buf.h"
#include "base/file.h"

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_unchanged(int fd, const struct stat *st)
{
	struct stat now;

	return fstat(fd, &now) == 0 && S_ISREG(now.st_mode) && now.st_dev == st->st_dev &&
	       now.st_ino == st->st_ino && now.st_size == st->st_size &&
	       same_time(now.st_mtim, st->st_mtim) && same_time(now.st_ctim, st->st_ctim);
}

/* Whether what stands before `end` ends a line, with LF alone. */
static bool ends_line(int fd, off_t end)
{
	char last[2];

	return end >= 2 && pread(fd, last, 2, end - 2) == 2 && last[1] == '\n' && last[0] != '\r';
}

static bool write_at(int fd, const char *data, size_t n, off_t at)
{
	return pwrite(fd, data, n, at) == (ssize_t)n && fdatasync(fd) == 0;
}

bool append_line(const char *path, const struct stat *st, const char *line, size_t max)
{
	autoclose int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct buf text = BUF_INIT; /* may hold a secret */
	off_t end = st->st_size;

	if (line[0] == '\0' || line[0] == '#')
		BUG("append of '%s'", line);
	if (fd < 0 || !is_unchanged(fd, st) || !ends_line(fd, end))
		return false;
	if (strlen(line) + 1 > max || (size_t)end > max - strlen(line) - 1)
		return false;
	buf_printf(&text, "#%s\n", line + 1);
	bool ok = write_at(fd, text.p, text.n, end) && write_at(fd, line, 1, end);
	buf_wipe(&text);
	if (!ok)
		(void)!ftruncate(fd, end); /* if not, a comment is left, or the line */
	return ok;
}

/* The file of *st, open, with the line at its end and nothing else; -1 if it is not. */
static int open_appended(const char *path, const struct stat *st, const char *line)
{
	autoclose int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	size_t n = strlen(line) + 1;
	struct buf there = BUF_INIT;
	struct stat now;

	if (fd < 0 || fstat(fd, &now) < 0 || now.st_dev != st->st_dev || now.st_ino != st->st_ino ||
	    now.st_size != st->st_size + (off_t)n)
		return -1;
	buf_reserve(&there, n);
	bool same = pread(fd, there.p, n, st->st_size) == (ssize_t)n &&
		    memcmp(there.p, line, n - 1) == 0 && there.p[n - 1] == '\n';
	there.n = n;
	buf_wipe(&there);
	return same ? steal_fd(&fd) : -1;
}

bool append_holds(const char *path, const struct stat *st, const char *line)
{
	autoclose int fd = open_appended(path, st, line);

	return fd >= 0;
}

bool append_undo(const char *path, const struct stat *st, const char *line)
{
	autoclose int fd = open_appended(path, st, line);

	return fd >= 0 && ftruncate(fd, st->st_size) == 0 && fdatasync(fd) == 0;
}
