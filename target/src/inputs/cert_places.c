/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	certbot's "Where are my certificates?" (live/NAME links into archive/NAME); lego's
 *	certificates/NAME.crt and NAME.key, with "_" for "*" (lego, cmd/certs_storage.go);
 *	readlink(2).
 */
#include "inputs/cert_places.h"

#include "base/file.h"
#include "inputs/acme.h"
#include "inputs/sni.h"

#define LINKS_MAX 8

static bool is_set(const char *text)
{
	return text && *text;
}

static const char *letsencrypt_root(const struct inputs_where *where)
{
	return where->letsencrypt_dir ? where->letsencrypt_dir : INPUTS_LETSENCRYPT;
}

const char *cert_place_config(struct arena *a, const struct settings *s,
			      const struct inputs_where *where, const char *suffix)
{
	return arena_printf(a, "%s/ssl/%s%s", where->config_dir ? where->config_dir : "",
			    is_set(s->hostname) ? s->hostname : "localhost", suffix);
}

const char *cert_place_acme(struct arena *a, const struct inputs_where *where)
{
	return arena_printf(a, "%s/" ACME_FILE, letsencrypt_root(where));
}

size_t cert_place_names(const struct settings *s, const char *names[CERT_NAMES_MAX])
{
	const char *const all[CERT_NAMES_MAX] = { s->ssl_domain, s->hostname, s->domainname };
	size_t n = 0;

	for (size_t i = 0; i < CERT_NAMES_MAX; i++)
		if (is_set(all[i]))
			names[n++] = all[i];
	return n;
}

static void add_certbot(struct arena *a, const char *root, const char *name,
			struct cert_place_vec *out)
{
	const char *dir = arena_printf(a, "%s/live/%s", root, name);
	const char *key = arena_printf(a, "%s/privkey.pem", dir);

	if (!file_exists(key) && file_exists(arena_printf(a, "%s/key.pem", dir)))
		key = arena_printf(a, "%s/key.pem", dir);
	*VEC_PUSH(a, out) =
		(struct cert_place){ arena_printf(a, "%s/fullchain.pem", dir), key, false };
}

static void add_lego(struct arena *a, const char *root, const char *name,
		     struct cert_place_vec *out)
{
	*VEC_PUSH(a, out) =
		(struct cert_place){ arena_printf(a, "%s/certificates/%s.crt", root, name),
				     arena_printf(a, "%s/certificates/%s.key", root, name), true };
}

void cert_places(struct arena *a, const struct settings *s, const struct inputs_where *where,
		 struct cert_place_vec *out)
{
	const char *root = letsencrypt_root(where), *names[CERT_NAMES_MAX];
	size_t n = cert_place_names(s, names);

	for (size_t i = 0; i < n; i++)
		add_certbot(a, root, has_prefix(names[i], "*.") ? names[i] + 2 : names[i], out);
	for (size_t i = 0; i < n; i++) {
		if (has_prefix(names[i], "*."))
			add_lego(a, root, arena_printf(a, "_%s", names[i] + 1), out);
		add_lego(a, root, has_prefix(names[i], "*.") ? names[i] + 2 : names[i], out);
	}
	/* A wildcard certificate of the domain covers the host. */
	if (is_set(s->domainname))
		add_lego(a, root, arena_printf(a, "_.%s", s->domainname), out);
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

static const char *parent_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash > path ? arena_strndup(a, path, (size_t)(slash - path)) : NULL;
}

/* The file's directory, and those of all that it is a link to. */
static void add_file(struct arena *a, struct text_vec *dirs, const char *path)
{
	char target[PATH_MAX];

	for (int i = 0; i < LINKS_MAX && is_set(path); i++) {
		const char *dir = parent_of(a, path);
		ssize_t n;
		if (dir == NULL)
			return;
		add_dir(a, dirs, dir);
		n = readlink(path, target, sizeof(target));
		if (n <= 0 || (size_t)n >= sizeof(target))
			return;
		path = target[0] == '/' ? arena_strndup(a, target, (size_t)n)
					: arena_printf(a, "%s/%.*s", dir, (int)n, target);
	}
}

static void watch_letsencrypt(struct arena *a, const struct settings *s,
			      const struct inputs_where *where, struct text_vec *dirs)
{
	const char *root = letsencrypt_root(where);
	struct cert_place_vec places = VEC_INIT;

	add_dir(a, dirs, root);
	add_dir(a, dirs, arena_printf(a, "%s/live", root));
	cert_places(a, s, where, &places);
	add_file(a, dirs, cert_place_acme(a, where));
	for (size_t i = 0; i < places.n; i++) {
		add_file(a, dirs, places.v[i].cert);
		add_file(a, dirs, places.v[i].key);
	}
}

static void watch_named(struct arena *a, const struct inputs_where *where, struct text_vec *dirs)
{
	struct sni_entry_vec list = VEC_INIT;
	struct problems ignored;

	if (where->config_dir == NULL)
		return;
	problems_init(&ignored, a);
	sni_read(a, where, &list, &ignored);
	add_dir(a, dirs, arena_printf(a, "%s/" SNI_DIR, where->config_dir));
	for (size_t i = 0; i < list.n; i++) {
		add_file(a, dirs, list.v[i].cert);
		add_file(a, dirs, list.v[i].key);
	}
}

void certs_watch_dirs(struct arena *a, const struct settings *s, const struct inputs_where *where,
		      struct text_vec *dirs)
{
	const char *type = s->ssl_type ? s->ssl_type : "";

	if (streq(type, "manual")) {
		add_file(a, dirs, s->ssl_cert_path);
		add_file(a, dirs, s->ssl_key_path);
		add_file(a, dirs, s->ssl_alt_cert_path);
		add_file(a, dirs, s->ssl_alt_key_path);
	} else if (streq(type, "letsencrypt")) {
		watch_letsencrypt(a, s, where, dirs);
	} else if ((streq(type, "custom") || streq(type, "self-signed")) && where->config_dir) {
		add_dir(a, dirs, arena_printf(a, "%s/ssl", where->config_dir));
		add_dir(a, dirs, arena_printf(a, "%s/ssl/demoCA", where->config_dir));
		add_file(a, dirs, cert_place_config(a, s, where, "-full.pem"));
		add_file(a, dirs, cert_place_config(a, s, where, "-cert.pem"));
		add_file(a, dirs, cert_place_config(a, s, where, "-key.pem"));
	}
	watch_named(a, where, dirs);
}
