/* SPDX-License-Identifier: MIT */
/*
 * Each SSL_TYPE is a row: it names the files, the rest is the same for all. The self-made
 * certificate is ours, so it is mended silently (a note); files of the administrator are never
 * replaced, only made where both are missing (or the certificate alone, as a crash of an earlier
 * making leaves it).
 *
 * SOURCES
 *	docs/tls.md "Certificates"; certbot(1) --reuse-key; lego renew --reuse-key; RFC 7671 §8.
 */
#include "inputs/certs.h"

#include <dirent.h>

#include "base/file.h"
#include "inputs/acme.h"
#include "inputs/cert_check.h"
#include "inputs/cert_load.h"
#include "inputs/cert_make.h"
#include "inputs/cert_places.h"
#include "inputs/sni.h"

#define DAY_S (INT64_C(24) * 3600)

struct job {
	struct arena *a;
	const struct settings *s;
	const struct inputs_where *where;
	struct inputs *in;
	struct problems *p;
	int64_t now;
	const char *keep_key_hint; /* how the source's program keeps a key */
};

/* One certificate that is wanted. */
struct want {
	const char *subject, *hint; /* for what can't be loaded */
	const char *name;	    /* to be covered */
	/* Where tls_dir has it. */
	const char *live_cert, *live_key;
};

static const char *host_name(const struct settings *s)
{
	return s->hostname && *s->hostname ? s->hostname : "localhost";
}

static bool is_set(const char *text)
{
	return text && *text;
}

/* On a laptop the files of the server are not there. */
static bool is_elsewhere(const struct inputs_where *where)
{
	return where->state_dir == NULL && !where->must_exist;
}

static struct want main_want(const struct job *j, const char *subject, const char *hint)
{
	return (struct want){ subject, hint, host_name(j->s), "cert.pem", "key.pem" };
}

static bool load_in_use(const struct job *j, const struct want *w, struct cert *cert_r)
{
	const char *dir = j->where->tls_dir;
	struct err ignored = ERR_INIT;

	return dir && cert_load(j->a, arena_printf(j->a, "%s/%s", dir, w->live_cert),
				arena_printf(j->a, "%s/%s", dir, w->live_key), cert_r, &ignored);
}

static const char *last_key_path(struct arena *a, const struct inputs_where *where)
{
	return arena_printf(a, "%s/lib-mailserver/tls/last-key", where->state_dir);
}

/* The key that was served last: now, or before this start. "" = not known. */
static const char *last_key(const struct job *j, const struct cert *in_use, const struct want *w)
{
	struct err ignored = ERR_INIT;
	char *text;

	if (in_use)
		return in_use->key_id;
	if (j->where->state_dir == NULL || !streq(w->live_cert, "cert.pem") ||
	    !file_read(j->a, last_key_path(j->a, j->where), 256, &text, NULL, &ignored))
		return "";
	return str_dup(j->a, str_trim((struct str){ text, strcspn(text, "\n") }));
}

static void check_kept_key(struct job *j, const struct cert *cert, const struct cert *in_use,
			   const struct want *w)
{
	const char *last = j->s->tls_keep_key ? last_key(j, in_use, w) : "";

	if (*last && !streq(last, cert->key_id))
		problems_add(
			j->p, SEV_WARNING, cert->source,
			arena_printf(
				j->a,
				"publish TLSA 3 1 1 %s, and keep the key at the next renewal: %s",
				cert->key_id,
				j->keep_key_hint ? j->keep_key_hint
						 : "sign the new certificate for the same key"),
			"the key is another one than before although TLS_KEEP_KEY=1: a published "
			"TLSA record 3 1 1 %s is no longer true, and servers that check it send no "
			"mail",
			last);
}

/* Judges what was loaded, or (loaded false) why it could not be. What may be served is in *cert: it,
 * or the one in use; false: neither. */
static bool accept(struct job *j, const struct want *w, bool loaded, const struct err *err,
		   struct cert *cert)
{
	struct cert old, *in_use = load_in_use(j, w, &old) ? &old : NULL;
	const struct cert_wish wish = { .name = w->name, .now = j->now, .in_use = in_use };

	if (loaded && cert_check(j->a, cert, &wish, j->p)) {
		check_kept_key(j, cert, in_use, w);
		return true;
	}
	if (!loaded) {
		bool elsewhere = err->sys == ENOENT && is_elsewhere(j->where);
		problems_add(j->p, elsewhere ? SEV_WARNING : SEV_ERROR, w->subject,
			     elsewhere ? "the file must be there where the server runs" : w->hint,
			     "%s%s", err->text, in_use ? "; the one in use stays" : "");
	}
	if (in_use)
		*cert = old;
	return in_use != NULL;
}

/* Loads and judges a pair; a failure becomes a finding. */
static bool load(struct job *j, const struct want *w, const char *cert, const char *key,
		 struct cert *cert_r)
{
	struct err err = ERR_INIT;
	bool loaded = cert_load(j->a, cert, key, cert_r, &err);

	return accept(j, w, loaded, &err, cert_r);
}

static bool ends_soon(const struct cert *cert, int64_t now)
{
	return cert->not_after - now < CERT_RENEW_DAYS * DAY_S;
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
	bool loaded = cert_load(j->a, cert, key, &j->in->cert, &err) &&
		      cert_covers(&j->in->cert, host_name(j->s));
	if (loaded && !ends_soon(&j->in->cert, j->now)) {
		j->in->has_cert = true;
		return;
	}
	if (problems_errors(j->p) > 0 && j->where->tls_dir == NULL)
		return; /* the start is refused: nothing is made for it */
	if (!cert_make_self_signed(host_name(j->s), cert, key, !loaded || j->s->tls_keep_key,
				   &err) ||
	    !cert_load(j->a, cert, key, &j->in->cert, &err)) {
		j->in->has_cert = loaded && j->in->cert.not_after > j->now;
		problems_add(j->p, j->in->has_cert ? SEV_WARNING : SEV_ERROR, "SSL_TYPE=''",
			     "make the state volume writable, or set SSL_TYPE",
			     "no certificate can be made: %s", err.text);
		return;
	}
	j->in->has_cert = true;
	problems_add(j->p, SEV_NOTE, "SSL_TYPE=''",
		     "for a trusted one see SSL_TYPE in the documentation",
		     "made a self-signed certificate for '%s'", host_name(j->s));
}

/* Our own certificate in the configuration directory ends soon: a new one, in place. */
static void renew_self_signed(struct job *j, const char *cert, const char *key)
{
	struct err err = ERR_INIT;
	struct cert old;

	if (j->where->state_dir == NULL || !cert_load(j->a, cert, key, &old, &err) ||
	    !old.is_made || !ends_soon(&old, j->now) ||
	    (problems_errors(j->p) > 0 && j->where->tls_dir == NULL))
		return;
	if (cert_make_self_signed(host_name(j->s), cert, key, j->s->tls_keep_key, &err))
		problems_add(j->p, SEV_NOTE, "SSL_TYPE='self-signed'", NULL,
			     "made %s anew for '%s', because the old one ends soon", cert,
			     host_name(j->s));
	else
		problems_add(j->p, SEV_WARNING, "SSL_TYPE='self-signed'",
			     "make the directory writable, or replace the files",
			     "%s ends soon and can't be made anew: %s", cert, err.text);
}

static void read_self_signed(struct job *j)
{
	const char *cert = cert_place_config(j->a, j->s, j->where, "-cert.pem"),
		   *key = cert_place_config(j->a, j->s, j->where, "-key.pem");
	const char *ca = arena_printf(j->a, "%s/ssl/demoCA/cacert.pem",
				      j->where->config_dir ? j->where->config_dir : "");
	const struct want w =
		main_want(j, "SSL_TYPE='self-signed'",
			  "remove both files to have new ones made, or put the right ones there");
	struct err err = ERR_INIT;

	if (!file_exists(cert) && problems_errors(j->p) > 0 && j->where->tls_dir == NULL)
		return; /* the start is refused: nothing is made for it */
	if (!file_exists(cert) && j->where->state_dir) {
		if (!cert_make_self_signed(host_name(j->s), cert, key, true, &err)) {
			problems_add(
				j->p, SEV_ERROR, w.subject,
				"put certificate and key there, or make the directory writable",
				"%s is missing and can't be made: %s", cert, err.text);
			j->in->has_cert = load_in_use(j, &w, &j->in->cert);
			return;
		}
		problems_add(j->p, SEV_NOTE, w.subject, NULL, "made %s for '%s'", cert,
			     host_name(j->s));
	} else if (!file_exists(cert)) {
		return;
	}
	renew_self_signed(j, cert, key);
	bool loaded = cert_load(j->a, cert, key, &j->in->cert, &err);
	if (loaded && file_exists(ca) && !cert_append_issuer(j->a, ca, &j->in->cert, &err))
		problems_add(j->p, SEV_WARNING, w.subject, "replace or remove the file", "%s",
			     err.text);
	j->in->has_cert = accept(j, &w, loaded, &err, &j->in->cert);
}

static void read_custom(struct job *j)
{
	const char *full = cert_place_config(j->a, j->s, j->where, "-full.pem");
	const struct want w = main_want(j, "SSL_TYPE='custom'",
					"put the key and the certificate chain there, in one file");

	j->in->has_cert = load(j, &w, full, full, &j->in->cert);
}

static void read_snakeoil(struct job *j)
{
	const struct want w = main_want(j, "SSL_TYPE='snakeoil'", "install the package ssl-cert");

	j->in->has_cert = load(j, &w, "/etc/ssl/certs/ssl-cert-snakeoil.pem",
			       "/etc/ssl/private/ssl-cert-snakeoil.key", &j->in->cert);
}

static void read_manual(struct job *j)
{
	const struct settings *s = j->s;
	const struct want w = main_want(j, "SSL_TYPE='manual'",
					"mount the files at SSL_CERT_PATH and SSL_KEY_PATH");
	const struct want alt = { "SSL_ALT_CERT_PATH",
				  "mount the files at SSL_ALT_CERT_PATH and SSL_ALT_KEY_PATH",
				  host_name(s), "alt-cert.pem", "alt-key.pem" };

	if (!is_set(s->ssl_cert_path) || !is_set(s->ssl_key_path))
		return; /* a finding of settings_check() */
	if (j->where->state_dir && !file_exists(s->ssl_cert_path) && !file_exists(s->ssl_key_path))
		problems_add(j->p, SEV_ERROR,
			     arena_printf(j->a, "SSL_KEY_PATH='%s'", s->ssl_key_path),
			     "mount the files at SSL_CERT_PATH and SSL_KEY_PATH", "no such file");
	j->in->has_cert = load(j, &w, s->ssl_cert_path, s->ssl_key_path, &j->in->cert);
	if (!is_set(s->ssl_alt_cert_path) && !is_set(s->ssl_alt_key_path))
		return;
	if (!is_set(s->ssl_alt_cert_path) || !is_set(s->ssl_alt_key_path)) {
		problems_add(
			j->p, SEV_ERROR,
			is_set(s->ssl_alt_cert_path) ? "SSL_ALT_KEY_PATH" : "SSL_ALT_CERT_PATH",
			"set both, or neither", "is empty; a second certificate needs both paths");
		return;
	}
	if (!load(j, &alt, s->ssl_alt_cert_path, s->ssl_alt_key_path, &j->in->alt_cert))
		j->in->alt_cert = (struct cert){ 0 };
}

/* The entry that ends last of those that can be used; several resolvers may have the name. */
static bool take_acme(struct job *j, const char *path, const struct acme_vec *entries,
		      struct cert *cert_r, struct err *err)
{
	bool found = false;

	for (size_t i = 0; i < entries->n; i++) {
		const struct acme_entry *e = &entries->v[i];
		const char *label =
			*e->resolver ? arena_printf(j->a, "%s (%s, %s)", path, e->resolver, e->main)
				     : arena_printf(j->a, "%s (%s)", path, e->main);
		const struct cert_texts t = { e->chain, e->key, label, label };
		struct err why = ERR_INIT;
		struct cert cert;
		if (e->problem)
			(void)err_set(&why, ERR_DATA, "%s: %s", label, e->problem);
		if (e->problem || !cert_parse(j->a, &t, &cert, &why)) {
			*err = why;
			continue;
		}
		if (!found || cert.not_after > cert_r->not_after)
			*cert_r = cert;
		found = true;
	}
	return found;
}

/* Why acme.json gave nothing, and the PEM files decide. */
static void pass_over_acme(struct job *j, const char *path, const char *why)
{
	problems_add(j->p, SEV_WARNING, path, "set SSL_DOMAIN to the name it is stored under",
		     "%s: the files of certbot or lego are looked for", why);
}

/* True when acme.json decided: has_cert tells whether well. */
static bool read_acme(struct job *j, const struct cert_place *other)
{
	const char *path = cert_place_acme(j->a, j->where), *names[CERT_NAMES_MAX];
	const struct want w = main_want(j, path, "let Traefik write it anew");
	size_t n = cert_place_names(j->s, names), length;
	struct acme_vec entries = VEC_INIT;
	struct err err = ERR_INIT, why = ERR_INIT;
	struct cert in_use;
	char *text;

	if (!file_exists(path))
		return false;
	j->keep_key_hint =
		"Traefik has no option for it: publish the new key's record before it renews, or "
		"use another ACME client";
	bool readable = file_read(j->a, path, ACME_FILE_MAX, &text, &length, &why);
	if (readable && length == 0)
		(void)err_set(&why, ERR_DATA, "is empty: nothing was issued yet");
	if (readable && length > 0 &&
	    acme_find(j->a, (struct str){ text, length }, names, n, host_name(j->s), &entries,
		      &why)) {
		bool loaded = take_acme(j, path, &entries, &j->in->cert, &err);
		if (entries.n > 0) {
			j->in->has_cert = accept(j, &w, loaded, &err, &j->in->cert);
			return true;
		}
		(void)err_set(&why, ERR_DATA, "has no certificate for %s%s%s%s%s", names[0],
			      n > 1 ? ", " : "", n > 1 ? names[1] : "", n > 2 ? ", " : "",
			      n > 2 ? names[2] : "");
	}
	if (load_in_use(j, &w, &in_use) || other == NULL) {
		const char *sentence = has_prefix(why.text, "is ") || has_prefix(why.text, "has ")
					       ? arena_printf(j->a, "%s %s", path, why.text)
					       : why.text;
		(void)err_set(&err, ERR_DATA, "%s", sentence);
		j->in->has_cert = accept(j, &w, false, &err, &j->in->cert);
		return true;
	}
	pass_over_acme(j, path, why.text);
	return false;
}

static void read_letsencrypt(struct job *j)
{
	const struct want w = main_want(j, "SSL_TYPE='letsencrypt'",
					"renew the certificate with its own program");
	struct cert_place_vec places = VEC_INIT;
	const struct cert_place *found = NULL;
	autobuf struct buf tried = BUF_INIT;

	cert_places(j->a, j->s, j->where, &places);
	for (size_t i = 0; i < places.n; i++) {
		buf_printf(&tried, "%s%s", i ? ", " : "", places.v[i].cert);
		if (found == NULL && file_exists(places.v[i].cert))
			found = &places.v[i];
	}
	if (read_acme(j, found))
		return;
	if (found == NULL) {
		problems_add(
			j->p, is_elsewhere(j->where) ? SEV_WARNING : SEV_ERROR, w.subject,
			"mount the directory of the ACME client at /etc/letsencrypt, or set SSL_DOMAIN",
			"none of these can be read: %s", tried.p);
		j->in->has_cert = load_in_use(j, &w, &j->in->cert);
		return;
	}
	j->keep_key_hint = found->is_lego ? "lego renew --reuse-key"
					  : "certbot renew --reuse-key (reuse_key = True in "
					    "renewal/NAME.conf)";
	j->in->has_cert = load(j, &w, found->cert, found->key, &j->in->cert);
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

static bool is_named(const struct sni_entry_vec *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->v[i].name, name))
			return true;
	return false;
}

/* A line that can't be read may be that of any name in use: they all stay. */
static void keep_named(struct job *j, const struct sni_entry_vec *list)
{
	const char *dir = arena_printf(j->a, "%s/sni", j->where->tls_dir);
	struct dirent **files = NULL;
	int n = scandir(dir, &files, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *file = files[i]->d_name;
		if (has_suffix(file, ".pem")) {
			char *stem = arena_strndup(j->a, file, strlen(file) - strlen(".pem"));
			const struct want w = { .live_cert = arena_printf(j->a, "sni/%s.pem", stem),
						.live_key =
							arena_printf(j->a, "sni/%s.key", stem) };
			struct named_cert kept = { .name = stem };
			if (has_prefix(stem, "_."))
				stem[0] = '*';
			if (!is_named(list, stem) && load_in_use(j, &w, &kept.cert))
				*VEC_PUSH(j->a, &j->in->named_certs) = kept;
		}
		free(files[i]);
	}
	free(files);
}

/* A name that can't be served is left out; while the server runs, it keeps what it has. */
static void read_named(struct job *j)
{
	struct sni_entry_vec list = VEC_INIT;
	size_t errors = problems_errors(j->p);

	sni_read(j->a, j->where, &list, j->p);
	if (j->where->tls_dir && problems_errors(j->p) > errors)
		keep_named(j, &list);
	j->keep_key_hint = NULL;
	for (size_t i = 0; i < list.n; i++) {
		const struct sni_entry *e = &list.v[i];
		const struct want w = {
			e->subject, "put certificate and key there, or take the name away", e->name,
			arena_printf(j->a, "sni/%s.pem", sni_file_name(j->a, e->name)),
			arena_printf(j->a, "sni/%s.key", sni_file_name(j->a, e->name))
		};
		struct named_cert n = { .name = e->name };
		if (load(j, &w, e->cert, e->key, &n.cert))
			*VEC_PUSH(j->a, &j->in->named_certs) = n;
	}
}

static uint64_t fingerprint(const struct cert *c)
{
	uint64_t chain = c->chain_pem ? hash_bytes(c->chain_pem, strlen(c->chain_pem)) : 0;
	uint64_t key = c->key_pem ? hash_bytes(c->key_pem, strlen(c->key_pem)) : 0;

	return chain * 31 + key;
}

static uint64_t fingerprint_of_all(const struct inputs *in)
{
	uint64_t sum = fingerprint(&in->cert) * 31 + fingerprint(&in->alt_cert);

	for (size_t i = 0; i < in->named_certs.n; i++) {
		const struct named_cert *n = &in->named_certs.v[i];
		sum = (sum * 31 + hash_bytes(n->name, strlen(n->name))) * 31 +
		      fingerprint(&n->cert);
	}
	return sum;
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
	in->named_certs = (struct named_cert_vec)VEC_INIT;
	read_named(&j);
	in->fingerprint[__builtin_ctz(INPUT_TLS)] = fingerprint_of_all(in);
}

bool certs_remember(struct arena *a, const struct inputs_where *where, const struct inputs *in,
		    struct err *err)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	const struct file_attr dir = { 0755, (uid_t)-1, (gid_t)-1 };
	const char *path = last_key_path(a, where);
	struct err ignored = ERR_INIT;
	char *old;

	if (!in->has_cert ||
	    (file_read(a, path, 256, &old, NULL, &ignored) && streq(old, in->cert.key_id)))
		return true;
	return dir_make(arena_printf(a, "%s/lib-mailserver/tls", where->state_dir), &dir, err) &&
	       file_replace(path, in->cert.key_id, strlen(in->cert.key_id), &attr, FILE_DURABLE,
			    NULL, err);
}

bool certs_are_due(const struct inputs *in, int64_t now)
{
	return in->has_cert && in->cert.is_made && ends_soon(&in->cert, now);
}
