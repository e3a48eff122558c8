/* SPDX-License-Identifier: MIT */
/*
 * One line a finding: severity as a digit, subject, text. A memory that can't be read or written
 * costs repeated log lines and nothing else.
 */
#include "init/findings.h"

#include "base/file.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"

#define MEMORY_MAX ((size_t)1 << 20)

static const char *line_of(struct arena *a, const struct problem *f)
{
	char *line = arena_printf(a, "%d %s: %s", (int)f->severity, f->subject, f->text);

	for (char *c = line; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return line;
}

/* The lines of the memory as keys; true when one of them is an error. */
static bool recall(struct arena *a, const char *memory, struct map *known)
{
	struct err err = ERR_INIT;
	struct str rest, line;
	bool errors = false;
	char *text;

	map_init(known, a, PROBLEMS_MAX);
	if (!file_read(a, memory, MEMORY_MAX, &text, NULL, &err))
		return false;
	rest = str_from(text);
	while (str_next_line(&rest, &line)) {
		(void)map_add(known, str_dup(a, line), known);
		errors |= line.n > 0 && line.p[0] == '0' + SEV_ERROR;
	}
	return errors;
}

void findings_tell(struct arena *a, const struct problems *p, const char *memory, bool quiet)
{
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	autobuf struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct problems fresh;
	struct map known;
	bool had_errors = recall(a, memory, &known);

	problems_init(&fresh, a);
	for (size_t i = 0; i < p->list.n; i++) {
		const struct problem *f = &p->list.v[i];
		const char *line = line_of(a, f);
		buf_printf(&out, "%s\n", line);
		if (map_get(&known, line) == NULL)
			*VEC_PUSH(a, &fresh.list) = *f;
	}
	if (!quiet)
		problems_log(&fresh);
	if (!quiet && had_errors && problems_errors(p) == 0)
		log_info("the files of the configuration directory are in order again");
	if (!file_replace(memory, out.p, out.n, &attr, FILE_EPHEMERAL, NULL, &err))
		log_warn("%s", err.text);
}
