/* SPDX-License-Identifier: MIT */
/*
 * The lock is given back before the change is applied: applying has a queue of its own, and other
 * administrators may edit in the meantime. Putting files back therefore takes the lock again and
 * leaves a file alone that somebody has changed since.
 *
 * A new file that holds password hashes or passwords is 0600. Files that exist keep owner and mode.
 */
#include "cli/edit.h"

#include "base/file.h"
#include "base/linefile.h"
#include "cli/say.h"
#include "cli/source.h"
#include "inputs/accounts.h"
#include "inputs/masters.h"
#include "inputs/relays.h"
#include "plan/apply.h"
#include "plan/paths.h"
#include "plan/quick.h"

#define LOCK_WAIT_MS 30000
/* For lines that are added behind a file's text: a large one is not copied for them. */
#define ROOM ((size_t)256 << 10)

/* A single new file would end the state in which the last good copies of all files are in use. */
static bool check_mounted(struct edit *e, struct err *err)
{
	const struct inputs_where where = { .config_dir = e->dir, .last_good_dir = PATH_LAST_GOOD };

	if (!apply_is_running() || !inputs_have_vanished(&e->arena, &where))
		return true;
	return err_set(err, ERR_CONFIG, "all files of the configuration are gone: is %s mounted?",
		       e->dir);
}

bool edit_begin(struct edit *e, const char *dir, struct err *err)
{
	*e = (struct edit){ .dir = dir, .lock = -1 };
	arena_init(&e->arena, "edit");
	return dir_make(dir, NULL, err) && check_mounted(e, err) &&
	       dir_lock(dir, LOCK_WAIT_MS, &e->lock, err);
}

static void unlock(struct edit *e)
{
	if (e->lock >= 0)
		(void)close(steal_fd(&e->lock));
}

void edit_end(struct edit *e)
{
	unlock(e);
	for (size_t i = 0; i < e->files.n; i++) {
		buf_wipe(&e->files.v[i].written_text);
		explicit_bzero(e->files.v[i].tail, e->files.v[i].used);
	}
	e->files.n = 0;
	arena_fini(&e->arena);
}

/* A missing file is an empty text. */
static bool read_file(struct edit *e, struct edit_file *f, struct err *err)
{
	struct err why = ERR_INIT;
	char *text;
	size_t n = 0;

	f->existed = file_read_roomy(&e->arena, f->path, LINEFILE_MAX, ROOM, &text, &n, &why);
	if (!f->existed && why.sys != ENOENT) {
		*err = why;
		return false;
	}
	if (!f->existed)
		text = arena_alloc(&e->arena, ROOM + 1);
	f->before = f->after = linefile_trim((struct str){ text, n });
	f->tail = text + f->before.n;
	return true;
}

static struct edit_file *find_file(struct edit *e, const char *name)
{
	for (size_t i = 0; i < e->files.n; i++)
		if (streq(e->files.v[i].name, name))
			return &e->files.v[i];
	return NULL;
}

bool edit_read(struct edit *e, const char *name, struct str *text_r, struct err *err)
{
	struct edit_file *f = find_file(e, name);

	if (f == NULL) {
		struct edit_file fresh = { .name = name,
					   .written_text = BUF_INIT,
					   .path = arena_printf(&e->arena, "%s/%s", e->dir, name) };
		if (!read_file(e, &fresh, err))
			return false;
		f = VEC_PUSH(&e->arena, &e->files);
		*f = fresh;
	}
	*text_r = f->after;
	return true;
}

static bool is_secret_file(const char *name)
{
	return streq(name, ACCOUNTS_FILE) || streq(name, MASTERS_FILE) ||
	       streq(name, RELAY_LOGINS_FILE);
}

static struct edit_file *file_to_write(struct edit *e, const char *name)
{
	struct edit_file *f = find_file(e, name);

	if (f == NULL)
		BUG("edit of %s, which was not read", name);
	if (is_secret_file(name))
		f->mode = 0600;
	return f;
}

void edit_write(struct edit *e, const char *name, struct buf *text)
{
	struct edit_file *f = file_to_write(e, name);

	buf_fini(&f->written_text);
	f->written_text = *text;
	buf_init(text);
	f->after = (struct str){ f->written_text.p, f->written_text.n };
	f->changed = f->after.n != f->before.n || memcmp(f->after.p, f->before.p, f->after.n) != 0;
}

void edit_append(struct edit *e, const char *name, const char *lines)
{
	struct edit_file *f = file_to_write(e, name);
	struct buf tail = BUF_INIT, whole = BUF_INIT;

	linefile_tail(f->after, lines, &tail);
	if (f->after.p == f->before.p && tail.n <= ROOM - f->used) {
		memcpy(f->tail + f->used, tail.p, tail.n);
		f->used += tail.n;
		f->after.n += tail.n;
		f->changed = true;
	} else {
		buf_add(&whole, f->after.p, f->after.n);
		buf_add(&whole, tail.p, tail.n);
		edit_write(e, name, &whole);
	}
	buf_wipe(&tail);
}

void edit_write_secret(struct edit *e, const char *name, struct buf *text)
{
	struct edit_file *f = find_file(e, name);

	if (f)
		f->mode = 0600;
	edit_write(e, name, text);
}

/* Who new files belong to. */
static void fresh_owner(const struct edit *e, struct file_attr *attr)
{
	struct stat st;
	bool known = e->owner && stat(e->owner, &st) == 0;

	attr->uid = known ? st.st_uid : (uid_t)-1;
	attr->gid = known ? st.st_gid : (gid_t)-1;
}

/* The directories in the file's name, one by one. */
static bool make_dirs(struct edit *e, const struct edit_file *f, struct err *err)
{
	struct file_attr attr = { .mode = 0755 };

	fresh_owner(e, &attr);
	for (const char *slash = strchr(f->name, '/'); slash; slash = strchr(slash + 1, '/')) {
		const char *dir =
			arena_printf(&e->arena, "%s/%.*s", e->dir, (int)(slash - f->name), f->name);
		if (dir_exists(dir))
			continue;
		if (!dir_make(dir, &attr, err))
			return false;
		*VEC_PUSH(&e->arena, &e->made) = dir;
	}
	return true;
}

/* An administrator's link stays a link: what it points to is replaced. */
static bool put_text(struct edit *e, const struct edit_file *f, struct str text, struct err *err)
{
	struct file_attr attr = { .mode = f->mode ? f->mode : 0644 };
	bool is_plain = f->existed || (f->mode == 0 && e->owner == NULL);
	char real[PATH_MAX];
	const char *path = realpath(f->path, real) ? real : f->path;

	fresh_owner(e, &attr);
	return make_dirs(e, f, err) &&
	       file_replace(path, text.p, text.n, is_plain ? NULL : &attr, FILE_DURABLE, NULL, err);
}

/* Puts one file back unless somebody else has changed it. The directory is locked. */
static bool put_back(struct edit *e, struct edit_file *f, struct err *err)
{
	if (!file_holds(f->path, f->after))
		return err_set(err, ERR_TEMP, "%s was changed by somebody else meanwhile", f->path);
	if (!f->existed)
		return unlink(f->path) == 0 || err_sys(err, ERR_IO, "remove %s", f->path);
	return put_text(e, f, f->before, err);
}

/* All written files as they were before; says which could not. */
static bool restore(struct edit *e)
{
	struct err err = ERR_INIT;
	bool ok = true;

	if (e->lock < 0 && !dir_lock(e->dir, LOCK_WAIT_MS, &e->lock, &err)) {
		say_error("the files keep the change: %s", err.text);
		return false;
	}
	for (size_t i = 0; i < e->files.n; i++) {
		if (!e->files.v[i].written || put_back(e, &e->files.v[i], &err))
			continue;
		say_error("the file keeps the change: %s", err.text);
		ok = false;
	}
	while (e->made.n > 0)
		(void)rmdir(e->made.v[--e->made.n]); /* when nobody else has put something there */
	unlock(e);
	return ok;
}

static bool write_files(struct edit *e, struct err *err)
{
	for (size_t i = 0; i < e->files.n; i++) {
		struct edit_file *f = &e->files.v[i];
		if (!f->changed)
			continue;
		if (!put_text(e, f, f->after, err))
			return false;
		f->written = true;
	}
	return true;
}

static bool is_inside(const char *name, const char *dir)
{
	size_t n = strlen(dir);

	return has_prefix(name, dir) && name[n] == '/';
}

/* Whether the finding is about one of the files that were written: "NAME" or "NAME:LINE", or the
 * directory that it is part of. */
static bool is_about_edit(const struct edit *e, const char *subject)
{
	for (size_t i = 0; i < e->files.n; i++)
		if (e->files.v[i].written && (has_prefix(subject, e->files.v[i].name) ||
					      is_inside(e->files.v[i].name, subject)))
			return true;
	return false;
}

static void print_findings(const struct edit *e, const struct problems *p)
{
	for (size_t i = 0; i < p->list.n; i++) {
		const struct problem *x = &p->list.v[i];
		if (x->severity == SEV_ERROR ||
		    (x->severity == SEV_WARNING && is_about_edit(e, x->subject)))
			say_error("%s: %s%s%s", x->subject, x->text, x->hint ? "; " : "",
				  x->hint ? x->hint : "");
	}
}

/* Errors in other files are not this change's business: the log and the health check name them. */
static bool is_in_force(const struct edit *e, const struct apply_result *result)
{
	for (size_t i = 0; i < result->fallen.n; i++)
		if (is_about_edit(e, result->fallen.v[i]))
			return false;
	return result->applied;
}

static int apply(struct edit *e)
{
	struct settings_source src;
	struct apply_result result;
	struct problems p;
	bool changed = false;

	for (size_t i = 0; i < e->files.n; i++)
		changed = changed || e->files.v[i].written;
	if (!changed || !apply_is_running())
		return 0;
	source_current(&e->arena, &src, NULL);
	problems_init(&p, &e->arena);
	(void)apply_live(&src, &p, &result);
	if (is_in_force(e, &result)) {
		e->applied = true;
		return 0;
	}
	print_findings(e, &p);
	if (restore(e))
		say_error("the running server refused the change; the files are as they were");
	return 1;
}

int edit_commit(struct edit *e)
{
	struct settings_source src;
	struct err err = ERR_INIT;
	const char *before = NULL;

	if (e->account && apply_is_running()) {
		source_current(&e->arena, &src, NULL);
		before = quick_begin(&e->arena, &src);
	}
	if (!write_files(e, &err)) {
		say_error("%s", err.text);
		(void)restore(e);
		return 1;
	}
	e->applied = before && quick_put(&e->arena, &src, before, e->files.v[0].path,
					 e->files.v[0].after, e->account);
	unlock(e);
	return e->applied ? 0 : apply(e);
}
