/* SPDX-License-Identifier: MIT */
/*
 * Names are host names, so nothing in them means something to Dovecot.
 *
 * SOURCES
 *	Dovecot 2.4 "SSL", "With client TLS SNI": local_name.
 */
#include "dovecot/sni.h"

#include "base/file.h"
#include "inputs/sni.h"

static void write_block(const struct live_ctx *ctx, const char *name, struct buf *out)
{
	const char *file = sni_file_name(ctx->svc->arena, name);

	/* A second certificate of the server's own name must not be served for this one. */
	buf_printf(out,
		   "local_name %s {\n"
		   "\tssl_server_cert_file = %s/tls/sni/%s.pem\n"
		   "\tssl_server_key_file = %s/tls/sni/%s.key\n"
		   "\tssl_server_alt_cert_file =\n"
		   "\tssl_server_alt_key_file =\n"
		   "}\n",
		   name, ctx->dir, file, ctx->dir, file);
}

bool sni_commit(const struct live_ctx *ctx, struct err *err)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	const struct named_cert_vec *list = &ctx->svc->in->named_certs;
	autobuf struct buf out = BUF_INIT;

	buf_adds(&out, "# Made by mailserver from ssl-sni.cf and ssl-sni/.\n");
	for (size_t i = 0; i < list->n; i++)
		write_block(ctx, list->v[i].name, &out);
	return file_replace(arena_printf(ctx->svc->arena, "%s/dovecot-sni.conf", ctx->dir), out.p,
			    out.n, &attr, FILE_EPHEMERAL, NULL, err);
}
