/* SPDX-License-Identifier: MIT */
#include "plan/status.h"

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
