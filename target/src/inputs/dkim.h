/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	dkim - which key signs whose mail: KeyTable, SigningTable, TrustedHosts and the keys
 *
 *	KeyTable	NAME DOMAIN:SELECTOR:PATH	PATH below /etc/opendkim/, which is the
 *			directory here; another absolute path; or the key itself (DER in base64)
 *	SigningTable	PATTERN NAME[:SIGNER]		PATTERN of an address, "*" stands for anything
 *	TrustedHosts	address, network, name or .domain; "!" before it excludes
 *
 * "#" begins a comment anywhere. Tables and keys are one thing: with an error in any of them the last
 * good copy of all of them is used. Without a KeyTable nothing is signed and the other files do not
 * count.
 *
 * CHECKS
 *	A key that is missing, unreadable or no key; a name that is not in the KeyTable; two keys for
 *	one selector: errors. A record NAME.txt beside the key that publishes another key, a key in
 *	no table: warnings.
 *
 * OWNERSHIP
 *	The arena. Keys are secret.
 *
 * SOURCES
 *	opendkim.conf(5) KeyTable, SigningTable, PeerList; opendkim(8) "DATA SETS".
 */
#ifndef INPUTS_DKIM_H
#define INPUTS_DKIM_H

#include "inputs/dkim_key.h"
#include "inputs/dkim_paths.def"
#include "inputs/inputs.h"

/* The parsers of the three files; `file` names it in findings. Keys come without key texts. */
void dkim_parse_keys(struct arena *a, const char *file, struct str text, struct dkim_key_vec *out,
		     struct problems *p);
void dkim_parse_rules(struct arena *a, const char *file, struct str text, struct dkim_rule_vec *out,
		      struct problems *p);
void dkim_parse_hosts(struct arena *a, const char *file, struct str text, struct text_vec *out,
		      struct problems *p);

/* Fills in->dkim and the INPUT_DKIM fingerprint; adds to in->fallen. vanished: the directory is not
 * mounted, the last good copies count. */
void dkim_read(struct arena *a, const struct settings *s, const struct inputs_where *where,
	       bool vanished, struct inputs *in, struct problems *p);
/* Part of inputs_save_last_good(). */
bool dkim_save_last_good(struct arena *a, const struct inputs_where *where, const struct dkim *dkim,
			 struct err *err) MUST_CHECK;
/* Directories whose change may mean another key, for the watcher. */
void dkim_watch_dirs(struct arena *a, const char *config_dir, struct text_vec *dirs);

/* Whether a rule signs mail of everybody in the domain. */
bool dkim_signs_domain(const struct dkim *dkim, const char *domain);

#endif
