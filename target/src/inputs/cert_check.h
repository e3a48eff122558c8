/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	cert_check - is a certificate good enough to be served?
 *
 *	Errors, it must not be used: the chain is out of order, or a signature in it is not the
 *	issuer's; a key is weak (RSA below 2048 bits, DSA, a curve that mail programs do not take);
 *	a signature rests on SHA-1 or MD5.
 *
 *	Faults, warnings: expired, not valid yet, not for the host name, incomplete chain. A server
 *	that refused to start because of them would serve nobody better. Where a certificate is in
 *	use already, a new one must not have a fault that the old one has not: then it is an error.
 *
 * SOURCES
 *	RFC 5280, RFC 6125, RFC 8446 §4.4.2; X509_check_issued(3), X509_get_signature_info(3).
 */
#ifndef INPUTS_CERT_CHECK_H
#define INPUTS_CERT_CHECK_H

#include "inputs/inputs.h"

/* A certificate that expires sooner is a warning. */
#define CERT_WARN_DAYS 14

struct cert_wish {
	const char *name;	   /* to be covered, "" = any */
	const char *roots_dir;	   /* of well-known authorities, by hash; NULL = the system's */
	int64_t now;		   /* seconds since the epoch */
	const struct cert *in_use; /* NULL = none is */
};

/* Adds what is wrong with the certificate, subject: its source. False: it must not be used. */
bool cert_check(struct arena *a, const struct cert *cert, const struct cert_wish *wish,
		struct problems *p);

#endif
