/* SPDX-License-Identifier: MIT */
/*
 * The functions on trees of file.h are in tree.c.
 *
 * file_replace() uses one temporary name per target, so that a crash leaves at most one stale file,
 * which the next call removes. Writers of the same file hold the directory's lock (dir_lock); the
 * fallback for a file that is a mount point takes the lock only if it is free, because normally its
 * caller holds it: flock(2) belongs to the open file, and a second one here would wait for the
 * first for ever.
 *
 * dir_lock() waits in a short-lived child: a lock belongs to the open file, which parent and child
 * share, and the child's end shows as end-of-file on a pipe that poll(2) can watch with a deadline.
 * No signal, no retry loop.
 *
 * LIMITS
 *	A symbolic link at the target of file_replace() is replaced, not followed. A directory on a
 *	file system without flock(2) can't be locked.
 *
 * SOURCES
 *	rename(2) EBUSY, flock(2), open(2) O_NOFOLLOW, fsync(2) "does not necessarily ensure that
 *	the entry in the directory", symlink(7).
 */
#include "base/file.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/proc.h"
#include "base/str.h"

#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>

#define COMPARE_SIZE ((size_t)64 << 10)
#define KEEP_UID ((uid_t)-1)
#define KEEP_GID ((gid_t)-1)
#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static void unlink_cleanup(const char **name_at_cwd)
{
	if (*name_at_cwd)
		(void)unlink(*name_at_cwd);
}

#define autounlink __attribute__((cleanup(unlink_cleanup)))

static void wipe_cleanup(struct buf *b)
{
	buf_wipe(b);
}

bool write_all(int fd, const void *data, size_t n)
{
	const char *p = data;
	while (n > 0) {
		ssize_t done = write(fd, p, n);
		if (done < 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* Appends the rest of the file; false with err when it has more than max bytes in all. */
static bool read_rest(int fd, const char *path, size_t max, struct buf *b, struct err *err)
{
	for (;;) {
		buf_reserve(b, 1);
		size_t room = b->cap - b->n - 1;
		ssize_t n = read(fd, b->p + b->n, room);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(err, ERR_IO, "read %s", path);
		}
		if (n == 0)
			return true;
		b->n += (size_t)n;
		b->p[b->n] = '\0';
		if (b->n > max)
			return err_set(err, ERR_IO, "read %s: larger than %zu bytes", path, max);
	}
}

/* Reads at most size bytes; their number, or -1 with errno. */
static ssize_t read_some(int fd, char *p, size_t size)
{
	size_t n = 0;
	while (n < size) {
		ssize_t got = read(fd, p + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

/* A file of the size it says, without a copy in between. *done_r: it was that; else the caller
 * reads it the long way (0 in /proc, or it has grown). */
static bool read_sized(struct arena *a, int fd, const char *path, size_t size, size_t room,
		       char **text_r, size_t *len_r, bool *done_r, struct err *err)
{
	char *text = arena_alloc(a, size + room + 1);
	ssize_t n = read_some(fd, text, size), more;
	char next;
	if (n < 0 || (more = read_some(fd, &next, 1)) < 0)
		return err_sys(err, ERR_IO, "read %s", path);
	*done_r = more == 0;
	if (more > 0)
		return lseek(fd, 0, SEEK_SET) == 0 || err_sys(err, ERR_IO, "seek %s", path);
	text[n] = '\0';
	*text_r = text;
	*len_r = (size_t)n;
	return true;
}

bool file_read_roomy(struct arena *a, const char *path, size_t max, size_t room, char **text_r,
		     size_t *len_r, struct err *err)
{
	/* Not blocking: a pipe in place of the file is an error, not a reason to wait. */
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	if (fd < 0)
		return err_sys(err, ERR_IO, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, ERR_IO, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IO, "read %s: not a regular file", path);
	if (st.st_size > 0 && (uintmax_t)st.st_size > max)
		return err_set(err, ERR_IO, "read %s: larger than %zu bytes", path, max);
	bool done = false;
	if (st.st_size > 0 &&
	    !read_sized(a, fd, path, (size_t)st.st_size, room, text_r, len_r, &done, err))
		return false;
	if (done)
		return true;
	/* Any file may be a secret. */
	__attribute__((cleanup(wipe_cleanup))) struct buf b = BUF_INIT;
	buf_reserve(&b, (size_t)st.st_size + 1);
	if (!read_rest(fd, path, max, &b, err))
		return false;
	*text_r = arena_alloc(a, b.n + room + 1);
	memcpy(*text_r, b.p, b.n + 1);
	*len_r = b.n;
	return true;
}

bool file_read(struct arena *a, const char *path, size_t max, char **text_r, size_t *len_r,
	       struct err *err)
{
	size_t n;
	if (!file_read_roomy(a, path, max, 0, text_r, &n, err))
		return false;
	if (len_r)
		*len_r = n;
	return true;
}

bool file_holds(const char *path, struct str text)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char part[COMPARE_SIZE];
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	for (;;) {
		ssize_t n = read_some(fd, part, sizeof(part));
		if (n < 0 || (size_t)n > text.n || memcmp(part, text.p, (size_t)n) != 0)
			return false;
		text.p += n;
		text.n -= (size_t)n;
		if (n < (ssize_t)sizeof(part))
			return text.n == 0;
	}
}

bool file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool dir_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "dir/" part of path with the slash ("" if none); the name behind it is *name_r. */
static struct str split_path(const char *path, const char **name_r)
{
	const char *slash = strrchr(path, '/');
	*name_r = slash ? slash + 1 : path;
	return (struct str){ path, (size_t)(*name_r - path) };
}

/* dir/.NAME.new */
static char *temp_path(struct arena *a, const char *path)
{
	const char *name;
	struct str dir = split_path(path, &name);
	return arena_printf(a, "%.*s.%s.new", (int)dir.n, dir.p, name);
}

/* Owner first: chown(2) may clear mode bits. Only what differs is changed, so that a plain user
 * may keep his own. */
static bool set_attr(int fd, const char *path, const struct file_attr *attr, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(err, ERR_IO, "stat %s", path);
	bool uid = attr->uid != KEEP_UID && attr->uid != st.st_uid;
	bool gid = attr->gid != KEEP_GID && attr->gid != st.st_gid;
	if ((uid || gid) && fchown(fd, attr->uid, attr->gid) < 0)
		return err_sys(err, ERR_IO, "chown %s", path);
	if (fchmod(fd, attr->mode) < 0)
		return err_sys(err, ERR_IO, "chmod %s", path);
	return true;
}

static bool sync_dir_of(const char *path, struct err *err)
{
	const char *name;
	struct str part = split_path(path, &name);
	autobuf struct buf dir = BUF_INIT;
	buf_add(&dir, part.p, part.n);
	autoclose int fd = open(dir.n ? dir.p : ".", OPEN_DIR);
	if (fd < 0)
		return err_sys(err, ERR_IO, "open %s", dir.n ? dir.p : ".");
	return fsync(fd) == 0 || err_sys(err, ERR_IO, "fsync %s", dir.n ? dir.p : ".");
}

/* fsync when wanted, and close(2) with its verdict (NFS, quota). */
static bool finish(int *fd, const char *path, enum file_flags flags, struct err *err)
{
	if ((flags & FILE_DURABLE) && fsync(*fd) < 0)
		return err_sys(err, ERR_IO, "fsync %s", path);
	return close(steal_fd(fd)) == 0 || err_sys(err, ERR_IO, "close %s", path);
}

/* Writes a new file, path must not exist. On failure nothing is left. */
static bool write_new(const char *path, const void *data, size_t n, const struct file_attr *attr,
		      enum file_flags flags, struct err *err)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, ERR_IO, "create %s", path);
	autounlink const char *half = path;
	if (!set_attr(fd, path, attr, err))
		return false;
	if (!write_all(fd, data, n))
		return err_sys(err, ERR_IO, "write %s", path);
	if (!finish(&fd, path, flags, err))
		return false;
	half = NULL;
	return true;
}

/* Copies the file's content to NAME.bak. */
static bool back_up(const char *path, const struct file_attr *attr, struct err *err)
{
	struct arena a;
	arena_init(&a, "backup");
	char *text = NULL;
	size_t n = 0;
	bool done = file_read(&a, path, SIZE_MAX / 8, &text, &n, err);
	if (done) {
		const char *bak = arena_printf(&a, "%s.bak", path);
		if (unlink(bak) < 0 && errno != ENOENT)
			done = err_sys(err, ERR_IO, "remove %s", bak);
		else
			done = write_new(bak, text, n, attr, FILE_DURABLE, err);
	}
	arena_wipe(&a);
	return done;
}

/* For a file that is a mount point: the same inode gets the new content. */
static bool rewrite(const char *path, const void *data, size_t n, const struct file_attr *attr,
		    enum file_flags flags, struct err *err)
{
	const char *name;
	struct str part = split_path(path, &name);
	autobuf struct buf dir = BUF_INIT;
	buf_add(&dir, part.p, part.n);
	autoclose int lock = open(dir.n ? dir.p : ".", OPEN_DIR);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0 && errno != EWOULDBLOCK)
		return err_sys(err, ERR_IO, "lock %s", dir.p);
	if (!back_up(path, attr, err))
		return err_wrap(err, "back up %s", path);
	autoclose int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, ERR_IO, "open %s", path);
	if (!set_attr(fd, path, attr, err))
		return false;
	if (!write_all(fd, data, n) || ftruncate(fd, (off_t)n) < 0)
		return err_sys(err, ERR_IO, "write %s (its old content is in %s.bak)", path, path);
	return finish(&fd, path, flags, err);
}

/* attr, or what the existing file has, or 0644 for a new one. */
static struct file_attr effective_attr(const char *path, const struct file_attr *attr)
{
	struct stat st;
	if (attr)
		return *attr;
	if (stat(path, &st) < 0)
		return (struct file_attr){ .mode = 0644, .uid = KEEP_UID, .gid = KEEP_GID };
	return (struct file_attr){ .mode = st.st_mode & 07777, .uid = st.st_uid, .gid = st.st_gid };
}

static bool replace_with(const char *temp, const char *path, const void *data, size_t n,
			 const struct file_attr *attr, enum file_flags flags, bool *in_place_r,
			 struct err *err)
{
	if (unlink(temp) < 0 && errno != ENOENT)
		return err_sys(err, ERR_IO, "remove %s", temp);
	if (!write_new(temp, data, n, attr, flags, err))
		return false;
	bool in_place = false;
	if (rename(temp, path) < 0) {
		in_place = errno == EBUSY;
		if (!in_place)
			(void)err_sys(err, ERR_IO, "rename %s", path);
		(void)unlink(temp);
		if (!in_place || !rewrite(path, data, n, attr, flags, err))
			return false;
	}
	if ((flags & FILE_DURABLE) && !sync_dir_of(path, err))
		return false;
	if (in_place_r)
		*in_place_r = in_place;
	return true;
}

bool file_replace(const char *path, const void *data, size_t n, const struct file_attr *attr,
		  enum file_flags flags, bool *in_place_r, struct err *err)
{
	struct arena a;
	arena_init(&a, "replace");
	struct file_attr as = effective_attr(path, attr);
	bool done = replace_with(temp_path(&a, path), path, data, n, &as, flags, in_place_r, err);
	arena_fini(&a);
	return done;
}

/* Makes one directory; *made_r tells whether it is new. */
static bool make_one(const char *path, mode_t mode, bool *made_r, struct err *err)
{
	*made_r = mkdir(path, mode) == 0;
	if (*made_r || (errno == EEXIST && dir_exists(path)))
		return true;
	return err_sys(err, ERR_IO, "mkdir %s", path);
}

bool dir_make(const char *path, const struct file_attr *attr, struct err *err)
{
	autobuf struct buf part = BUF_INIT;
	bool made = false;
	for (const char *p = path; *p; p++) {
		bool parent = p > path && *p == '/' && p[-1] != '/' && p[strspn(p, "/")] != '\0';
		if (parent && !dir_exists(part.p) && !make_one(part.p, 0755, &made, err))
			return false;
		buf_addc(&part, *p);
	}
	/* Closed to others until owner and mode are right. */
	if (!make_one(path, attr ? attr->mode & 0700 : 0755, &made, err))
		return false;
	if (!made || !attr)
		return true;
	autoclose int fd = open(path, OPEN_DIR | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(err, ERR_IO, "open %s", path);
	return set_attr(fd, path, attr, err);
}

bool link_flip(const char *link, const char *target, struct err *err)
{
	struct arena a;
	arena_init(&a, "link");
	const char *temp = temp_path(&a, link);
	bool done = true;
	if (unlink(temp) < 0 && errno != ENOENT) {
		done = err_sys(err, ERR_IO, "remove %s", temp);
	} else if (symlink(target, temp) < 0) {
		done = err_sys(err, ERR_IO, "create %s", temp);
	} else if (rename(temp, link) < 0) {
		done = err_sys(err, ERR_IO, "rename %s", link);
		(void)unlink(temp);
	}
	arena_fini(&a);
	return done;
}

/* In the child of lock_wait(): blocks until the lock is there. The lock outlives us in the
 * parent's descriptor. */
static void NORETURN lock_child(int fd, pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			_exit(1);
	_exit(0);
}

/* Waits for the lock on fd of the directory path. */
static bool lock_wait(int fd, const char *path, int timeout_ms, struct err *err)
{
	int64_t deadline = now_ms() + timeout_ms, left = timeout_ms;
	int fds[2], wstatus = 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, ERR_OS, "lock %s: pipe", path);
	autoclose int reader = fds[0];
	autoclose int writer = fds[1];
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0)
		return err_sys(err, ERR_OS, "lock %s: fork", path);
	if (pid == 0)
		lock_child(fd, parent);
	(void)close(steal_fd(&writer));
	struct pollfd p = { .fd = reader, .events = POLLIN };
	while (left > 0 && poll(&p, 1, (int)left) < 0)
		left = deadline - now_ms(); /* interrupted */
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &wstatus, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(wstatus) && WEXITSTATUS(wstatus) == 0)
		return true;
	return err_set(err, ERR_TEMP, "lock %s: another process still holds it after %d ms", path,
		       timeout_ms);
}

bool dir_lock(const char *path, int timeout_ms, int *fd_r, struct err *err)
{
	autoclose int fd = open(path, OPEN_DIR);
	if (fd < 0)
		return err_sys(err, ERR_IO, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, ERR_IO, "lock %s", path);
		if (!lock_wait(fd, path, timeout_ms, err))
			return false;
	}
	*fd_r = steal_fd(&fd);
	return true;
}
