/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	cert_load - a certificate chain and its key from PEM files, checked
 *
 * OWNERSHIP
 *	Results live in the arena, the key too: wipe the arena.
 *
 * ERRORS
 *	One sentence that names the path and what is wrong with the file. A missing file: err->sys
 *	== ENOENT.
 *
 * SOURCES
 *	PEM_read_bio_X509(3), X509_check_private_key(3), X509_check_host(3); RFC 7468.
 */
#ifndef INPUTS_CERT_LOAD_H
#define INPUTS_CERT_LOAD_H

#include "inputs/inputs.h"

/* A certificate that expires sooner is a warning. */
#define CERT_WARN_DAYS 14

/* Reads the chain (leaf first) and the key; both paths may name one file. PEM text is written anew:
 * comments and other blocks are gone. Fails when a file can't be read or parsed, when the key is
 * encrypted, and when it does not belong to the first certificate. */
bool cert_load(struct arena *a, const char *cert_path, const char *key_path, struct cert *cert_r,
	       struct err *err) MUST_CHECK;

/* Appends the certificates of the file to the chain if the first of them issued the chain's last
 * one (and that one is not its own issuer). True also when it did not. */
bool cert_append_issuer(struct arena *a, const char *path, struct cert *cert, struct err *err)
	MUST_CHECK;

/* Whether the leaf is valid for the DNS name. */
bool cert_covers(const struct cert *cert, const char *name);

/* Warnings: expired or about to (now: seconds since the epoch), not valid yet, another name. */
void cert_check(struct arena *a, const struct cert *cert, const char *name, int64_t now,
		struct problems *p);

#endif
