/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	certs - certificate and key by SSL_TYPE; checked before use; self-made where there is none
 *
 *	(empty)		self-made ECDSA P-256 in the state volume; made again when it is damaged,
 *			expired, or for another name
 *	self-signed	<config>/ssl/<fqdn>-cert.pem, -key.pem (and demoCA/cacert.pem if present);
 *			made when missing
 *	manual		SSL_CERT_PATH, SSL_KEY_PATH, SSL_ALT_*
 *	custom		<config>/ssl/<fqdn>-full.pem: key and chain in one file
 *	letsencrypt	/etc/letsencrypt/live/NAME/fullchain.pem and privkey.pem, else key.pem;
 *			NAME = SSL_DOMAIN without "*.", FQDN, domain: the first that has the chain
 *	snakeoil	Debian's ssl-cert files (tests)
 *
 * CHECKS
 *	readable, parses, key matches the leaf: errors. Expired or within 14 days of it, not valid
 *	yet, name not covered: warnings. The reason names the path in one sentence.
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

#include "inputs/cert_make.h"
#include "inputs/inputs.h"

/* Fills in->cert, in->alt_cert, in->has_cert, and the INPUT_TLS fingerprint. */
void certs_read(struct arena *a, const struct settings *s, const struct inputs_where *where,
		struct inputs *in, struct problems *p);

/* Directories whose change may mean a new certificate, for the watcher. */
void certs_watch_dirs(struct arena *a, const struct settings *s, const struct inputs_where *where,
		      struct text_vec *dirs);

#endif
