/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	user_scripts - USER@DOMAIN.dovecot.sieve of the config directory, put into mail_home
 *
 * See scripts.h.
 */
#ifndef SERVICES_DOVECOT_USER_SCRIPTS_H
#define SERVICES_DOVECOT_USER_SCRIPTS_H

#include "service.h"

#define SCRIPTS_STATE "/var/mail-state/lib-dovecot"

/* Nothing to do costs one look into a directory. A script that can't be put in place is logged and
 * tried again with the next change: one mailbox does not hold up the others. */
bool user_scripts_put(const struct service_ctx *ctx, struct err *err) MUST_CHECK;

#endif
