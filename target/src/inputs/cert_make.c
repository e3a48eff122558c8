/* SPDX-License-Identifier: MIT */
/*
 * The validity begins a day early for clients whose clock is behind. A name longer than a common
 * name may be (64) stands in the SAN alone, which is what clients look at.
 *
 * SOURCES
 *	RFC 5280 §4.1.2 and §4.2; X509V3_EXT_conf_nid(3), X509_set1_notBefore(3),
 *	PEM_write_bio_PKCS8PrivateKey(3).
 */
#include "inputs/cert_make.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/file.h"
#include "inputs/crypto.h"

#define VALID_DAYS 3650
#define SERIAL_BITS 159 /* at most 20 octets, positive: RFC 5280 §4.1.2.2 */
#define COMMON_NAME_MAX 64
#define KEY_FILE_MAX ((size_t)64 << 10)
/* Netscape's comment, which no program gives a meaning: how we know our own again. */
#define MARK "made by mailserver"

static void cert_cleanup(X509 **x)
{
	X509_free(*x);
	ERR_clear_error();
}

#define autox509 __attribute__((cleanup(cert_cleanup)))

static bool set_serial(X509 *x)
{
	BIGNUM *n = BN_new();
	bool ok = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
		  BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;

	BN_free(n);
	return ok;
}

static bool set_name(X509 *x, const char *name)
{
	X509_NAME *n = X509_get_subject_name(x);

	/* The cast: the parameter is unsigned bytes. */
	if (strlen(name) <= COMMON_NAME_MAX &&
	    X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
				       0) != 1)
		return false;
	return X509_set_issuer_name(x, n) == 1;
}

static bool add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

static bool fill(X509 *x, EVP_PKEY *key, const char *name)
{
	char san[300];
	int n = snprintf(san, sizeof(san), "DNS:%s", name);

	return n > 0 && (size_t)n < sizeof(san) && X509_set_version(x, X509_VERSION_3) == 1 &&
	       set_serial(x) && X509_gmtime_adj(X509_getm_notBefore(x), -24L * 3600) &&
	       X509_gmtime_adj(X509_getm_notAfter(x), VALID_DAYS * 24L * 3600) &&
	       X509_set_pubkey(x, key) == 1 && set_name(x, name) &&
	       add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(x, NID_ext_key_usage, "serverAuth") &&
	       add_extension(x, NID_subject_key_identifier, "hash") &&
	       add_extension(x, NID_netscape_comment, MARK) &&
	       add_extension(x, NID_subject_alt_name, san) && X509_sign(x, key, EVP_sha256()) > 0;
}

bool cert_make_is_ours(X509 *x)
{
	ASN1_IA5STRING *mark = X509_get_ext_d2i(x, NID_netscape_comment, NULL, NULL);
	bool ours = mark && ASN1_STRING_length(mark) == sizeof(MARK) - 1 &&
		    memcmp(ASN1_STRING_get0_data(mark), MARK, sizeof(MARK) - 1) == 0 &&
		    (X509_get_extension_flags(x) & EXFLAG_SI) != 0;

	ASN1_IA5STRING_free(mark);
	ERR_clear_error();
	return ours;
}

/* The key of the file, or NULL. */
static EVP_PKEY *existing_key(const char *path)
{
	struct err ignored = ERR_INIT;
	EVP_PKEY *key = NULL;
	struct arena a;
	char *text;
	size_t n;

	arena_init(&a, "key");
	if (file_read(&a, path, KEY_FILE_MAX, &text, &n, &ignored)) {
		BIO *b = BIO_new_mem_buf(text, (int)n);
		if (b)
			key = PEM_read_bio_PrivateKey(b, NULL, crypto_no_passphrase, NULL);
		BIO_free(b);
		ERR_clear_error();
	}
	arena_wipe(&a);
	return key;
}

static bool write_bio(const char *path, mode_t mode, BIO *b, struct err *err)
{
	const struct file_attr attr = { mode, (uid_t)-1, (gid_t)-1 };
	char *data;
	long n = BIO_get_mem_data(b, &data);

	return file_replace(path, data, (size_t)n, &attr, FILE_DURABLE, NULL, err);
}

static bool make_dir_of(const char *path, mode_t mode, struct err *err)
{
	const struct file_attr attr = { mode, (uid_t)-1, (gid_t)-1 };
	const char *slash = strrchr(path, '/');
	struct arena a;
	bool ok;

	if (slash == NULL || slash == path)
		return true;
	arena_init(&a, "directory");
	ok = dir_make(arena_strndup(&a, path, (size_t)(slash - path)), &attr, err);
	arena_fini(&a);
	return ok;
}

bool cert_make_self_signed(const char *name, const char *cert_path, const char *key_path,
			   bool keep_key, struct err *err)
{
	autokey EVP_PKEY *key = keep_key ? existing_key(key_path) : NULL;
	autox509 X509 *x = X509_new();
	autobio BIO *key_text = BIO_new(BIO_s_mem());
	autobio BIO *cert_text = BIO_new(BIO_s_mem());
	bool is_new = key == NULL;

	if (is_new)
		key = EVP_EC_gen("P-256");
	if (key == NULL || x == NULL || key_text == NULL || cert_text == NULL)
		return crypto_failed(err, "make a key");
	if (!fill(x, key, name) || PEM_write_bio_X509(cert_text, x) != 1 ||
	    PEM_write_bio_PKCS8PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) != 1)
		return crypto_failed(err, "make a certificate");
	return make_dir_of(key_path, 0755, err) && make_dir_of(cert_path, 0755, err) &&
	       (!is_new || write_bio(key_path, 0600, key_text, err)) &&
	       write_bio(cert_path, 0644, cert_text, err);
}
