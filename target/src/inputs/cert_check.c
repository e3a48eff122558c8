/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	X509_verify(3), X509_LOOKUP_hash_dir(3), X509_STORE_CTX_get1_issuer (x509_vfy.h),
 *	EVP_PKEY_get_group_name(3), SSL_CTX_set_security_level(3) (what the daemons' TLS refuses).
 */
#include "inputs/cert_check.h"

#include "inputs/cert_load.h"
#include "inputs/crypto.h"

#define DAY_S (INT64_C(24) * 3600)
#define RSA_BITS_MIN 2048
#define ROOTS "/etc/ssl/certs"

enum fault {
	FAULT_EXPIRED,
	FAULT_ISSUER_EXPIRED,
	FAULT_NOT_YET,
	FAULT_NAME,
	FAULT_INCOMPLETE,
	FAULTS
};

struct fault_text {
	char what[512], hint[256];
};

struct check {
	struct arena *a;
	const struct cert *cert;
	const struct cert_wish *wish;
	const struct cert_chain *chain;
	struct problems *p;
	bool ok;
};

static const char *name_text(const X509_NAME *name, char *out, size_t size)
{
	autobio BIO *b = BIO_new(BIO_s_mem());
	char *data;
	long n = 0;

	if (b && X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253) >= 0)
		n = BIO_get_mem_data(b, &data);
	(void)snprintf(out, size, "%.*s", n > 0 ? (int)n : 0, n > 0 ? data : "");
	return out;
}

/* The last of the certificates from the leaf on that are followed by their issuer. */
static int chain_end(const struct cert_chain *c)
{
	int i = 0;

	while (i + 1 < c->n && X509_check_issued(c->v[i + 1], c->v[i]) == X509_V_OK)
		i++;
	return i;
}

/* Whether one of the well-known authorities issued the certificate. */
static bool has_known_issuer(X509 *x, const char *roots)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_LOOKUP *lookup = store ? X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir()) : NULL;
	X509 *issuer = NULL;
	bool known = lookup && ctx && X509_LOOKUP_add_dir(lookup, roots, X509_FILETYPE_PEM) == 1 &&
		     X509_STORE_CTX_init(ctx, store, NULL, NULL) == 1 &&
		     X509_STORE_CTX_get1_issuer(&issuer, ctx, x) == 1;

	X509_free(issuer);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return known;
}

static bool is_at_fault(const struct cert *cert, const struct cert_chain *c,
			const struct cert_wish *w, enum fault fault)
{
	time_t now = (time_t)w->now;
	X509 *last = c->v[chain_end(c)];
	bool old = false;

	switch (fault) {
	case FAULT_EXPIRED:
		return cert->not_after <= w->now;
	case FAULT_ISSUER_EXPIRED:
		for (int i = 1; i <= chain_end(c); i++)
			old = old || (!cert_is_own_issuer(c->v[i]) &&
				      X509_cmp_time(X509_get0_notAfter(c->v[i]), &now) < 0);
		return old;
	case FAULT_NOT_YET:
		return X509_cmp_time(X509_get0_notBefore(c->v[0]), &now) > 0;
	case FAULT_NAME:
		return *w->name && !cert_covers(cert, w->name);
	case FAULT_INCOMPLETE:
		return !cert_is_own_issuer(last) &&
		       !has_known_issuer(last, w->roots_dir ? w->roots_dir : ROOTS);
	case FAULTS:
		break;
	}
	return false;
}

static void describe(const struct check *k, enum fault fault, struct fault_text *t)
{
	const struct cert *cert = k->cert;
	int64_t over = (k->wish->now - cert->not_after) / DAY_S;
	char issuer[256];

	switch (fault) {
	case FAULT_EXPIRED:
		(void)snprintf(t->what, sizeof(t->what),
			       "the certificate expired %" PRId64
			       " days ago: mail programs refuse it",
			       over);
		(void)snprintf(t->hint, sizeof(t->hint), "renew it now");
		break;
	case FAULT_ISSUER_EXPIRED:
		(void)snprintf(t->what, sizeof(t->what),
			       "a certificate of the chain, behind the first, has expired");
		(void)snprintf(t->hint, sizeof(t->hint), "get the chain anew from the authority");
		break;
	case FAULT_NOT_YET:
		(void)snprintf(t->what, sizeof(t->what), "the certificate is not valid yet");
		(void)snprintf(t->hint, sizeof(t->hint), "look at this machine's clock");
		break;
	case FAULT_NAME:
		(void)snprintf(t->what, sizeof(t->what),
			       "the certificate (%s) is not for the host name '%s'", cert->subject,
			       k->wish->name);
		(void)snprintf(t->hint, sizeof(t->hint),
			       "get one for '%s', or set the host name it is for", k->wish->name);
		break;
	case FAULT_INCOMPLETE:
		name_text(X509_get_issuer_name(k->chain->v[chain_end(k->chain)]), issuer,
			  sizeof(issuer));
		(void)snprintf(
			t->what, sizeof(t->what),
			"the chain is not complete: its last certificate was issued by '%s', "
			"which is no well-known authority",
			issuer);
		(void)snprintf(t->hint, sizeof(t->hint),
			       "append the certificates of the authority (fullchain.pem, not "
			       "cert.pem); for an own authority clients must know it");
		break;
	case FAULTS:
		break;
	}
}

static void check_faults(struct check *k)
{
	const struct cert *old = k->wish->in_use;
	autochain struct cert_chain old_chain = { .n = 0 };

	if (old && streq(old->leaf_id, k->cert->leaf_id))
		old = NULL; /* that it has aged makes it no worse than itself */
	if (old)
		cert_chain_of(old, &old_chain);
	for (enum fault f = 0; f < FAULTS; f++) {
		struct fault_text t = { "", "" };
		if (!is_at_fault(k->cert, k->chain, k->wish, f))
			continue;
		describe(k, f, &t);
		bool worse = old && old_chain.n > 0 && !is_at_fault(old, &old_chain, k->wish, f);
		problems_add(k->p, worse ? SEV_ERROR : SEV_WARNING, k->cert->source,
			     arena_strdup(k->a, t.hint), "%s%s", t.what,
			     worse ? "; the one in use has not this fault and stays" : "");
		k->ok = k->ok && !worse;
	}
}

/* An error about certificate number i of the file, counted from 0. */
static void bad(struct check *k, int i, const char *hint, const char *what)
{
	if (i == 0)
		problems_add(k->p, SEV_ERROR, k->cert->source, hint, "the certificate %s", what);
	else
		problems_add(k->p, SEV_ERROR, k->cert->source, hint,
			     "certificate number %d of the chain %s", i + 1, what);
	k->ok = false;
}

static void check_order(struct check *k)
{
	const struct cert_chain *c = k->chain;
	int end = chain_end(c);

	for (int i = 0; i < end; i++) {
		EVP_PKEY *issuer = X509_get0_pubkey(c->v[i + 1]);
		if (issuer && X509_verify(c->v[i], issuer) == 1)
			continue;
		ERR_clear_error();
		bad(k, i, "get the chain anew from the authority",
		    "was not signed by the one that follows it");
	}
	if (end + 1 == c->n)
		return;
	for (int j = end + 1; j < c->n && !cert_is_own_issuer(c->v[end]); j++)
		if (X509_check_issued(c->v[j], c->v[end]) == X509_V_OK) {
			bad(k, end, "the order is: server, its issuer, the issuer of that one, …",
			    "is not followed by its issuer, which comes later: wrong order");
			return;
		}
	problems_add(k->p, SEV_WARNING, k->cert->source, "remove it",
		     "certificate number %d of the chain has nothing to do with those before it",
		     end + 2);
}

static void check_key(struct check *k, int i)
{
	EVP_PKEY *key = X509_get0_pubkey(k->chain->v[i]);
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
	const char *hint = "get one with a key of ECDSA P-256, or RSA with 2048 bits or more";
	char group[64] = "?", what[160];
	bool known = false;

	if (key == NULL) {
		bad(k, i, hint, "has a key of a kind that is not known here");
		return;
	}
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		(void)snprintf(what, sizeof(what), "has an RSA key of %d bits: too weak",
			       EVP_PKEY_get_bits(key));
		if (EVP_PKEY_get_bits(key) < RSA_BITS_MIN)
			bad(k, i, hint, what);
		return;
	case EVP_PKEY_EC:
		(void)EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
		for (size_t n = 0; n < ARRAY_SIZE(curves); n++)
			known = known || streq(group, curves[n]);
		(void)snprintf(what, sizeof(what),
			       "has a key on the curve %s, which mail programs do not take", group);
		if (!known)
			bad(k, i, hint, what);
		return;
	case EVP_PKEY_ED25519:
	case EVP_PKEY_ED448:
		if (i == 0)
			problems_add(k->p, SEV_WARNING, k->cert->source, hint,
				     "the certificate has an %s key, which many mail programs do "
				     "not take",
				     EVP_PKEY_get0_type_name(key));
		return;
	default:
		bad(k, i, hint, "has a key of a kind that mail programs do not take");
		return;
	}
}

/* What a root says of itself is not looked at by anybody. */
static void check_signature(struct check *k, int i)
{
	X509 *x = k->chain->v[i];
	int digest = NID_undef;
	char what[80];

	if (cert_is_own_issuer(x) || X509_get_signature_info(x, &digest, NULL, NULL, NULL) != 1)
		return;
	if (digest != NID_sha1 && digest != NID_md5 && digest != NID_md5_sha1 && digest != NID_md4)
		return;
	(void)snprintf(what, sizeof(what), "is signed with %s: too weak", OBJ_nid2sn(digest));
	bad(k, i, "get one that is signed with SHA-256", what);
}

static void check_end(struct check *k)
{
	int64_t left = k->cert->not_after - k->wish->now;

	if (left > 0 && left < CERT_WARN_DAYS * DAY_S)
		problems_add(k->p, SEV_WARNING, k->cert->source, "renew it",
			     "the certificate expires in %" PRId64 " days", left / DAY_S);
}

bool cert_check(struct arena *a, const struct cert *cert, const struct cert_wish *wish,
		struct problems *p)
{
	autochain struct cert_chain chain = { .n = 0 };
	struct check k = {
		.a = a, .cert = cert, .wish = wish, .chain = &chain, .p = p, .ok = true
	};

	cert_chain_of(cert, &chain);
	if (chain.n == 0)
		return true;
	check_order(&k);
	for (int i = 0; i <= chain_end(&chain); i++) {
		check_key(&k, i);
		check_signature(&k, i);
	}
	if (k.ok)
		check_faults(&k);
	check_end(&k);
	return k.ok;
}
