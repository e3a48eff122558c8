/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	cert_make - a self-signed certificate
 *
 * SOURCES
 *	RFC 5280 §4.2; EVP_EC_gen(3), X509_sign(3).
 */
#ifndef INPUTS_CERT_MAKE_H
#define INPUTS_CERT_MAKE_H

#include <openssl/x509.h>

#include "base/err.h"

/* Makes <cert_path> (0644) and <key_path> (0600), and their directories: ECDSA P-256, SAN DNS:name,
 * valid from yesterday for 10 years, CA:FALSE. keep_key: an existing key that can be read is used
 * again (so that a crash between the two files heals, and published TLSA records stay true). Both
 * durable, key first. ERR_INTERNAL: libcrypto failed. */
bool cert_make_self_signed(const char *name, const char *cert_path, const char *key_path,
			   bool keep_key, struct err *err) MUST_CHECK;

/* Whether cert_make_self_signed() made it. */
bool cert_make_is_ours(X509 *x);

#endif
