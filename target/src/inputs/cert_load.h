/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	cert_load - a certificate chain and its key from PEM
 *
 *	cert_load(a, "/path/cert.pem", "/path/key.pem", &cert, &err);
 *	cert_parse(a, &texts, &cert, &err);	the same for text that stands elsewhere
 *
 * OWNERSHIP
 *	Results live in the arena, the key too: wipe the arena.
 *
 * ERRORS
 *	One sentence that names the path and what is wrong with the file. A missing file: err->sys
 *	== ENOENT.
 *
 * SEE ALSO
 *	cert_check.h (is it good?)
 *
 * SOURCES
 *	PEM_read_bio_X509(3), X509_check_private_key(3), X509_check_host(3); RFC 7468.
 */
#ifndef INPUTS_CERT_LOAD_H
#define INPUTS_CERT_LOAD_H

#include <openssl/x509v3.h>

#include "inputs/inputs.h"

#define CERT_CHAIN_MAX 16

/* Certificates as libcrypto has them. */
struct cert_chain {
	X509 *v[CERT_CHAIN_MAX];
	int n;
};
void cert_chain_cleanup_(struct cert_chain *c);
#define autochain __attribute__((cleanup(cert_chain_cleanup_)))
/* Those of cert->chain_pem, which cert_load() wrote. */
void cert_chain_of(const struct cert *cert, struct cert_chain *c);

/* Subject and issuer are the same: nothing comes behind it. */
static inline bool cert_is_own_issuer(X509 *x)
{
	return (X509_get_extension_flags(x) & EXFLAG_SI) != 0;
}

/* Reads the chain (leaf first) and the key; both paths may name one file. PEM text is written anew:
 * comments and other blocks are gone. Fails when a file can't be read or parsed, when the key is
 * encrypted, and when it does not belong to the first certificate. */
bool cert_load(struct arena *a, const char *cert_path, const char *key_path, struct cert *cert_r,
	       struct err *err) MUST_CHECK;

struct cert_texts {
	struct str chain, key;
	const char *chain_name, *key_name; /* for messages; chain_name becomes cert->source */
};
bool cert_parse(struct arena *a, const struct cert_texts *texts, struct cert *cert_r,
		struct err *err) MUST_CHECK;

/* Appends the certificates of the file to the chain if the first of them issued the chain's last
 * one (and that one is not its own issuer). True also when it did not. */
bool cert_append_issuer(struct arena *a, const char *path, struct cert *cert, struct err *err)
	MUST_CHECK;

/* SHA-256 of a certificate, hexadecimal. */
const char *cert_leaf_id(struct arena *a, const X509 *x);

/* Whether the leaf is valid for the DNS name; a name "*.x" is compared as it is. */
bool cert_covers(const struct cert *cert, const char *name);

#endif
