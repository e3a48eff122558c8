/* SPDX-License-Identifier: MIT */
#include "plan/tls_files.h"

#include "base/file.h"

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

bool tls_files_write(const struct plan *plan, const char *live_dir, struct err *err)
{
	const struct file_attr attr = { 0755, (uid_t)-1, (gid_t)-1 };
	const char *dir = arena_printf(plan->arena, "%s/tls", live_dir);
	const struct cert *c = &plan->ctx.in->cert, *alt = &plan->ctx.in->alt_cert;

	return dir_make(dir, &attr, err) &&
	       write_pem(plan, dir, "key.pem", c->key_pem, 0600, err) &&
	       write_pem(plan, dir, "cert.pem", c->chain_pem, 0644, err) &&
	       write_pem(plan, dir, "alt-key.pem", alt->key_pem, 0600, err) &&
	       write_pem(plan, dir, "alt-cert.pem", alt->chain_pem, 0644, err);
}
