/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	types - values that a Postfix parameter can't have
 *
 * Postfix checks a value when the program that uses it starts, and by then mail is refused or the
 * default is used without a word (a switch that is neither yes nor no). The kind of a parameter is
 * read off its default, which postconf(1) -d tells: a switch, a whole number, a time.
 *
 * LIMITS
 *	A value with "$" is not judged.
 */
#ifndef SERVICES_POSTFIX_TYPES_H
#define SERVICES_POSTFIX_TYPES_H

#include "service.h"

enum parameter_kind { PARAMETER_TEXT, PARAMETER_SWITCH, PARAMETER_NUMBER, PARAMETER_TIME };

enum parameter_kind types_kind_of(const char *default_value);
/* What the value should be, as a clause, or NULL when it is that. */
const char *types_problem(enum parameter_kind kind, const char *value);

/* Asks postconf(1) about all parameters of the list; wrong values are findings. */
bool types_check(struct arena *a, const struct override_vec *list, struct problems *p,
		 struct err *err) MUST_CHECK;

#endif
