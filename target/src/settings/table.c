/* SPDX-License-Identifier: MIT */
/*
 * The concatenated rows, and everything that only needs the rows: look-up by name, suggestions, the
 * effective value as text. Look-ups are linear: two hundred rows, a few dozen names, once.
 */
#include "settings/settings.h"

#include "base/str.h"

/* clang-format off */
#define ROW(KIND, NAME, FIELD, OFFSET, DEF, WORDS_, LO, HI, FLAGS, DOC)                            \
	{ .kind = KIND, .name = NAME, .field = FIELD, .offset = OFFSET, .def = DEF,                \
	  .words = WORDS_, .lo = LO, .hi = HI, .flags = FLAGS, .doc = DOC },
#define AT(field) offsetof(struct settings, field)
#define NUMBER(KIND, NAME, FIELD, OFFSET, DEF, LO, HI, FLAGS, DOC)                                 \
	ROW(KIND, NAME, FIELD, OFFSET, DEF, NULL, LO, HI, FLAGS, DOC)
#define STRING(KIND, NAME, FIELD, OFFSET, DEF, FLAGS, DOC)                                         \
	ROW(KIND, NAME, FIELD, OFFSET, DEF, NULL, 0, 0, FLAGS, DOC)

#define SECTION(title, text) ROW(KIND_SECTION, title, "", 0, "", NULL, 0, 0, F_NONE, text)
#define BOOL(N, f, def, flags, doc) ROW(KIND_BOOL, #N, #f, AT(f), def, NULL, 0, 1, flags, doc)
#define INT(N, f, def, lo, hi, flags, doc) NUMBER(KIND_INT, #N, #f, AT(f), def, lo, hi, flags, doc)
#define SIZE(N, f, def, lo, hi, flags, doc)                                                        \
	NUMBER(KIND_SIZE, #N, #f, AT(f), def, lo, hi, flags, doc)
#define TIME(N, f, def, lo, hi, flags, doc)                                                        \
	NUMBER(KIND_TIME, #N, #f, AT(f), def, lo, hi, flags, doc)
#define FLOAT(N, f, def, lo, hi, flags, doc)                                                       \
	NUMBER(KIND_FLOAT, #N, #f, AT(f), def, lo, hi, flags, doc)
#define ENUM(N, f, def, words, flags, doc)                                                         \
	ROW(KIND_ENUM, #N, #f, AT(f), def, words, 0, 0, flags, doc)
#define TEXT(N, f, def, flags, doc) STRING(KIND_TEXT, #N, #f, AT(f), def, flags, doc)
#define FQDN(N, f, def, flags, doc) STRING(KIND_FQDN, #N, #f, AT(f), def, flags, doc)
#define HOSTPORT(N, f, def, flags, doc) STRING(KIND_HOSTPORT, #N, #f, AT(f), def, flags, doc)
#define EMAIL(N, f, def, flags, doc) STRING(KIND_EMAIL, #N, #f, AT(f), def, flags, doc)
#define EMAILS(N, f, def, flags, doc) STRING(KIND_EMAILS, #N, #f, AT(f), def, flags, doc)
#define DOMAINS(N, f, def, flags, doc) STRING(KIND_DOMAINS, #N, #f, AT(f), def, flags, doc)
#define WORDS(N, f, def, flags, doc) STRING(KIND_WORDS, #N, #f, AT(f), def, flags, doc)
#define PATH(N, f, def, flags, doc) STRING(KIND_PATH, #N, #f, AT(f), def, flags, doc)
#define URL(N, f, def, flags, doc) STRING(KIND_URL, #N, #f, AT(f), def, flags, doc)
#define NETWORKS(N, f, def, flags, doc) STRING(KIND_NETWORKS, #N, #f, AT(f), def, flags, doc)
#define ALIAS(OLD, NEW, doc) ROW(KIND_ALIAS, #OLD, #NEW, 0, "", NULL, 0, 0, F_NONE, doc)
#define REMOVED(N, advice) ROW(KIND_REMOVED, #N, "", 0, "", NULL, 0, 0, F_NONE, advice)

const struct setting_row settings_rows[] = {
#include "gen/settings.list"
};
/* clang-format on */

#include "settings/rows_undef.h"

const size_t settings_rows_n = ARRAY_SIZE(settings_rows);

const struct setting_row *settings_find(const char *name)
{
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		if (row->kind != KIND_SECTION && streq(row->name, name))
			return row;
	}
	return NULL;
}

bool setting_has_value(const struct setting_row *row)
{
	return row->kind != KIND_SECTION && row->kind != KIND_ALIAS && row->kind != KIND_REMOVED;
}

const struct setting_row *settings_row_at(size_t offset)
{
	for (size_t i = 0; i < settings_rows_n; i++)
		if (setting_has_value(&settings_rows[i]) && settings_rows[i].offset == offset)
			return &settings_rows[i];
	BUG("no row at offset %zu", offset);
}

bool settings_is_set(const struct settings *s, const struct setting_row *row)
{
	return s->origin[row - settings_rows] != ORIGIN_DEFAULT;
}

bool settings_is_foreign(const char *name)
{
	/* clang-format off */
	static const char *const names[] = {
		"DEBIAN_FRONTEND", "HOME", "HOSTNAME", "LANG", "LANGUAGE", "LOGNAME", "MAIL",
		"NAME", "OLDPWD", "PATH", "PWD", "SHELL", "SHLVL", "TERM", "TZDIR", "UMASK",
		"USER", "VCS_REVISION", "_", "container",
	};
	/* clang-format on */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(names[i], name))
			return true;
	return has_prefix(name, "LC_") || has_prefix(name, "KUBERNETES_") ||
	       has_prefix(name, "MAILSERVER_");
}

/* How many typing errors a name may have: none below four letters, then one, from eight on two. */
static unsigned typo_limit(const char *name)
{
	size_t n = strlen(name);
	if (n < 4)
		return 0;
	return n < 8 ? 1 : 2;
}

/* True when `part` is a run of whole words of name: "POP3" or "ENABLE_POP3" in "ENABLE_POP3". */
static bool has_words(const char *name, const char *part)
{
	size_t n = strlen(part);
	for (const char *at = strcasestr(name, part); at; at = strcasestr(at + 1, part))
		if ((at == name || at[-1] == '_') && (at[n] == '\0' || at[n] == '_'))
			return true;
	return false;
}

const char *settings_nearest(const char *name)
{
	unsigned limit = typo_limit(name);
	unsigned best = limit + 1;
	const char *near = NULL;
	const char *holds = NULL;
	size_t holders = 0;
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		if (!setting_has_value(row))
			continue;
		unsigned d = str_distance(name, row->name, limit);
		if (d < best) {
			best = d;
			near = row->name;
		}
		if (strlen(name) >= 4 && has_words(row->name, name)) {
			holds = row->name;
			holders++;
		}
	}
	if (near)
		return near;
	return holders == 1 ? holds : NULL;
}

const char *setting_value_text(struct arena *a, const struct setting_row *row,
			       const struct setting_value *v)
{
	switch (row->kind) {
	case KIND_BOOL:
		return v->flag ? "1" : "0";
	case KIND_INT:
	case KIND_SIZE:
	case KIND_TIME:
		return arena_printf(a, "%" PRId64, v->number);
	case KIND_FLOAT:
	case KIND_ENUM:
	case KIND_TEXT:
	case KIND_FQDN:
	case KIND_HOSTPORT:
	case KIND_EMAIL:
	case KIND_EMAILS:
	case KIND_DOMAINS:
	case KIND_WORDS:
	case KIND_PATH:
	case KIND_URL:
	case KIND_NETWORKS:
		return v->text;
	case KIND_SECTION:
	case KIND_ALIAS:
	case KIND_REMOVED:
		break;
	}
	BUG("row %s has no value", row->name);
}

/* What the struct holds for the row. */
static struct setting_value value_of(const struct settings *s, const struct setting_row *row)
{
	struct setting_value v = { .text = "" };
	const void *member = (const char *)s + row->offset;
	switch (row->kind) {
	case KIND_BOOL:
		v.flag = *(const bool *)member;
		break;
	case KIND_INT:
	case KIND_SIZE:
	case KIND_TIME:
		v.number = *(const int64_t *)member;
		break;
	case KIND_FLOAT:
	case KIND_ENUM:
	case KIND_TEXT:
	case KIND_FQDN:
	case KIND_HOSTPORT:
	case KIND_EMAIL:
	case KIND_EMAILS:
	case KIND_DOMAINS:
	case KIND_WORDS:
	case KIND_PATH:
	case KIND_URL:
	case KIND_NETWORKS:
		v.text = *(const char *const *)member;
		break;
	case KIND_SECTION:
	case KIND_ALIAS:
	case KIND_REMOVED:
		BUG("row %s has no value", row->name);
	}
	return v;
}

const char *settings_text(struct arena *a, const struct settings *s, const struct setting_row *row)
{
	struct setting_value v = value_of(s, row);
	return setting_value_text(a, row, &v);
}

bool settings_lookup(struct arena *a, const struct settings *s, const char *name,
		     struct tpl_value *value_r)
{
	if (streq(name, "hostname") || streq(name, "domainname")) {
		*value_r = tpl_text(streq(name, "hostname") ? s->hostname : s->domainname);
		return true;
	}
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		if (!setting_has_value(row) || !streq(row->field, name))
			continue;
		if (row->kind == KIND_BOOL)
			*value_r = tpl_bool(value_of(s, row).flag);
		else
			*value_r = tpl_text(settings_text(a, s, row));
		return true;
	}
	return false;
}
