/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	sni - certificates for more names than the server's own
 *
 *	ssl-sni.cf	one a line: name, certificate (with its chain), key; paths are absolute, or
 *			below the configuration directory. A name may begin with "*."
 *	ssl-sni/NAME/	fullchain.pem and privkey.pem (else key.pem); "_" stands for "*" in NAME
 *
 * A name in both: the file counts.
 *
 * ERRORS
 *	Findings, subject "ssl-sni.cf:LINE" or "ssl-sni/NAME". What is in the files is not looked at
 *	here.
 */
#ifndef INPUTS_SNI_H
#define INPUTS_SNI_H

#include "inputs/inputs.h"

#define SNI_FILE "ssl-sni.cf"
#define SNI_DIR "ssl-sni"
/* Every connection process of the MTA looks up one of them; a configuration with more is an
 * accident. */
#define SNI_MAX 1000

struct sni_entry {
	const char *name; /* lower case */
	const char *cert, *key;
	const char *subject; /* for findings */
};
VEC_TYPE(sni_entry_vec, struct sni_entry);

/* Entries of the text, names unique; config_dir is what relative paths are below. */
void sni_parse(struct arena *a, const char *config_dir, struct str text, struct sni_entry_vec *out,
	       struct problems *p);
/* Those of the file and of the directory of where->config_dir. */
void sni_read(struct arena *a, const struct inputs_where *where, struct sni_entry_vec *out,
	      struct problems *p);

/* The name as part of a path: "_" for "*". */
const char *sni_file_name(struct arena *a, const char *name);

#endif
