/* SPDX-License-Identifier: MIT */
/* certs, cert_load, cert_make: each SSL_TYPE with files that are missing, wrong, old, or right. */
#include "unit/inputs_unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "inputs/cert_load.h"
#include "inputs/certs.h"

#define NAME "mail.firma.example"
#define DAY 86400

/* A certificate for tests: any name, any validity, signed by itself or another. */
struct sample {
	EVP_PKEY *key;
	X509 *cert;
};

static struct sample make_sample(const char *name, long from_s, long to_s, const struct sample *ca)
{
	struct sample s = { EVP_EC_gen("P-256"), X509_new() };
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
	assert_true(X509_sign(s.cert, ca ? ca->key : s.key, EVP_sha256()) > 0);
	return s;
}

static void free_sample(struct sample *s)
{
	EVP_PKEY_free(s->key);
	X509_free(s->cert);
}

static void write_cert(const char *path, const char *mode, const struct sample *s)
{
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, s->cert), 1);
	assert_int_equal(fclose(f), 0);
}

static void write_key(const char *path, const char *mode, const struct sample *s,
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

struct fixture {
	struct temp t;
	struct settings s;
	struct inputs_where where;
	struct inputs in;
	struct problems p;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	temp_open(&f->t);
	f->s = plain_settings();
	f->where.config_dir = temp_path(&f->t, "config");
	f->where.state_dir = temp_path(&f->t, "state");
	f->where.letsencrypt_dir = temp_path(&f->t, "le");
	assert_done(dir_make(temp_path(&f->t, "config/ssl/demoCA"), NULL, &err), &err);
	assert_done(dir_make(temp_path(&f->t, "le/live/" NAME), NULL, &err), &err);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	temp_close(&f->t);
	free(f);
	return 0;
}

static const char *at(struct fixture *f, const char *name)
{
	return temp_path(&f->t, name);
}

static void read_certs(struct fixture *f, const char *type)
{
	f->s.ssl_type = type;
	f->in = (struct inputs){ 0 };
	problems_init(&f->p, &f->t.arena);
	certs_read(&f->t.arena, &f->s, &f->where, &f->in, &f->p);
}

static void test_load_errors(void **state)
{
	struct fixture *f = *state;
	struct sample a = make_sample(NAME, -DAY, 90 * DAY, NULL),
		      b = make_sample("b.example", -DAY, 90 * DAY, NULL);
	struct cert cert;
	struct err err = ERR_INIT;
	const char *c = at(f, "c.pem"), *k = at(f, "k.pem");

	assert_false(cert_load(&f->t.arena, c, k, &cert, &err));
	assert_int_equal(err.sys, ENOENT);
	temp_write(c, "nothing here\n");
	assert_false(cert_load(&f->t.arena, c, k, &cert, &err));
	assert_err(&err, ERR_DATA, "has no certificate");
	temp_write(c, "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
	assert_false(cert_load(&f->t.arena, c, k, &cert, &err));
	assert_err(&err, ERR_DATA, "number 1 in the file is damaged");
	write_cert(c, "w", &a);
	temp_write(k, "no key\n");
	assert_false(cert_load(&f->t.arena, c, k, &cert, &err));
	assert_err(&err, ERR_DATA, "no private key");
	write_key(k, "w", &a, "geheim");
	assert_false(cert_load(&f->t.arena, c, k, &cert, &err));
	assert_err(&err, ERR_DATA, "encrypted");
	write_key(k, "w", &b, NULL);
	assert_false(cert_load(&f->t.arena, c, k, &cert, &err));
	assert_err(&err, ERR_DATA, "does not belong");
	write_cert(c, "a", &b);
	assert_false(cert_load(&f->t.arena, c, k, &cert, &err));
	assert_err(&err, ERR_DATA, "wrong order");
	free_sample(&a);
	free_sample(&b);
}

static void test_load_and_check(void **state)
{
	struct fixture *f = *state;
	struct sample ca = make_sample("ca.example", -DAY, 900 * DAY, NULL);
	struct sample a = make_sample(NAME, -DAY, 10 * DAY, &ca),
		      late = make_sample("x.example", DAY, 90 * DAY, NULL);
	struct cert cert, other;
	struct err err = ERR_INIT;
	const char *c = at(f, "c.pem"), *k = at(f, "k.pem"), *issuer = at(f, "ca.pem");
	int64_t now = (int64_t)time(NULL);

	temp_write(c, "some text in front\n");
	write_cert(c, "a", &a);
	write_key(k, "w", &a, NULL);
	write_cert(issuer, "w", &ca);
	assert_done(cert_load(&f->t.arena, c, k, &cert, &err), &err);
	assert_true(has_prefix(cert.chain_pem, "-----BEGIN CERTIFICATE-----"));
	assert_true(has_prefix(cert.key_pem, "-----BEGIN PRIVATE KEY-----"));
	assert_string_equal(cert.subject, "CN=" NAME);
	assert_in_range(cert.not_after, now + 9 * DAY, now + 11 * DAY);
	problems_init(&f->p, &f->t.arena);
	cert_check(&f->t.arena, &cert, NAME, now, &f->p);
	assert_finding(&f->p, SEV_WARNING, c, "expires in");
	assert_int_equal(f->p.list.n, 1);
	problems_init(&f->p, &f->t.arena);
	cert_check(&f->t.arena, &cert, "other.example", now + 12 * DAY, &f->p);
	assert_finding(&f->p, SEV_WARNING, c, "expired 2 days ago");
	assert_finding(&f->p, SEV_WARNING, c, "not for the host name 'other.example'");
	size_t before = strlen(cert.chain_pem);
	assert_done(cert_append_issuer(&f->t.arena, issuer, &cert, &err), &err);
	assert_true(strlen(cert.chain_pem) > before);
	before = strlen(cert.chain_pem);
	assert_done(cert_append_issuer(&f->t.arena, issuer, &cert, &err), &err);
	assert_int_equal(strlen(cert.chain_pem), before);
	write_cert(c, "w", &late);
	write_key(k, "w", &late, NULL);
	assert_done(cert_load(&f->t.arena, c, k, &other, &err), &err);
	problems_init(&f->p, &f->t.arena);
	cert_check(&f->t.arena, &other, "x.example", now, &f->p);
	assert_finding(&f->p, SEV_WARNING, c, "not valid yet");
	free_sample(&a);
	free_sample(&ca);
	free_sample(&late);
}

static void test_self_made(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct stat st;
	uint64_t first;

	read_certs(f, "");
	assert_finding(&f->p, SEV_NOTE, "SSL_TYPE=''",
		       "made a self-signed certificate for '" NAME "'");
	assert_true(f->in.has_cert);
	assert_true(cert_covers(&f->in.cert, NAME));
	assert_false(cert_covers(&f->in.cert, "firma.example"));
	assert_in_range(f->in.cert.not_after, time(NULL) + 3640L * DAY, time(NULL) + 3660L * DAY);
	assert_int_equal(stat(at(f, "state/lib-mailserver/tls/key.pem"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	first = f->in.fingerprint[5];
	read_certs(f, "");
	assert_no_findings(&f->p);
	assert_true(f->in.fingerprint[5] == first);
	/* Half of the pair lost: the key is kept. */
	assert_int_equal(unlink(at(f, "state/lib-mailserver/tls/cert.pem")), 0);
	const char *key = f->in.cert.key_pem;
	read_certs(f, "");
	assert_true(f->in.has_cert);
	assert_string_equal(f->in.cert.key_pem, key);
	/* Damage and another host name are mended. */
	temp_write(at(f, "state/lib-mailserver/tls/key.pem"), "damaged");
	read_certs(f, "");
	assert_true(f->in.has_cert);
	f->s.hostname = "mx.other.example";
	read_certs(f, "");
	assert_true(cert_covers(&f->in.cert, "mx.other.example"));
	/* Nowhere to write. */
	assert_done(tree_remove(f->where.state_dir, &err), &err);
	temp_write(f->where.state_dir, "a file");
	read_certs(f, "");
	assert_finding(&f->p, SEV_ERROR, "SSL_TYPE=''", "no certificate can be made");
	assert_false(f->in.has_cert);
	/* On a laptop nothing is made. */
	f->where.state_dir = NULL;
	read_certs(f, "");
	assert_no_findings(&f->p);
	assert_false(f->in.has_cert);
}

static void test_self_signed(void **state)
{
	struct fixture *f = *state;
	struct sample ca = make_sample("ca.example", -DAY, 900 * DAY, NULL);
	struct sample a = make_sample(NAME, -DAY, 90 * DAY, &ca);
	const char *c = at(f, "config/ssl/" NAME "-cert.pem"),
		   *k = at(f, "config/ssl/" NAME "-key.pem");

	f->where.state_dir = NULL;
	read_certs(f, "self-signed");
	assert_no_findings(&f->p);
	assert_false(file_exists(c));
	f->where.state_dir = at(f, "state");
	read_certs(f, "self-signed");
	assert_finding(&f->p, SEV_NOTE, "SSL_TYPE='self-signed'", "made ");
	assert_true(f->in.has_cert && file_exists(c) && file_exists(k));
	assert_false(dir_exists(at(f, "state")));
	/* The administrator's own files are used and never replaced. */
	write_cert(c, "w", &a);
	read_certs(f, "self-signed");
	assert_finding(&f->p, SEV_ERROR, "SSL_TYPE='self-signed'", "does not belong");
	write_key(k, "w", &a, NULL);
	read_certs(f, "self-signed");
	assert_no_findings(&f->p);
	size_t alone = strlen(f->in.cert.chain_pem);
	write_cert(at(f, "config/ssl/demoCA/cacert.pem"), "w", &ca);
	read_certs(f, "self-signed");
	assert_true(strlen(f->in.cert.chain_pem) > alone);
	temp_write(at(f, "config/ssl/demoCA/cacert.pem"), "x");
	read_certs(f, "self-signed");
	assert_finding(&f->p, SEV_WARNING, "SSL_TYPE='self-signed'",
		       "cacert.pem has no certificate");
	assert_true(f->in.has_cert);
	free_sample(&a);
	free_sample(&ca);
}

static void test_manual(void **state)
{
	struct fixture *f = *state;
	struct sample a = make_sample(NAME, -DAY, 90 * DAY, NULL),
		      b = make_sample(NAME, -DAY, 90 * DAY, NULL);

	read_certs(f, "manual");
	assert_no_findings(&f->p); /* settings_check() has told it */
	assert_false(f->in.has_cert);
	f->s.ssl_cert_path = at(f, "m.pem");
	f->s.ssl_key_path = at(f, "m.key");
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_ERROR, "SSL_TYPE='manual'", "m.pem");
	f->where.state_dir = NULL;
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_WARNING, "SSL_TYPE='manual'", "where the server runs");
	f->where.state_dir = at(f, "state");
	write_cert(f->s.ssl_cert_path, "w", &a);
	write_key(f->s.ssl_key_path, "w", &a, NULL);
	f->s.ssl_alt_cert_path = at(f, "alt.pem");
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_ERROR, "SSL_ALT_KEY_PATH", "both");
	f->s.ssl_alt_key_path = at(f, "alt.key");
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_ERROR, "SSL_ALT_CERT_PATH", "alt.pem");
	write_cert(f->s.ssl_alt_cert_path, "w", &b);
	write_key(f->s.ssl_alt_key_path, "w", &b, NULL);
	read_certs(f, "manual");
	assert_no_findings(&f->p);
	assert_non_null(f->in.alt_cert.chain_pem);
	free_sample(&a);
	free_sample(&b);
}

static void test_custom(void **state)
{
	struct fixture *f = *state;
	struct sample a = make_sample("*.firma.example", -DAY, 90 * DAY, NULL);
	const char *full = at(f, "config/ssl/" NAME "-full.pem");

	read_certs(f, "custom");
	assert_finding(&f->p, SEV_ERROR, "SSL_TYPE='custom'", "-full.pem");
	write_key(full, "w", &a, NULL);
	write_cert(full, "a", &a);
	read_certs(f, "custom");
	assert_no_findings(&f->p);
	assert_true(f->in.has_cert);
	free_sample(&a);
}

static void test_letsencrypt(void **state)
{
	struct fixture *f = *state;
	struct sample a = make_sample("*.firma.example", -DAY, 90 * DAY, NULL);
	struct text_vec dirs = VEC_INIT;
	struct err err = ERR_INIT;

	f->s.ssl_domain = "*.firma.example";
	read_certs(f, "letsencrypt");
	assert_finding(&f->p, SEV_ERROR, "SSL_TYPE='letsencrypt'",
		       "/live/firma.example/fullchain.pem, ");
	temp_write(at(f, "le/acme.json"), "{}");
	read_certs(f, "letsencrypt");
	assert_finding(&f->p, SEV_ERROR, "SSL_TYPE='letsencrypt'", "acme.json");
	write_cert(at(f, "le/live/" NAME "/fullchain.pem"), "w", &a);
	read_certs(f, "letsencrypt");
	assert_finding(&f->p, SEV_ERROR, "SSL_TYPE='letsencrypt'", "/key.pem");
	write_key(at(f, "le/live/" NAME "/key.pem"), "w", &a, NULL);
	read_certs(f, "letsencrypt");
	assert_no_findings(&f->p);
	assert_true(has_suffix(f->in.cert.source, NAME "/fullchain.pem"));
	assert_done(dir_make(at(f, "le/live/firma.example"), NULL, &err), &err);
	write_cert(at(f, "le/live/firma.example/fullchain.pem"), "w", &a);
	write_key(at(f, "le/live/firma.example/privkey.pem"), "w", &a, NULL);
	read_certs(f, "letsencrypt");
	assert_true(has_suffix(f->in.cert.source, "firma.example/fullchain.pem"));
	certs_watch_dirs(&f->t.arena, &f->s, &f->where, &dirs);
	assert_int_equal(dirs.n, 3);
	assert_true(has_suffix(dirs.v[0], "/le/live"));
	free_sample(&a);
}

static void test_watch_dirs(void **state)
{
	struct fixture *f = *state;
	struct text_vec dirs = VEC_INIT;

	f->s.ssl_type = "";
	certs_watch_dirs(&f->t.arena, &f->s, &f->where, &dirs);
	assert_int_equal(dirs.n, 0);
	f->s.ssl_type = "manual";
	f->s.ssl_cert_path = at(f, "config/ssl/a.pem");
	f->s.ssl_key_path = at(f, "config/ssl/a.key");
	f->s.ssl_alt_cert_path = at(f, "nowhere/a.key");
	certs_watch_dirs(&f->t.arena, &f->s, &f->where, &dirs);
	assert_int_equal(dirs.n, 1);
	f->s.ssl_type = "custom";
	certs_watch_dirs(&f->t.arena, &f->s, &f->where, &dirs);
	assert_int_equal(dirs.n, 2);
	assert_true(has_suffix(dirs.v[1], "/ssl/demoCA"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_load_errors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_load_and_check, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_self_made, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_self_signed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_manual, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_custom, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_letsencrypt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_watch_dirs, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
