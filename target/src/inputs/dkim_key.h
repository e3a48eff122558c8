/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	dkim_key - private keys that sign mail, and the DNS records that publish them
 *
 *	dkim_key_read(a, pem, &facts, &err);	what a key is
 *	dkim_key_make(DKIM_RSA, 2048, &pem, &err);
 *	dkim_record_value(a, &facts)		"v=DKIM1; h=sha256; k=rsa; p=…", one line
 *	dkim_record_zone(a, …)			the same as a line of a zone file, in pieces
 *
 * OWNERSHIP
 *	Texts live in the arena. The caller wipes PEM texts.
 *
 * SOURCES
 *	RFC 6376 §3.3.3 and §3.6.1, RFC 8463 §3, RFC 1035 §3.3.14; RFC 8301 §3.2 (1024 to 4096 bits).
 */
#ifndef INPUTS_DKIM_KEY_H
#define INPUTS_DKIM_KEY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#define DKIM_RSA_MIN 1024
#define DKIM_RSA_MAX 4096
#define DKIM_RSA_DEFAULT 2048
#define DKIM_KEY_FILE_MAX ((size_t)64 << 10)

enum dkim_kind { DKIM_RSA, DKIM_ED25519 };

struct dkim_facts {
	enum dkim_kind kind;
	int bits;
	const char *public_key; /* base64, as p= takes it */
};

static inline const char *dkim_kind_name(enum dkim_kind kind)
{
	return kind == DKIM_RSA ? "rsa" : "ed25519";
}

/* Text in PEM, or DER in base64 (which a KeyTable may hold in place of a path). Fails (ERR_DATA) for
 * what is no private key, has a pass phrase, is of another kind, or an RSA key of a size that
 * verifiers refuse. */
bool dkim_key_read(struct arena *a, struct str text, struct dkim_facts *facts_r, struct err *err)
	MUST_CHECK;
/* A new key in PEM (PKCS #8), appended to pem. bits counts for RSA. */
bool dkim_key_make(enum dkim_kind kind, int bits, struct buf *pem, struct err *err) MUST_CHECK;

/* Value of the TXT record. */
const char *dkim_record_value(struct arena *a, const struct dkim_facts *facts);
/* The record as opendkim-genkey(8) writes it: quoted strings of at most 255 bytes in parentheses, and
 * a comment. Ends with a line feed. */
void dkim_record_zone(struct arena *a, const char *selector, const char *domain,
		      const struct dkim_facts *facts, struct buf *out);
/* The public key (p=) that a record in zone-file form publishes, "" if there is none. */
const char *dkim_record_public_key(struct arena *a, struct str zone);

/* Labels of letters, digits, "-" and "_", separated by dots (RFC 6376 §3.1). */
bool dkim_is_selector(const char *text);

#endif
