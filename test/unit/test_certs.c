/* SPDX-License-Identifier: MIT */
/* certs, cert_load, cert_make: each SSL_TYPE with files that are missing, wrong, old, or right. */
#include "unit/inputs_unit.h"

#include "unit/cert_samples.h"

#include "inputs/acme.h"
#include "inputs/cert_check.h"
#include "inputs/cert_load.h"
#include "inputs/cert_make.h"
#include "inputs/cert_places.h"
#include "inputs/certs.h"

#define NAME "mail.firma.example"

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
	assert_int_equal(err.sys, ENOENT);
	temp_write(k, "no key\n");
	assert_false(cert_load(&f->t.arena, c, k, &cert, &err));
	assert_err(&err, ERR_DATA, "has no certificate");
	temp_write(c, "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
	assert_false(cert_load(&f->t.arena, c, k, &cert, &err));
	assert_err(&err, ERR_DATA, "number 1 in the file is damaged");
	write_cert(c, "w", &a);
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

static bool judge(struct fixture *f, const struct cert *cert, const char *name, int64_t now,
		  const struct cert *in_use)
{
	const struct cert_wish wish = {
		.name = name, .roots_dir = at(f, "roots"), .now = now, .in_use = in_use
	};

	problems_init(&f->p, &f->t.arena);
	return cert_check(&f->t.arena, cert, &wish, &f->p);
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
	assert_true(judge(f, &cert, NAME, now, NULL));
	assert_finding(&f->p, SEV_WARNING, c, "expires in");
	assert_finding(&f->p, SEV_WARNING, c, "issued by 'CN=ca.example'");
	assert_int_equal(f->p.list.n, 2);
	assert_true(judge(f, &cert, "other.example", now + 12 * DAY, NULL));
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
	assert_true(judge(f, &other, "x.example", now, NULL));
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
	assert_int_equal(f->p.list.n, 1);
	assert_true(f->in.has_cert && file_exists(c) && file_exists(k));
	assert_false(dir_exists(at(f, "state")));
	/* The administrator's own files are used and never replaced. */
	write_cert(c, "w", &a);
	read_certs(f, "self-signed");
	assert_finding(&f->p, SEV_ERROR, "SSL_TYPE='self-signed'", "does not belong");
	write_key(k, "w", &a, NULL);
	read_certs(f, "self-signed");
	assert_finding(&f->p, SEV_WARNING, c, "not complete");
	assert_int_equal(f->p.list.n, 1);
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
	write_cert(at(f, "le/live/" NAME "/fullchain.pem"), "w", &a);
	read_certs(f, "letsencrypt");
	assert_finding(&f->p, SEV_ERROR, "SSL_TYPE='letsencrypt'", "/privkey.pem: No such file");
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
	assert_int_equal(dirs.n, 4);
	assert_true(has_suffix(dirs.v[0], "/le"));
	assert_true(has_suffix(dirs.v[1], "/le/live"));
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

/* A certificate that is in use, as tls_files.h lays it out. */
static void put_in_use(struct fixture *f, const struct sample *s)
{
	struct err err = ERR_INIT;

	assert_done(dir_make(at(f, "tls/sni"), NULL, &err), &err);
	f->where.tls_dir = at(f, "tls");
	write_cert(at(f, "tls/cert.pem"), "w", s);
	write_key(at(f, "tls/key.pem"), "w", s, NULL);
}

static void put_manual(struct fixture *f, const struct sample *s)
{
	f->s.ssl_cert_path = at(f, "m.pem");
	f->s.ssl_key_path = at(f, "m.key");
	write_cert(f->s.ssl_cert_path, "w", s);
	write_key(f->s.ssl_key_path, "w", s, NULL);
}

static bool serves(const struct fixture *f, const struct sample *s)
{
	struct cert served = f->in.cert;
	autochain struct cert_chain c = { .n = 0 };

	cert_chain_of(&served, &c);
	return c.n > 0 && X509_cmp(c.v[0], s->cert) == 0;
}

static void test_weak(void **state)
{
	struct fixture *f = *state;
	struct sample ca =
		make_sample_of("RSA-2048", "SHA256", "ca.example", -DAY, 900 * DAY, NULL);
	struct sample weak;
	static const struct {
		const char *key, *digest, *says;
	} cases[] = {
		{ "RSA-1024", "SHA256", "RSA key of 1024 bits" },
		{ "secp256k1", "SHA256", "curve secp256k1" },
		{ "P-256", "SHA1", "signed with SHA1" },
		{ "P-384", "MD5", "signed with MD5" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		weak = make_sample_of(cases[i].key, cases[i].digest, NAME, -DAY, 90 * DAY, &ca);
		put_manual(f, &weak);
		read_certs(f, "manual");
		assert_finding(&f->p, SEV_ERROR, f->s.ssl_cert_path, cases[i].says);
		assert_false(f->in.has_cert);
		free_sample(&weak);
	}
	weak = make_sample_of("ED25519", NULL, NAME, -DAY, 90 * DAY, NULL);
	put_manual(f, &weak);
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_WARNING, f->s.ssl_cert_path, "ED25519");
	assert_true(f->in.has_cert);
	free_sample(&weak);
	free_sample(&ca);
}

static void test_chain(void **state)
{
	struct fixture *f = *state;
	struct sample root = make_sample("root.example", -DAY, 900 * DAY, NULL);
	struct sample middle = make_sample("middle.example", -DAY, 900 * DAY, &root);
	struct sample low = make_sample("low.example", -DAY, 900 * DAY, &middle);
	struct sample a = make_sample(NAME, -DAY, 90 * DAY, &low);
	struct sample stranger = make_sample("low.example", -DAY, 900 * DAY, NULL);
	struct sample old = make_sample("old.example", -9 * DAY, -DAY, &root);
	struct sample b = make_sample(NAME, -DAY, 90 * DAY, &old);

	put_manual(f, &a);
	const char *c = f->s.ssl_cert_path;
	write_cert(c, "a", &low);
	write_cert(c, "a", &middle);
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_WARNING, c, "issued by 'CN=root.example'");
	assert_true(f->in.has_cert);
	write_cert(c, "a", &root);
	read_certs(f, "manual");
	assert_no_findings(&f->p);
	/* Wrong order. */
	put_manual(f, &a);
	write_cert(c, "a", &middle);
	write_cert(c, "a", &low);
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_ERROR, c, "wrong order");
	/* Another key under the issuer's name. */
	put_manual(f, &a);
	write_cert(c, "a", &stranger);
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_ERROR, c, "not signed by the one that follows");
	/* One that has nothing to do with it. */
	put_manual(f, &a);
	write_cert(c, "a", &b);
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_WARNING, c, "nothing to do with");
	/* The issuer's own has expired. */
	put_manual(f, &b);
	write_cert(c, "a", &old);
	write_cert(c, "a", &root);
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_WARNING, c, "behind the first, has expired");
	free_sample(&a);
	free_sample(&b);
	free_sample(&old);
	free_sample(&stranger);
	free_sample(&low);
	free_sample(&middle);
	free_sample(&root);
}

/* An authority that the system knows completes the chain. */
static void test_known_authority(void **state)
{
	struct fixture *f = *state;
	struct sample root = make_sample("root.example", -DAY, 900 * DAY, NULL);
	struct sample a = make_sample(NAME, -DAY, 90 * DAY, &root);
	struct cert cert;
	struct err err = ERR_INIT;
	char name[32];

	assert_done(dir_make(at(f, "roots"), NULL, &err), &err);
	(void)snprintf(name, sizeof(name), "roots/%08lx.0", X509_subject_name_hash(root.cert));
	write_cert(at(f, name), "w", &root);
	put_manual(f, &a);
	assert_done(cert_load(&f->t.arena, f->s.ssl_cert_path, f->s.ssl_key_path, &cert, &err),
		    &err);
	assert_true(judge(f, &cert, NAME, (int64_t)time(NULL), NULL));
	assert_no_findings(&f->p);
	free_sample(&a);
	free_sample(&root);
}

/* While the server runs, what is bad or worse does not take the place of what is in use. */
static void test_in_use_stays(void **state)
{
	struct fixture *f = *state;
	struct sample good = make_sample(NAME, -DAY, 90 * DAY, NULL),
		      next = make_sample(NAME, -DAY, 180 * DAY, NULL),
		      expired = make_sample(NAME, -9 * DAY, -2 * DAY, NULL),
		      other = make_sample("other.example", -DAY, 90 * DAY, NULL);

	put_in_use(f, &good);
	put_manual(f, &next);
	read_certs(f, "manual");
	assert_no_findings(&f->p);
	assert_true(serves(f, &next));
	put_manual(f, &expired);
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_ERROR, f->s.ssl_cert_path, "the one in use has not this fault");
	assert_true(f->in.has_cert && serves(f, &good));
	put_manual(f, &other);
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_ERROR, f->s.ssl_cert_path, "not for the host name");
	assert_true(serves(f, &good));
	temp_write(f->s.ssl_cert_path, "-----BEGIN CERT");
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_ERROR, "SSL_TYPE='manual'", "the one in use stays");
	assert_true(serves(f, &good));
	/* What is in use has aged: that is no reason to leave it, nor to refuse a better one. */
	put_in_use(f, &expired);
	put_manual(f, &expired);
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_WARNING, f->s.ssl_cert_path, "expired 2 days ago");
	assert_int_equal(problems_errors(&f->p), 0);
	put_manual(f, &next);
	read_certs(f, "manual");
	assert_no_findings(&f->p);
	assert_true(serves(f, &next));
	free_sample(&good);
	free_sample(&next);
	free_sample(&expired);
	free_sample(&other);
}

static void test_keep_key(void **state)
{
	struct fixture *f = *state;
	struct sample a = make_sample(NAME, -DAY, 90 * DAY, NULL),
		      b = make_sample(NAME, -DAY, 180 * DAY, NULL);
	struct err err = ERR_INIT;

	put_in_use(f, &a);
	put_manual(f, &b);
	read_certs(f, "manual");
	assert_no_findings(&f->p);
	f->s.tls_keep_key = true;
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_WARNING, f->s.ssl_cert_path, "TLS_KEEP_KEY=1");
	assert_finding(&f->p, SEV_WARNING, f->s.ssl_cert_path, f->in.cert.key_id);
	assert_true(serves(f, &b));
	/* At the next start the state volume knows. */
	f->where.tls_dir = NULL;
	assert_done(certs_remember(&f->t.arena, &f->where, &f->in, &err), &err);
	read_certs(f, "manual");
	assert_no_findings(&f->p);
	put_manual(f, &a);
	read_certs(f, "manual");
	assert_finding(&f->p, SEV_WARNING, f->s.ssl_cert_path, "another one than before");
	write_cert(at(f, "le/live/" NAME "/fullchain.pem"), "w", &a);
	write_key(at(f, "le/live/" NAME "/privkey.pem"), "w", &a, NULL);
	read_certs(f, "letsencrypt");
	assert_finding(&f->p, SEV_WARNING, at(f, "le/live/" NAME "/fullchain.pem"),
		       "certbot renew --reuse-key");
	free_sample(&a);
	free_sample(&b);
}

/* Ours are made anew before they end; others of the same kind are left alone. */
static void test_renewal_of_ours(void **state)
{
	struct fixture *f = *state;
	const char *c = at(f, "state/lib-mailserver/tls/cert.pem"),
		   *k = at(f, "state/lib-mailserver/tls/key.pem");
	struct sample ours = make_sample(NAME, -DAY, 29 * DAY, NULL),
		      theirs = make_sample(NAME, -DAY, 29 * DAY, NULL);
	const char *key;

	read_certs(f, "");
	assert_true(f->in.cert.is_made);
	mark_sample(&ours);
	write_cert(c, "w", &ours);
	write_key(k, "w", &ours, NULL);
	read_certs(f, "");
	assert_finding(&f->p, SEV_NOTE, "SSL_TYPE=''", "made a self-signed certificate");
	assert_false(certs_are_due(&f->in, time(NULL)));
	assert_true(certs_are_due(&f->in, time(NULL) + 3630L * DAY));
	key = f->in.cert.key_id;
	write_cert(c, "w", &ours);
	write_key(k, "w", &ours, NULL);
	f->s.tls_keep_key = true;
	read_certs(f, "");
	assert_string_not_equal(f->in.cert.key_id, key);
	key = f->in.cert.key_id;
	write_cert(c, "w", &ours);
	read_certs(f, "");
	assert_string_equal(f->in.cert.key_id, key);
	/* The same in the configuration directory. */
	c = at(f, "config/ssl/" NAME "-cert.pem");
	k = at(f, "config/ssl/" NAME "-key.pem");
	write_cert(c, "w", &ours);
	write_key(k, "w", &ours, NULL);
	read_certs(f, "self-signed");
	assert_finding(&f->p, SEV_NOTE, "SSL_TYPE='self-signed'", "made ");
	assert_true(f->in.cert.not_after > time(NULL) + 3000L * DAY);
	write_cert(c, "w", &theirs);
	write_key(k, "w", &theirs, NULL);
	read_certs(f, "self-signed");
	assert_no_findings(&f->p);
	assert_true(serves(f, &theirs));
	free_sample(&ours);
	free_sample(&theirs);
}

static void test_lego(void **state)
{
	struct fixture *f = *state;
	struct sample a = make_sample("*.firma.example", -DAY, 90 * DAY, NULL);
	struct err err = ERR_INIT;
	static const char *const files[] = { "_.firma.example", "firma.example", NAME };

	assert_done(dir_make(at(f, "le/certificates"), NULL, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *c = arena_printf(&f->t.arena, "%s/certificates/%s.crt",
					     f->where.letsencrypt_dir, files[i]);
		write_cert(c, "w", &a);
		write_key(arena_printf(&f->t.arena, "%s/certificates/%s.key",
				       f->where.letsencrypt_dir, files[i]),
			  "w", &a, NULL);
		read_certs(f, "letsencrypt");
		assert_no_findings(&f->p);
		assert_string_equal(f->in.cert.source, c);
	}
	f->s.ssl_domain = "*.firma.example";
	read_certs(f, "letsencrypt");
	assert_true(has_suffix(f->in.cert.source, "/_.firma.example.crt"));
	/* certbot's come first. */
	write_cert(at(f, "le/live/" NAME "/fullchain.pem"), "w", &a);
	write_key(at(f, "le/live/" NAME "/privkey.pem"), "w", &a, NULL);
	read_certs(f, "letsencrypt");
	assert_true(has_suffix(f->in.cert.source, NAME "/fullchain.pem"));
	free_sample(&a);
}

static void test_acme_file(void **state)
{
	struct fixture *f = *state;
	struct sample soon = make_sample(NAME, -DAY, 20 * DAY, NULL),
		      late = make_sample(NAME, -DAY, 80 * DAY, NULL);
	const char *json = at(f, "le/acme.json");

	temp_write(json, "");
	read_certs(f, "letsencrypt");
	assert_finding(&f->p, SEV_ERROR, json, "is empty");
	assert_false(f->in.has_cert);
	temp_write(json, "{\"le\": {\"Certificates\": null}}");
	read_certs(f, "letsencrypt");
	assert_finding(&f->p, SEV_ERROR, json, "has no certificate for " NAME);
	/* PEM files help out. */
	write_cert(at(f, "le/live/" NAME "/fullchain.pem"), "w", &soon);
	write_key(at(f, "le/live/" NAME "/privkey.pem"), "w", &soon, NULL);
	read_certs(f, "letsencrypt");
	assert_finding(&f->p, SEV_WARNING, json, "has no certificate for");
	assert_true(serves(f, &soon));
	/* Of several resolvers the certificate that ends last. */
	write_acme(json, NAME, &soon, &late);
	read_certs(f, "letsencrypt");
	assert_no_findings(&f->p);
	assert_true(serves(f, &late));
	assert_true(strstr(f->in.cert.source, "acme.json (second, " NAME ")"));
	/* Half written while it is in use. */
	put_in_use(f, &late);
	temp_write(json, "{\"le\": {\"Cert");
	read_certs(f, "letsencrypt");
	assert_finding(&f->p, SEV_ERROR, json, "no whole JSON");
	assert_true(serves(f, &late));
	free_sample(&soon);
	free_sample(&late);
}

static void test_named(void **state)
{
	struct fixture *f = *state;
	struct sample a = make_sample("mail.zwei.example", -DAY, 90 * DAY, NULL),
		      b = make_sample("*.drei.example", -DAY, 90 * DAY, NULL);
	struct text_vec dirs = VEC_INIT;
	struct err err = ERR_INIT;
	uint64_t none;

	read_certs(f, "");
	none = f->in.fingerprint[5];
	temp_write(at(f, "config/ssl-sni.cf"), "mail.zwei.example two.pem two.key\n");
	read_certs(f, "");
	assert_finding(&f->p, SEV_ERROR, "ssl-sni.cf:1", "two.pem");
	assert_true(f->in.has_cert);
	write_cert(at(f, "config/two.pem"), "w", &a);
	write_key(at(f, "config/two.key"), "w", &a, NULL);
	assert_done(dir_make(at(f, "config/ssl-sni/_.drei.example"), NULL, &err), &err);
	write_cert(at(f, "config/ssl-sni/_.drei.example/fullchain.pem"), "w", &b);
	write_key(at(f, "config/ssl-sni/_.drei.example/privkey.pem"), "w", &b, NULL);
	read_certs(f, "");
	assert_no_findings(&f->p);
	assert_int_equal(f->in.named_certs.n, 2);
	assert_string_equal(f->in.named_certs.v[1].name, "*.drei.example");
	assert_true(f->in.fingerprint[5] != none);
	certs_watch_dirs(&f->t.arena, &f->s, &f->where, &dirs);
	assert_int_equal(dirs.n, 3); /* the directory, that of two.pem, that of the third name */
	/* A bad one is left out, and stays what it was while it is in use. */
	temp_write(at(f, "config/two.key"), "x");
	read_certs(f, "");
	assert_finding(&f->p, SEV_ERROR, "ssl-sni.cf:1", "two.key has no private key");
	assert_int_equal(f->in.named_certs.n, 1);
	put_in_use(f, &a);
	write_cert(at(f, "tls/sni/mail.zwei.example.pem"), "w", &a);
	write_key(at(f, "tls/sni/mail.zwei.example.key"), "w", &a, NULL);
	read_certs(f, "");
	assert_finding(&f->p, SEV_ERROR, "ssl-sni.cf:1", "the one in use stays");
	assert_int_equal(f->in.named_certs.n, 2);
	/* So it is while its line can't be read; without the line it goes. */
	temp_write(at(f, "config/ssl-sni.cf"), "mail.zwei.example two.pem\n");
	read_certs(f, "");
	assert_finding(&f->p, SEV_ERROR, "ssl-sni.cf:1", "less than three words");
	assert_int_equal(f->in.named_certs.n, 2);
	assert_string_equal(f->in.named_certs.v[0].name, "mail.zwei.example");
	temp_write(at(f, "config/ssl-sni.cf"), "# nothing\n");
	read_certs(f, "");
	assert_no_findings(&f->p);
	assert_int_equal(f->in.named_certs.n, 1);
	free_sample(&a);
	free_sample(&b);
}

/* The directories that a link leads through. */
static void test_watch_links(void **state)
{
	struct fixture *f = *state;
	struct text_vec dirs = VEC_INIT;
	struct err err = ERR_INIT;

	assert_done(dir_make(at(f, "le/archive/" NAME), NULL, &err), &err);
	temp_write(at(f, "le/archive/" NAME "/fullchain1.pem"), "x");
	assert_int_equal(symlink("../../archive/" NAME "/fullchain1.pem",
				 at(f, "le/live/" NAME "/fullchain.pem")),
			 0);
	f->s.ssl_type = "letsencrypt";
	certs_watch_dirs(&f->t.arena, &f->s, &f->where, &dirs);
	assert_int_equal(dirs.n, 4);
	assert_true(has_suffix(dirs.v[2], "/live/" NAME));
	assert_true(has_suffix(dirs.v[3], "/live/" NAME "/../../archive/" NAME));
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
		cmocka_unit_test_setup_teardown(test_weak, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_chain, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_known_authority, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_in_use_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keep_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_renewal_of_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lego, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_acme_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_watch_links, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
