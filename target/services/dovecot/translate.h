/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	translate - settings written for Dovecot 2.3 in the language of Dovecot 2.4
 *
 *	translate_text(&arena, "dovecot.cf", text, &lines, &problems);
 *
 * Line by line: what 2.4 understands as it is stays as it is, comments too; so a file may be in
 * either language, or in both. What has a new form gets it. What has none is a finding with advice:
 * all of them are told.
 *
 * FINDINGS (subject "<file>:<line>")
 *	note	the line and its new form (values of passwords are left out)
 *	warning	once: that the file is in the old language, and how to get the new one
 *	error	a line that can't be translated, with advice
 *
 * TO ADD A ROW
 *	translate.def; its case in test/fixtures/dovecot-2.3/.
 *
 * SOURCES
 *	Dovecot documentation "Upgrading Dovecot CE from 2.3 to 2.4", "Settings Variables";
 *	doveconf of 2.4.1 for what it takes.
 */
#ifndef SERVICES_DOVECOT_TRANSLATE_H
#define SERVICES_DOVECOT_TRANSLATE_H

#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"
#include "settings/problems.h"

/* A line of the result and the line that it comes from. */
struct translated {
	const char *text;
	unsigned line;
};
VEC_TYPE(translated_vec, struct translated);

void translate_text(struct arena *a, const char *file, struct str text, struct translated_vec *out,
		    struct problems *p);

/* One statement "key = value" on its way; filled by the engine, used by the functions of rows. */
struct translation {
	struct arena *a;
	struct translated_vec *out;
	const char *indent; /* of the line */
	const char *key, *value;
	unsigned line;
	const char *trouble; /* set: no translation; a clause of advice */
};

/* Adds a line with the indentation of the statement. */
void translate_emit(struct translation *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The functions that translate.def names; see there. */
typedef void translate_fn(struct translation *t);
translate_fn translate_mail_location, translate_boolean_list, translate_quota, translate_quota_rule,
	translate_quota_warning, translate_sieve_script, translate_sieve_personal,
	translate_extensions, translate_languages, translate_fts_exclude, translate_fts_enforced,
	translate_zlib_save, translate_zlib_level, translate_ssl_protocols,
	translate_prefer_ciphers, translate_unlimited, translate_worker_count, translate_acl,
	translate_acl_anyone, translate_acl_dict, translate_crypt_key, translate_crypt_version,
	translate_ssl_ca, translate_uidl_format, translate_fts, translate_imap_id_send;

/* The value with variables in the new language, or NULL with *trouble_r set. */
const char *translate_variables(struct arena *a, const char *value, const char **trouble_r);

#endif
