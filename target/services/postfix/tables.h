/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	tables - Postfix's look-up tables, written in the forms it notices by itself
 *
 *	domains.lmdb	  virtual_mailbox_domains
 *	srs-senders.lmdb  sender_dependent_default_transport_maps, second, if ENABLE_SRS
 *	mailboxes.cdb	  virtual_mailbox_maps, first
 *	recent.lmdb	  virtual_mailbox_maps, second: accounts put since mailboxes.cdb was made
 *	local-aliases.cdb alias_maps
 *	aliases.cdb	  virtual_alias_maps, first; always published last
 *	regexp.pcre	  virtual_alias_maps, second
 *	roles.cdb	  virtual_alias_maps, third
 *	senders.cdb	  smtpd_sender_login_maps, first (recent.lmdb is second), if SPOOF_PROTECTION
 *	senders.pcre	  smtpd_sender_login_maps, third
 *	relay….lmdb	  see relay_tables.h
 *	send-access.lmdb, send-logins.lmdb, receive-access.lmdb: see access_tables.h
 *
 * lmdb files are changed in place, in one transaction; the others are replaced by rename.
 *
 * A Postfix process ends before its next client when a cdb it has open lost its name; so publishing
 * aliases.cdb also brings new *.pcre files into force, which Postfix does not watch.
 * trivial-rewrite(8) lives long and looks at its tables only now and then, and would send mail of a
 * new domain away in between: hence lmdb for the domains, which every look-up reads afresh.
 */
#ifndef SERVICES_POSTFIX_TABLES_H
#define SERVICES_POSTFIX_TABLES_H

#include "service.h"

extern const struct service_live postfix_live;

#endif
