/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	learn - teaches SpamAssassin what users sort: `mailserver spam-learn spam|ham`
 *
 * Reads a message, keeps it in a spool directory and is done: the user's session does not wait. A
 * child in the background hands what is there to spamd, one after the other; what could not be
 * handed over stays for the next time, or for `mailserver spam-learn`, which only does that.
 * Messages that are too big are not learned.
 */
#ifndef SERVICES_SPAMASSASSIN_LEARN_H
#define SERVICES_SPAMASSASSIN_LEARN_H

#include "base/err.h"

/* Whom the milter and the learning run as: neither root nor the owner of the mail. */
#define LEARN_USER "spamass-milter"
#define LEARN_SPOOL "/var/mail-state/spool-spam-learn"

/* Hands everything in the directory to spamd; false when something had to stay. One at a time: if
 * another one does it already, nothing is done. */
bool learn_drain(const char *dir, const char *socket, struct err *err) MUST_CHECK;
int learn_main(int argc, char **argv);

#endif
