/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	accounts_db - Dovecot's account table: SQLite, changed in place while Dovecot reads it
 *
 *	<live>/accounts.sqlite		0640 root:dovecot
 *	view passdb (user, password, userdb_…)		look-up for logins
 *	view userdb (user, quota_storage_size, …)	look-up for deliveries, iteration
 *
 *	table master (name, password)			look-up for logins of master accounts
 *	table recipient (name, account)			look-up of quota-status, see recipients.h
 *
 * Why not a passwd-file: Dovecot looks at such a file at most once a second, so a new account could
 * be unknown for up to a second after a failed try; and 100,000 accounts cost its auth process 54
 * MB. A row committed here is seen by the next look-up (user_cache.h).
 *
 * Extra fields of postfix-accounts.cf ("userdb_mail_path=…") become columns of their own, so their
 * values never turn into SQL.
 */
#ifndef SERVICES_DOVECOT_ACCOUNTS_DB_H
#define SERVICES_DOVECOT_ACCOUNTS_DB_H

#include "service.h"

#include "dovecot/recipients.h"

#define ACCOUNT_INPUTS (INPUT_ACCOUNTS | INPUT_QUOTAS)
#define ACCOUNTS_DB_INPUTS (ACCOUNT_INPUTS | INPUT_MASTERS | RECIPIENT_INPUTS)

extern const struct service_live accounts_live;

#endif
