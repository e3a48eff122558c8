/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	cert_samples - certificates for tests: any name, key and validity
 */
#ifndef CERT_SAMPLES_H
#define CERT_SAMPLES_H

#include "unit/unit.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define DAY 86400

/* A certificate, signed by itself or another. */
struct sample {
	EVP_PKEY *key;
	X509 *cert;
};

/* key: "RSA-1024", "ED25519", or a curve. */
static inline EVP_PKEY *make_sample_key(const char *key)
{
	if (strncmp(key, "RSA-", 4) == 0)
		return EVP_RSA_gen((unsigned)strtoul(key + 4, NULL, 10));
	return strcmp(key, "ED25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
					   : EVP_EC_gen(key);
}

static inline struct sample make_sample_of(const char *key, const char *digest, const char *name,
					   long from_s, long to_s, const struct sample *ca)
{
	struct sample s = { make_sample_key(key), X509_new() };
	char san[200];
	X509_NAME *subject = X509_get_subject_name(s.cert);

	(void)snprintf(san, sizeof(san), "DNS:%s", name);
	assert_int_equal(X509_set_version(s.cert, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(s.cert), 7);
	X509_gmtime_adj(X509_getm_notBefore(s.cert), from_s);
	X509_gmtime_adj(X509_getm_notAfter(s.cert), to_s);
	X509_set_pubkey(s.cert, s.key);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
				   0);
	X509_set_issuer_name(s.cert, ca ? X509_get_subject_name(ca->cert) : subject);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	X509_add_ext(s.cert, e, -1);
	X509_EXTENSION_free(e);
	assert_true(X509_sign(s.cert, ca ? ca->key : s.key,
			      digest ? EVP_get_digestbyname(digest) : NULL) > 0);
	return s;
}

static inline struct sample make_sample(const char *name, long from_s, long to_s,
					const struct sample *ca)
{
	return make_sample_of("P-256", "SHA256", name, from_s, to_s, ca);
}

/* Signs it anew with the mark of those that the server makes. */
static inline void mark_sample(struct sample *s)
{
	X509_EXTENSION *e =
		X509V3_EXT_conf_nid(NULL, NULL, NID_netscape_comment, "made by mailserver");

	X509_add_ext(s->cert, e, -1);
	X509_EXTENSION_free(e);
	assert_true(X509_sign(s->cert, s->key, EVP_sha256()) > 0);
}

static inline void free_sample(struct sample *s)
{
	EVP_PKEY_free(s->key);
	X509_free(s->cert);
}

static inline void write_cert(const char *path, const char *mode, const struct sample *s)
{
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, s->cert), 1);
	assert_int_equal(fclose(f), 0);
}

static inline void write_key(const char *path, const char *mode, const struct sample *s,
			     const char *passphrase)
{
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	assert_int_equal(PEM_write_PKCS8PrivateKey(
				 f, s->key, passphrase ? EVP_aes_128_cbc() : NULL, passphrase,
				 passphrase ? (int)strlen(passphrase) : 0, NULL, NULL),
			 1);
	assert_int_equal(fclose(f), 0);
}

static inline void print_base64(FILE *f, const struct sample *s, bool key)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *pem;
	unsigned char out[8192];

	if (key)
		assert_int_equal(PEM_write_bio_PrivateKey(b, s->key, NULL, NULL, 0, NULL, NULL), 1);
	else
		assert_int_equal(PEM_write_bio_X509(b, s->cert), 1);
	long n = BIO_get_mem_data(b, &pem);
	assert_in_range(n, 1, 4096);
	EVP_EncodeBlock(out, (const unsigned char *)pem, (int)n);
	fputs((const char *)out, f);
	BIO_free(b);
}

/* An acme.json of version 2 with two resolvers that both have the name. */
static inline void write_acme(const char *path, const char *name, const struct sample *first,
			      const struct sample *second)
{
	const struct sample *const list[] = { first, second };
	static const char *const resolvers[] = { "first", "second" };
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	for (int i = 0; i < 2; i++) {
		fprintf(f,
			"%s\"%s\": {\"Account\": {\"Email\": \"a@b.example\"}, \"Certificates\": [{"
			"\"domain\": {\"main\": \"%s\", \"sans\": [\"x.example\"]}, \"certificate\": \"",
			i ? ", " : "{", resolvers[i], name);
		print_base64(f, list[i], false);
		fputs("\", \"key\": \"", f);
		print_base64(f, list[i], true);
		fputs("\", \"Store\": \"default\"}]}", f);
	}
	fputs("}\n", f);
	assert_int_equal(fclose(f), 0);
}

#endif
