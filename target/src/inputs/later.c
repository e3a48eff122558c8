/* SPDX-License-Identifier: MIT */
/*
 * When a feature comes, its module takes the file over and the row here goes.
 */
#include "inputs/later.h"

#include <dirent.h>

static const struct later_file {
	const char *name;
	const char *what; /* what does not happen */
} later_files[] = {
#include "inputs/later.def"
};

static bool dir_has_entries(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e = NULL;

	if (d == NULL)
		return false;
	do
		e = readdir(d);
	while (e && e->d_name[0] == '.');
	(void)closedir(d);
	return e != NULL;
}

static bool has_content(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	return S_ISDIR(st.st_mode) ? dir_has_entries(path) : st.st_size > 0;
}

static void add(struct problems *p, const char *name, const char *what)
{
	problems_add(p, SEV_WARNING, name, NULL, "known, not in this image yet: %s", what);
}

void later_check(struct arena *a, const char *config_dir, struct problems *p)
{
	if (config_dir == NULL)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(later_files); i++)
		if (has_content(arena_printf(a, "%s/%s", config_dir, later_files[i].name)))
			add(p, later_files[i].name, later_files[i].what);
}
