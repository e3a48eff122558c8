/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	acme - certificates in Traefik's acme.json
 *
 *	acme_find(a, text, names, n, host, &entries, &err);
 *
 * Both shapes are read: version 2 has one member for each resolver, {"le": {"Certificates":
 * [{"domain": {"main", "sans"}, "certificate", "key"}]}}; version 1 has "Certificates" at the top,
 * and capitals: {"Domain": {"Main", "SANs"}, "Certificate", "Key"}. Certificate and key are PEM in
 * base64.
 *
 * OWNERSHIP
 *	Results live in the arena, keys too: wipe the arena.
 *
 * ERRORS
 *	ERR_DATA with one sentence: no JSON (a file that is half written, too), or JSON of another
 *	kind. No entry for the names is no error: entries.n stays 0.
 */
#ifndef INPUTS_ACME_H
#define INPUTS_ACME_H

#include "base/err.h"
#include "inputs/inputs.h"

#define ACME_FILE "acme.json"
#define ACME_FILE_MAX ((size_t)32 << 20)

struct acme_entry {
	const char *resolver;  /* "" in version 1 */
	const char *main;      /* domain.main */
	struct str chain, key; /* PEM; empty when `problem` is set */
	const char *problem;   /* what is wrong with it, NULL = nothing */
};
VEC_TYPE(acme_vec, struct acme_entry);

/* The entries, of all resolvers, for the first of the names that has one: as domain.main or in
 * domain.sans, literally ("*.example.org" too; case ignored). When none has: those with a wildcard
 * that covers host (may be NULL). */
bool acme_find(struct arena *a, struct str text, const char *const *names, size_t n,
	       const char *host, struct acme_vec *entries_r, struct err *err) MUST_CHECK;

#endif
