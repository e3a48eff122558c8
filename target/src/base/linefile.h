/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	linefile - files of an administrator: "key separator value" lines, comments, order
 *
 * Reading: lines that are empty or begin with optional blanks and "#" are comments; CR before LF is
 * accepted; a last line without LF counts. Editing keeps every line that is not concerned byte by
 * byte.
 *
 * LIMITS
 *	64 MiB a file, 64 KiB a line. Bytes 0x00 anywhere and other control characters except TAB in
 *	a data line are refused with file:line.
 */
#ifndef BASE_LINEFILE_H
#define BASE_LINEFILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct arena;

#define LINEFILE_MAX ((size_t)64 << 20)
#define LINEFILE_LINE_MAX ((size_t)64 << 10)

struct linefile {
	const char *path; /* for messages */
	struct str text;  /* whole content */
	struct str rest;  /* what linefile_next() has not seen */
	unsigned line;	  /* number of the line last returned, from 1 */
};

/* Takes a file's content (text stays borrowed). */
void linefile_init(struct linefile *lf, const char *path, struct str text);
/* Next data line, trimmed of trailing blanks; false at the end. A line with forbidden bytes or
 * above the limit is returned too with *bad_r set to a static clause saying why (else NULL), so
 * the caller reports it and goes on. */
bool linefile_next(struct linefile *lf, struct str *line_r, const char **bad_r);

/* False: no data line begins with `start`, in any case, behind blanks. True: one may. Only the begin of each line
 * is looked at, which is several times as fast as reading the lines. */
bool linefile_may_have(struct str text, struct str start);

/* The text without the NUL bytes that a power failure may leave in place of a line that was being added:
 * behind a whole line or a comment, and no more than a line may have. */
struct str linefile_trim(struct str text);

/* How an edit decides about a data line: KEEP, DROP, or REPLACE (text appended to `out` by the
 * callback, without LF). */
enum linefile_verdict { LINE_KEEP, LINE_DROP, LINE_REPLACE };
typedef enum linefile_verdict linefile_edit_fn(void *ctx, struct str line, struct buf *out);

/* Copies text to out, passing each data line through edit; `append` (may be NULL) is added as a
 * last line as linefile_tail() has it. A missing final LF is added only when something is appended. */
void linefile_edit(struct str text, linefile_edit_fn *edit, void *ctx, const char *append,
		   struct buf *out);

/* What is to be added behind the text for these lines (separated by "\n", none at the end): line ends
 * are those of its last line, which gets one when it has none. */
void linefile_tail(struct str text, const char *lines, struct buf *out);

#endif
