/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	given - addresses as a person types them, in the form that files hold
 */
#ifndef CLI_GIVEN_H
#define CLI_GIVEN_H

#include "base/arena.h"

/* Lower case, the domain in its ASCII form; as typed where that can't be made: then it is found
 * nowhere. */
const char *given_address(struct arena *a, const char *typed);
/* The same, and says so when capital letters are changed. */
const char *given_new_address(struct arena *a, const char *typed);
/* A target keeps its capitals: only its domain is changed, and only when it is not ASCII. */
const char *given_target(struct arena *a, const char *typed);

#endif
