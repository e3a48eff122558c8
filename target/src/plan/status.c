/* SPDX-License-Identifier: MIT */
#include "plan/status.h"

#include <dirent.h>

#include "base/file.h"

#define STATUS_MAX ((size_t)1 << 20)

void status_parse(struct arena *a, struct str text, struct status *status_r)
{
	struct str line, key, value;
	int64_t n;

	*status_r = (struct status){ .findings = VEC_INIT, .accounts = -1 };
	while (str_next_line(&text, &line)) {
		if (!str_split(line, ' ', &key, &value))
			continue;
		if (str_is(key, "finding"))
			*VEC_PUSH(a, &status_r->findings) = str_dup(a, value);
		else if (str_is(key, "accounts") &&
			 parse_int64(str_dup(a, value), 0, INT64_MAX, &n))
			status_r->accounts = n;
	}
}

bool status_read(struct arena *a, const char *path, struct status *status_r, struct err *err)
{
	struct err why = ERR_INIT;
	char *text = NULL;
	size_t n = 0;

	if (!file_read(a, path, STATUS_MAX, &text, &n, &why) && why.sys != ENOENT) {
		*err = why;
		return false;
	}
	status_parse(a, (struct str){ text ? text : "", n }, status_r);
	return true;
}

static int is_note(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

void status_notes(struct arena *a, const char *dir, struct text_vec *out)
{
	struct err ignored = ERR_INIT;
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_note, alphasort);

	for (int i = 0; i < n; i++) {
		struct str rest, line;
		char *text;
		if (file_read(a, arena_printf(a, "%s/%s", dir, list[i]->d_name), STATUS_MAX, &text,
			      NULL, &ignored))
			for (rest = str_from(text); str_next_line(&rest, &line);)
				if (line.n > 0)
					*VEC_PUSH(a, out) = str_dup(a, line);
		free(list[i]);
	}
	free(list);
}
