/* SPDX-License-Identifier: MIT */
/*
 * Runs once, as root, in the Dockerfile: `mailserver image-setup`. What the packages put at a
 * linked path moves to PATH_PRISTINE; the path becomes a link into the generation that will exist
 * at run time. The links dangle in the image, which is what makes it usable with a read-only root.
 */
#include "plan/apply.h"

#include "base/file.h"
#include "plan/paths.h"

static bool make_link(struct arena *a, const char *path, const char *target, struct err *err)
{
	const char *slash = strrchr(path, '/');

	if (slash && slash != path &&
	    !dir_make(arena_strndup(a, path, (size_t)(slash - path)), NULL, err))
		return false;
	if (symlink(target, path) < 0)
		return err_sys(err, ERR_CREATE, "link %s", path);
	return true;
}

static bool move_aside(struct arena *a, const char *path, const char *target, struct err *err)
{
	const char *to = arena_printf(a, "%s/%s", PATH_PRISTINE, target);
	struct stat st;
	char *text;
	size_t n;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? true : err_sys(err, ERR_IO, "stat %s", path);
	if (S_ISDIR(st.st_mode)) {
		if (!dir_make(to, NULL, err) || !tree_copy(path, to, err))
			return false;
	} else if (S_ISREG(st.st_mode)) {
		const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
		const char *slash = strrchr(to, '/');
		if (!dir_make(arena_strndup(a, to, (size_t)(slash - to)), NULL, err) ||
		    !file_read(a, path, (size_t)16 << 20, &text, &n, err) ||
		    !file_replace(to, text, n, &attr, FILE_EPHEMERAL, NULL, err))
			return false;
	}
	return tree_remove(path, err);
}

static bool setup_service(struct arena *a, const struct service *svc, struct err *err)
{
	for (const char *const *path = svc->removed; path && *path; path++)
		if (!tree_remove(*path, err))
			return false;
	for (const struct service_link *l = svc->links; l && l->path; l++)
		if (!move_aside(a, l->path, l->target, err) ||
		    !make_link(a, l->path, arena_printf(a, "%s/%s", PATH_BOOT_CURRENT, l->target),
			       err))
			return false;
	for (const struct service_state *st = svc->states; st && st->path; st++)
		if (!tree_remove(st->path, err) ||
		    !make_link(a, st->path, arena_printf(a, "%s/%s", PATH_STATE, st->name), err))
			return false;
	return true;
}

static bool setup_core(struct arena *a, struct err *err)
{
	static const struct service_link core[] = { { "/etc/dms-settings", "dms-settings" },
						    { "/etc/mailname", "mailname" } };
	static const char *const dirs[] = { PATH_STATE,	  PATH_CONFIG, PATH_PRISTINE,
					    PATH_DROPINS, "/var/mail", "/var/log/mail" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (!dir_make(dirs[i], NULL, err))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(core); i++)
		if (!tree_remove(core[i].path, err) ||
		    !make_link(a, core[i].path,
			       arena_printf(a, "%s/%s", PATH_BOOT_CURRENT, core[i].target), err))
			return false;
	/* The old place of the log, which many scripts know. */
	return tree_remove("/var/log/mail.log", err) &&
	       make_link(a, "/var/log/mail.log", "/var/log/mail/mail.log", err);
}

bool apply_image_setup(struct err *err)
{
	struct arena a;
	bool ok;

	arena_init(&a, "image");
	ok = setup_core(&a, err);
	for (int i = 0; ok && services_all[i]; i++)
		ok = setup_service(&a, services_all[i], err) ||
		     err_wrap(err, "%s", services_all[i]->name);
	arena_fini(&a);
	return ok;
}
