/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	sni_table - certificates by the name that a client asks for, as tls_server_sni_maps has them
 *
 *	sni.cdb (0600)	name, or ".domain" for "*.domain" → base64 of key and chain, which is what
 *			postmap -F makes of files. Postfix opens it before it gives up root.
 */
#ifndef SERVICES_POSTFIX_SNI_TABLE_H
#define SERVICES_POSTFIX_SNI_TABLE_H

#include <cdb.h>

#include "service.h"

/* False with errno set. */
bool sni_table_fill(const struct live_ctx *ctx, struct cdb_make *cdb);

#endif
