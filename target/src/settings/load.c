/* SPDX-License-Identifier: MIT */
/*
 * From the environment to struct settings, in steps that each see every row, so that all findings
 * are made in one go:
 *
 *	collect	sorts the environment: rows, NAME__FILE, old names, what nobody knows
 *	resolve	follows NAME__FILE, parses, stores; the default where nothing is given or it is bad
 *	host	the server's own name
 *	expand	defaults that refer to other rows
 *	later	one warning for each non-default value of a feature that is not there yet
 *	check	meaning across rows (check.c)
 *
 * Values of secret rows are in no finding: subject() and value_hint() see to that, and the parsers'
 * texts never repeat a value.
 */
#include "settings/settings.h"

#include "base/file.h"
#include "base/net.h"
#include "base/str.h"
#include "settings/host.h"

#define FILE_SUFFIX "__FILE"
#define VALUE_FILE_MAX ((size_t)64 << 10)
#define NAME_BYTES                                                                                 \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-." /* a typo's, too */
#define SUBJECT_VALUE_MAX 60 /* bytes of a value that a finding repeats */

/* What the environment says about one row. */
struct given {
	const char *value; /* of NAME= or its old name; NULL = unset or empty */
	const char *path;  /* of NAME__FILE=; NULL = unset or empty */
	const char *alias; /* old name that gave the value, else NULL */
	bool bad;	   /* a finding was made: the default holds */
	bool pending;	   /* the default refers to others and is not expanded yet */
};

struct loader {
	struct arena *arena;
	const struct settings_source *src;
	struct settings *s;
	struct problems *problems;
	struct given *given; /* index as in settings_rows */
};

/* "name='value'", cut short and without control characters. */
static const char *quote(struct loader *l, const char *name, const char *value)
{
	autobuf struct buf b = BUF_INIT;
	buf_printf(&b, "%s='", name);
	size_t n = strlen(value);
	bool cut = n > SUBJECT_VALUE_MAX;
	if (cut)
		for (n = SUBJECT_VALUE_MAX; n > 0 && ((unsigned char)value[n] & 0xc0) == 0x80;)
			n--;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)value[i];
		if (c < 0x20 || c == 0x7f)
			buf_printf(&b, "\\x%02x", c);
		else
			buf_addc(&b, value[i]);
	}
	buf_adds(&b, cut ? "...'" : "'");
	return buf_dup(l->arena, &b);
}

/* How a finding names a row and its value; a secret's value is left out. */
static const char *subject(struct loader *l, const struct setting_row *row, const char *value)
{
	return row->flags & F_SECRET ? row->name : quote(l, row->name, value);
}

static bool is_quoted(const char *value)
{
	size_t n = strlen(value);
	return n >= 2 && value[0] == value[n - 1] && (value[0] == '"' || value[0] == '\'');
}

/* The allowed word next to a mistyped one, or NULL. */
static const char *nearest_word(struct loader *l, const struct setting_row *row, const char *value)
{
	struct str rest = str_from(row->words);
	struct str word;
	const char *near = NULL;
	unsigned best = 3;
	while (str_next_word(&rest, " ", &word)) {
		const char *candidate = str_dup(l->arena, word);
		unsigned d = str_distance(value, candidate, best - 1);
		if (d < best && d < word.n) {
			best = d;
			near = candidate;
		}
	}
	return near;
}

/* What to do about a value that was refused. */
static const char *value_hint(struct loader *l, const struct setting_row *row, const char *value)
{
	autobuf struct buf b = BUF_INIT;
	if (is_quoted(value))
		return "leave the quotes out: they are taken as part of the value";
	if (has_prefix(value, "tcp://") || has_prefix(value, "udp://"))
		return "Kubernetes sets such names: enableServiceLinks: false stops it";
	const char *near = row->kind == KIND_ENUM ? nearest_word(l, row, value) : NULL;
	if (near)
		return arena_printf(l->arena, "use '%s'", near);
	if (row->kind != KIND_ENUM) { /* whose words are in the finding itself */
		buf_adds(&b, "allowed: ");
		setting_allowed(row, &b);
		buf_adds(&b, "; ");
	}
	buf_adds(&b, *row->def ? "empty means " : "empty means unset");
	setting_default_phrase(row, &b);
	return buf_dup(l->arena, &b);
}

/* Names that Docker links and Kubernetes make for services; a service may be called "ldap" or
 * "postfix". */
static bool is_service_link(const char *name, const char *value)
{
	return strstr(name, "_PORT_") || strstr(name, "_SERVICE_PORT") ||
	       has_suffix(name, "_SERVICE_HOST") || has_prefix(value, "tcp://") ||
	       has_prefix(value, "udp://");
}

/* True when name begins like several rows: "POSTFIX_", "SSL_" … */
static bool in_family(const char *name)
{
	const char *end = strchr(name, '_');
	size_t members = 0;
	if (!end || end == name)
		return false;
	size_t n = (size_t)(end - name) + 1;
	for (size_t i = 0; i < settings_rows_n; i++)
		members += setting_has_value(&settings_rows[i]) &&
			   strncmp(settings_rows[i].name, name, n) == 0;
	return members >= 2;
}

static void report_unknown(struct loader *l, const char *name, const char *value)
{
	const char *near = settings_nearest(name);
	if (!*value || settings_is_foreign(name) || is_service_link(name, value))
		return;
	if (name[strspn(name, NAME_BYTES)])
		return;
	bool close = near && str_distance(name, near, 2) <= 2;
	if (!in_family(name) && !close)
		return;
	const char *hint = near ? arena_printf(l->arena, "did you mean %s?", near) : NULL;
	problems_add(l->problems, SEV_WARNING, name, hint, "no such setting; it has no effect");
}

/* Empty means unset; blanks alone are a value only where blanks count. */
static bool is_empty(const struct setting_row *row, const char *value)
{
	return row->kind == KIND_TEXT ? !*value : str_trim(str_from(value)).n == 0;
}

static struct given *given_of(struct loader *l, const struct setting_row *row)
{
	return &l->given[row - settings_rows];
}

/* Files a value (or the path of a file) under the row that `name` means. */
static void collect_one(struct loader *l, const char *name, const char *value, bool is_path)
{
	const struct setting_row *row = settings_find(name);
	const char *alias = NULL;
	if (!row) {
		report_unknown(l, name, value);
		return;
	}
	if (is_empty(row, value))
		return;
	if (row->kind == KIND_REMOVED) {
		problems_add(l->problems, SEV_WARNING, name, row->doc, "no longer has any effect");
		return;
	}
	if (row->kind == KIND_ALIAS) {
		const char *hint = arena_printf(l->arena, "write %s", row->field);
		problems_add(l->problems, SEV_WARNING, name, hint, "is the old name of %s",
			     row->field);
		alias = name;
		row = settings_find(row->field);
		if (!row)
			BUG("alias %s has no row", name);
	}
	struct given *g = given_of(l, row);
	const char **slot = is_path ? &g->path : &g->value;
	bool overrides = !*slot || (g->alias && !alias);
	/* As getenv(3): the first of two equal names; and a new name goes before an old one. */
	if (!overrides)
		return;
	*slot = value;
	g->alias = alias;
}

static void collect(struct loader *l)
{
	for (const char *const *e = l->src->environ; *e; e++) {
		const char *equals = strchr(*e, '=');
		if (!equals || equals == *e)
			continue;
		char *name = arena_strndup(l->arena, *e, (size_t)(equals - *e));
		bool is_path = has_suffix(name, FILE_SUFFIX) && strlen(name) > strlen(FILE_SUFFIX);
		if (is_path)
			name[strlen(name) - strlen(FILE_SUFFIX)] = '\0';
		collect_one(l, name, equals + 1, is_path);
	}
}

/* The content of NAME__FILE without line feeds at its end; NULL after a finding. */
static const char *read_value(struct loader *l, const struct setting_row *row, const char *path)
{
	static const struct setting_row path_row = { .kind = KIND_PATH, .name = "", .def = "" };
	struct setting_value v;
	struct err err = ERR_INIT;
	char *text = NULL;
	size_t n = 0;
	const char *about = quote(l, arena_printf(l->arena, "%s%s", row->name, FILE_SUFFIX), path);
	if (!setting_parse(l->arena, &path_row, path, &v, &err) ||
	    !file_read(l->arena, v.text, VALUE_FILE_MAX, &text, &n, &err)) {
		problems_add(l->problems, SEV_ERROR, about,
			     "name a readable file of at most 64 KiB inside the container", "%s",
			     err.text);
		return NULL;
	}
	if (strlen(text) != n) {
		problems_add(l->problems, SEV_ERROR, about, "the value must be text",
			     "the file holds a NUL byte");
		return NULL;
	}
	while (n > 0 && (text[n - 1] == '\n' || (text[n - 1] == '\r' && text[n] == '\n')))
		n--;
	return arena_strndup(l->arena, text, n);
}

/* The text given for a row, or NULL where the default holds. */
static const char *given_text(struct loader *l, const struct setting_row *row, struct given *g)
{
	enum setting_origin *origin = &l->s->origin[row - settings_rows];
	*origin = g->path ? ORIGIN_FILE : g->value ? ORIGIN_ENV : ORIGIN_DEFAULT;
	if (g->path && g->value) {
		const char *hint =
			arena_printf(l->arena, "remove one; an empty %s= is fine", row->name);
		problems_add(l->problems, SEV_ERROR, row->name, hint, "%s and %s%s are both set",
			     row->name, row->name, FILE_SUFFIX);
		g->bad = true;
		return NULL;
	}
	if (!g->path)
		return g->value;
	if (!l->src->read_files)
		return NULL;
	const char *text = read_value(l, row, g->path);
	g->bad = !text;
	if (text && is_empty(row, text)) {
		problems_add(l->problems, SEV_WARNING,
			     arena_printf(l->arena, "%s%s", row->name, FILE_SUFFIX),
			     "write the value into the file",
			     "the file is empty; the default holds");
		*origin = ORIGIN_DEFAULT;
		return NULL;
	}
	return text;
}

static void store(struct settings *s, const struct setting_row *row, const struct setting_value *v)
{
	void *member = (char *)s + row->offset;
	if (row->kind == KIND_BOOL)
		*(bool *)member = v->flag;
	else if (row->kind == KIND_INT || row->kind == KIND_SIZE || row->kind == KIND_TIME)
		*(int64_t *)member = v->number;
	else
		*(const char **)member = v->text;
}

/* Points out values that mean something, but perhaps not what was meant. */
static void remark(struct loader *l, const struct setting_row *row, const char *text)
{
	if (row->kind == KIND_BOOL && strcasecmp(text, "true") != 0 &&
	    strcasecmp(text, "yes") != 0 && strcasecmp(text, "on") != 0)
		return;
	if (row->kind == KIND_BOOL)
		problems_add(l->problems, SEV_NOTE, subject(l, row, text), "write 1 or 0",
			     "means on here; docker-mailserver read every word as off");
	else if (row->kind == KIND_TEXT && !(row->flags & F_SECRET) && is_quoted(text))
		problems_add(l->problems, SEV_WARNING, subject(l, row, text),
			     "`docker run --env-file` does not remove quotes: leave them out",
			     "the quotes are part of the value");
}

/* Parses what is given for a row and stores it. */
static void resolve(struct loader *l, const struct setting_row *row)
{
	struct given *g = given_of(l, row);
	struct setting_value v;
	struct err err = ERR_INIT;
	const char *text = given_text(l, row, g);
	if (text && setting_parse(l->arena, row, text, &v, &err)) {
		remark(l, row, text);
		store(l->s, row, &v);
		return;
	}
	if (text) {
		problems_add(l->problems, SEV_ERROR, subject(l, row, text),
			     value_hint(l, row, text), "%s", err.text);
		g->bad = true;
	}
	v = (struct setting_value){ .text = "" };
	g->pending = strstr(row->def, "{{") != NULL;
	if (!g->pending && !setting_parse(l->arena, row, row->def, &v, &err))
		BUG("default of %s: %s", row->name, err.text);
	store(l->s, row, &v);
}

/* The server's name and domain; rows that are not expanded yet may refer to them. */
static void find_host(struct loader *l)
{
	struct settings *s = l->s;
	const struct setting_row *row = SETTING_ROW(override_hostname);
	const struct given *g = given_of(l, row);
	bool unread = g->path && !l->src->read_files;
	const char *name = *s->override_hostname ? s->override_hostname : l->src->nodename;
	bool good = is_fqdn(name) && !is_ip_address(name);
	if (!good && !g->bad && !unread) {
		const char *about = arena_printf(l->arena, "host name '%s'", name);
		problems_add(l->problems, SEV_ERROR, about,
			     arena_printf(l->arena,
					  "start the container with --hostname mail.example.com, "
					  "or set %s=mail.example.com",
					  row->name),
			     "%s",
			     strchr(name, '.') ? "not a full host name such as mail.example.com"
					       : "has no dot: a mail server needs a full name");
	}
	s->hostname = str_lower(l->arena, str_from(good ? name : "localhost.localdomain"));
	s->domainname = host_domain(l->arena, s->hostname, s->domainname_setting);
	if (good && *s->domainname_setting && !streq(s->domainname, s->domainname_setting)) {
		row = SETTING_ROW(domainname_setting);
		const char *hint = arena_printf(l->arena, "the mail domain is %s", s->domainname);
		problems_add(l->problems, SEV_WARNING, subject(l, row, s->domainname_setting), hint,
			     "not used, because the host name %s has more than two labels",
			     s->hostname);
	}
}

/* Appends the text of a row or fact; false while that row is itself waiting. */
static bool add_reference(struct loader *l, const char *field, struct buf *out)
{
	if (streq(field, "hostname") || streq(field, "domainname")) {
		buf_adds(out, streq(field, "hostname") ? l->s->hostname : l->s->domainname);
		return true;
	}
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		if (!setting_has_value(row) || !streq(row->field, field))
			continue;
		if (l->given[i].pending)
			return false;
		buf_adds(out, settings_text(l->arena, l->s, row));
		return true;
	}
	BUG("a default refers to '%s', which is neither row nor fact", field);
}

/* The row's default with its references replaced; false while one of them is waiting. */
static bool expand_text(struct loader *l, const struct setting_row *row, struct buf *out)
{
	const char *p = row->def;
	for (const char *open = strstr(p, "{{"); open; open = strstr(p, "{{")) {
		const char *close = strstr(open, "}}");
		if (!close)
			BUG("default of %s: '{{' without '}}'", row->name);
		buf_add(out, p, (size_t)(open - p));
		if (!add_reference(l, arena_strndup(l->arena, open + 2, (size_t)(close - open - 2)),
				   out))
			return false;
		p = close + 2;
	}
	buf_adds(out, p);
	return true;
}

/* The default of a row as a value. A default made of other values can be unfit for the row. */
static bool default_value(struct loader *l, const struct setting_row *row,
			  struct setting_value *v_r)
{
	autobuf struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	*v_r = (struct setting_value){ .text = "" };
	if (!expand_text(l, row, &text))
		return false;
	if (!setting_parse(l->arena, row, text.p, v_r, &err))
		problems_add(l->problems, SEV_ERROR, row->name, "set it to a value of its own",
			     "its default, made of other settings: %s", err.text);
	return true;
}

static void expand(struct loader *l)
{
	for (bool waiting = true; waiting;) {
		bool progress = false;
		waiting = false;
		for (size_t i = 0; i < settings_rows_n; i++) {
			struct setting_value v;
			if (!l->given[i].pending)
				continue;
			if (!default_value(l, &settings_rows[i], &v)) {
				waiting = true;
				continue;
			}
			store(l->s, &settings_rows[i], &v);
			l->given[i].pending = false;
			progress = true;
		}
		if (waiting && !progress)
			BUG("defaults refer to each other in a circle");
	}
}

/* What follows from a feature that is not there, where an administrator should know. Names that
 * begin so. */
static const char *without_feature(const char *name)
{
	static const struct {
		const char *begin, *what;
	} rows[] = {
		{ "SPOOF_PROTECTION", "users can send under any address" },
		{ "ENABLE_CLAMAV", "mail is not scanned for viruses" },
		{ "ENABLE_SPAMASSASSIN", "mail is not scored" },
		{ "ENABLE_RSPAMD", "mail is not scanned" },
		{ "ENABLE_POSTGREY", "nobody is put off by greylisting" },
		{ "ENABLE_DNSBL", "no block list is asked" },
		{ "ENABLE_FAIL2BAN", "nobody is banned" },
		{ "ENABLE_SRS", "senders are not rewritten" },
		{ "ENABLE_MTA_STS", "policies of other servers are not looked at" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (has_prefix(name, rows[i].begin))
			return rows[i].what;
	return "the value is checked but has no effect";
}

/* F_LATER: what differs from the default has no effect yet, and nobody shall find out the hard
 * way. */
static void warn_later(struct loader *l)
{
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		const struct given *g = &l->given[i];
		struct setting_value v;
		bool set = l->s->origin[i] != ORIGIN_DEFAULT;
		bool unread = g->path && !l->src->read_files;
		if (!setting_has_value(row) || !(row->flags & F_LATER) || !set || g->bad || unread)
			continue;
		const char *text = settings_text(l->arena, l->s, row);
		if (!default_value(l, row, &v))
			BUG("default of %s is not expanded", row->name);
		const char *def = setting_value_text(l->arena, row, &v);
		bool same = row->kind == KIND_FLOAT ? strtod(text, NULL) - strtod(def, NULL) == 0
						    : streq(text, def);
		if (!same)
			problems_add(l->problems, SEV_WARNING, subject(l, row, text),
				     without_feature(row->name), "known, not in this image yet");
	}
}

void settings_load(struct arena *a, const struct settings_source *src, struct settings *s,
		   struct problems *p)
{
	struct loader l = { .arena = a, .src = src, .s = s, .problems = p };
	*s = (struct settings){
		.origin = arena_array(a, settings_rows_n, sizeof(*s->origin)),
	};
	l.given = arena_array(a, settings_rows_n, sizeof(*l.given));

	collect(&l);
	for (size_t i = 0; i < settings_rows_n; i++)
		if (setting_has_value(&settings_rows[i]))
			resolve(&l, &settings_rows[i]);
	find_host(&l);
	expand(&l);
	warn_later(&l);
	settings_check(s, p);
}
