/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	postconf(5) tls_server_sni_maps; postmap(1) -F; EVP_EncodeBlock(3).
 */
#include "postfix/sni_table.h"

#include <openssl/evp.h>

static bool add(struct arena *a, struct cdb_make *cdb, const struct named_cert *n)
{
	const char *key = n->name[0] == '*' ? n->name + 1 : n->name;
	char *pem = arena_printf(a, "%s%s", n->cert.key_pem, n->cert.chain_pem);
	size_t length = strlen(pem);
	unsigned char *value = arena_alloc(a, (length + 2) / 3 * 4 + 1);
	int written;

	if (length > INT_MAX)
		return false;
	/* The casts: text as unsigned bytes. */
	written = EVP_EncodeBlock(value, (const unsigned char *)pem, (int)length);
	bool ok = cdb_make_add(cdb, key, (unsigned)strlen(key), value, (unsigned)written) == 0;
	explicit_bzero(pem, length);
	explicit_bzero(value, (size_t)written);
	return ok;
}

bool sni_table_fill(const struct live_ctx *ctx, struct cdb_make *cdb)
{
	const struct named_cert_vec *list = &ctx->svc->in->named_certs;

	for (size_t i = 0; i < list->n; i++)
		if (!add(ctx->svc->arena, cdb, &list->v[i]))
			return false;
	return true;
}
