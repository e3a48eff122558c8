/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	inode(7): ctime changes with every write, rename and change of mode, and can't be set.
 */
#include "plan/stamp.h"

#include <dirent.h>

#include "base/file.h"

#define STAMP_MAX ((size_t)1 << 20)

static void add_line(struct buf *out, const char *path, const struct stat *st)
{
	buf_printf(out, "%s %ju %ju %jd %jd.%09ld %jd.%09ld\n", path, (uintmax_t)st->st_dev,
		   (uintmax_t)st->st_ino, (intmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec,
		   st->st_mtim.tv_nsec, (intmax_t)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

static void add_file(struct buf *out, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		add_line(out, path, &st);
	else
		buf_printf(out, "%s\n", path);
}

const char *stamp_line(struct arena *a, const char *path, const struct stat *st)
{
	autobuf struct buf out = BUF_INIT;

	add_line(&out, path, st);
	return buf_dup(a, &out);
}

/* Every entry of the directory, in the order of the directory: it is the same while nothing
 * changes. */
static void add_dir(struct arena *a, struct buf *out, const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	add_file(out, dir);
	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			add_file(out, arena_printf(a, "%s/%s", dir, e->d_name));
	(void)closedir(d);
}

const char *stamp_make(struct arena *a, const struct settings *s, const struct inputs_where *where)
{
	autobuf struct buf out = BUF_INIT;
	struct text_vec dirs = VEC_INIT;

	inputs_list_files(a, where->config_dir, &dirs);
	for (size_t i = 0; i < dirs.n; i++)
		add_file(&out, dirs.v[i]);
	scripts_stamp(a, where->config_dir, &out);
	dirs = (struct text_vec)VEC_INIT;
	inputs_watch_dirs(a, s, where, &dirs);
	for (size_t i = 0; i < dirs.n; i++)
		add_dir(a, &out, dirs.v[i]);
	return buf_dup(a, &out);
}

static const char *stamp_path(struct arena *a, const char *dir)
{
	return arena_printf(a, "%s/.stamp", dir);
}

const char *stamp_stored(struct arena *a, const char *dir)
{
	struct err err = ERR_INIT;
	char *text;

	return file_read(a, stamp_path(a, dir), STAMP_MAX, &text, NULL, &err) ? text : "";
}

bool stamp_store(struct arena *a, const char *dir, const char *stamp, struct err *err)
{
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };

	return file_replace(stamp_path(a, dir), stamp, strlen(stamp), &attr, FILE_EPHEMERAL, NULL,
			    err);
}
