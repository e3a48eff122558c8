/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	relay_routes - relays of files and variables put together
 *
 * Which relay takes the mail of a sender, first match:
 *
 *	1. the sender's own line in postfix-relaymap.cf (key alone: none, sent directly)
 *	2. the line of the sender's domain
 *	3. RELAY_HOST, if the domain is a hosted one
 *	4. DEFAULT_RELAY_HOST
 *	5. none: sent directly
 *
 * DEPENDS ON
 *	INPUT_RELAYS; with RELAY_HOST also INPUT_ACCOUNTS and INPUT_ALIASES (hosted domains).
 */
#ifndef INPUTS_RELAY_ROUTES_H
#define INPUTS_RELAY_ROUTES_H

#include "inputs/inputs.h"

/* RELAY_HOST and RELAY_PORT as a relay: "[host]:port"; NULL when unset. */
const char *relay_host_hop(struct arena *a, const struct settings *s);

/* Steps 1 to 3 as a table, keys unique. */
void relay_routes(struct arena *a, const struct settings *s, const struct inputs *in,
		  struct relay_vec *out);
/* Logins of the file, then the one of RELAY_USER and RELAY_PASSWORD for DEFAULT_RELAY_HOST, or
 * else RELAY_HOST; keys unique, the file goes first. */
void relay_logins(struct arena *a, const struct settings *s, const struct inputs *in,
		  struct relay_login_vec *out);
/* The relays that a password may be sent to: TLS must be required there. */
void relay_hops_with_login(struct arena *a, const struct settings *s, const struct inputs *in,
			   struct text_vec *out);

/* Findings about what belongs together: a login that is never used, a variable that names this
 * server, an exclusion without effect. */
void relay_routes_check(struct arena *a, const struct settings *s, const struct inputs *in,
			struct problems *p);

#endif
