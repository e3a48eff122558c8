/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	tables - what OpenDKIM signs with, in /run/mailserver/live/opendkim
 *
 *	opendkim.conf	the mode and the tables; includes the file that is rendered at the start
 *	KeyTable SigningTable TrustedHosts
 *	keys/DOMAIN/SELECTOR.private	0600, the daemon's own
 *
 * /etc/opendkim leads to them, so the paths of the administrator's tables hold in the container too.
 *
 * OpenDKIM reads tables when it starts and at SIGUSR1, a key whenever it signs.
 */
#ifndef OPENDKIM_TABLES_H
#define OPENDKIM_TABLES_H

#include "service.h"

extern const struct service_live opendkim_live;

#endif
