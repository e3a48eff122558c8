/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	access_tables - who may not send or receive, as Postfix asks
 *
 *	send-access.lmdb	check_sender_access: the rules as they are
 *	receive-access.lmdb	check_recipient_access: the same
 *	send-logins.lmdb	check_sasl_access: what they mean for each login, so that nobody
 *				escapes with another sender
 *
 * check_sasl_access compares whole names only (postconf(5)); where a rule is for a domain or for a
 * name in all domains, send-logins.lmdb has a row for each account that it concerns.
 */
#ifndef SERVICES_POSTFIX_ACCESS_TABLES_H
#define SERVICES_POSTFIX_ACCESS_TABLES_H

#include "service.h"

/* Writes the tables that depend on what has changed. */
bool access_tables_commit(const struct live_ctx *ctx, struct err *err) MUST_CHECK;
/* Whether a rule that is not for the very address concerns it; asks the tables in force. */
bool access_tables_cover(const struct live_ctx *ctx, const char *address);

#endif
