/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	crypto - libcrypto's objects as locals that clean up after themselves
 *
 *	autokey EVP_PKEY *key = …;
 *	autobio BIO *b = …;	its memory is wiped: it may have held a key
 */
#ifndef INPUTS_CRYPTO_H
#define INPUTS_CRYPTO_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/err.h"

static inline void crypto_key_cleanup_(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
	ERR_clear_error();
}

static inline void crypto_bio_cleanup_(BIO **b)
{
	char *data;
	long n = *b ? BIO_get_mem_data(*b, &data) : 0;

	/* A read-only memory BIO shows the owner's text, which the owner wipes. */
	if (n > 0 && !BIO_test_flags(*b, BIO_FLAGS_MEM_RDONLY))
		explicit_bzero(data, (size_t)n);
	BIO_free(*b);
	ERR_clear_error();
}

#define autokey __attribute__((cleanup(crypto_key_cleanup_)))
#define autobio __attribute__((cleanup(crypto_bio_cleanup_)))

/* "libcrypto can't WHAT: its reason"; returns false. */
static inline bool crypto_failed(struct err *err, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return err_set(err, ERR_INTERNAL, "libcrypto can't %s: %s", what,
		       reason ? reason : "no reason given");
}

/* For PEM readers: a key with a pass phrase is an error, nobody is asked. */
static inline int crypto_no_passphrase(char *text UNUSED, int size UNUSED, int writing UNUSED,
				       void *ctx UNUSED)
{
	return -1;
}

#endif
