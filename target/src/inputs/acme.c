/* SPDX-License-Identifier: MIT */
/*
 * The members are looked up by name; what is of another kind than expected is passed over, because
 * a resolver's member holds its account as well.
 *
 * SOURCES
 *	Traefik's documentation "ACME", "storage"; docs/tls.md "Certificates"; jansson's API reference;
 *	EVP_DecodeBlock(3).
 */
#include "inputs/acme.h"

#include <jansson.h>
#include <openssl/evp.h>

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson __attribute__((cleanup(json_cleanup)))

/* The member under its name of version 2 or of version 1. */
static json_t *member(const json_t *object, const char *v2, const char *v1)
{
	json_t *j = json_object_get(object, v2);

	return j ? j : json_object_get(object, v1);
}

static const char *text_of(const json_t *j)
{
	return json_is_string(j) ? json_string_value(j) : "";
}

static json_t *domain_of(const json_t *entry)
{
	return member(entry, "domain", "Domain");
}

/* Calls fits for domain.main and each of domain.sans. */
static bool any_name(const json_t *entry, const char *wanted,
		     bool (*fits)(const char *name, const char *wanted))
{
	const json_t *domain = domain_of(entry), *sans = member(domain, "sans", "SANs");

	if (fits(text_of(member(domain, "main", "Main")), wanted))
		return true;
	for (size_t i = 0; i < json_array_size(sans); i++)
		if (fits(text_of(json_array_get(sans, i)), wanted))
			return true;
	return false;
}

static bool is_name(const char *name, const char *wanted)
{
	return strcasecmp(name, wanted) == 0;
}

/* "*.example.org" covers one label in front of it. */
static bool covers(const char *name, const char *wanted)
{
	const char *dot = strchr(wanted, '.');

	return has_prefix(name, "*.") && dot && dot != wanted && strcasecmp(name + 1, dot) == 0;
}

static bool decode(struct arena *a, const char *base64, struct str *out_r)
{
	size_t n = strlen(base64);
	unsigned char *out = arena_alloc(a, n / 4 * 3 + 1);
	int got;

	if (n == 0 || n % 4 != 0 || n > INT_MAX)
		return false;
	/* The cast: text as unsigned bytes. */
	got = EVP_DecodeBlock(out, (const unsigned char *)base64, (int)n);
	if (got < 0)
		return false;
	/* What the padding stands for counts as zero bytes. */
	for (size_t i = n; got > 0 && i > n - 2 && base64[i - 1] == '='; i--)
		got--;
	*out_r = (struct str){ (const char *)out, (size_t)got };
	return true;
}

static void take(struct arena *a, const char *resolver, const json_t *entry, struct acme_vec *out)
{
	struct acme_entry e = { .resolver = arena_strdup(a, resolver) };
	struct str none = { "", 0 };

	e.main = arena_strdup(a, text_of(member(domain_of(entry), "main", "Main")));
	e.chain = e.key = none;
	if (!decode(a, text_of(member(entry, "certificate", "Certificate")), &e.chain))
		e.problem = "its certificate is missing or is no base64";
	else if (!decode(a, text_of(member(entry, "key", "Key")), &e.key))
		e.problem = "its key is missing or is no base64";
	*VEC_PUSH(a, out) = e;
}

struct search {
	struct arena *a;
	const json_t *root;
	const char *wanted;
	bool (*fits)(const char *name, const char *wanted);
	struct acme_vec *out;
};

static void search_list(const struct search *s, const char *resolver, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *entry = json_array_get(list, i);
		if (any_name(entry, s->wanted, s->fits))
			take(s->a, resolver, entry, s->out);
	}
}

static void search_all(const struct search *s)
{
	json_t *root = json_incref((json_t *)(uintptr_t)s->root); /* iteration wants no const */
	const char *resolver;
	json_t *value;

	search_list(s, "", json_object_get(root, "Certificates"));
	json_object_foreach(root, resolver, value)
		search_list(s, resolver, member(value, "Certificates", "certificates"));
	json_decref(root);
}

bool acme_find(struct arena *a, struct str text, const char *const *names, size_t n,
	       const char *host, struct acme_vec *entries_r, struct err *err)
{
	json_error_t why;
	autojson json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);
	struct search s = { .a = a, .root = root, .fits = is_name, .out = entries_r };

	*entries_r = (struct acme_vec)VEC_INIT;
	if (root == NULL)
		return err_set(err, ERR_DATA, "is no whole JSON (line %d: %s)", why.line, why.text);
	if (!json_is_object(root))
		return err_set(err, ERR_DATA, "is JSON, but no object with resolvers");
	for (size_t i = 0; i < n && entries_r->n == 0; i++) {
		s.wanted = names[i];
		search_all(&s);
	}
	if (entries_r->n == 0 && host) {
		s.wanted = host;
		s.fits = covers;
		search_all(&s);
	}
	return true;
}
