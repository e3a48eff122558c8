/* SPDX-License-Identifier: MIT */
/*
 * The key's text is wiped from every buffer of ours but the result; libcrypto wipes its own.
 *
 * SOURCES
 *	PEM_read_bio_PrivateKey(3), pem_password_cb(3), X509_check_host(3), ASN1_TIME_to_tm(3);
 *	RFC 6698 §2.1 (selector 1: SubjectPublicKeyInfo).
 */
#include "inputs/cert_load.h"

#include <openssl/pem.h>

#include "base/file.h"
#include "inputs/cert_make.h"
#include "inputs/crypto.h"

#define PEM_FILE_MAX ((size_t)1 << 20)

void cert_chain_cleanup_(struct cert_chain *c)
{
	for (int i = 0; i < c->n; i++)
		X509_free(c->v[i]);
	ERR_clear_error();
}

/* Never asks anybody: notes that the key wants a passphrase. */
static int no_passphrase(char *text UNUSED, int size UNUSED, int writing UNUSED, void *asked)
{
	*(bool *)asked = true;
	return -1;
}

static BIO *open_text(struct str text, const char *name, struct err *err)
{
	BIO *b = BIO_new_mem_buf(text.p, (int)text.n);

	if (b == NULL)
		(void)err_set(err, ERR_OS, "read %s: libcrypto is out of memory", name);
	return b;
}

static bool parse_chain(struct str text, const char *name, struct cert_chain *c, struct err *err)
{
	autobio BIO *b = open_text(text, name, err);
	X509 *x;

	if (b == NULL)
		return false;
	while (c->n < CERT_CHAIN_MAX && (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL)
		c->v[c->n++] = x;
	unsigned long last = ERR_peek_last_error();
	bool at_end =
		ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	if (c->n == CERT_CHAIN_MAX)
		return err_set(err, ERR_DATA, "%s has more than %d certificates", name,
			       CERT_CHAIN_MAX - 1);
	if (!at_end)
		return err_set(err, ERR_DATA, "%s: certificate number %d in the file is damaged",
			       name, c->n + 1);
	if (c->n == 0)
		return err_set(err, ERR_DATA,
			       "%s has no certificate (no line -----BEGIN CERTIFICATE-----)", name);
	return true;
}

static EVP_PKEY *parse_key(struct str text, const char *name, struct err *err)
{
	bool asked = false;
	autobio BIO *b = open_text(text, name, err);
	EVP_PKEY *key;

	if (b == NULL)
		return NULL;
	key = PEM_read_bio_PrivateKey(b, NULL, no_passphrase, &asked);
	ERR_clear_error();
	if (key == NULL && asked)
		(void)err_set(
			err, ERR_DATA,
			"%s is encrypted, and nobody can type a passphrase here: store it without",
			name);
	else if (key == NULL)
		(void)err_set(err, ERR_DATA, "%s has no private key that can be read", name);
	return key;
}

static const char *dup_bio(struct arena *a, BIO *b)
{
	char *data;
	long n = BIO_get_mem_data(b, &data);

	return arena_strndup(a, data, n > 0 ? (size_t)n : 0);
}

static const char *write_chain(struct arena *a, const struct cert_chain *c)
{
	autobio BIO *b = BIO_new(BIO_s_mem());

	for (int i = 0; b && i < c->n; i++)
		if (PEM_write_bio_X509(b, c->v[i]) != 1)
			return NULL;
	return b ? dup_bio(a, b) : NULL;
}

static const char *write_key(struct arena *a, EVP_PKEY *key)
{
	autobio BIO *b = BIO_new(BIO_s_mem());

	if (b == NULL || PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) != 1)
		return NULL;
	return dup_bio(a, b);
}

static const char *subject_text(struct arena *a, const X509 *x)
{
	autobio BIO *b = BIO_new(BIO_s_mem());

	if (b == NULL || X509_NAME_print_ex(b, X509_get_subject_name(x), 0, XN_FLAG_RFC2253) < 0)
		return "";
	return dup_bio(a, b);
}

static const char *hex(struct arena *a, const unsigned char *bytes, size_t n)
{
	autobuf struct buf out = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%02x", bytes[i]);
	return buf_dup(a, &out);
}

const char *cert_leaf_id(struct arena *a, const X509 *x)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	return X509_digest(x, EVP_sha256(), digest, &n) == 1 ? hex(a, digest, n) : "";
}

static void identify(struct arena *a, const X509 *x, struct cert *cert)
{
	unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
	unsigned n = 0;
	int der_n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

	cert->leaf_id = cert_leaf_id(a, x);
	cert->key_id =
		der_n > 0 && EVP_Digest(der, (size_t)der_n, digest, &n, EVP_sha256(), NULL) == 1
			? hex(a, digest, n)
			: "";
	OPENSSL_free(der);
}

static bool check_pair(const struct cert_chain *c, EVP_PKEY *key, const struct cert_texts *t,
		       struct err *err)
{
	bool other = false;

	if (X509_check_private_key(c->v[0], key) == 1)
		return true;
	for (int i = 1; i < c->n; i++)
		other = other || X509_check_private_key(c->v[i], key) == 1;
	ERR_clear_error();
	if (other)
		return err_set(
			err, ERR_DATA,
			"%s has certificates in the wrong order: the server's own must be first",
			t->chain_name);
	return err_set(err, ERR_DATA, "the key in %s does not belong to the certificate in %s",
		       t->key_name, t->chain_name);
}

bool cert_parse(struct arena *a, const struct cert_texts *t, struct cert *cert_r, struct err *err)
{
	autochain struct cert_chain c = { .n = 0 };
	struct cert cert = { .source = t->chain_name };
	struct tm tm;

	if (!parse_chain(t->chain, t->chain_name, &c, err))
		return false;
	autokey EVP_PKEY *key = parse_key(t->key, t->key_name, err);
	if (key == NULL || !check_pair(&c, key, t, err))
		return false;
	if (ASN1_TIME_to_tm(X509_get0_notAfter(c.v[0]), &tm) != 1)
		return err_set(err, ERR_DATA, "%s: the end of its validity can't be read",
			       t->chain_name);
	cert.not_after = (int64_t)timegm(&tm);
	cert.chain_pem = write_chain(a, &c);
	cert.key_pem = write_key(a, key);
	cert.subject = subject_text(a, c.v[0]);
	cert.is_made = cert_make_is_ours(c.v[0]);
	identify(a, c.v[0], &cert);
	if (cert.chain_pem == NULL || cert.key_pem == NULL)
		return err_set(err, ERR_INTERNAL, "%s can't be written as PEM", t->chain_name);
	*cert_r = cert;
	return true;
}

bool cert_load(struct arena *a, const char *cert_path, const char *key_path, struct cert *cert_r,
	       struct err *err)
{
	struct cert_texts t = { .chain_name = cert_path, .key_name = key_path };
	char *chain, *key;
	bool ok;

	if (!file_read(a, cert_path, PEM_FILE_MAX, &chain, &t.chain.n, err))
		return false;
	t.chain.p = chain;
	ok = file_read(a, key_path, PEM_FILE_MAX, &key, &t.key.n, err);
	if (ok) {
		t.key.p = key;
		ok = cert_parse(a, &t, cert_r, err);
		explicit_bzero(key, t.key.n);
	}
	explicit_bzero(chain, t.chain.n); /* the file may hold the key as well */
	return ok;
}

void cert_chain_of(const struct cert *cert, struct cert_chain *c)
{
	autobio BIO *b = BIO_new_mem_buf(cert->chain_pem, -1);
	X509 *x;

	while (b && c->n < CERT_CHAIN_MAX && (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL)
		c->v[c->n++] = x;
	ERR_clear_error();
}

bool cert_append_issuer(struct arena *a, const char *path, struct cert *cert, struct err *err)
{
	autochain struct cert_chain c = { .n = 0 }, more = { .n = 0 };
	char *text;
	size_t n;

	cert_chain_of(cert, &c);
	if (!file_read(a, path, PEM_FILE_MAX, &text, &n, err) ||
	    !parse_chain((struct str){ text, n }, path, &more, err))
		return false;
	if (c.n > 0 && !cert_is_own_issuer(c.v[c.n - 1]) &&
	    X509_check_issued(more.v[0], c.v[c.n - 1]) == X509_V_OK) {
		const char *issuers = write_chain(a, &more);
		if (issuers)
			cert->chain_pem = arena_printf(a, "%s%s", cert->chain_pem, issuers);
	}
	return true;
}

bool cert_covers(const struct cert *cert, const char *name)
{
	autochain struct cert_chain c = { .n = 0 };
	/* A certificate for *.x is for every name directly below x: any stands for all. */
	bool all_below = has_prefix(name, "*.");
	char below[300];
	int n = snprintf(below, sizeof(below), "%s%s", all_below ? "any" : "",
			 all_below ? name + 1 : name);

	cert_chain_of(cert, &c);
	return n > 0 && (size_t)n < sizeof(below) && c.n > 0 &&
	       X509_check_host(c.v[0], below, (size_t)n, 0, NULL) == 1;
}
