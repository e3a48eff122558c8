/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "init/watch.h"

#define DIR_EVENTS                                                                                 \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB |        \
	 IN_DELETE_SELF | IN_MOVE_SELF)
#define ANCESTOR_EVENTS (IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF)
#define FILE_EVENTS (IN_CLOSE_WRITE | IN_ATTRIB)
/* After these a watch is no longer where it should be. */
#define GONE_EVENTS (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)

/* Entries of a directory that are looked at; an administrator's directory has some dozen. */
#define ENTRIES_MAX 4096
/* A directory's components appear one after the other while watches are placed. */
#define ARM_TRIES_MAX 8

bool watch_ignores(const char *name)
{
	static const char *const ends[] = { "~", ".new", ".bak", ".swp", ".swx", ".tmp", ".lock" };

	if (name[0] == '.' && !has_prefix(name, "..data"))
		return true;
	if (name[0] == '#' || streq(name, "4913")) /* Emacs; Vim's test whether it may write here */
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (has_suffix(name, ends[i]))
			return true;
	return false;
}

void debounce_note(struct debounce *d, int64_t now_ms)
{
	if (!d->pending)
		d->first_ms = now_ms;
	d->pending = true;
	d->last_ms = now_ms;
}

int64_t debounce_due_ms(const struct debounce *d)
{
	int64_t quiet = d->last_ms + DEBOUNCE_QUIET_MS, max = d->first_ms + DEBOUNCE_MAX_MS;

	if (!d->pending)
		return INT64_MAX;
	return quiet < max ? quiet : max;
}

void debounce_clear(struct debounce *d)
{
	d->pending = false;
}

bool watch_open(struct watch *w, struct err *err)
{
	*w = (struct watch){ .fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC) };
	if (w->fd < 0)
		return err_sys(err, ERR_OS, "inotify");
	return true;
}

void watch_close(struct watch *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
}

void watch_add(struct watch *w, const char *path)
{
	size_t n = strlen(path) + 1;

	for (size_t i = 0; i < w->dirs_n; i++)
		if (streq(w->dirs[i].path, path))
			return;
	if (w->dirs_n == WATCH_DIRS_MAX || n > sizeof(w->text) - w->text_n || path[0] != '/') {
		log_warn("%s is not watched: more directories than there is room for", path);
		return;
	}
	memcpy(w->text + w->text_n, path, n);
	w->dirs[w->dirs_n++] = (struct watch_dir){ .path = w->text + w->text_n, .wd = -1 };
	w->text_n += n;
}

/* Watches path cut to n bytes. IN_MASK_ADD: one directory may serve several entries. */
static int add_cut(const struct watch *w, const char *path, size_t n, uint32_t events)
{
	char cut[PATH_MAX];

	if (n >= sizeof(cut)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(cut, path, n);
	cut[n] = '\0';
	return inotify_add_watch(w->fd, cut, events | IN_MASK_ADD | IN_ONLYDIR);
}

/* Offset of the component before which path[0..n] can be cut, 0 for the root's children. */
static size_t parent_length(const char *path, size_t n)
{
	while (n > 0 && path[n - 1] != '/')
		n--;
	return n > 0 ? n - 1 : 0;
}

/* The component that begins at path[from] exists by now (it may have come before the watch was
 * placed). */
static bool has_come(const char *path, size_t from)
{
	size_t n = from + strcspn(path + from, "/");
	char cut[PATH_MAX];
	struct stat st;

	if (n >= sizeof(cut))
		return false;
	memcpy(cut, path, n);
	cut[n] = '\0';
	return stat(cut, &st) == 0 && S_ISDIR(st.st_mode);
}

/* From the directory itself upwards until something can be watched. */
static void arm_dir(struct watch *w, struct watch_dir *d)
{
	size_t whole = strlen(d->path), n = whole;

	d->wd = add_cut(w, d->path, whole, DIR_EVENTS);
	d->awaited = 0;
	while (d->wd < 0 && n > 0) {
		size_t up = parent_length(d->path, n);
		d->wd = add_cut(w, d->path, up > 0 ? up : 1, ANCESTOR_EVENTS);
		d->awaited = up + 1;
		n = up;
	}
	if (d->wd < 0)
		log_warn("%s can't be watched for changes: %s", d->path, strerror(errno));
}

/* File systems on which every change passes through this kernel. */
static bool tells_all(const char *path)
{
	static const uint32_t local[] = { EXT4_SUPER_MAGIC,  XFS_SUPER_MAGIC,
					  BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
					  F2FS_SUPER_MAGIC,  OVERLAYFS_SUPER_MAGIC,
					  RAMFS_MAGIC,	     0x2fc12fc1 /* ZFS */,
					  0xca451a4e /* bcachefs */ };
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(local); i++)
		if (local[i] == (uint32_t)fs.f_type)
			return true;
	return false;
}

struct entry_visit {
	void (*see)(void *ctx, const char *name, const struct statx *stx);
	void *ctx;
};

static bool stat_entry(int dir, const char *name, struct statx *stx_r)
{
	const int flags = AT_NO_AUTOMOUNT;

	return statx(dir, name, flags, STATX_BASIC_STATS, stx_r) == 0 ||
	       statx(dir, name, flags | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, stx_r) == 0;
}

/* The directory itself (as ".") and its entries, links followed where they lead somewhere.
 * Buffer on the stack: PID 1. */
static void visit_dir(const char *path, const struct entry_visit *v)
{
	_Alignas(struct dirent64) char part[4096];
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	unsigned seen = 0;
	struct statx stx;
	ssize_t n;

	if (fd < 0)
		return;
	while ((n = getdents64(fd, part, sizeof(part))) > 0) {
		for (ssize_t at = 0; at < n && seen < ENTRIES_MAX; seen++) {
			const struct dirent64 *e =
				(const struct dirent64 *)(const void *)(part + at);
			at += e->d_reclen;
			if (!streq(e->d_name, ".") && watch_ignores(e->d_name))
				continue;
			if (stat_entry(fd, e->d_name, &stx))
				v->see(v->ctx, e->d_name, &stx);
		}
	}
}

static void add_to_sum(void *ctx, const char *name, const struct statx *stx)
{
	uint64_t *sum = ctx;
	/* Only what a change of content or owner changes; reading must not show. */
	uint64_t facts[] = { hash_bytes(name, strlen(name)),
			     stx->stx_ino,
			     stx->stx_size,
			     (uint64_t)stx->stx_mtime.tv_sec,
			     stx->stx_mtime.tv_nsec,
			     (uint64_t)stx->stx_ctime.tv_sec,
			     stx->stx_ctime.tv_nsec };

	/* A sum, because directories list their entries in no order. */
	*sum += hash_bytes(facts, sizeof(facts));
}

static uint64_t take_fingerprint(const struct watch *w)
{
	uint64_t sum = 0;
	const struct entry_visit v = { add_to_sum, &sum };

	for (size_t i = 0; i < w->dirs_n; i++)
		visit_dir(w->dirs[i].path, &v);
	return sum;
}

bool watch_compare(struct watch *w)
{
	uint64_t now = take_fingerprint(w);
	bool differs = now != w->fingerprint;

	w->fingerprint = now;
	return differs;
}

struct since_visit {
	struct timespec since;
	bool found;
};

static void look_since(void *ctx, UNUSED const char *name, const struct statx *stx)
{
	struct since_visit *s = ctx;

	s->found |= stx->stx_ctime.tv_sec > s->since.tv_sec ||
		    (stx->stx_ctime.tv_sec == s->since.tv_sec &&
		     (long)stx->stx_ctime.tv_nsec >= s->since.tv_nsec);
}

bool watch_changed_since(const struct watch *w, struct timespec since)
{
	struct since_visit s = { .since = since };
	const struct entry_visit v = { look_since, &s };

	for (size_t i = 0; i < w->dirs_n; i++)
		visit_dir(w->dirs[i].path, &v);
	return s.found;
}

struct mount_visit {
	struct watch *w;
	const char *dir;
};

static void add_mounted_file(void *ctx, const char *name, const struct statx *stx)
{
	const struct mount_visit *m = ctx;
	struct watch *w = m->w;
	char path[PATH_MAX];
	int n, wd;

	if ((stx->stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0 || !S_ISREG(stx->stx_mode))
		return;
	n = snprintf(path, sizeof(path), "%s/%s", m->dir, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return;
	if (w->files_n == WATCH_FILES_MAX) {
		log_warn("%s is not watched: more mounted files than there is room for", path);
		return;
	}
	wd = inotify_add_watch(w->fd, path, FILE_EVENTS);
	if (wd >= 0)
		w->files[w->files_n++] = wd;
}

static void arm_one(struct watch *w, struct watch_dir *d)
{
	struct mount_visit m = { w, d->path };
	const struct entry_visit v = { add_mounted_file, &m };
	int tries = ARM_TRIES_MAX;

	/* What came between looking and watching is found by looking again. */
	do
		arm_dir(w, d);
	while (d->wd >= 0 && d->awaited > 0 && --tries > 0 && has_come(d->path, d->awaited));
	if (d->wd < 0 || d->awaited > 0)
		return;
	w->silent |= !tells_all(d->path);
	visit_dir(d->path, &v);
}

static bool is_used(const struct watch *w, int wd)
{
	for (size_t i = 0; i < w->dirs_n; i++)
		if (w->dirs[i].wd == wd)
			return true;
	for (size_t i = 0; i < w->files_n; i++)
		if (w->files[i] == wd)
			return true;
	return false;
}

void watch_arm(struct watch *w)
{
	int old[WATCH_DIRS_MAX] = { 0 };

	w->silent = false;
	w->files_n = 0;
	for (size_t i = 0; i < w->dirs_n; i++) {
		old[i] = w->dirs[i].wd;
		arm_one(w, &w->dirs[i]);
	}
	/* /tmp is not to wake us any more once the directory in it has come. */
	for (size_t i = 0; i < w->dirs_n; i++)
		if (old[i] >= 0 && !is_used(w, old[i]))
			(void)inotify_rm_watch(w->fd, old[i]);
	w->fingerprint = take_fingerprint(w);
}

/* The name is the component that d waits for. */
static bool is_awaited(const struct watch_dir *d, const char *name)
{
	size_t n = strcspn(d->path + d->awaited, "/");

	return strlen(name) == n && memcmp(name, d->path + d->awaited, n) == 0;
}

struct verdict {
	bool matters, rearm;
};

static void judge_event(const struct watch *w, const struct inotify_event *e, struct verdict *v)
{
	const char *name = e->len > 0 ? e->name : "";

	if (e->mask & IN_Q_OVERFLOW) {
		v->matters = v->rearm = true;
		return;
	}
	for (size_t i = 0; i < w->files_n; i++)
		v->matters |= w->files[i] == e->wd && (e->mask & FILE_EVENTS) != 0;
	for (size_t i = 0; i < w->dirs_n; i++) {
		const struct watch_dir *d = &w->dirs[i];
		if (d->wd != e->wd)
			continue;
		if (e->mask & GONE_EVENTS)
			v->matters = v->rearm = true;
		else if (d->awaited > 0)
			v->matters |= v->rearm |= is_awaited(d, name);
		else
			v->matters |= !watch_ignores(name);
	}
}

bool watch_drain(struct watch *w)
{
	_Alignas(struct inotify_event) char part[4096];
	struct verdict v = { false, false };
	ssize_t n;

	while ((n = read(w->fd, part, sizeof(part))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e =
				(const struct inotify_event *)(const void *)(part + at);
			judge_event(w, e, &v);
			at += (ssize_t)sizeof(*e) + (ssize_t)e->len;
		}
	}
	if (v.rearm)
		watch_arm(w);
	return v.matters;
}
