/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	relays - postfix-relaymap.cf and postfix-sasl-password.cf: mail that leaves through others
 *
 *	@firma.example         [smtp.relay.example]:587	   sender domain, and the relay of its mail
 *	anna@firma.example     [smtp.zwei.example]:465	   one sender; port 465 speaks TLS at once
 *	@intern.example					   key alone: sent directly
 *
 *	@firma.example         benutzer:geheim		   login for mail of these senders
 *	[smtp.relay.example]:587  apikey:abc:def	   login at this relay, written as there
 *
 * A relay is host, host:port, [host] or [host]:port; brackets mean this host, not its MX.
 *
 * FINDINGS
 *	error	a key that is no sender (or relay), a relay that is none or is this server itself,
 *		a login without ":" or with an empty half
 *	warning	a key twice (the first line counts)
 *	No finding holds a user name or a password.
 *
 * SOURCES
 *	docs/compatibility.md; postconf(5) relayhost, sender_dependent_relayhost_maps,
 *	smtp_sasl_password_maps.
 */
#ifndef INPUTS_RELAYS_H
#define INPUTS_RELAYS_H

#include "inputs/inputs.h"

#define RELAYS_FILE "postfix-relaymap.cf"
#define RELAY_LOGINS_FILE "postfix-sasl-password.cf"

#define RELAY_PORT_TLS 465 /* TLS from the first byte (RFC 8314) */

/* A relay as written, taken apart. */
struct relay_hop {
	struct str host; /* without brackets */
	bool exact;	 /* in brackets: this host, no look-up of its MX */
	int port;	 /* 25 when none is given */
};

/* text must be a relay: relay_hop_problem() is NULL. */
struct relay_hop relay_hop_split(const char *text);
/* Why the text is no relay, as a clause ("has two pairs of brackets"), or NULL. */
const char *relay_hop_problem(const char *text);
/* Whether the relay is this server: its host name or a loopback address, on a port that takes
 * mail. */
bool relay_hop_is_self(const char *text, const char *hostname);
/* Whether the port is the one that speaks TLS at once. */
bool relay_hop_is_implicit_tls(const char *text);
/* Why the key (lower case) is neither @domain nor an address, as a clause, or NULL. */
const char *relay_sender_problem(const char *key);

/* hostname: the server's own. */
void relays_parse(struct arena *a, const char *file, struct str text, const char *hostname,
		  struct relay_vec *out, struct problems *p);
void relay_logins_parse(struct arena *a, const char *file, struct str text,
			struct relay_login_vec *out, struct problems *p);

/* For both files: gives the key this value ("" = key alone); its first line is replaced, further
 * ones go; a new line comes last. Keys are compared without regard to case. */
void relays_edit_set(struct str text, const char *key, const char *value, struct buf *out);
/* Removes every line of the key; false when there is none. */
bool relays_edit_del(struct str text, const char *key, struct buf *out);

#endif
