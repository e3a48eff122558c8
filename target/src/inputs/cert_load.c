/* SPDX-License-Identifier: MIT */
/*
 * An expired certificate or a wrong name is a warning, not an error: a server that refuses to
 * start, or refuses a new account, because of them would serve nobody better.
 *
 * The key's text is wiped from every buffer of ours but the result; libcrypto wipes its own.
 *
 * SOURCES
 *	PEM_read_bio_PrivateKey(3), pem_password_cb(3), X509_check_host(3), ASN1_TIME_to_tm(3).
 */
#include "inputs/cert_load.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/file.h"

#define PEM_FILE_MAX ((size_t)1 << 20)
#define CHAIN_MAX 16
#define DAY_S (INT64_C(24) * 3600)

struct chain {
	X509 *v[CHAIN_MAX];
	int n;
};

static void chain_cleanup(struct chain *c)
{
	for (int i = 0; i < c->n; i++)
		X509_free(c->v[i]);
	ERR_clear_error();
}

static void bio_cleanup(BIO **b)
{
	char *data;
	long n = *b ? BIO_get_mem_data(*b, &data) : 0;

	/* A read-only memory BIO shows our own text, which its owner wipes. */
	if (n > 0 && BIO_method_type(*b) == BIO_TYPE_MEM &&
	    !BIO_test_flags(*b, BIO_FLAGS_MEM_RDONLY))
		explicit_bzero(data, (size_t)n);
	BIO_free(*b);
}

static void key_cleanup(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

#define autochain __attribute__((cleanup(chain_cleanup)))
#define autobio __attribute__((cleanup(bio_cleanup)))
#define autokey __attribute__((cleanup(key_cleanup)))

/* Never asks anybody: notes that the key wants a passphrase. */
static int no_passphrase(char *text UNUSED, int size UNUSED, int writing UNUSED, void *asked)
{
	*(bool *)asked = true;
	return -1;
}

/* A BIO over the file's text; the text is *text_r, of *n_r bytes, in the arena. */
static BIO *read_pem(struct arena *a, const char *path, char **text_r, size_t *n_r, struct err *err)
{
	BIO *b;

	if (!file_read(a, path, PEM_FILE_MAX, text_r, n_r, err))
		return NULL;
	b = BIO_new_mem_buf(*text_r, (int)*n_r);
	if (b == NULL)
		(void)err_set(err, ERR_OS, "read %s: libcrypto is out of memory", path);
	return b;
}

static bool load_chain(struct arena *a, const char *path, struct chain *c, struct err *err)
{
	char *text;
	size_t n;
	autobio BIO *b = read_pem(a, path, &text, &n, err);
	X509 *x;

	if (b == NULL)
		return false;
	while (c->n < CHAIN_MAX && (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL)
		c->v[c->n++] = x;
	unsigned long last = ERR_peek_last_error();
	bool at_end =
		ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	/* The file may hold the key as well. */
	explicit_bzero(text, n);
	if (c->n == CHAIN_MAX)
		return err_set(err, ERR_DATA, "%s has more than %d certificates", path,
			       CHAIN_MAX - 1);
	if (!at_end)
		return err_set(err, ERR_DATA, "%s: certificate number %d in the file is damaged",
			       path, c->n + 1);
	if (c->n == 0)
		return err_set(err, ERR_DATA,
			       "%s has no certificate (no line -----BEGIN CERTIFICATE-----)", path);
	return true;
}

static EVP_PKEY *load_key(struct arena *a, const char *path, struct err *err)
{
	bool asked = false;
	char *text;
	size_t n;
	autobio BIO *b = read_pem(a, path, &text, &n, err);
	EVP_PKEY *key;

	if (b == NULL)
		return NULL;
	key = PEM_read_bio_PrivateKey(b, NULL, no_passphrase, &asked);
	ERR_clear_error();
	explicit_bzero(text, n);
	if (key == NULL && asked)
		(void)err_set(
			err, ERR_DATA,
			"%s is encrypted, and nobody can type a passphrase here: store it without",
			path);
	else if (key == NULL)
		(void)err_set(err, ERR_DATA, "%s has no private key that can be read", path);
	return key;
}

static const char *dup_bio(struct arena *a, BIO *b)
{
	char *data;
	long n = BIO_get_mem_data(b, &data);

	return arena_strndup(a, data, n > 0 ? (size_t)n : 0);
}

static const char *write_chain(struct arena *a, const struct chain *c)
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

/* Seconds since the epoch; 0 for a time that can't be read. */
static int64_t epoch(const ASN1_TIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static bool check_pair(const struct chain *c, EVP_PKEY *key, const char *cert_path,
		       const char *key_path, struct err *err)
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
			cert_path);
	return err_set(err, ERR_DATA, "the key in %s does not belong to the certificate in %s",
		       key_path, cert_path);
}

bool cert_load(struct arena *a, const char *cert_path, const char *key_path, struct cert *cert_r,
	       struct err *err)
{
	autochain struct chain c = { .n = 0 };
	struct cert cert = { .source = cert_path };

	if (!load_chain(a, cert_path, &c, err))
		return false;
	autokey EVP_PKEY *key = load_key(a, key_path, err);
	if (key == NULL || !check_pair(&c, key, cert_path, key_path, err))
		return false;
	cert.chain_pem = write_chain(a, &c);
	cert.key_pem = write_key(a, key);
	cert.subject = subject_text(a, c.v[0]);
	cert.not_after = epoch(X509_get0_notAfter(c.v[0]));
	if (cert.chain_pem == NULL || cert.key_pem == NULL)
		return err_set(err, ERR_INTERNAL, "%s can't be written as PEM", cert_path);
	*cert_r = cert;
	return true;
}

/* The certificates in cert->chain_pem, which we wrote. */
static void parse_chain(const struct cert *cert, struct chain *c)
{
	autobio BIO *b = BIO_new_mem_buf(cert->chain_pem, -1);
	X509 *x;

	while (b && c->n < CHAIN_MAX && (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL)
		c->v[c->n++] = x;
	ERR_clear_error();
}

bool cert_append_issuer(struct arena *a, const char *path, struct cert *cert, struct err *err)
{
	autochain struct chain c = { .n = 0 }, more = { .n = 0 };

	parse_chain(cert, &c);
	if (!load_chain(a, path, &more, err))
		return false;
	if (c.n > 0 && X509_check_issued(c.v[c.n - 1], c.v[c.n - 1]) != X509_V_OK &&
	    X509_check_issued(more.v[0], c.v[c.n - 1]) == X509_V_OK) {
		const char *text = write_chain(a, &more);
		if (text)
			cert->chain_pem = arena_printf(a, "%s%s", cert->chain_pem, text);
	}
	return true;
}

bool cert_covers(const struct cert *cert, const char *name)
{
	autochain struct chain c = { .n = 0 };

	parse_chain(cert, &c);
	return c.n > 0 && X509_check_host(c.v[0], name, strlen(name), 0, NULL) == 1;
}

void cert_check(struct arena *a, const struct cert *cert, const char *name, int64_t now,
		struct problems *p)
{
	autochain struct chain c = { .n = 0 };
	int64_t left = cert->not_after - now;

	parse_chain(cert, &c);
	if (left <= 0)
		problems_add(p, SEV_WARNING, cert->source, "renew it now",
			     "the certificate expired %" PRId64
			     " days ago: mail programs refuse it",
			     (DAY_S - 1 - left) / DAY_S);
	else if (left < CERT_WARN_DAYS * DAY_S)
		problems_add(p, SEV_WARNING, cert->source, "renew it",
			     "the certificate expires in %" PRId64 " days", left / DAY_S);
	if (c.n > 0 && epoch(X509_get0_notBefore(c.v[0])) > now)
		problems_add(p, SEV_WARNING, cert->source, "look at this machine's clock",
			     "the certificate is not valid yet");
	if (*name && !cert_covers(cert, name))
		problems_add(
			p, SEV_WARNING, cert->source,
			arena_printf(a, "get one for '%s', or set the host name it is for", name),
			"the certificate (%s) is not for the host name '%s'", cert->subject, name);
}
