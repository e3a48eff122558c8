/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	anchor - the keys of the root zone, which change while the server runs (RFC 5011)
 *
 *	ANCHOR_DIR/root.key	unbound's: the keys and what it has seen of them
 *	ANCHOR_DIR/seed		the package's keys that it began with
 *
 * anchor_seed() puts the package's keys there when root.key is missing or damaged, and when they
 * are others than those it began with: a new image knows better.
 *
 * ERRORS
 *	A file can't be written. A damaged root.key is a warning, and no error.
 */
#ifndef RESOLVER_ANCHOR_H
#define RESOLVER_ANCHOR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define ANCHOR_DIR "/var/mail-state/lib-unbound"
#define ANCHOR_PACKAGE "/usr/share/dns/root.key"

bool anchor_seed(struct arena *a, const char *dir, const char *package, struct err *err) MUST_CHECK;

/* Whether every line is empty, a comment, or a DNSKEY or DS record of the root, and there is at least one
 * that counts: unbound ends at any other line, and trusts nothing without one. */
bool anchor_is_sound(struct str text);

#endif
