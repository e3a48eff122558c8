/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	maildata - the directory of a mailbox
 */
#ifndef CLI_MAILDATA_H
#define CLI_MAILDATA_H

#include "base/err.h"

#define MAILDATA_ROOT "/var/mail"

/* Removes <root>/DOMAIN/LOCAL of the address (lower case), and <root>/DOMAIN when it is empty then.
 * *existed_r: there was something. Never leaves <root>: no link is followed, and an address that is
 * no account address is refused (ERR_DATA). */
bool maildata_remove(const char *root, const char *address, bool *existed_r, struct err *err)
	MUST_CHECK;

#endif
