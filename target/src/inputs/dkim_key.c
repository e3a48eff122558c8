/* SPDX-License-Identifier: MIT */
#include "inputs/dkim_key.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "inputs/crypto.h"

#define TXT_STRING_MAX 250 /* 255 by RFC 1035; some forms count escapes */
#define ED25519_BYTES 32

static EVP_PKEY *from_pem(struct str text)
{
	BIO *b = BIO_new_mem_buf(text.p, (int)text.n);
	EVP_PKEY *key = b ? PEM_read_bio_PrivateKey(b, NULL, crypto_no_passphrase, NULL) : NULL;

	BIO_free(b);
	return key;
}

static EVP_PKEY *from_base64(struct arena *a, struct str text)
{
	unsigned char *der = arena_array(a, text.n + 3, 1);
	size_t padding = 0;

	while (text.n > padding && text.p[text.n - 1 - padding] == '=')
		padding++;
	if (text.n == 0 || text.n % 4 != 0 || padding > 2)
		return NULL;
	/* The cast: libcrypto's texts are unsigned bytes. */
	int n = EVP_DecodeBlock(der, (const unsigned char *)text.p, (int)text.n);
	const unsigned char *at = der;
	EVP_PKEY *key = n > 0 ? d2i_AutoPrivateKey(NULL, &at, n - (long)padding) : NULL;
	explicit_bzero(der, text.n);
	return key;
}

static const char *base64(struct arena *a, const unsigned char *data, size_t n)
{
	char *out = arena_array(a, n / 3 * 4 + 5, 1);

	/* The cast: as above. */
	(void)EVP_EncodeBlock((unsigned char *)out, data, (int)n);
	return out;
}

/* RSA: the DER of SubjectPublicKeyInfo; Ed25519: the 32 bytes themselves (RFC 8463 §4.2). */
static const char *public_text(struct arena *a, EVP_PKEY *key, enum dkim_kind kind)
{
	unsigned char raw[ED25519_BYTES], *der = NULL;
	size_t raw_n = sizeof(raw);

	if (kind == DKIM_ED25519)
		return EVP_PKEY_get_raw_public_key(key, raw, &raw_n) == 1 ? base64(a, raw, raw_n)
									  : NULL;
	int n = i2d_PUBKEY(key, &der);
	const char *text = n > 0 ? base64(a, der, (size_t)n) : NULL;
	OPENSSL_free(der);
	return text;
}

bool dkim_key_read(struct arena *a, struct str text, struct dkim_facts *facts_r, struct err *err)
{
	static const char begin[] = "-----BEGIN";
	bool is_pem = memmem(text.p, text.n, begin, sizeof(begin) - 1) != NULL;

	if (text.n > DKIM_KEY_FILE_MAX)
		return err_set(err, ERR_DATA, "is too large for a key");
	autokey EVP_PKEY *key = is_pem ? from_pem(text) : from_base64(a, text);
	if (key == NULL && is_pem && memmem(text.p, text.n, "ENCRYPTED", 9))
		return err_set(err, ERR_DATA, "is a key with a pass phrase");
	if (key == NULL)
		return err_set(err, ERR_DATA, "is not a private key in PEM form");
	struct dkim_facts facts = { .bits = EVP_PKEY_get_bits(key) };
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		facts.kind = DKIM_RSA;
		break;
	case EVP_PKEY_ED25519:
		facts.kind = DKIM_ED25519;
		break;
	default:
		return err_set(err, ERR_DATA, "is neither an RSA nor an Ed25519 key");
	}
	if (facts.kind == DKIM_RSA && (facts.bits < DKIM_RSA_MIN || facts.bits > DKIM_RSA_MAX))
		return err_set(err, ERR_DATA, "is an RSA key of %d bits; DKIM takes %d to %d",
			       facts.bits, DKIM_RSA_MIN, DKIM_RSA_MAX);
	facts.public_key = public_text(a, key, facts.kind);
	if (facts.public_key == NULL)
		return crypto_failed(err, "give the public key");
	*facts_r = facts;
	return true;
}

bool dkim_key_make(enum dkim_kind kind, int bits, struct buf *pem, struct err *err)
{
	/* The cast: EVP_PKEY_Q_keygen() takes a size_t for RSA. */
	autokey EVP_PKEY *key = kind == DKIM_RSA ? EVP_RSA_gen((unsigned)bits)
						 : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	autobio BIO *b = BIO_new(BIO_s_mem());
	char *data;

	if (key == NULL || b == NULL ||
	    PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) != 1)
		return crypto_failed(err, "make a key");
	long n = BIO_get_mem_data(b, &data);
	buf_add(pem, data, (size_t)n);
	return true;
}

const char *dkim_record_value(struct arena *a, const struct dkim_facts *facts)
{
	return arena_printf(a, "v=DKIM1; h=sha256; k=%s; p=%s", dkim_kind_name(facts->kind),
			    facts->public_key);
}

void dkim_record_zone(struct arena *a, const char *selector, const char *domain,
		      const struct dkim_facts *facts, struct buf *out)
{
	const char *p = arena_printf(a, "p=%s", facts->public_key);

	buf_printf(out, "%s._domainkey\tIN\tTXT\t( \"v=DKIM1; h=sha256; k=%s; \"", selector,
		   dkim_kind_name(facts->kind));
	for (size_t left = strlen(p); left > 0;) {
		size_t n = left < TXT_STRING_MAX ? left : TXT_STRING_MAX;
		buf_printf(out, "\n\t  \"%.*s\"", (int)n, p);
		p += n;
		left -= n;
	}
	buf_printf(out, " )  ; ----- DKIM key %s for %s\n", selector, domain);
}

/* What the quoted strings hold, put together; the whole text when there is none. */
static char *join_strings(struct arena *a, struct str zone)
{
	autobuf struct buf out = BUF_INIT;
	bool inside = false;

	for (size_t i = 0; i < zone.n; i++)
		if (zone.p[i] == '"')
			inside = !inside;
		else if (inside && zone.p[i] != '\0')
			buf_addc(&out, zone.p[i]);
		else if (!inside && zone.p[i] == ';')
			while (i + 1 < zone.n && zone.p[i + 1] != '\n')
				i++;
	return buf_dup(a, &out);
}

const char *dkim_record_public_key(struct arena *a, struct str zone)
{
	struct str rest = str_from(join_strings(a, zone)), tag, name, value;
	autobuf struct buf key = BUF_INIT;

	while (str_next_word(&rest, ";", &tag)) {
		if (!str_split(tag, '=', &name, &value) || !str_is(str_trim(name), "p"))
			continue;
		for (size_t i = 0; i < value.n; i++)
			if (!isspace((unsigned char)value.p[i]))
				buf_addc(&key, value.p[i]);
	}
	return buf_dup(a, &key);
}

bool dkim_is_selector(const char *text)
{
	size_t label = 0, n = strlen(text);

	if (n == 0 || n > 200)
		return false;
	for (size_t i = 0; i <= n; i++) {
		char c = text[i];
		if (c == '.' || c == '\0') {
			if (label == 0 || label > 63)
				return false;
			label = 0;
		} else if (isalnum((unsigned char)c) || c == '-' || c == '_') {
			label++;
		} else {
			return false;
		}
	}
	return true;
}
