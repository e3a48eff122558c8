/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	tls_scan - what a port of this host offers to TLS clients, found out by asking
 *
 *	struct tls_scan scan;
 *	if (tls_scan_port(probe, deadline_ms, &scan, &err)) …
 *
 * Every row is the outcome of handshakes (SMTP, IMAP, POP3, ManageSieve: after STARTTLS where the port
 * wants it), not of what the configuration says. What is chosen is taken out of the offer and asked again
 * until the port refuses, so lists have the order in which the port would choose.
 *
 * OWNERSHIP
 *	struct tls_scan is plain storage of the caller; names are the TLS library's.
 *
 * ERRORS
 *	tls_scan_port() fails when the port does not answer or makes no TLS connection at all.
 *
 * LIMITS
 *	What the TLS library of this image can't speak (SSL 3, export ciphers, compression) can't be asked
 *	for; the daemons use the same library. About thirty connections for each port.
 *
 * SOURCES
 *	RFC 8446, RFC 7627 (extended master secret), RFC 5746 (renegotiation); SSL_CTX_set1_groups(3),
 *	SSL_get_negotiated_group(3).
 */
#ifndef PLAN_TLS_SCAN_H
#define PLAN_TLS_SCAN_H

#include "service.h"

/* The library knows some 120 suites. */
#define TLS_SCAN_NAMES 256

struct tls_names {
	const char *v[TLS_SCAN_NAMES];
	size_t n;
};

struct tls_scan {
	struct tls_names protocols;	   /* "TLSv1.3" …, newest first */
	struct tls_names suites, suites12; /* of TLS 1.3, of older versions */
	struct tls_names groups;	   /* key exchange groups of TLS 1.3 */
	bool server_order;		   /* the port's own order of suites counts */
	bool sha1_signatures;		   /* it signs the key exchange with SHA-1 */
	bool extended_master_secret;	   /* in TLS 1.2 */
	bool secure_renegotiation;	   /* RFC 5746, in TLS 1.2 */
	bool renegotiation;		   /* a client may begin one */
	bool early_data;		   /* 0-RTT */
	char key[64], signature[64];	   /* of the certificate: "EC 256", "ecdsa-with-SHA256" */
};

/* probe: one of the four mail protocols, with a port. deadline_ms: for each connection. */
bool tls_scan_port(const struct service_probe *probe, int deadline_ms, struct tls_scan *scan_r,
		   struct err *err) MUST_CHECK;

#endif
