/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	file - reading whole files, replacing them atomically, locks, trees
 *
 * OWNERSHIP
 *	Descriptors are locals with a cleanup attribute: `autoclose int fd = -1;`. Handing one on
 *	goes through steal_fd().
 *
 * ERRORS
 *	Text of the form "open /path: No such file or directory". Class ERR_IO unless said
 *	otherwise.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

struct arena;

static inline void close_cleanup_(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
#define autoclose __attribute__((cleanup(close_cleanup_)))

static inline int steal_fd(int *fd)
{
	int f = *fd;
	*fd = -1;
	return f;
}

enum file_flags {
	FILE_EPHEMERAL = 0, /* lives with the container: no fsync */
	FILE_DURABLE = 1,   /* fsync of the file before and of the directory after the rename */
};

/* Reads a regular file of at most max bytes; the result is NUL-terminated in the arena, *len_r
 * (may be NULL) its length. A file with a NUL byte is fine here: parsers decide. Missing file:
 * err->sys == ENOENT. */
bool file_read(struct arena *a, const char *path, size_t max, char **text_r, size_t *len_r,
	       struct err *err) MUST_CHECK;
/* The same, with `room` bytes behind the text that the caller may write on. */
bool file_read_roomy(struct arena *a, const char *path, size_t max, size_t room, char **text_r,
		     size_t *len_r, struct err *err) MUST_CHECK;
/* True when path is a regular file with exactly this content. Without memory for another copy of it. */
bool file_holds(const char *path, struct str text);
/* True when path exists and is a regular file (follows links). */
bool file_exists(const char *path);
bool dir_exists(const char *path);
/* Adds the names in a directory that `wanted` accepts, sorted; NULL: all but those with a dot in front. None when the
 * directory can't be read. */
void dir_names(struct arena *a, const char *path, bool (*wanted)(const char *name),
	       struct text_vec *out);

/* Who and what a written file shall be. uid/gid (uid_t)-1 = leave as created. */
struct file_attr {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Replaces path with the bytes: temp file in the same directory (".NAME.new", O_EXCL after
 * removing a stale one), owner and mode before content, write, fsync when durable, rename. An
 * existing file's owner and mode are kept when attr is NULL (new file then: 0644 of the caller).
 * When rename answers EBUSY (single-file bind mount) the content is rewritten in place under the
 * directory's lock after a backup copy NAME.bak; *in_place_r (may be NULL) tells so. */
bool file_replace(const char *path, const void *data, size_t n, const struct file_attr *attr,
		  enum file_flags flags, bool *in_place_r, struct err *err) MUST_CHECK;

/* mkdir -p; existing directories are left as they are, the last one gets attr (may be NULL) only
 * when it is made. */
bool dir_make(const char *path, const struct file_attr *attr, struct err *err) MUST_CHECK;
/* Removes a tree without following links; missing is fine. */
bool tree_remove(const char *path, struct err *err) MUST_CHECK;
/* Copies files, directories and links below src into dst (made if missing), keeping modes; owner
 * = caller. */
bool tree_copy(const char *src, const char *dst, struct err *err) MUST_CHECK;
/* Points the symbolic link `link` at `target` atomically (temp link + rename). */
bool link_flip(const char *link, const char *target, struct err *err) MUST_CHECK;

/* flock(2) on a directory (works between containers that share the mount). *fd_r holds the lock
 * until closed. Waits at most timeout_ms; then ERR_TEMP. A read-only file system can still be
 * locked. */
bool dir_lock(const char *path, int timeout_ms, int *fd_r, struct err *err) MUST_CHECK;

/* write(2) until all is written; false with errno set. */
bool write_all(int fd, const void *data, size_t n);

#endif
