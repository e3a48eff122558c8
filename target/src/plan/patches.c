/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	erofs(3) EROFS "Read-only file system".
 */
#include "plan/patches.h"

#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "base/proc.h"
#include "base/str.h"
#include "inputs/overrides.h"
#include "plan/render.h"

#define BACK_DATED_S 60

static const char *script_path(struct arena *a, const char *config_dir)
{
	return arena_printf(a, "%s/" PATCHES_FILE, config_dir);
}

bool patches_exist(const char *config_dir)
{
	struct arena a;

	arena_init(&a, "patches");
	bool found = file_exists(script_path(&a, config_dir));
	arena_fini(&a);
	return found;
}

static void back_date(struct arena *a, const char *gen, const char *path)
{
	struct timespec times[2];

	(void)clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= BACK_DATED_S;
	times[1] = times[0];
	(void)utimensat(AT_FDCWD, arena_printf(a, "%s/%s", gen, path), times, 0);
}

/* "MODE PATH SHA256" of each file → PATH: the whole line. */
static bool read_manifest(struct arena *a, const char *gen, struct map *map, struct buf *text,
			  struct err *err)
{
	struct str rest, line, mode, path;

	if (!render_manifest(a, gen, text, err))
		return false;
	map_init(map, a, 64);
	rest = str_from(arena_strdup(a, text->p));
	while (str_next_line(&rest, &line)) {
		char *whole = str_dup(a, line);
		struct str fields = line;
		if (str_next_word(&fields, " ", &mode) && str_next_word(&fields, " ", &path))
			(void)map_add(map, str_dup(a, path), whole);
	}
	return true;
}

/* Files of `now` that are new or different. */
static void tell_changes(struct arena *a, const char *gen, const struct map *before,
			 const struct buf *now, struct problems *p)
{
	struct str rest = str_from(now->p), line, mode, path;

	while (str_next_line(&rest, &line)) {
		struct str fields = line;
		if (!str_next_word(&fields, " ", &mode) || !str_next_word(&fields, " ", &path))
			continue;
		const char *name = str_dup(a, path);
		const char *old = map_get(before, name);
		if (old && str_is(line, old))
			continue;
		problems_add(p, SEV_NOTE, PATCHES_FILE, NULL, "%s /etc/%s",
			     old ? "changed" : "added", name);
		back_date(a, gen, name);
	}
}

static void tell_output(const struct buf *output, struct problems *p)
{
	struct str rest = str_from(output->p), line;

	while (str_next_line(&rest, &line))
		if (str_trim(line).n > 0)
			log_info(PATCHES_FILE ": %.*s", (int)line.n, line.p);
	if (strstr(output->p, "Read-only file system"))
		problems_add(p, SEV_WARNING, PATCHES_FILE,
			     "change the daemons' own files, which lie under /run, or start the "
			     "container without --read-only",
			     "it wanted to write to the read-only root file system");
}

static bool run_script(struct arena *a, const char *config_dir, const char *const *environ,
		       struct problems *p)
{
	const char *argv[] = { "/bin/bash", script_path(a, config_dir), NULL };
	struct proc_spec spec = { .argv = argv, .env = environ, .timeout_ms = PATCHES_MS };
	struct proc_result res = { 0 };
	struct err err = ERR_INIT;

	if (!proc_run(&spec, &res, &err)) {
		problems_add(p, SEV_ERROR, PATCHES_FILE, NULL, "%s", err.text);
		return false;
	}
	tell_output(&res.output, p);
	if (res.status != 0)
		problems_add(p, SEV_WARNING, PATCHES_FILE, NULL,
			     "it ended with status %d; the start goes on", res.status);
	buf_fini(&res.output);
	return true;
}

void patches_run(struct arena *a, const char *config_dir, const char *gen,
		 const char *const *environ, struct problems *p)
{
	autobuf struct buf before = BUF_INIT, after = BUF_INIT;
	struct err err = ERR_INIT;
	struct map was;

	if (!read_manifest(a, gen, &was, &before, &err)) {
		problems_add(p, SEV_ERROR, PATCHES_FILE, NULL, "%s", err.text);
		return;
	}
	if (!run_script(a, config_dir, environ, p))
		return;
	if (render_manifest(a, gen, &after, &err))
		tell_changes(a, gen, &was, &after, p);
	else
		problems_add(p, SEV_ERROR, PATCHES_FILE, NULL, "%s", err.text);
}
