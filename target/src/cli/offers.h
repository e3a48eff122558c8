/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	offers - a growing list of completions, and those that come from the administrator's files
 *
 * OWNERSHIP
 *	What is offered is copied into the arena.
 */
#ifndef CLI_OFFERS_H
#define CLI_OFFERS_H

#include "base/buf.h"
#include "base/map.h"
#include "cli/argtype.h"

struct offers {
	struct arena *a;
	const char *config_dir;
	const char *typed; /* only what begins with it is offered */
	const char *lead;  /* put before every offer: "anna@example.com," of a list */
	struct map seen;
	struct buf *out;
	size_t n, max;
};

/* Offers the word once; about may be "". */
void offers_add(struct offers *o, struct str word, const char *about);
/* What the files know of that kind. before: the arguments that stand before the one typed. */
void offers_gather(struct offers *o, enum argtype_offer kind, int n_before, char *const *before);

#endif
