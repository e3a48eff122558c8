/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	quotas - dovecot-quotas.cf: "address:5G"
 *
 * FINDINGS
 *	error	no ":", bad address, a limit that is none
 *	warning	an address twice (the first line counts)
 *
 * SOURCES
 *	docs/compatibility.md; Dovecot "quota".
 */
#ifndef INPUTS_QUOTAS_H
#define INPUTS_QUOTAS_H

#include "inputs/inputs.h"

#define QUOTAS_FILE "dovecot-quotas.cf"

void quotas_parse(struct arena *a, const char *file, struct str text, struct quota_vec *out,
		  struct problems *p);
/* Digits and one of B k K M G T (binary multiples), or "0" (unlimited). */
bool quota_is_valid(const char *limit);
/* The limit in bytes (0 = unlimited); false when it is not valid or above 2^63 - 1. */
bool quota_bytes(const char *limit, int64_t *bytes_r);
/* Gives the address this limit: its first line is replaced, further ones go; a new line comes
 * last. */
void quotas_edit_set(struct str text, const char *address, const char *limit, struct buf *out);
/* Removes every line of the address (any case); false when there is none. */
bool quotas_edit_del(struct str text, const char *address, struct buf *out);

/* Whether the mailbox may ever be full: by a limit of its own, which may stand among the fields of the account, or by
 * the default. NULL: an account that is yet to come. */
bool quota_limits(const struct settings *s, const struct account *x);
/* Whether any may. */
bool quota_limits_any(const struct settings *s, const struct inputs *in);

#endif
