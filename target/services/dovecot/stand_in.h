/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	stand_in - answers in the place of Dovecot's sockets while Dovecot makes them anew
 *
 * Clients reach the sockets through a link to the directory they are in. The stand-in has sockets
 * of the same names, owners and modes in a directory of its own, leads the link there, takes
 * connections. When it is told that Dovecot listens again, it passes them on, leads the link back, and
 * ends when its last client has gone.
 *
 *	                  ┌─ home (Dovecot) ◄───┐
 *	client ─► link ─► │                     │ passed on
 *	                  └─ <link>.<pid> (stand-in)
 *
 * ERRORS
 *	A directory or socket can't be made, or the link can't be changed: nothing has happened then.
 *	A client for whom there is no server STAND_IN_WAIT_MS after that is hung up on.
 *
 * LIMITS
 *	STAND_IN_CLIENTS at a time; more wait in the sockets' queues.
 */
#ifndef DOVECOT_STAND_IN_H
#define DOVECOT_STAND_IN_H

#include "base/err.h"

#define STAND_IN_NAMES 4
#define STAND_IN_CLIENTS 256
#define STAND_IN_WAIT_MS 10000

struct stand_in_place {
	const char *link, *home;
	/* NULL-terminated, at most STAND_IN_NAMES. A name without a socket in home is left out. */
	const char *const *names;
};

/* What is written to `report`, each once. */
#define STAND_IN_OPEN 'o' /* clients are led here */
#define STAND_IN_HOME 'h' /* and back */

/* Stands in until `control` ends, which says that home can be used again; returns when the last
 * client has gone. Should home lack a socket then, it is waited for. */
bool stand_in_run(const struct stand_in_place *place, int control, int report, struct err *err)
	MUST_CHECK;

/* Leads the link home, wherever it leads now. */
bool stand_in_lead_home(const struct stand_in_place *place, struct err *err) MUST_CHECK;

/* The place in the image, and `mailserver dovecot-stand-in`: control is 0, report 1. */
extern const struct stand_in_place stand_in_dovecot;
int stand_in_main(int argc, char **argv);

#endif
