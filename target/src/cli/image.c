/* SPDX-License-Identifier: MIT */
/*
 * `mailserver image-setup`: the last step of the Dockerfile. Names of commands are links to the one
 * binary.
 */
#include "cli/cli.h"

#include "base/file.h"
#include "base/log.h"
#include "cli/names.h"
#include "plan/apply.h"

#define BIN "/usr/local/bin/"

static bool link_name(const char *name, struct err *err)
{
	char path[128];

	(void)snprintf(path, sizeof(path), BIN "%s", name);
	if (!tree_remove(path, err))
		return false;
	if (symlink("mailserver", path) < 0)
		return err_sys(err, ERR_CREATE, "link %s", path);
	return true;
}

int cli_image_setup(int argc UNUSED, char **argv UNUSED)
{
	static const char *const applets[] = { "setup", "healthcheck", "dms-healthcheck" };
	struct err err = ERR_INIT;
	bool ok = apply_image_setup(&err);

	for (size_t i = 0; ok && i < ARRAY_SIZE(applets); i++)
		ok = link_name(applets[i], &err);
	for (const struct cli_name *n = cli_names; ok && n->name; n++)
		ok = link_name(n->name, &err);
	if (!ok)
		log_error("%s", err.text);
	return ok ? 0 : (int)err.class;
}
