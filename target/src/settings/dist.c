/* SPDX-License-Identifier: MIT */
/*
 * Files generated from the rows: env-mailserver.dist and the settings file for shell scripts.
 *
 * SOURCES
 *	docker run(1) --env-file: NAME=value as it stands, quotes included; lines that begin with
 *	"#" are comments.
 */
#include "settings/settings.h"

#include "base/str.h"

#define WIDTH 78

/* "# " and the words of text, wrapped; lines after the first are indented by `indent` blanks. */
static void add_comment(struct buf *out, const char *text, size_t indent)
{
	struct str rest = str_from(text);
	struct str word;
	size_t column = 0;
	size_t blanks = 0;
	while (str_next_word(&rest, " ", &word)) {
		if (column > 0 && column + 1 + word.n > WIDTH) {
			buf_addc(out, '\n');
			column = 0;
			blanks = indent;
		}
		if (column == 0)
			buf_printf(out, "# %*s", (int)blanks, "");
		else
			buf_addc(out, ' ');
		column += column == 0 ? 2 + blanks : 1;
		buf_add(out, word.p, word.n);
		column += word.n;
	}
	if (column > 0)
		buf_addc(out, '\n');
}

static void add_head(struct buf *out)
{
	buf_adds(out, "# Settings of the mail server.\n#\n");
	add_comment(out,
		    "Every variable that the server knows, with its default. Copy the file, fill "
		    "in what you want to change and delete the rest, or keep it: an empty value "
		    "means the default.",
		    0);
	buf_adds(out, "#\n"
		      "#   docker run --env-file mailserver.env ...\n"
		      "#   env_file: mailserver.env               (in docker-compose.yml)\n"
		      "#\n");
	add_comment(out, "Write values without quotes: docker run takes them as part of the value.",
		    0);
	add_comment(out,
		    "Any value can also come from a file: NAME__FILE=/run/secrets/name in place "
		    "of NAME. Do that for passwords.",
		    0);
	add_comment(
		out,
		"`mailserver config check` says what is wrong, `mailserver config show` what is in "
		"force.",
		0);
	buf_adds(out, "#\n# Generated from the settings.def files by `make env-dist`.\n");
}

static void add_section(const struct setting_row *row, struct buf *out)
{
	static const char rule[] =
		"# ----------------------------------------------------------------------------\n";
	buf_printf(out, "\n%s# %s\n%s", rule, row->name, rule);
	if (*row->doc)
		add_comment(out, row->doc, 0);
}

static void add_row(const struct setting_row *row, struct buf *out)
{
	autobuf struct buf line = BUF_INIT;
	buf_addc(out, '\n');
	add_comment(out, row->doc, 0);
	if (row->flags & F_LATER)
		buf_adds(out, "# (not in this image yet)\n");

	buf_adds(&line, "allowed: ");
	setting_allowed(row, &line);
	if (row->kind != KIND_TEXT)
		add_comment(out, line.p, 2);

	buf_reset(&line);
	buf_adds(&line, "default: ");
	setting_default_phrase(row, &line);
	if (!*row->def)
		buf_adds(&line, "(empty)");
	add_comment(out, line.p, 2);
	if (row->flags & F_SECRET)
		buf_printf(out, "# secret: better as %s__FILE=\n", row->name);
	buf_printf(out, "%s=\n", row->name);
}

void settings_write_dist(struct buf *out)
{
	add_head(out);
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		if (row->kind == KIND_SECTION)
			add_section(row, out);
		else if (setting_has_value(row) && !(row->flags & F_HIDDEN))
			add_row(row, out);
	}
}

static int compare_names(const void *left, const void *right)
{
	const struct setting_row *const *a = left;
	const struct setting_row *const *b = right;
	return strcmp((*a)->name, (*b)->name);
}

void settings_write_shell(struct arena *a, const struct settings *s, struct buf *out)
{
	const struct setting_row **rows =
		arena_array(a, settings_rows_n, sizeof(const struct setting_row *));
	size_t n = 0;
	for (size_t i = 0; i < settings_rows_n; i++)
		if (setting_has_value(&settings_rows[i]) && !(settings_rows[i].flags & F_SECRET))
			rows[n++] = &settings_rows[i];
	qsort(rows, n, sizeof(const struct setting_row *), compare_names);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s='", rows[i]->name);
		for (const char *p = settings_text(a, s, rows[i]); *p; p++) {
			if (*p == '\'')
				buf_adds(out, "'\\''");
			else
				buf_addc(out, *p);
		}
		buf_adds(out, "'\n");
	}
}
