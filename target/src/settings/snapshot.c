/* SPDX-License-Identifier: MIT */
/*
 * The effective environment as a file, so that `setup` and `mailserver config` in a running
 * container see what the server was started with, values of NAME__FILE included. One line each; "\"
 * is written "\\" and a line feed "\n".
 */
#include "settings/settings.h"

#include "base/str.h"

void settings_snapshot(struct arena *a, const struct settings *s, struct buf *out)
{
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *row = &settings_rows[i];
		if (!setting_has_value(row) || !settings_is_set(s, row))
			continue;
		const char *text = settings_text(a, s, row);
		if (!*text)
			continue; /* reads as unset again */
		buf_printf(out, "%s=", row->name);
		for (const char *p = text; *p; p++) {
			if (*p == '\\')
				buf_adds(out, "\\\\");
			else if (*p == '\n')
				buf_adds(out, "\\n");
			else
				buf_addc(out, *p);
		}
		buf_addc(out, '\n');
	}
}

/* Undoes the escapes; false on one that does not exist. */
static bool unescape(struct arena *a, struct str line, const char **text_r)
{
	autobuf struct buf b = BUF_INIT;
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] != '\\') {
			buf_addc(&b, line.p[i]);
			continue;
		}
		i++;
		if (i == line.n || (line.p[i] != '\\' && line.p[i] != 'n'))
			return false;
		buf_addc(&b, line.p[i] == 'n' ? '\n' : '\\');
	}
	*text_r = buf_dup(a, &b);
	return true;
}

VEC_TYPE(environ_vec, const char *);

bool settings_snapshot_read(struct arena *a, const char *text, const char *const **environ_r,
			    struct err *err)
{
	struct environ_vec list = VEC_INIT;
	struct str rest = str_from(text);
	struct str line;
	for (unsigned number = 1; str_next_line(&rest, &line); number++) {
		const char *entry = NULL;
		if (line.n == 0)
			continue;
		if (line.p[0] == '=' || !str_has_char(line, '='))
			return err_set(err, ERR_DATA, "line %u: not NAME=value", number);
		if (!unescape(a, line, &entry))
			return err_set(err, ERR_DATA, "line %u: unknown escape", number);
		*VEC_PUSH(a, &list) = entry;
	}
	*VEC_PUSH(a, &list) = NULL;
	*environ_r = list.v;
	return true;
}
