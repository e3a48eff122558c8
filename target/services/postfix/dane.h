/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	dane - whether mail that leaves is checked against TLSA records, and the administrator's own levels
 *
 *	tls-policy.lmdb		postfix-tls-policy.cf, asked before anything else
 *
 * DANE means something only when the resolver validates DNSSEC. With SMTP_TLS_DANE=auto `mailserver
 * dane-check`, run by cron at the start and every ten minutes, asks it for the name servers of the root,
 * and sees whether it says to have validated the answer. What comes of it is remembered in the state
 * volume, and rendered as smtp_tls_security_level; when it changes, a new generation is put in force. While
 * the resolver does not answer, things stay as they are.
 */
#ifndef SERVICES_POSTFIX_DANE_H
#define SERVICES_POSTFIX_DANE_H

#include "service.h"

/* Made only where dane-check has something to do. */
#define DANE_AUTO_FILE "postfix/dane-auto"

bool dane_is_auto(const struct settings *s);
/* SMTP_TLS_DANE=yes, or auto and the resolver validated when it was last asked. */
bool dane_is_on(const struct service_ctx *ctx);

bool tls_policy_commit(const struct live_ctx *ctx, struct err *err) MUST_CHECK;

int dane_check_main(int argc, char **argv);

#endif
