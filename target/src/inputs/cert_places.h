/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	cert_places - where certificates may lie, and what to watch to see them change
 *
 * A place is a pair of paths. Each of the two may be a symbolic link, as those of certbot are: the
 * directories on the way to the file are watched too.
 */
#ifndef INPUTS_CERT_PLACES_H
#define INPUTS_CERT_PLACES_H

#include "inputs/inputs.h"

struct cert_place {
	const char *cert, *key;
	bool is_lego;
};
VEC_TYPE(cert_place_vec, struct cert_place);

/* <config>/ssl/<host name><suffix> */
const char *cert_place_config(struct arena *a, const struct settings *s,
			      const struct inputs_where *where, const char *suffix);
const char *cert_place_acme(struct arena *a, const struct inputs_where *where);

/* The names that a certificate may be stored under, in the order they are tried: SSL_DOMAIN, host
 * name, domain. */
#define CERT_NAMES_MAX 3
size_t cert_place_names(const struct settings *s, const char *names[CERT_NAMES_MAX]);

/* With SSL_TYPE=letsencrypt, in the order they are tried: live/NAME/ of certbot for all names,
 * then certificates/ of lego. The first whose chain exists counts. */
void cert_places(struct arena *a, const struct settings *s, const struct inputs_where *where,
		 struct cert_place_vec *out);

/* Directories whose change may mean a new certificate, for the watcher. */
void certs_watch_dirs(struct arena *a, const struct settings *s, const struct inputs_where *where,
		      struct text_vec *dirs);

#endif
