/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	user_cache - what Dovecot remembers of accounts (not of passwords), and how it forgets
 *
 * Each delivery and each session asks for its account. Answers are kept for some seconds (auth_cache_ttl), which saves a
 * look-up in another process; so Dovecot is told when the table has changed. An answer that is on its way at that moment may
 * still be kept: for those seconds, and no longer.
 *
 * SOURCES
 *	Dovecot 2.4 "Auth caching"; auth-master protocol, CACHE-FLUSH (doveadm(1) auth cache flush).
 */
#ifndef SERVICES_DOVECOT_USER_CACHE_H
#define SERVICES_DOVECOT_USER_CACHE_H

/* Empties it, and returns when it is empty; or after a second, when Dovecot does not answer. Without a Dovecot there is
 * nothing to do. */
void user_cache_flush(void);

#endif
