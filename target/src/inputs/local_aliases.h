/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	local_aliases - postfix-aliases.cf: aliases(5) of the host itself ("devnull: /dev/null")
 *
 * They work for mail to the host name and as targets without a domain, not for mail domains.
 *
 * FINDINGS
 *	error	no ":", empty name, no target
 *	warning	a name twice (the first counts); root, which belongs to POSTMASTER_ADDRESS
 *
 * SOURCES
 *	aliases(5); docs/compatibility.md.
 */
#ifndef INPUTS_LOCAL_ALIASES_H
#define INPUTS_LOCAL_ALIASES_H

#include "base/str.h"
#include "settings/problems.h"

#define LOCAL_ALIASES_FILE "postfix-aliases.cf"

/* Checks "name: target, target"; returns the lines to hand to Postfix: one logical line a line, no
 * comments, no second definition, no root. */
const char *local_aliases_parse(struct arena *a, const char *file, struct str text,
				struct problems *p);
/* The targets of the name (any case) as they stand in a text of local_aliases_parse() or a file, and
 * the number of their line; false when the name is not there. */
bool local_aliases_find(struct arena *a, struct str text, const char *name, struct str *targets_r,
			unsigned *line_r);
/* Whether the text (of local_aliases_parse()) defines the name, any case. */
bool local_aliases_define(const char *text, const char *name);

#endif
