/* SPDX-License-Identifier: MIT */
#include "plan/tls_files.h"

#include <dirent.h>

#include "base/file.h"
#include "inputs/sni.h"

static bool write_pem(const struct plan *plan, const char *dir, const char *name, const char *pem,
		      mode_t mode, struct err *err)
{
	const struct file_attr attr = { mode, (uid_t)-1, (gid_t)-1 };
	const char *path = arena_printf(plan->arena, "%s/%s", dir, name);

	if (pem == NULL) {
		if (unlink(path) < 0 && errno != ENOENT)
			return err_sys(err, ERR_IO, "remove %s", path);
		return true;
	}
	return file_replace(path, pem, strlen(pem), &attr, FILE_EPHEMERAL, NULL, err);
}

static bool is_wanted(const struct plan *plan, const char *file)
{
	const struct named_cert_vec *list = &plan->ctx.in->named_certs;

	for (size_t i = 0; i < list->n; i++) {
		const char *name = sni_file_name(plan->arena, list->v[i].name);
		if (has_prefix(file, name) &&
		    (streq(file + strlen(name), ".pem") || streq(file + strlen(name), ".key")))
			return true;
	}
	return false;
}

static void remove_unwanted(const struct plan *plan, const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	while (d && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && !is_wanted(plan, e->d_name))
			(void)unlink(arena_printf(plan->arena, "%s/%s", dir, e->d_name));
	if (d)
		(void)closedir(d);
}

/* The old names go later, with tls_files_sweep(): a daemon still has them. */
static bool write_named(const struct plan *plan, const char *dir, struct err *err)
{
	const struct named_cert_vec *list = &plan->ctx.in->named_certs;
	const struct file_attr attr = { 0755, (uid_t)-1, (gid_t)-1 };

	if (list->n > 0 && !dir_make(dir, &attr, err))
		return false;
	for (size_t i = 0; i < list->n; i++) {
		const char *name = sni_file_name(plan->arena, list->v[i].name);
		const struct cert *c = &list->v[i].cert;
		if (!write_pem(plan, dir, arena_printf(plan->arena, "%s.key", name), c->key_pem,
			       0600, err) ||
		    !write_pem(plan, dir, arena_printf(plan->arena, "%s.pem", name), c->chain_pem,
			       0644, err))
			return false;
	}
	return true;
}

void tls_files_sweep(const struct plan *plan, const char *live_dir)
{
	remove_unwanted(plan, arena_printf(plan->arena, "%s/" TLS_FILES_DIR "/sni", live_dir));
}

/* A daemon that reads keys and chains from one file never sees a pair that does not match. */
static bool write_joined(const struct plan *plan, const char *dir, struct err *err)
{
	const struct cert *c = &plan->ctx.in->cert, *alt = &plan->ctx.in->alt_cert;
	struct buf all = BUF_INIT;

	if (c->key_pem == NULL)
		return write_pem(plan, dir, "keys-and-certs.pem", NULL, 0600, err);
	buf_printf(&all, "%s%s", c->key_pem, c->chain_pem);
	if (alt->key_pem)
		buf_printf(&all, "%s%s", alt->key_pem, alt->chain_pem);
	bool ok = write_pem(plan, dir, "keys-and-certs.pem", all.p, 0600, err);
	buf_wipe(&all);
	return ok;
}

bool tls_files_write(const struct plan *plan, const char *live_dir, struct err *err)
{
	const struct file_attr attr = { 0755, (uid_t)-1, (gid_t)-1 };
	const char *dir = arena_printf(plan->arena, "%s/" TLS_FILES_DIR, live_dir);
	const struct cert *c = &plan->ctx.in->cert, *alt = &plan->ctx.in->alt_cert;

	return dir_make(dir, &attr, err) &&
	       write_pem(plan, dir, "key.pem", c->key_pem, 0600, err) &&
	       write_pem(plan, dir, "cert.pem", c->chain_pem, 0644, err) &&
	       write_pem(plan, dir, "alt-key.pem", alt->key_pem, 0600, err) &&
	       write_pem(plan, dir, "alt-cert.pem", alt->chain_pem, 0644, err) &&
	       write_joined(plan, dir, err) &&
	       write_named(plan, arena_printf(plan->arena, "%s/sni", dir), err);
}
