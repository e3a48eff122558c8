/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	watch - notices that something in the administrator's directories has changed
 *
 *	watch_open(&w, &err);
 *	watch_add(&w, "/tmp/docker-mailserver"), …; watch_arm(&w);
 *	poll w.fd; watch_drain(&w) tells whether it mattered
 *	w.silent: somewhere nothing is told, so watch_compare(&w) from time to time
 *
 * A directory that does not exist is waited for in the nearest one that does. Directories are
 * watched, not files, because files are replaced by rename; the exception is a file that is a mount
 * of its own, whose changes its directory never sees. Which files matter is decided elsewhere: any
 * change counts, except of names that only pass by (watch_ignores()).
 *
 * PID 1 calls this: nothing is allocated, no content is read, names and times only.
 *
 * LIMITS
 *	WATCH_DIRS_MAX directories, WATCH_FILES_MAX mounted files, more are logged and not watched.
 *	The target of a symbolic link is seen only by watch_compare(). On a network file system that
 *	hangs, watch_compare() hangs.
 *
 * SOURCES
 *	inotify(7), "Limitations"; statx(2) STATX_ATTR_MOUNT_ROOT; statfs(2).
 */
#ifndef INIT_WATCH_H
#define INIT_WATCH_H

#include "base/err.h"

#define WATCH_DIRS_MAX 256
#define WATCH_FILES_MAX 16
#define WATCH_TEXT_MAX 32768

struct watch_dir {
	const char *path; /* absolute, in text[] */
	int wd; /* of itself or of the ancestor that is watched in its place; -1 = nothing could be watched */
	size_t awaited; /* 0: watched itself; else offset in path of the component that does not exist yet */
};

struct watch {
	int fd;
	struct watch_dir dirs[WATCH_DIRS_MAX];
	size_t dirs_n;
	int files[WATCH_FILES_MAX]; /* descriptors of files that are mounts */
	size_t files_n;
	bool silent; /* a directory lies on a file system that does not tell of all changes */
	uint64_t fingerprint;
	char text[WATCH_TEXT_MAX];
	size_t text_n;
};

bool watch_open(struct watch *w, struct err *err) MUST_CHECK;
void watch_close(struct watch *w);
/* Adds an absolute path without trailing slash, once. Too many or too long: one warning in the
 * log. */
void watch_add(struct watch *w, const char *path);
/* Places all watches anew and takes the fingerprint that watch_compare() compares with. */
void watch_arm(struct watch *w);
/* Reads what has been told; true when it may matter. Watches are placed anew where directories
 * came or went. */
bool watch_drain(struct watch *w);
/* Looks at names, sizes and times; true when they differ from the last time. */
bool watch_compare(struct watch *w);
/* True when an entry of a directory was changed at `since` or later (times of
 * CLOCK_REALTIME_COARSE, which file systems use). */
bool watch_changed_since(const struct watch *w, struct timespec since);

/* Names that never matter: hidden ones (our own ".x.new" among them; but not "..data", the link
 * that Kubernetes flips), editors' copies, locks. */
bool watch_ignores(const char *name);

/* Changes come in bursts: act DEBOUNCE_QUIET_MS after the last one, but DEBOUNCE_MAX_MS after
 * the first at the latest. */
#define DEBOUNCE_QUIET_MS 60
#define DEBOUNCE_MAX_MS 250

struct debounce {
	bool pending;
	int64_t first_ms, last_ms;
};

void debounce_note(struct debounce *d, int64_t now_ms);
/* When to act, in the clock of now_ms; INT64_MAX when nothing is pending. */
int64_t debounce_due_ms(const struct debounce *d);
void debounce_clear(struct debounce *d);

#endif
