/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	nearest - the known word that was probably meant
 *
 *	struct nearest near = NEAREST_INIT("emial");
 *	nearest_try(&near, "email"); …
 *	if (near.word[0]) "did you mean '%s'?"
 */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include "base/str.h"

struct nearest {
	const char *typed;
	char word[64];	   /* "" = none is near */
	unsigned distance; /* of word; first: one more than is near */
};

/* Two slips of the hand are near. */
#define NEAREST_INIT(text)                                                                         \
	{                                                                                          \
		.typed = (text), .word = "", .distance = 3                                         \
	}

/* Keeps the word when it is nearer than all before; words that share nothing but their shortness
 * are not near. */
void nearest_try(struct nearest *near, struct str word);
/* Takes the word whatever its spelling: it is what people mean. */
void nearest_set(struct nearest *near, struct str word);

#endif
