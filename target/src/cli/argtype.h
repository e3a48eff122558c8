/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	argtype - what stands in <…> of a pattern: its check, its words for people, its completion
 *
 * TO ADD A TYPE
 *	A row in the table of argtype.c. <a|b|c> is a choice and needs none.
 *
 * OWNERSHIP
 *	Everything is const and static.
 */
#ifndef CLI_ARGTYPE_H
#define CLI_ARGTYPE_H

#include "base/err.h"
#include "base/str.h"

/* What the shell offers for an argument of the type. */
enum argtype_offer {
	OFFER_NOTHING,
	OFFER_ACCOUNTS,
	OFFER_ALIASES,
	OFFER_RECIPIENTS,    /* accounts and aliases */
	OFFER_RECIPIENTS_OF, /* of the alias that stands before */
	OFFER_DOMAINS,	     /* as they are: example.com */
	OFFER_AT_DOMAINS,    /* of a new address: what can follow the "@" */
	OFFER_MASTERS,
	OFFER_RECIPIENTS_DOMAINS, /* accounts, aliases, domains */
	OFFER_RESTRICTED,	  /* in the direction that stands before */
	OFFER_FILES,
	OFFER_DAYS,
	OFFER_KEY_OPTIONS, /* of a new DKIM key: words, and what can stand behind each */
};

struct argtype {
	const char *name;
	const char *what; /* "an address that can be an account" */
	enum argtype_offer offer;
	/* Why arg is none, as a clause ("has no '@'"), or NULL. What the clause is about is written
	 * to bad when it is a part of arg only. Called with text that is not empty and has no
	 * control characters. */
	const char *(*problem)(const char *arg, char *bad, size_t size);
	bool is_password; /* never repeated in a message */
	bool is_command;  /* what follows is another program's: no flags, no help among it */
};

/* The type of that name; a choice "a|b" has the type "choice". NULL when there is none. */
const struct argtype *argtype_find(struct str name);
bool argtype_is_choice(struct str name);
/* Whether arg is one of the words of the choice (small and capital letters are the same). */
bool argtype_choice_has(struct str choice, const char *arg);

#endif
