/* SPDX-License-Identifier: MIT */
/*
 * A generation is written into an empty directory: pristine files of the packages first, then what
 * derived images dropped in, then our own, so that ours win. Nothing here is durable: a generation
 * lives with the container and needs no fsync.
 *
 * SOURCES
 *	EVP_Digest(3).
 */
#include "plan/render.h"

#include <dirent.h>
#include <grp.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "base/file.h"

#define TEMPLATE_MAX ((size_t)1 << 20)
#define RENDERED_MAX ((size_t)16 << 20)

static bool make_parent(struct arena *a, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return true;
	return dir_make(arena_strndup(a, path, (size_t)(slash - path)), NULL, err);
}

static bool render_file(const struct plan *plan, const struct render_where *where,
			const struct plan_file *pf, struct err *err)
{
	struct arena *a = plan->arena;
	const char *label = arena_printf(a, "services/%s/%s", pf->service->name, pf->file->tpl);
	const char *path =
		arena_printf(a, "%s/%s/%s", where->templates, pf->service->name, pf->file->tpl);
	const char *dest = arena_printf(a, "%s/%s", where->out, pf->file->dest);
	struct file_attr attr = { .mode = pf->file->mode ? pf->file->mode : 0644,
				  .uid = (uid_t)-1,
				  .gid = (gid_t)-1 };
	autobuf struct buf out = BUF_INIT;
	char *text;

	if (!file_read(a, path, TEMPLATE_MAX, &text, NULL, err))
		return false;
	struct tpl_spec spec = { .label = label,
				 .text = text,
				 .dialect = pf->file->dialect,
				 .lookup = plan_lookup,
				 .ctx = (void *)(uintptr_t)plan };
	if (!tpl_render(&spec, &out, err) || !make_parent(a, dest, err))
		return false;
	if (where->in_image && pf->file->group) {
		const struct group *gr = getgrnam(pf->file->group);
		if (gr == NULL)
			return err_set(err, ERR_INTERNAL, "%s: no group '%s' in the image", dest,
				       pf->file->group);
		attr.uid = 0;
		attr.gid = gr->gr_gid;
	}
	return file_replace(dest, out.p, out.n, &attr, FILE_EPHEMERAL, NULL, err);
}

static bool copy_pristine(const struct plan *plan, const struct render_where *where,
			  struct err *err)
{
	struct arena *a = plan->arena;

	for (size_t i = 0; i < plan->services.n; i++) {
		const char *const *list = plan->services.v[i]->pristine;
		for (; list && *list; list++) {
			const char *src = arena_printf(a, "%s/%s", where->pristine, *list);
			const char *dst = arena_printf(a, "%s/%s", where->out, *list);
			char *text;
			size_t n;
			struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
			if (!make_parent(a, dst, err))
				return false;
			if (dir_exists(src)) {
				if (!tree_copy(src, dst, err))
					return false;
				continue;
			}
			if (!file_read(a, src, RENDERED_MAX, &text, &n, err) ||
			    !file_replace(dst, text, n, &attr, FILE_EPHEMERAL, NULL, err))
				return false;
		}
	}
	return true;
}

static bool write_text(const char *path, const struct buf *text, struct err *err)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };

	return file_replace(path, text->p, text->n, &attr, FILE_EPHEMERAL, NULL, err);
}

/* /etc/dms-settings for scripts that source it, /etc/mailname. */
static bool render_core_files(const struct plan *plan, const char *out, struct err *err)
{
	autobuf struct buf shell = BUF_INIT, name = BUF_INIT;

	settings_write_shell(plan->arena, plan->ctx.s, &shell);
	buf_printf(&name, "%s\n", plan->ctx.s->domainname);
	return write_text(arena_printf(plan->arena, "%s/dms-settings", out), &shell, err) &&
	       write_text(arena_printf(plan->arena, "%s/mailname", out), &name, err);
}

static bool finish_services(const struct plan *plan, const char *out, struct problems *p,
			    struct err *err)
{
	for (size_t i = 0; i < plan->services.n; i++) {
		const struct service *svc = plan->services.v[i];
		if (svc->finish && !svc->finish(&plan->ctx, out, p, err))
			return err_wrap(err, "%s", svc->name);
	}
	return true;
}

bool render_tree(const struct plan *plan, const struct render_where *where, struct problems *p,
		 struct err *err)
{
	if (!dir_make(where->out, NULL, err))
		return false;
	if (where->pristine && !copy_pristine(plan, where, err))
		return err_wrap(err, "pristine files");
	if (where->dropins && dir_exists(where->dropins) &&
	    !tree_copy(where->dropins, where->out, err))
		return err_wrap(err, "drop-in files");
	for (size_t i = 0; i < plan->files.n; i++)
		if (!render_file(plan, where, &plan->files.v[i], err))
			return false;
	return render_core_files(plan, where->out, err) &&
	       finish_services(plan, where->out, p, err);
}

static bool is_dot(const char *name)
{
	return streq(name, ".") || streq(name, "..");
}

static bool walk_files(struct arena *a, const char *dir, const char *rel, struct text_vec *out,
		       struct err *err)
{
	const char *path = *rel ? arena_printf(a, "%s/%s", dir, rel) : dir;
	DIR *d = opendir(path);
	const struct dirent *e;
	bool ok = true;

	if (d == NULL)
		return err_sys(err, ERR_IO, "open %s", path);
	while (ok && (e = readdir(d)) != NULL) {
		struct stat st;
		if (is_dot(e->d_name))
			continue;
		const char *sub = *rel ? arena_printf(a, "%s/%s", rel, e->d_name)
				       : arena_strdup(a, e->d_name);
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			ok = err_sys(err, ERR_IO, "stat %s/%s", dir, sub);
		else if (S_ISDIR(st.st_mode))
			ok = walk_files(a, dir, sub, out, err);
		else if (S_ISREG(st.st_mode))
			*VEC_PUSH(a, out) = sub;
	}
	(void)closedir(d);
	return ok;
}

bool render_manifest(struct arena *a, const char *dir, struct buf *out, struct err *err)
{
	struct text_vec files = VEC_INIT;

	if (!walk_files(a, dir, "", &files, err))
		return false;
	text_vec_sort(&files);
	for (size_t i = 0; i < files.n; i++) {
		const char *path = arena_printf(a, "%s/%s", dir, files.v[i]);
		unsigned char md[EVP_MAX_MD_SIZE];
		unsigned md_n = 0;
		struct stat st;
		char *text;
		size_t n;
		if (stat(path, &st) < 0)
			return err_sys(err, ERR_IO, "stat %s", path);
		if (!file_read(a, path, RENDERED_MAX, &text, &n, err))
			return false;
		if (EVP_Digest(text, n, md, &md_n, EVP_sha256(), NULL) != 1)
			return err_set(err, ERR_INTERNAL, "%s: SHA-256 failed", path);
		buf_printf(out, "%04o %s ", (unsigned)(st.st_mode & 07777), files.v[i]);
		for (unsigned k = 0; k < md_n; k++)
			buf_printf(out, "%02x", md[k]);
		buf_addc(out, '\n');
	}
	return true;
}
