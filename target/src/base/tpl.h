/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	tpl - strict subset of Mustache for configuration files
 *
 *	{{name}}			the value, written by the file's dialect
 *	{{#name}}…{{/name}}		once if true or a non-empty text, once per item of a list
 *	{{^name}}…{{/name}}		if false, empty text or empty list
 *	{{! note }}			nothing
 *
 * Nothing else: no expressions, no includes, no escapes. A section or note tag alone on its line
 * vanishes with the line. Inside a list section the item's fields hide outer names.
 *
 * ERRORS
 *	"label:line: unknown name 'x'", unclosed or crossed sections, a list where text is wanted, a
 *	value that the dialect can't carry. Class ERR_CONFIG. Nothing is ever an empty string by
 *	accident.
 *
 * SEE ALSO
 *	mustache(5); dialect.h
 */
#ifndef BASE_TPL_H
#define BASE_TPL_H

#include "base/buf.h"
#include "base/dialect.h"
#include "base/err.h"

enum tpl_kind { TPL_TEXT, TPL_BOOL, TPL_LIST };

struct tpl_field;

struct tpl_item {
	const struct tpl_field *fields;
	size_t n;
};

struct tpl_list {
	const struct tpl_item *items;
	size_t n;
};

struct tpl_value {
	enum tpl_kind kind;
	bool truth;	  /* TPL_BOOL */
	const char *text; /* TPL_TEXT; truth in a section = not empty and (for numbers) any text */
	struct tpl_list list; /* TPL_LIST */
};

struct tpl_field {
	const char *name;
	struct tpl_value value;
};

/* Fills *value_r for name; false = the name does not exist. */
typedef bool tpl_lookup_fn(void *ctx, const char *name, struct tpl_value *value_r);

struct tpl_spec {
	const char *label; /* for messages: "postfix/main.cf.tpl" */
	const char *text;  /* NUL-terminated template */
	enum dialect dialect;
	tpl_lookup_fn *lookup;
	void *ctx;
};

/* Appends the rendered text to out; on failure out may hold a part. */
bool tpl_render(const struct tpl_spec *spec, struct buf *out, struct err *err) MUST_CHECK;

/* Calls visit(ctx, name) for every name used in the template, sections included; checks the
 * syntax. */
typedef void tpl_visit_fn(void *ctx, const char *name, unsigned line);
bool tpl_names(const char *label, const char *text, tpl_visit_fn *visit, void *ctx, struct err *err)
	MUST_CHECK;

struct tpl_value tpl_text(const char *text);
struct tpl_value tpl_bool(bool truth);

#endif
