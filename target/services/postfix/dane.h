/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	dane - whether mail that leaves is checked against TLSA records (SMTP_TLS_DANE=auto)
 *
 *	tls-default.lmdb	the TLS level of destinations that no other table knows: default → dane, or
 *				nothing, which is smtp_tls_security_level
 *
 * DANE means something only when the resolver validates DNSSEC. `mailserver dane-check`, run by cron at the
 * start and every ten minutes, asks it for the name servers of the root, sees whether it says to have
 * validated the answer, and changes the table; the next delivery sees it. While the resolver does not
 * answer, things stay as they are.
 */
#ifndef SERVICES_POSTFIX_DANE_H
#define SERVICES_POSTFIX_DANE_H

#include "service.h"

/* At boot nothing is known yet: an empty table, or none when SMTP_TLS_DANE is not auto. */
bool dane_tables_commit(const struct live_ctx *ctx, struct err *err) MUST_CHECK;

int dane_check_main(int argc, char **argv);

#endif
