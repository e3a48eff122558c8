/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	recipients - table recipient(name, account) of accounts.sqlite: whose quota an alias counts for
 *
 *	info@example.com	anna@example.com	all mail for info@ ends at anna@
 *	team@example.com	''			several, elsewhere, or unknown: nobody is asked
 *	@example.com		ben@example.com		catch-all
 *
 * Only names of accounts that have a limit, and names that would else be taken for another account.
 *
 * Read only by the look-up of quota-status (dovecot.conf, userdb sql), so that no alias is a login,
 * a mailbox or a user of `doveadm user`. The account need not exist: where there is a default limit,
 * the row of an account that is added later is right at once.
 */
#ifndef SERVICES_DOVECOT_RECIPIENTS_H
#define SERVICES_DOVECOT_RECIPIENTS_H

#include "service.h"

struct sqlite3;

/* What the table depends on. */
#define RECIPIENT_INPUTS                                                                           \
	(INPUT_ACCOUNTS | INPUT_QUOTAS | INPUT_ALIASES | INPUT_REGEXP | INPUT_LOCAL_ALIASES)

/* Brings the table in line, within the open transaction; makes it when it is not there. Writes only
 * rows that differ. False: sqlite3_errmsg() says why. */
bool recipients_write(const struct live_ctx *ctx, struct sqlite3 *db) MUST_CHECK;

#endif
