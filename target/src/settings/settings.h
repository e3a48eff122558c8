/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	settings - every variable of the environment, one row each
 *
 * TO ADD A VARIABLE
 *	1. Put one row into the settings.def of its owner (target/services/<daemon>/settings.def, or
 *	   core.def here), where it should stand in env-mailserver.dist.
 *	2. Use {{field}} in a template, or s->field in C.
 *	3. Run `make env-dist golden-update` and review the diff.
 *
 * ROWS (macro arguments in this order; text in double quotes)
 *	SECTION(title, text)				heading in env-mailserver.dist
 *	BOOL(NAME, field, default, flags, doc)		bool            "0" or "1"
 *	INT(NAME, field, default, lo, hi, flags, doc)	int64_t
 *	SIZE(NAME, field, default, lo, hi, flags, doc)	int64_t bytes   digits, or k M G T (1000)
 *	TIME(NAME, field, default, lo, hi, flags, doc)	int64_t seconds digits with s m h d
 *	FLOAT(NAME, field, default, lo, hi, flags, doc)	const char *    decimal number
 *	ENUM(NAME, field, default, "a b c", flags, doc)	const char *    one of the words
 *	TEXT, FQDN, HOSTPORT, EMAIL, EMAILS, DOMAINS, WORDS, PATH, URL, NETWORKS
 *	    (NAME, field, default, flags, doc)		const char *    "" = unset
 *	ALIAS(OLD, NEW, doc)				old name of a row
 *	REMOVED(NAME, advice)				name without function
 *
 *	The default is text as an administrator writes it and passes the same parser. It may use
 *	{{field}} of rows and facts: "postmaster@{{domainname}}"; those are expanded last.
 *	An empty value in the environment means unset (the default), for every row.
 *
 *	Values come out in one spelling: host names and networks in lower case; lists, which may be
 *	written with commas or blanks, with "," (EMAILS, DOMAINS) or " " (WORDS, NETWORKS) between.
 *
 * FLAGS
 *	F_SECRET	never printed; NAME__FILE recommended
 *	F_LATER		accepted, typed and validated, but no code uses it yet: a non-default value
 *			gives one warning "known, not in this image yet"
 *	F_HIDDEN	not in env-mailserver.dist
 *	F_LIVE		(reserved for values that may change without a restart)
 *	F_LINES		TEXT that may hold line feeds; every other value refuses control characters
 *
 * NAMES
 *	The field is the NAME in lower case, except where a fact has that name already: the row
 *	DOMAINNAME has the field domainname_setting; {{domainname}} is the mail domain that results.
 *	Names that others set in every container (HOSTNAME, PATH …) are no rows.
 *
 * OWNERSHIP
 *	All text lives in the arena given to settings_load(). Immutable afterwards.
 */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/tpl.h"
#include "settings/problems.h"

enum setting_kind {
	KIND_SECTION,
	KIND_BOOL,
	KIND_INT,
	KIND_SIZE,
	KIND_TIME,
	KIND_FLOAT,
	KIND_ENUM,
	KIND_TEXT,
	KIND_FQDN,
	KIND_HOSTPORT,
	KIND_EMAIL,
	KIND_EMAILS,
	KIND_DOMAINS,
	KIND_WORDS,
	KIND_PATH,
	KIND_URL,
	KIND_NETWORKS,
	KIND_ALIAS,
	KIND_REMOVED,
};

enum setting_flags {
	F_NONE = 0,
	F_SECRET = 1,
	F_LATER = 2,
	F_HIDDEN = 4,
	F_LIVE = 8,
	F_LINES = 16
};

struct setting_row {
	enum setting_kind kind;
	const char *name;  /* environment name; SECTION: title */
	const char *field; /* template name; ALIAS: the new environment name */
	size_t offset;	   /* of the member in struct settings */
	const char *def;   /* default as text */
	const char *words; /* ENUM: allowed words, blank separated */
	int64_t lo, hi;
	unsigned flags;
	const char *doc;
};

/* The concatenated table; build/gen/settings.list includes every settings.def in order. */
extern const struct setting_row settings_rows[];
extern const size_t settings_rows_n;

enum setting_origin { ORIGIN_DEFAULT, ORIGIN_ENV, ORIGIN_FILE };

#define SECTION(title, text)
#define BOOL(NAME, field, def, flags, doc) bool field;
#define INT(NAME, field, def, lo, hi, flags, doc) int64_t field;
#define SIZE(NAME, field, def, lo, hi, flags, doc) int64_t field;
#define TIME(NAME, field, def, lo, hi, flags, doc) int64_t field;
#define FLOAT(NAME, field, def, lo, hi, flags, doc) const char *field;
#define ENUM(NAME, field, def, words, flags, doc) const char *field;
#define TEXT(NAME, field, def, flags, doc) const char *field;
#define FQDN TEXT
#define HOSTPORT TEXT
#define EMAIL TEXT
#define EMAILS TEXT
#define DOMAINS TEXT
#define WORDS TEXT
#define PATH TEXT
#define URL TEXT
#define NETWORKS TEXT
#define ALIAS(OLD, NEW, doc)
#define REMOVED(NAME, advice)

struct settings {
#include "gen/settings.list"
	/* Host name: not rows, found by settings_load(). */
	const char *hostname; /* FQDN */
	/* Mail domain: the FQDN without the first of more than two labels, else DOMAINNAME or
	 * the FQDN. */
	const char *domainname;
	/* Where each row's value came from, index as in settings_rows. */
	enum setting_origin *origin;
};

#include "settings/rows_undef.h"

struct settings_source {
	const char *const *environ; /* NULL-terminated "NAME=value" */
	/* Host name of the system, "" if unknown; used when OVERRIDE_HOSTNAME is unset. */
	const char *nodename;
	bool read_files; /* follow NAME__FILE (false in PID 1, which reads no files) */
};

/* Parses everything, adds every finding, never stops early. *s is complete even when there are
 * errors (rows with a bad value hold their default), so that later checks can add theirs.
 * Foreign variables (PATH, HOME …) are ignored; an unknown name is reported (warning, nearest
 * known name) only if it looks like one of ours: it shares a family prefix with a row (ENABLE_,
 * POSTFIX_, SSL_ …) or is within a small edit distance of a row's name. */
void settings_load(struct arena *a, const struct settings_source *src, struct settings *s,
		   struct problems *p);

/* The row named `name` (ALIAS and REMOVED rows too), or NULL. */
const struct setting_row *settings_find(const char *name);
/* Nearest known name worth suggesting, or NULL. */
const char *settings_nearest(const char *name);
/* The effective value as text that the parser would accept again, in the arena. Secrets too:
 * callers redact. */
const char *settings_text(struct arena *a, const struct settings *s, const struct setting_row *row);
/* Template lookup of rows, hostname, domainname: for tpl. false = no such name. */
bool settings_lookup(struct arena *a, const struct settings *s, const char *name,
		     struct tpl_value *value_r);

/* One parser per kind. Fills *err with "not one of …"-style text on failure (value not repeated,
 * secret-safe). */
struct setting_value {
	bool flag;
	int64_t number;
	const char *text;
};
bool setting_parse(struct arena *a, const struct setting_row *row, const char *text,
		   struct setting_value *v_r, struct err *err) MUST_CHECK;

/* Snapshot for the command line: effective environment as "NAME=value" lines (values with \n and
 * \\ escaped), only rows whose origin is not the default, values of NAME__FILE included. The
 * file is 0600. settings_snapshot_read() gives an environ array for settings_load(). */
void settings_snapshot(struct arena *a, const struct settings *s, struct buf *out);
bool settings_snapshot_read(struct arena *a, const char *text, const char *const **environ_r,
			    struct err *err) MUST_CHECK;

/* env-mailserver.dist: grouped by SECTION, each variable with its doc wrapped at 78 columns as
 * comments, allowed values, and "NAME=" empty with "# default: x" (so that the file can be used
 * unchanged). LATER rows say so. */
void settings_write_dist(struct buf *out);
/* /etc/dms-settings: NAME='value' lines (shell quoted), sorted, without secrets. */
void settings_write_shell(struct arena *a, const struct settings *s, struct buf *out);

/* The row that fills a member: SETTING_ROW(ssl_type)->name. */
const struct setting_row *settings_row_at(size_t offset);
#define SETTING_ROW(field) settings_row_at(offsetof(struct settings, field))
/* Sections, old and removed names are rows without a value. */
bool setting_has_value(const struct setting_row *row);
/* True when the administrator gave a value (even a bad one) instead of leaving the default. */
bool settings_is_set(const struct settings *s, const struct setting_row *row);

/* Meaning across rows: paths that belong to SSL_TYPE, sizes that contradict each other, values
 * this image can't do yet. Only adds findings. settings_load() calls it last; a row whose own
 * value was bad is not looked at again. */
void settings_check(const struct settings *s, struct problems *p);

/* Names that are never reported although they may look like ours: the shell's, the container
 * runtime's, HOSTNAME (which the runtime sets; the name comes from uname), build arguments of
 * derived images. */
bool settings_is_foreign(const char *name);

/* What an administrator may write, as a phrase: "0 | 1", "error | warn | info". Appends to out. */
void setting_allowed(const struct setting_row *row, struct buf *out);
/* One word for the kind: "switch", "number", "size" … */
const char *setting_kind_word(enum setting_kind kind);
/* The default as an administrator should read it: "{{report_recipient}}" becomes
 * "<REPORT_RECIPIENT>". */
void setting_default_phrase(const struct setting_row *row, struct buf *out);
/* The value as text, as settings_text(). */
const char *setting_value_text(struct arena *a, const struct setting_row *row,
			       const struct setting_value *v);

/* `mailserver config list`: a table of all rows, ALIAS and REMOVED included. */
void settings_print_list(struct buf *out);
/* `mailserver config show`: effective values with their origin; secrets appear as "(secret)".
 * The JSON form is {"NAME": {"value": …, "origin": "default|environment|file"}, …} with
 * "hostname" and "domainname" (origin "derived") in front. */
void settings_print_show(struct arena *a, const struct settings *s, bool json, struct buf *out);

#endif
