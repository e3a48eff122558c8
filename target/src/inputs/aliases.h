/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	aliases - postfix-virtual.cf (virtual(5)) and MAIL_ALIASES
 *
 * Continuation lines (leading blank) belong to the line before, as Postfix reads them.
 *
 * FINDINGS
 *	error	no target, bad key or target, a command or file as target
 *	warning	a key twice (the first line counts)
 *
 * SOURCES
 *	virtual(5); docs/compatibility.md.
 *
 * SEE ALSO
 *	regexp.h, local_aliases.h
 */
#ifndef INPUTS_ALIASES_H
#define INPUTS_ALIASES_H

#include "inputs/inputs.h"
#include "inputs/local_aliases.h"
#include "inputs/regexp.h"

#define ALIASES_FILE "postfix-virtual.cf"

/* Adds every alias of the text to the empty *out. *index becomes key → position in out, to be read
 * with inputs_index_get(). */
void aliases_parse(struct arena *a, const char *file, struct str text, struct alias_vec *out,
		   struct map *index, struct problems *p);
/* "alias@domain=target[,target]" separated by white space. */
void aliases_parse_env(struct arena *a, const char *value, struct alias_vec *out, struct map *index,
		       struct problems *p);
/* Why the text can't be an alias key / target, as a clause, or NULL. Key: user@domain, @domain
 * (catch-all), or a bare local part. */
const char *alias_key_problem(const char *key);
const char *alias_target_problem(const char *target);

/* The targets of the key's first line (any case) as they stand there. False when there is none. */
bool aliases_find(struct arena *a, struct str text, const char *key, struct str *targets_r);

/* Edits of postfix-virtual.cf's text. Add: appends to the line of an existing key (any case), else
 * a new line; false when the recipient is there already. Del: removes the recipient, the line when
 * it was the only one; key "_" means every key; false when nothing matched. */
bool aliases_edit_add(struct str text, const char *key, const char *recipient, struct buf *out);
bool aliases_edit_del(struct str text, const char *key, const char *recipient, struct buf *out);

#endif
