/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	resolve - where aliases lead, as the MTA follows them
 *
 * Addresses are lower case. An extension ("anna+lists@…") is taken off unless an alias has it in
 * its key. Patterns (postfix-regexp.cf) are not followed; where one might interfere, the answer is
 * "unknown".
 *
 * OWNERSHIP
 *	Texts live in the arena, entries in struct inputs.
 */
#ifndef INPUTS_RESOLVE_H
#define INPUTS_RESOLVE_H

#include "inputs/inputs.h"

/* A target as a lower-case copy without extension. */
char *resolve_bare(struct arena *a, struct str target);

/* The alias that takes the address: one of its own, else the catch-all of its domain unless an
 * account has it. NULL: it is delivered, refused, or leaves. */
const struct alias *resolve_entry(struct arena *a, const struct inputs *in, const char *address);

/* The one address that mail for the alias ends at, if there is exactly one and its domain is ours:
 * an account, or nobody. NULL: several, elsewhere, a circle, or unknown. */
const char *resolve_single(struct arena *a, const struct settings *s, const struct inputs *in,
			   const struct alias *x);

/* "a@x → b@x → a@x" when mail for the alias comes back to it, through any of its targets; else
 * NULL. An alias that is its own target is none. */
const char *resolve_circle(struct arena *a, const struct inputs *in, const struct alias *x);

#endif
