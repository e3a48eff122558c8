/* SPDX-License-Identifier: MIT */
/*
 * Directory descriptors are used throughout (openat, fchown) so that a link planted in a volume
 * leads nowhere.
 */
#include "plan/provision.h"

#include <dirent.h>
#include <grp.h>
#include <pwd.h>

#include "base/file.h"
#include "base/log.h"

static bool find_ids(const struct plan *plan, const struct service_dir *d, struct file_attr *attr,
		     struct err *err)
{
	const struct passwd *pw;
	const struct group *gr;

	*attr = (struct file_attr){ .mode = d->mode, .uid = 0, .gid = 0 };
	if (d->owner && streq(d->owner, "vmail")) {
		attr->uid = (uid_t)plan->ctx.s->dms_vmail_uid;
	} else if (d->owner) {
		if ((pw = getpwnam(d->owner)) == NULL)
			return err_set(err, ERR_INTERNAL, "%s: no user '%s' in the image", d->path,
				       d->owner);
		attr->uid = pw->pw_uid;
	}
	if (d->group && streq(d->group, "vmail")) {
		attr->gid = (gid_t)plan->ctx.s->dms_vmail_gid;
	} else if (d->group) {
		if ((gr = getgrnam(d->group)) == NULL)
			return err_set(err, ERR_INTERNAL, "%s: no group '%s' in the image", d->path,
				       d->group);
		attr->gid = gr->gr_gid;
	}
	return true;
}

/* Gives everything below fd that belongs to `old` to the new owner; files of other owners are left
 * alone. The first failure is kept in *bad, the walk goes on. */
static void chown_below(int fd, uid_t old, uid_t uid, gid_t gid, int *bad)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;

	if (d == NULL) {
		*bad = *bad ? *bad : errno;
		return;
	}
	while ((e = readdir(d)) != NULL) {
		struct stat st;
		if (streq(e->d_name, ".") || streq(e->d_name, ".."))
			continue;
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue; /* gone meanwhile */
		if (S_ISDIR(st.st_mode)) {
			autoclose int sub = openat(fd, e->d_name,
						   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (sub >= 0)
				chown_below(sub, old, uid, gid, bad);
		}
		if (st.st_uid == old &&
		    fchownat(fd, e->d_name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && *bad == 0)
			*bad = errno;
	}
	(void)closedir(d);
}

/* The directory itself changes last: its owner says whether the work below it was finished, so a
 * start that is interrupted is continued by the next one. */
static bool change_owner(int fd, const char *path, const struct stat *st,
			 const struct file_attr *attr, struct err *err)
{
	int bad = 0;

	if (st->st_uid != 0) {
		log_info("%s belongs to %u:%u: giving it and its content to %u:%u", path,
			 (unsigned)st->st_uid, (unsigned)st->st_gid, (unsigned)attr->uid,
			 (unsigned)attr->gid);
		chown_below(fd, st->st_uid, attr->uid, attr->gid, &bad);
	}
	errno = bad;
	if (bad || fchown(fd, attr->uid, attr->gid) < 0)
		return err_sys(err, ERR_IO, "change the owner of %s", path);
	return true;
}

static bool provision_dir(const char *path, const struct file_attr *attr, struct err *err)
{
	struct stat st;

	if (!dir_make(path, attr, err))
		return false;
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, ERR_IO, "open %s", path);
	if ((st.st_uid != attr->uid || st.st_gid != attr->gid) &&
	    !change_owner(fd, path, &st, attr, err))
		return false;
	if ((st.st_mode & 07777) != attr->mode && fchmod(fd, attr->mode) < 0)
		return err_sys(err, ERR_IO, "change the mode of %s", path);
	return true;
}

static bool remove_leftovers(const struct plan *plan, const char *root, struct err *err)
{
	for (size_t i = 0; i < plan->services.n; i++) {
		const char *const *path = plan->services.v[i]->leftovers;
		for (; path && *path; path++)
			if (!tree_remove(arena_printf(plan->arena, "%s%s", root, *path), err))
				return false;
	}
	return true;
}

bool provision_dirs(const struct plan *plan, const char *root, struct err *err)
{
	if (!remove_leftovers(plan, root, err))
		return false;
	for (size_t i = 0; i < plan->services.n; i++) {
		const struct service *svc = plan->services.v[i];
		for (const struct service_dir *d = svc->dirs; d && d->path; d++) {
			struct file_attr attr;
			const char *path = arena_printf(plan->arena, "%s%s", root, d->path);
			if (!find_ids(plan, d, &attr, err) || !provision_dir(path, &attr, err))
				return err_wrap(err, "%s", svc->name);
		}
	}
	return true;
}
