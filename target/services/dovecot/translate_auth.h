/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	translate_auth - passdb and userdb sections of Dovecot 2.3
 *
 * Their "args" is a language of its own for each driver, which 2.4 has as settings.
 *
 * OWNERSHIP
 *	Everything lives in the arena.
 *
 * SOURCES
 *	Dovecot 2.3 "Password databases", "User databases"; 2.4 the same pages.
 */
#ifndef SERVICES_DOVECOT_TRANSLATE_AUTH_H
#define SERVICES_DOVECOT_TRANSLATE_AUTH_H

#include "dovecot/translate.h"

struct auth_block;

/* At "passdb {" or "userdb {" without a name. */
struct auth_block *auth_block_begin(struct arena *a, const char *name, const char *indent,
				    unsigned line);
void auth_block_set(struct auth_block *block, const char *key, const char *value);
/* It can't be translated; advice. */
void auth_block_refuse(struct auth_block *block, const char *advice);
/* Writes the section in its new form; why it can't, as advice, or NULL. */
const char *auth_block_end(struct auth_block *block, struct translated_vec *out);
const char *auth_block_name(const struct auth_block *block);
unsigned auth_block_line(const struct auth_block *block);

#endif
