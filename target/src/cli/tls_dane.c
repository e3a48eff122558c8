/* SPDX-License-Identifier: MIT */
/*
 * `setup tls dane`: the records that let other servers check this one's certificate.
 *
 * "3 1 1" is the only form that is printed: the digest of the public key. It stays true when a certificate
 * is renewed with the same key, and needs no certificate authority.
 *
 * A label "*" matches only when it is the first of an owner name, so below _25._tcp there is no record for
 * all hosts of a wildcard certificate: each needs its own.
 *
 * SOURCES
 *	RFC 6698 §2.1, RFC 7671 §5.1, §8.1, RFC 7672 §3.1; RFC 4592 §2.1.1.
 */
#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/vec.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "cli/source.h"
#include "inputs/crypto.h"
#include "inputs/inputs.h"
#include "plan/paths.h"
#include "plan/plan.h"
#include "plan/probe.h"

#define PEM_MAX ((size_t)1 << 20)
#define SERVED_SNI PATH_LIVE "/tls/sni"
#define DIGEST_TEXT (2 * SHA256_DIGEST_LENGTH + 1)

struct record {
	const char *host;   /* may begin with "*." */
	const char *source; /* what the key was taken from */
	const char *use;    /* "current" or "next" */
	char digest[DIGEST_TEXT];
};
VEC_TYPE(record_vec, struct record);

struct job {
	struct arena a;
	struct settings s;
	struct record_vec records;
	int ports[PROBES_MAX];
	size_t ports_n;
};

static bool digest_of(const EVP_PKEY *key, char *out, struct err *err)
{
	unsigned char digest[SHA256_DIGEST_LENGTH], *der = NULL;
	int n = i2d_PUBKEY(key, &der);

	if (n <= 0)
		return crypto_failed(err, "write the public key");
	(void)SHA256(der, (size_t)n, digest);
	OPENSSL_free(der);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
	return true;
}

typedef EVP_PKEY *key_reader(BIO *b);

static EVP_PKEY *key_of_certificate(BIO *b)
{
	X509 *cert = PEM_read_bio_X509(b, NULL, crypto_no_passphrase, NULL);
	EVP_PKEY *key = cert ? X509_get_pubkey(cert) : NULL;

	X509_free(cert);
	return key;
}

static EVP_PKEY *key_of_request(BIO *b)
{
	X509_REQ *request = PEM_read_bio_X509_REQ(b, NULL, crypto_no_passphrase, NULL);
	EVP_PKEY *key = request ? X509_REQ_get_pubkey(request) : NULL;

	X509_REQ_free(request);
	return key;
}

static EVP_PKEY *key_public(BIO *b)
{
	return PEM_read_bio_PUBKEY(b, NULL, crypto_no_passphrase, NULL);
}

static EVP_PKEY *key_private(BIO *b)
{
	return PEM_read_bio_PrivateKey(b, NULL, crypto_no_passphrase, NULL);
}

/* The public key of the first certificate, request or key in PEM text. */
static EVP_PKEY *key_of_pem(const char *text, size_t n)
{
	static key_reader *const readers[] = { key_of_certificate, key_of_request, key_public,
					       key_private };
	EVP_PKEY *key = NULL;

	for (size_t i = 0; key == NULL && i < ARRAY_SIZE(readers); i++) {
		autobio BIO *b = BIO_new_mem_buf(text, (int)n);
		key = readers[i](b);
	}
	ERR_clear_error();
	return key;
}

/* One record for each key of a host, whatever it is read from. */
static void add_digest(struct job *j, const struct record *r)
{
	for (size_t i = 0; i < j->records.n; i++)
		if (streq(j->records.v[i].digest, r->digest) &&
		    streq(j->records.v[i].host, r->host))
			return;
	*VEC_PUSH(&j->a, &j->records) = *r;
}

static bool add_pem(struct job *j, const char *host, const char *source, const char *use,
		    const char *text, size_t n, struct err *err)
{
	autokey EVP_PKEY *key = key_of_pem(text, n);
	struct record r = { .host = host, .source = source, .use = use };

	if (key == NULL)
		return err_set(err, ERR_DATA,
			       "%s holds no certificate, certificate request or key in PEM form",
			       source);
	if (!digest_of(key, r.digest, err))
		return false;
	add_digest(j, &r);
	return true;
}

static bool add_file(struct job *j, const char *host, const char *path, const char *use,
		     struct err *err)
{
	char *text;
	size_t n;

	if (!file_read(&j->a, path, PEM_MAX, &text, &n, err))
		return false;
	bool ok = add_pem(j, host, arena_strdup(&j->a, path), use, text, n, err);
	explicit_bzero(text, n);
	return ok;
}

/* Those of further names: files "NAME.pem", with "_" for "*". */
static bool add_named_served(struct job *j, struct err *err)
{
	struct dirent **list = NULL;
	int n = scandir(SERVED_SNI, &list, NULL, alphasort);
	bool ok = true;

	for (int i = 0; i < n; i++) {
		char *name = arena_strdup(&j->a, list[i]->d_name);
		if (ok && has_suffix(name, ".pem")) {
			const char *path = arena_printf(&j->a, SERVED_SNI "/%s", name);
			name[strlen(name) - strlen(".pem")] = '\0';
			if (name[0] == '_')
				name[0] = '*';
			ok = add_file(j, name, path, "current", err);
		}
		free(list[i]);
	}
	free(list);
	return ok;
}

static bool add_served(struct job *j, struct err *err)
{
	static const char *const served[] = { PATH_LIVE "/tls/cert.pem",
					      PATH_LIVE "/tls/alt-cert.pem" };

	for (size_t i = 0; i < ARRAY_SIZE(served); i++)
		if (file_exists(served[i]) &&
		    !add_file(j, j->s.hostname, served[i], "current", err))
			return false;
	return add_named_served(j, err);
}

static bool add_chain(struct job *j, const char *host, const char *source, const struct cert *c,
		      struct err *err)
{
	return c->chain_pem == NULL ||
	       add_pem(j, host, source, "current", c->chain_pem, strlen(c->chain_pem), err);
}

/* What the server shows now; without one, what it would show. */
static bool add_current(struct job *j, const char *config_dir, bool running, struct err *err)
{
	const struct inputs_where where = { .config_dir = config_dir, .must_exist = true };
	struct problems p;
	struct inputs in;

	if (running)
		return add_served(j, err);
	problems_init(&p, &j->a);
	inputs_read(&j->a, &j->s, &where, &in, &p);
	if (!in.has_cert)
		return err_set(err, ERR_UNAVAILABLE,
			       "the server is not running here, and there is no certificate for "
			       "SSL_TYPE='%s'",
			       j->s.ssl_type);
	bool ok = add_chain(j, j->s.hostname, "the certificate", &in.cert, err) &&
		  add_chain(j, j->s.hostname, "the second certificate", &in.alt_cert, err);
	for (size_t i = 0; ok && i < in.named_certs.n; i++) {
		const struct named_cert *named = &in.named_certs.v[i];
		ok = add_chain(j, named->name,
			       arena_printf(&j->a, "the certificate for %s", named->name),
			       &named->cert, err);
	}
	return ok;
}

/* FILE, for the server's own name, or NAME=FILE for one of those that it has a certificate for. */
static bool add_next(struct job *j, const char *argument, struct err *err)
{
	const char *equals = strchr(argument, '='), *slash = strchr(argument, '/');
	const char *host = NULL;

	if (equals == NULL || (slash && slash < equals))
		return add_file(j, j->s.hostname, argument, "next", err);
	for (size_t i = 0; i < j->records.n && host == NULL; i++) {
		const char *known = j->records.v[i].host;
		if (strncasecmp(known, argument, strlen(known)) == 0 &&
		    argument + strlen(known) == equals)
			host = known;
	}
	if (host == NULL)
		return err_set(
			err, ERR_DATA,
			"%s: the server has no certificate for a host '%.*s': names are its own "
			"and those of ssl-sni.cf and ssl-sni/",
			argument, (int)(equals - argument), argument);
	return add_file(j, host, equals + 1, "next", err);
}

/* Ports with TLS, in their order. */
static void list_ports(struct job *j)
{
	const struct service_probe *list[PROBES_MAX];
	struct problems p;
	struct plan plan;

	problems_init(&p, &j->a);
	plan_make(&j->a, &j->s, NULL, true, &plan, &p);
	size_t n = probe_list(&plan, PROBE_ALL, list);
	for (size_t i = 0; i < n; i++) {
		size_t at = j->ports_n;
		if (!probe_is_mail_port(list[i]))
			continue;
		for (; at > 0 && j->ports[at - 1] > list[i]->port; at--)
			j->ports[at] = j->ports[at - 1];
		j->ports[at] = list[i]->port;
		j->ports_n++;
	}
}

static bool is_wildcard(const struct record *r)
{
	return r->host[0] == '*';
}

static const char *owner_name(struct job *j, const struct record *r, int port)
{
	return arena_printf(&j->a, "_%d._tcp.%s.", port, r->host);
}

static void print_text(struct job *j)
{
	for (size_t i = 0; i < j->records.n; i++) {
		const struct record *r = &j->records.v[i];
		printf("%s; %s key (%s)\n", i ? "\n" : "", r->use, r->source);
		if (is_wildcard(r))
			printf("; for each host, with its name in the place of \"*\"\n");
		for (size_t k = 0; k < j->ports_n; k++)
			printf("%s%s IN TLSA 3 1 1 %s\n", is_wildcard(r) ? "; " : "",
			       owner_name(j, r, j->ports[k]), r->digest);
	}
}

static void print_json(struct job *j)
{
	autobuf struct buf out = BUF_INIT;

	buf_addc(&out, '[');
	for (size_t i = 0; i < j->records.n; i++)
		for (size_t k = 0; k < j->ports_n; k++) {
			const struct record *r = &j->records.v[i];
			buf_adds(&out, i + k ? ",\n {\"name\": " : "{\"name\": ");
			json_add_text(&out, owner_name(j, r, j->ports[k]));
			buf_adds(&out, ", \"host\": ");
			json_add_text(&out, r->host);
			buf_printf(&out, ", \"wildcard\": %s, \"port\": %d, \"key\": ",
				   is_wildcard(r) ? "true" : "false", j->ports[k]);
			json_add_text(&out, r->use);
			buf_adds(&out, ", \"source\": ");
			json_add_text(&out, r->source);
			buf_printf(&out,
				   ", \"usage\": 3, \"selector\": 1, \"matching\": 1, "
				   "\"data\": \"%s\"}",
				   r->digest);
		}
	buf_addc(&out, ']');
	puts(out.p);
}

int tls_dane(const struct cmd *cmd)
{
	struct settings_source src;
	struct err err = ERR_INIT;
	struct problems ignored;
	struct job j = { .ports_n = 0 };
	bool running, ok;

	arena_init(&j.a, "tls dane");
	problems_init(&ignored, &j.a);
	source_current(&j.a, &src, &running);
	settings_load(&j.a, &src, &j.s, &ignored);
	ok = add_current(&j, cmd->config_dir, running, &err);
	for (int i = 0; ok && i < cmd->argc; i++)
		ok = add_next(&j, cmd->argv[i], &err);
	if (ok) {
		list_ports(&j);
		(cmd_has_flag(cmd, 'j') ? print_json : print_text)(&j);
	} else {
		say_error("%s", err.text);
	}
	arena_fini(&j.a);
	return ok ? 0 : 1;
}
