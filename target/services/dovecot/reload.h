/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	reload - have Dovecot read its configuration again, and return when it has done so
 *
 * Nobody is sent away meanwhile: clients of its UNIX sockets are taken by the stand-in (stand_in.h).
 */
#ifndef DOVECOT_RELOAD_H
#define DOVECOT_RELOAD_H

/* `mailserver dovecot-reload`. Errors: doveadm(1) can't be run or refuses; the sockets are not made
 * anew within two seconds: Dovecot goes on with what it has. */
int dovecot_reload_main(int argc, char **argv);

#endif
