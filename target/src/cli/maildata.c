/* SPDX-License-Identifier: MIT */
/*
 * The domain's directory is writable by the mail user, so its path may be swapped for a link
 * between a check and its use. It is therefore opened once, without following a link, and
 * everything below is reached through the open descriptor (/proc/self/fd).
 *
 * SOURCES
 *	openat(2) O_NOFOLLOW, proc_pid_fd(5).
 */
#include "cli/maildata.h"

#include "base/arena.h"
#include "base/file.h"
#include "inputs/accounts.h"

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static bool remove_below(struct arena *a, int root, const char *domain, const char *local,
			 bool *existed_r, struct err *err)
{
	autoclose int dir = openat(root, domain, OPEN_DIR);
	struct stat st;

	if (dir < 0 && errno == ENOENT)
		return true;
	if (dir < 0)
		return err_sys(err, ERR_IO, "open the mail directory of '%s'", domain);
	if (fstatat(dir, local, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return true;
	*existed_r = true;
	if (!tree_remove(arena_printf(a, "/proc/self/fd/%d/%s", dir, local), err))
		return false;
	/* Fails when other mailboxes are there: that is the usual case. */
	(void)unlinkat(root, domain, AT_REMOVEDIR);
	return true;
}

bool maildata_remove(const char *root, const char *address, bool *existed_r, struct err *err)
{
	const char *problem = account_address_problem(address);
	struct arena a;
	bool ok;

	if (problem)
		return err_set(err, ERR_DATA, "'%s' %s: its mail data is not touched", address,
			       problem);
	autoclose int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, ERR_IO, "open %s", root);
	const char *at = strrchr(address, '@');
	*existed_r = false;
	arena_init(&a, "maildata");
	ok = remove_below(&a, fd, at + 1, arena_strndup(&a, address, (size_t)(at - address)),
			  existed_r, err);
	arena_fini(&a);
	return ok;
}
