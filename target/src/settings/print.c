/* SPDX-License-Identifier: MIT */
/*
 * `mailserver config list` and `config show`.
 *
 * SOURCES
 *	RFC 8259 §7: quotes, backslash and control characters must be escaped in JSON strings.
 */
#include "settings/settings.h"

#include "base/str.h"

#define SECRET_TEXT "(secret)"

static size_t name_width(void)
{
	size_t width = 0;
	for (size_t i = 0; i < settings_rows_n; i++)
		if (settings_rows[i].kind != KIND_SECTION && strlen(settings_rows[i].name) > width)
			width = strlen(settings_rows[i].name);
	return width;
}

static const char *remark(const struct setting_row *row)
{
	if (row->flags & F_LATER)
		return row->flags & F_SECRET ? "  [secret, not in this image yet]"
					     : "  [not in this image yet]";
	return row->flags & F_SECRET ? "  [secret]" : "";
}

static void list_row(const struct setting_row *row, int width, struct buf *out)
{
	buf_printf(out, "%-*s  %-13s  ", width, row->name, setting_kind_word(row->kind));
	if (row->kind == KIND_ALIAS) {
		buf_printf(out, "write %s\n", row->field);
		return;
	}
	if (row->kind == KIND_REMOVED) {
		buf_printf(out, "%s\n", row->doc);
		return;
	}
	setting_default_phrase(row, out);
	if (!*row->def)
		buf_adds(out, "(empty)");
	buf_printf(out, "%s\n", remark(row));
}

void settings_print_list(struct buf *out)
{
	int width = (int)name_width(); /* names are literals of the rows: far below INT_MAX */
	buf_printf(out, "%-*s  %-13s  %s\n", width, "NAME", "KIND", "DEFAULT");
	for (size_t i = 0; i < settings_rows_n; i++)
		if (settings_rows[i].kind != KIND_SECTION)
			list_row(&settings_rows[i], width, out);
}

static const char *origin_word(enum setting_origin origin)
{
	switch (origin) {
	case ORIGIN_DEFAULT:
		return "default";
	case ORIGIN_ENV:
		return "environment";
	case ORIGIN_FILE:
		return "file";
	}
	BUG("origin %d", (int)origin);
}

/* A JSON string. */
static void add_json(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_addc(out, *p);
	}
	buf_addc(out, '"');
}

/* A value in the JSON type of its kind. */
static void add_json_value(struct buf *out, const struct setting_row *row, const char *text)
{
	if (row->kind == KIND_BOOL)
		buf_adds(out, streq(text, "1") ? "true" : "false");
	else if (row->kind == KIND_INT || row->kind == KIND_SIZE || row->kind == KIND_TIME)
		buf_adds(out, text);
	else
		add_json(out, text);
}

/* The value as it may be shown. */
static const char *shown(struct arena *a, const struct settings *s, const struct setting_row *row)
{
	const char *text = settings_text(a, s, row);
	return row->flags & F_SECRET && *text ? SECRET_TEXT : text;
}

static void add_fact(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "  \"%s\": {\"value\": ", name);
	add_json(out, text);
	buf_adds(out, ", \"origin\": \"derived\"}");
}

static void show_json(struct arena *a, const struct settings *s, struct buf *out)
{
	buf_adds(out, "{\n");
	add_fact(out, "hostname", s->hostname);
	buf_adds(out, ",\n");
	add_fact(out, "domainname", s->domainname);
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		if (!setting_has_value(row))
			continue;
		buf_printf(out, ",\n  \"%s\": {\"value\": ", row->name);
		add_json_value(out, row, shown(a, s, row));
		buf_printf(out, ", \"origin\": \"%s\"}", origin_word(s->origin[i]));
	}
	buf_adds(out, "\n}\n");
}

/* Line feeds as "\n": one line a setting. */
static void add_line(struct buf *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			buf_adds(out, "\\n");
		else
			buf_addc(out, *p);
	}
}

void settings_print_show(struct arena *a, const struct settings *s, bool json, struct buf *out)
{
	if (json) {
		show_json(a, s, out);
		return;
	}
	buf_printf(out, "# host name %s, mail domain %s\n", s->hostname, s->domainname);
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		if (!setting_has_value(row))
			continue;
		buf_printf(out, "%-11s  %s=", origin_word(s->origin[i]), row->name);
		add_line(out, shown(a, s, row));
		buf_printf(out, "%s\n", row->flags & F_LATER ? "  [not in this image yet]" : "");
	}
}
