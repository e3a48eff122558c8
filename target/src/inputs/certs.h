/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	certs - certificate and key by SSL_TYPE; checked before use; self-made where there is none
 *
 *	(empty)		self-made ECDSA P-256 in the state volume; made again when it is damaged,
 *			about to expire, or for another name
 *	self-signed	<config>/ssl/<fqdn>-cert.pem, -key.pem (and demoCA/cacert.pem if present);
 *			made when missing, and made again before they end if they were made here
 *	manual		SSL_CERT_PATH, SSL_KEY_PATH, SSL_ALT_*
 *	custom		<config>/ssl/<fqdn>-full.pem: key and chain in one file
 *	letsencrypt	Traefik's acme.json, else the files of certbot or lego; see acme.h and
 *			cert_places.h
 *	snakeoil	Debian's ssl-cert files (tests)
 *
 * and, beside it, those for further names (sni.h).
 *
 * CHECKS
 *	Readable, parses, key matches the leaf, and what cert_check.h has. The reason names the path
 *	in one sentence.
 *
 * WHILE ONE IS IN USE (where->tls_dir)
 *	A certificate that can't be used is an error, and the one in use stays: in->cert is that one
 *	then. So one bad certificate keeps no other from being renewed.
 *
 * ON A LAPTOP
 *	While where->state_dir is NULL nothing is made, and a missing file of the server's own paths
 *	is a warning.
 *
 * SOURCES
 *	RFC 5280, RFC 6125; X509_check_private_key(3), X509_check_host(3).
 */
#ifndef INPUTS_CERTS_H
#define INPUTS_CERTS_H

#include "inputs/inputs.h"

/* One of our own is made anew when it ends within this time. */
#define CERT_RENEW_DAYS 30

/* Fills in->cert, in->alt_cert, in->named_certs, in->has_cert, and the INPUT_TLS fingerprint. */
void certs_read(struct arena *a, const struct settings *s, const struct inputs_where *where,
		struct inputs *in, struct problems *p);

/* Remembers, in the state volume, which key is served, for TLS_KEEP_KEY at the next start. */
bool certs_remember(struct arena *a, const struct inputs_where *where, const struct inputs *in,
		    struct err *err) MUST_CHECK;

/* Whether certs_read() would make a certificate of ours anew, as the one in use ends soon. */
bool certs_are_due(const struct inputs *in, int64_t now);

#endif
