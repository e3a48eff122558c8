/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	live - what Dovecot reads while it runs: accounts (accounts_db.h) and scripts (scripts.h)
 */
#ifndef SERVICES_DOVECOT_LIVE_H
#define SERVICES_DOVECOT_LIVE_H

#include "service.h"

extern const struct service_live dovecot_live;

#endif
