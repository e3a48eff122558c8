/* SPDX-License-Identifier: MIT */
/*
 * Each SSL_TYPE is a row: it names the files, the rest is the same for all. The self-made
 * certificate is ours, so it is mended silently (a note); files of the administrator are never
 * replaced, only made where both are missing (or the certificate alone, as a crash of an earlier
 * making leaves it).
 *
 * SOURCES
 *	docs/compatibility.md "SSL_TYPE"; certbot's live/NAME layout.
 */
#include "inputs/certs.h"

#include "base/file.h"
#include "inputs/cert_load.h"
#include "inputs/cert_make.h"

struct job {
	struct arena *a;
	const struct settings *s;
	const struct inputs_where *where;
	struct inputs *in;
	struct problems *p;
	int64_t now;
};

static const char *host_name(const struct settings *s)
{
	return s->hostname && *s->hostname ? s->hostname : "localhost";
}

static const char *config_file(const struct job *j, const char *suffix)
{
	return arena_printf(j->a, "%s/ssl/%s%s", j->where->config_dir ? j->where->config_dir : "",
			    host_name(j->s), suffix);
}

/* On a laptop the files of the server are not there. */
static bool is_elsewhere(const struct inputs_where *where)
{
	return where->state_dir == NULL && !where->must_exist;
}

/* Loads a pair; a failure becomes a finding. */
static bool load(struct job *j, const char *subject, const char *hint, const char *cert,
		 const char *key, struct cert *cert_r)
{
	struct err err = ERR_INIT;

	if (cert_load(j->a, cert, key, cert_r, &err)) {
		cert_check(j->a, cert_r, host_name(j->s), j->now, j->p);
		return true;
	}
	bool elsewhere = err.sys == ENOENT && is_elsewhere(j->where);
	problems_add(j->p, elsewhere ? SEV_WARNING : SEV_ERROR, subject,
		     elsewhere ? "the file must be there where the server runs" : hint, "%s",
		     err.text);
	return false;
}

/* (empty): ours, in the state volume. */
static void read_self_made(struct job *j)
{
	struct err err = ERR_INIT;

	if (j->where->state_dir == NULL)
		return;
	const char *dir = arena_printf(j->a, "%s/lib-mailserver/tls", j->where->state_dir);
	const char *cert = arena_printf(j->a, "%s/cert.pem", dir),
		   *key = arena_printf(j->a, "%s/key.pem", dir);
	if (cert_load(j->a, cert, key, &j->in->cert, &err) && j->in->cert.not_after > j->now &&
	    cert_covers(&j->in->cert, host_name(j->s))) {
		j->in->has_cert = true;
		return;
	}
	if (problems_errors(j->p) > 0)
		return; /* the start is refused: nothing is made for it */
	if (!cert_make_self_signed(host_name(j->s), cert, key, &err) ||
	    !cert_load(j->a, cert, key, &j->in->cert, &err)) {
		problems_add(j->p, SEV_ERROR, "SSL_TYPE=''",
			     "make the state volume writable, or set SSL_TYPE",
			     "no certificate can be made: %s", err.text);
		return;
	}
	j->in->has_cert = true;
	problems_add(j->p, SEV_NOTE, "SSL_TYPE=''",
		     "for a trusted one see SSL_TYPE in the documentation",
		     "made a self-signed certificate for '%s'", host_name(j->s));
}

static void read_self_signed(struct job *j)
{
	const char *cert = config_file(j, "-cert.pem"), *key = config_file(j, "-key.pem");
	const char *ca = arena_printf(j->a, "%s/ssl/demoCA/cacert.pem",
				      j->where->config_dir ? j->where->config_dir : "");
	struct err err = ERR_INIT;

	if (!file_exists(cert) && problems_errors(j->p) > 0)
		return; /* the start is refused: nothing is made for it */
	if (!file_exists(cert) && j->where->state_dir) {
		if (!cert_make_self_signed(host_name(j->s), cert, key, &err)) {
			problems_add(
				j->p, SEV_ERROR, "SSL_TYPE='self-signed'",
				"put certificate and key there, or make the directory writable",
				"%s is missing and can't be made: %s", cert, err.text);
			return;
		}
		problems_add(j->p, SEV_NOTE, "SSL_TYPE='self-signed'", NULL, "made %s for '%s'",
			     cert, host_name(j->s));
	} else if (!file_exists(cert)) {
		return;
	}
	j->in->has_cert =
		load(j, "SSL_TYPE='self-signed'",
		     "remove both files to have new ones made, or put the right ones there", cert,
		     key, &j->in->cert);
	if (j->in->has_cert && file_exists(ca) && !cert_append_issuer(j->a, ca, &j->in->cert, &err))
		problems_add(j->p, SEV_WARNING, "SSL_TYPE='self-signed'",
			     "replace or remove the file", "%s", err.text);
}

static void read_custom(struct job *j)
{
	const char *full = config_file(j, "-full.pem");

	j->in->has_cert = load(j, "SSL_TYPE='custom'",
			       "put the key and the certificate chain there, in one file", full,
			       full, &j->in->cert);
}

static void read_snakeoil(struct job *j)
{
	j->in->has_cert = load(j, "SSL_TYPE='snakeoil'", "install the package ssl-cert",
			       "/etc/ssl/certs/ssl-cert-snakeoil.pem",
			       "/etc/ssl/private/ssl-cert-snakeoil.key", &j->in->cert);
}

static bool is_set(const char *text)
{
	return text && *text;
}

static void read_manual(struct job *j)
{
	const struct settings *s = j->s;

	if (!is_set(s->ssl_cert_path) || !is_set(s->ssl_key_path))
		return; /* a finding of settings_check() */
	if (j->where->state_dir && !file_exists(s->ssl_cert_path) && !file_exists(s->ssl_key_path))
		problems_add(j->p, SEV_ERROR,
			     arena_printf(j->a, "SSL_KEY_PATH='%s'", s->ssl_key_path),
			     "mount the files at SSL_CERT_PATH and SSL_KEY_PATH", "no such file");
	j->in->has_cert =
		load(j, "SSL_TYPE='manual'", "mount the files at SSL_CERT_PATH and SSL_KEY_PATH",
		     s->ssl_cert_path, s->ssl_key_path, &j->in->cert);
	if (!is_set(s->ssl_alt_cert_path) && !is_set(s->ssl_alt_key_path))
		return;
	if (!is_set(s->ssl_alt_cert_path) || !is_set(s->ssl_alt_key_path)) {
		problems_add(
			j->p, SEV_ERROR,
			is_set(s->ssl_alt_cert_path) ? "SSL_ALT_KEY_PATH" : "SSL_ALT_CERT_PATH",
			"set both, or neither", "is empty; a second certificate needs both paths");
		return;
	}
	(void)load(j, "SSL_ALT_CERT_PATH",
		   "mount the files at SSL_ALT_CERT_PATH and SSL_ALT_KEY_PATH",
		   s->ssl_alt_cert_path, s->ssl_alt_key_path, &j->in->alt_cert);
}

static const char *letsencrypt_root(const struct inputs_where *where)
{
	return where->letsencrypt_dir ? where->letsencrypt_dir : INPUTS_LETSENCRYPT;
}

/* The names a certificate may be stored under, in the order they are tried. */
static size_t letsencrypt_names(const struct settings *s, const char *names[3])
{
	size_t n = 0;

	if (is_set(s->ssl_domain))
		names[n++] = has_prefix(s->ssl_domain, "*.") ? s->ssl_domain + 2 : s->ssl_domain;
	if (is_set(s->hostname))
		names[n++] = s->hostname;
	if (is_set(s->domainname))
		names[n++] = s->domainname;
	return n;
}

static void read_letsencrypt(struct job *j)
{
	const char *root = letsencrypt_root(j->where), *names[3];
	size_t n = letsencrypt_names(j->s, names);
	autobuf struct buf tried = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		const char *dir = arena_printf(j->a, "%s/live/%s", root, names[i]);
		const char *chain = arena_printf(j->a, "%s/fullchain.pem", dir);
		const char *key = arena_printf(j->a, "%s/privkey.pem", dir);
		buf_printf(&tried, "%s%s", i ? ", " : "", chain);
		if (!file_exists(chain))
			continue;
		if (!file_exists(key))
			key = arena_printf(j->a, "%s/key.pem", dir);
		j->in->has_cert = load(j, "SSL_TYPE='letsencrypt'",
				       "renew the certificate with its own program", chain, key,
				       &j->in->cert);
		return;
	}
	bool acme = file_exists(arena_printf(j->a, "%s/acme.json", root));
	problems_add(
		j->p, is_elsewhere(j->where) ? SEV_WARNING : SEV_ERROR, "SSL_TYPE='letsencrypt'",
		acme ? "acme.json can't be read yet: provide the PEM files"
		     : "mount the directory of the ACME client at /etc/letsencrypt, or set SSL_DOMAIN",
		"none of these can be read: %s", tried.p);
}

static const struct source {
	const char *ssl_type;
	void (*read)(struct job *j);
} sources[] = {
	{ "", read_self_made },
	{ "self-signed", read_self_signed },
	{ "manual", read_manual },
	{ "custom", read_custom },
	{ "letsencrypt", read_letsencrypt },
	{ "snakeoil", read_snakeoil },
};

static uint64_t fingerprint(const struct cert *c)
{
	uint64_t chain = c->chain_pem ? hash_bytes(c->chain_pem, strlen(c->chain_pem)) : 0;
	uint64_t key = c->key_pem ? hash_bytes(c->key_pem, strlen(c->key_pem)) : 0;

	return chain * 31 + key;
}

void certs_read(struct arena *a, const struct settings *s, const struct inputs_where *where,
		struct inputs *in, struct problems *p)
{
	struct job j = {
		.a = a, .s = s, .where = where, .in = in, .p = p, .now = (int64_t)time(NULL)
	};
	const char *type = s->ssl_type ? s->ssl_type : "";

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (streq(sources[i].ssl_type, type))
			sources[i].read(&j);
	if (!in->has_cert)
		in->cert = in->alt_cert = (struct cert){ 0 };
	in->fingerprint[__builtin_ctz(INPUT_TLS)] =
		fingerprint(&in->cert) * 31 + fingerprint(&in->alt_cert);
}

/* Adds the directory once, if it exists. */
static void add_dir(struct arena *a, struct text_vec *dirs, const char *dir)
{
	if (!dir_exists(dir))
		return;
	for (size_t i = 0; i < dirs->n; i++)
		if (streq(dirs->v[i], dir))
			return;
	*VEC_PUSH(a, dirs) = dir;
}

static void add_parent(struct arena *a, struct text_vec *dirs, const char *path)
{
	const char *slash = is_set(path) ? strrchr(path, '/') : NULL;

	if (slash && slash > path)
		add_dir(a, dirs, arena_strndup(a, path, (size_t)(slash - path)));
}

void certs_watch_dirs(struct arena *a, const struct settings *s, const struct inputs_where *where,
		      struct text_vec *dirs)
{
	const char *type = s->ssl_type ? s->ssl_type : "", *names[3];

	if (streq(type, "manual")) {
		add_parent(a, dirs, s->ssl_cert_path);
		add_parent(a, dirs, s->ssl_key_path);
		add_parent(a, dirs, s->ssl_alt_cert_path);
		add_parent(a, dirs, s->ssl_alt_key_path);
	} else if (streq(type, "letsencrypt")) {
		const char *root = letsencrypt_root(where);
		size_t n = letsencrypt_names(s, names);
		add_dir(a, dirs, arena_printf(a, "%s/live", root));
		for (size_t i = 0; i < n; i++)
			add_dir(a, dirs, arena_printf(a, "%s/live/%s", root, names[i]));
	} else if ((streq(type, "custom") || streq(type, "self-signed")) && where->config_dir) {
		add_dir(a, dirs, arena_printf(a, "%s/ssl", where->config_dir));
		add_dir(a, dirs, arena_printf(a, "%s/ssl/demoCA", where->config_dir));
	}
}
