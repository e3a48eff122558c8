/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	relay_tables - which mail leaves through which relay, and with what login
 *
 *	relays.lmdb	   sender_dependent_default_transport_maps: "relayhost:[host]:587", or "smtp:"
 *			   for mail that is sent directly
 *	relay-logins.lmdb  smtp_sasl_password_maps, for root only: Postfix' smtp(8) opens it before
 *			   it gives up its rights
 *	relay-tls.lmdb	   smtp_tls_policy_maps of the relayhost transport: "encrypt" for relays that
 *			   a password may go to
 *
 * LIMITS
 *	qmgr(8) remembers its last answer for 30 s (resolve_clnt.c): a second message in a row of the
 *	same sender to the same recipient goes the way of the first.
 *
 * One look-up gives transport and relay together, so that no message ever meets the one without the
 * other.
 */
#ifndef SERVICES_POSTFIX_RELAY_TABLES_H
#define SERVICES_POSTFIX_RELAY_TABLES_H

#include "service.h"

/* Services of master.cf. */
#define RELAY_TRANSPORT "relayhost"
#define RELAY_TRANSPORT_TLS "relayhost-tls" /* TLS from the first byte */

/* Brings the three tables in line when what they are made from has changed. */
bool relay_tables_commit(const struct live_ctx *ctx, struct err *err) MUST_CHECK;

/* "transport:hop" of a next hop, "smtp:" (directly) of "". */
const char *relay_transport_of(struct arena *a, const char *hop);

#endif
