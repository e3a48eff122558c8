/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	effective - what accounts and aliases mean together
 *
 * inputs_effective_aliases() (contract in inputs.h), and the findings that need more than one file.
 *
 * FINDINGS
 *	warning	a target that is in a hosted domain and received by nobody; a circle of aliases
 *	note	an alias that takes an account's mail; POSTMASTER_ADDRESS that nobody receives
 */
#ifndef INPUTS_EFFECTIVE_H
#define INPUTS_EFFECTIVE_H

#include "inputs/inputs.h"

/* Adds the findings; in must be complete with its indexes. */
void effective_check(struct arena *a, const struct settings *s, const struct inputs *in,
		     struct problems *p);

#endif
