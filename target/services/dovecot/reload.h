/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	reload - have Dovecot read its configuration again, and return when it has done so
 *
 * While it does, its UNIX sockets are gone for some milliseconds; a process of Postfix that starts
 * then finds nobody to ask about logins. So what makes such processes start comes afterwards.
 */
#ifndef DOVECOT_RELOAD_H
#define DOVECOT_RELOAD_H

#include "base/err.h"

/* Errors: doveadm(1) can't be run or refuses; the sockets are not made anew within RELOAD_WAIT_MS:
 * Dovecot goes on with what it has. */
#define RELOAD_WAIT_MS 2000
bool dovecot_reload(struct err *err) MUST_CHECK;

/* `mailserver dovecot-reload` */
int dovecot_reload_main(int argc, char **argv);

#endif
