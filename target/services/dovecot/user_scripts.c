/* SPDX-License-Identifier: MIT */
/*
 * A child with the rights of the mail user does the work in the home directories: what users and
 * their programs may have put there leads it nowhere else. Only when it says so is it noted what
 * was put in place.
 */
#include "dovecot/user_scripts.h"

#include <dirent.h>
#include <grp.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "dovecot/formats.h"

#define NOTES SCRIPTS_STATE "/user-sieve"
#define SCRIPT_MAX ((size_t)16 << 20)

/* One thing to do: text put in place, or (text.p NULL) the script removed if it is still `old`. */
struct task {
	const char *name; /* of the file and of the note */
	const char *home;
	struct str text;
	struct str old;
};
VEC_TYPE(task_vec, struct task);

static bool is_same(struct str x, struct str y)
{
	return x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
}

static bool read_note(struct arena *a, const char *name, struct str *text_r)
{
	struct err err = ERR_INIT;
	char *text;

	if (!file_read(a, arena_printf(a, NOTES "/%s", name), SCRIPT_MAX, &text, &text_r->n, &err))
		return false;
	text_r->p = text;
	return true;
}

/* False in a new volume, and where mail was converted and the scripts forgotten. A user who has
 * switched all scripts off through ManageSieve still has the directory. */
static bool has_scripts(struct arena *a, const char *home)
{
	return file_exists(arena_printf(a, "%s/.dovecot.sieve", home)) ||
	       dir_exists(arena_printf(a, "%s/sieve", home));
}

static void add_puts(const struct service_ctx *ctx, struct task_vec *tasks)
{
	const struct user_script_vec *scripts = &ctx->in->user_scripts;

	for (size_t i = 0; i < scripts->n; i++) {
		const struct user_script *x = &scripts->v[i];
		const struct account *account = inputs_find_account(ctx->in, x->address);
		const char *home = formats_home(ctx->arena, ctx->s, x->address);
		struct str note;
		if (!x->good || account == NULL)
			continue;
		if (strstr(account->extra, "home=") != NULL) {
			log_warn(
				"%s: the account has a home directory of its own: put the script there",
				x->name);
			continue;
		}
		if (read_note(ctx->arena, x->name, &note) && is_same(note, x->text) &&
		    has_scripts(ctx->arena, home))
			continue;
		*VEC_PUSH(ctx->arena, tasks) =
			(struct task){ .name = x->name, .home = home, .text = x->text };
	}
}

static bool is_present(const struct inputs *in, const char *name)
{
	for (size_t i = 0; i < in->user_scripts.n; i++)
		if (streq(in->user_scripts.v[i].name, name))
			return true;
	return false;
}

static void add_removals(const struct service_ctx *ctx, struct task_vec *tasks)
{
	DIR *d = opendir(NOTES);
	const struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		struct task t = { .name = arena_strdup(ctx->arena, e->d_name) };
		if (!strchr(t.name, '@') || !has_suffix(t.name, SCRIPT_SUFFIX) ||
		    is_present(ctx->in, t.name) || !read_note(ctx->arena, t.name, &t.old))
			continue;
		t.home = formats_home(
			ctx->arena, ctx->s,
			arena_strndup(ctx->arena, t.name, strlen(t.name) - strlen(SCRIPT_SUFFIX)));
		*VEC_PUSH(ctx->arena, tasks) = t;
	}
	if (d)
		(void)closedir(d);
}

/* The file to write: a link of ManageSieve leads to the user's active script in ~/sieve. */
static const char *script_path(struct arena *a, const char *home)
{
	const char *path = arena_printf(a, "%s/.dovecot.sieve", home);
	const char *storage = arena_printf(a, "%s/sieve/", home);
	char real[PATH_MAX];

	if (realpath(path, real) && has_prefix(real, storage))
		return arena_strdup(a, real);
	return path;
}

static bool do_task(struct arena *a, const struct task *t, struct err *err)
{
	const struct file_attr dir_attr = { 0700, (uid_t)-1, (gid_t)-1 };
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	const char *path;
	struct str now;
	char *text;

	if (t->text.p) {
		return dir_make(t->home, &dir_attr, err) &&
		       file_replace(script_path(a, t->home), t->text.p, t->text.n, &attr,
				    FILE_DURABLE, NULL, err);
	}
	path = script_path(a, t->home);
	if (!file_read(a, path, SCRIPT_MAX, &text, &now.n, err))
		return err->sys == ENOENT || err->sys == ENOTDIR;
	now.p = text;
	if (is_same(now, t->old)) {
		(void)unlink(path);
		(void)unlink(arena_printf(a, "%s/.dovecot.sieve", t->home));
	}
	return true;
}

/* One byte per task, '1' when it is done. */
static NORETURN void do_tasks(const struct service_ctx *ctx, const struct task_vec *tasks, int fd)
{
	gid_t gid = (gid_t)ctx->s->dms_vmail_gid;

	(void)umask(077);
	if (setgroups(0, NULL) < 0 || setgid(gid) < 0 || setuid((uid_t)ctx->s->dms_vmail_uid) < 0) {
		log_error("can't become the mail user: %s", strerror(errno));
		_exit(1);
	}
	for (size_t i = 0; i < tasks->n; i++) {
		struct err err = ERR_INIT;
		bool ok = do_task(ctx->arena, &tasks->v[i], &err);
		if (!ok)
			log_error("%s: %s", tasks->v[i].name, err.text);
		(void)write_all(fd, ok ? "1" : "0", 1);
	}
	_exit(0);
}

static bool note(struct arena *a, const struct task *t, struct err *err)
{
	const struct file_attr attr = { 0600, 0, 0 };
	const char *path = arena_printf(a, NOTES "/%s", t->name);

	if (t->text.p)
		return file_replace(path, t->text.p, t->text.n, &attr, FILE_DURABLE, NULL, err);
	return unlink(path) == 0 || err_sys(err, ERR_IO, "remove %s", path);
}

bool user_scripts_put(const struct service_ctx *ctx, struct err *err)
{
	struct task_vec tasks = VEC_INIT;
	int fds[2], st;

	add_puts(ctx, &tasks);
	add_removals(ctx, &tasks);
	if (tasks.n == 0)
		return true;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, ERR_OS, "pipe");
	pid_t pid = fork();
	if (pid == 0)
		do_tasks(ctx, &tasks, fds[1]);
	(void)close(fds[1]);
	autoclose int from = fds[0];
	if (pid < 0)
		return err_sys(err, ERR_OS, "fork");
	for (size_t i = 0; i < tasks.n; i++) {
		char done = '0';
		if (read(from, &done, 1) == 1 && done == '1' && !note(ctx->arena, &tasks.v[i], err))
			log_error("%s: %s", tasks.v[i].name, err->text);
	}
	while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
		;
	return true;
}
