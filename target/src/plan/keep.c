/* SPDX-License-Identifier: MIT */
/*
 * PATH_KEPT goes before a copy is touched, and comes back when the copy of the accounts file is complete: so
 * a copy that could not be written, or only half, is never taken for the file's.
 */
#include "plan/keep.h"

#include "base/append.h"
#include "base/file.h"
#include "base/linefile.h"
#include "base/log.h"
#include "inputs/accounts.h"
#include "plan/paths.h"
#include "plan/stamp.h"

#define KEPT_MAX 4096
#define FDS_MAX 256

static void say(const char *why)
{
	log_warn("can't keep a copy of the good configuration: %s", why);
}

static const char *copy_path(struct arena *a, const struct inputs_where *where)
{
	return arena_printf(a, "%s/" ACCOUNTS_FILE, where->last_good_dir);
}

/* The copy of the accounts file is what was read. When that can't be noted, the next account is added the long
 * way. */
static void note_kept(const struct inputs_where *where)
{
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct err ignored = ERR_INIT;
	struct arena a;
	struct stat st;

	arena_init(&a, "kept");
	const char *path = copy_path(&a, where);
	if (stat(path, &st) == 0) {
		const char *text = stamp_line(&a, path, &st);
		(void)!file_replace(PATH_KEPT, text, strlen(text), &attr, FILE_EPHEMERAL, NULL,
				    &ignored);
	}
	arena_fini(&a);
}

static bool has_good_accounts(const struct inputs *in)
{
	for (size_t i = 0; i < in->texts_n; i++)
		if (streq(in->texts[i].name, ACCOUNTS_FILE))
			return in->texts[i].good && !in->texts[i].missing;
	return false;
}

/* Locks are open directories. */
static void close_other_locks(int lock)
{
	struct stat st;

	for (int fd = 3; fd < FDS_MAX; fd++)
		if (fd != lock && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
			(void)close(fd);
}

/* True in a child that nobody waits for: not for a lock but that of the copies, which it has as the
 * caller has, and not for its end at a pipe. */
static bool detach(int lock)
{
	if (unlink(PATH_KEPT) < 0 && errno != ENOENT) {
		say(strerror(errno));
		return false;
	}
	pid_t pid = fork();
	if (pid < 0)
		say(strerror(errno));
	if (pid != 0)
		return false;
	close_other_locks(lock);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd <= 1; fd++)
		(void)dup2(null, fd);
	(void)setsid();
	return true;
}

void keep_later(const struct inputs_where *where, const struct inputs *in, const char *name,
		struct str text)
{
	autoclose int lock = -1; /* the child keeps it: it is one lock for both */
	struct err err = ERR_INIT;

	if (!inputs_lock_last_good(where, &lock, &err)) {
		say(err.text);
		return;
	}
	if (!detach(lock))
		return;
	if (!(name ? inputs_save_text(where, name, text, &err)
		   : inputs_save_last_good(where, in, &err)))
		say(err.text);
	else if (name ? streq(name, ACCOUNTS_FILE) : has_good_accounts(in))
		note_kept(where);
	_exit(0);
}

bool keep_line_begin(struct arena *a, const struct inputs_where *where, int *lock_r)
{
	const char *path = copy_path(a, where);
	autoclose int lock = -1;
	struct err err = ERR_INIT;
	struct stat st;
	char *kept;

	if (!inputs_lock_last_good(where, &lock, &err) || stat(path, &st) < 0 ||
	    !file_read(a, PATH_KEPT, KEPT_MAX, &kept, NULL, &err) ||
	    !streq(kept, stamp_line(a, path, &st)))
		return false;
	*lock_r = steal_fd(&lock);
	return true;
}

void keep_line_later(const struct inputs_where *where, const char *line, int lock)
{
	struct arena a;
	struct stat st;

	if (!detach(lock))
		return;
	arena_init(&a, "keep");
	const char *path = copy_path(&a, where);
	if (stat(path, &st) < 0 || !append_line(path, &st, line, LINEFILE_MAX))
		say("a new account could not be added to it");
	else
		note_kept(where);
	_exit(0);
}
