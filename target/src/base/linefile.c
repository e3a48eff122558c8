/* SPDX-License-Identifier: MIT */
/*
 * Reading and editing see lines through the same classify(), so that an edit never touches a line
 * that reading would skip or report. A UTF-8 byte order mark at the start (left by some editors)
 * belongs to no line.
 *
 * Editing keeps a line with forbidden bytes as it is: only a person can say what it should be.
 */
#include "base/linefile.h"

enum line_class { CLASS_COMMENT, CLASS_DATA, CLASS_BAD };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t bom_length(struct str text)
{
	return text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* Why the line can't be used, or NULL. In a comment only NUL matters. */
static const char *line_problem(struct str line, bool comment)
{
	if (str_has_char(line, '\0'))
		return "has a NUL byte";
	if (comment)
		return NULL;
	if (line.n > LINEFILE_LINE_MAX)
		return "is longer than 64 KiB";
	size_t i = 0;
	/* Eight bytes a step: a byte below 0x20 or equal to 0x7f sets its high bit; bytes from
	 * 0x80 on do not. */
	for (; i + 8 <= line.n; i += 8) {
		const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
		uint64_t w, d;
		memcpy(&w, line.p + i, 8);
		d = w ^ ones * 0x7f;
		if (((((w - ones * 0x20) & ~w) | ((d - ones) & ~d)) & highs) != 0)
			break;
	}
	for (; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return "has a control character";
	}
	return NULL;
}

/* Trims *line and tells what it is; *bad_r is set for CLASS_BAD, else NULL. */
static enum line_class classify(struct str *line, const char **bad_r)
{
	while (line->n > 0 && is_blank(line->p[line->n - 1]))
		line->n--;
	struct str text = str_trim(*line);
	bool comment = text.n == 0 || text.p[0] == '#';
	*bad_r = line_problem(*line, comment);
	if (*bad_r)
		return CLASS_BAD;
	return comment ? CLASS_COMMENT : CLASS_DATA;
}

void linefile_init(struct linefile *lf, const char *path, struct str text)
{
	size_t bom = bom_length(text);
	lf->path = path;
	lf->text = text;
	lf->rest = (struct str){ text.p + bom, text.n - bom };
	lf->line = 0;
}

bool linefile_next(struct linefile *lf, struct str *line_r, const char **bad_r)
{
	struct str line;
	const char *bad;
	while (str_next_line(&lf->rest, &line)) {
		lf->line++;
		if (classify(&line, &bad) == CLASS_COMMENT)
			continue;
		*line_r = line;
		*bad_r = bad;
		return true;
	}
	return false;
}

bool linefile_may_have(struct str text, struct str start)
{
	size_t bom = bom_length(text);
	struct str rest = { text.p + bom, text.n - bom }, line;

	while (str_next_line(&rest, &line)) {
		while (line.n > 0 && is_blank(line.p[0]))
			line = (struct str){ line.p + 1, line.n - 1 };
		if (line.n >= start.n && strncasecmp(line.p, start.p, start.n) == 0)
			return true;
	}
	return false;
}

struct str linefile_trim(struct str text)
{
	size_t n = text.n;

	while (n > 0 && text.p[n - 1] == '\0')
		n--;
	if (n == 0 || n == text.n || text.n - n > LINEFILE_LINE_MAX)
		return text;
	const char *before = memrchr(text.p, '\n', n);
	const char *last = before ? before + 1 : text.p;
	return last == text.p + n || *last == '#' ? (struct str){ text.p, n } : text;
}

/* One line of linefile_edit(): raw is the line with its end, line the same without. */
static void edit_line(struct str raw, struct str line, linefile_edit_fn *edit, void *ctx,
		      struct buf *out)
{
	const char *bad;
	const char *end = line.p + line.n;
	size_t start = out->n;
	enum linefile_verdict verdict = LINE_KEEP;
	if (classify(&line, &bad) == CLASS_DATA)
		verdict = edit(ctx, line, out);
	switch (verdict) {
	case LINE_KEEP:
		buf_truncate(out, start);
		buf_add(out, raw.p, raw.n);
		break;
	case LINE_DROP:
		buf_truncate(out, start);
		break;
	case LINE_REPLACE:
		buf_add(out, end, (size_t)(raw.p + raw.n - end));
		break;
	}
}

/* What the last line of the text ends with. */
static const char *line_end(const char *text, size_t n)
{
	const char *end = n > 0 ? memrchr(text, '\n', n) : NULL;

	return end && end > text && end[-1] == '\r' ? "\r\n" : "\n";
}

void linefile_tail(struct str text, const char *lines, struct buf *out)
{
	size_t bom = bom_length(text);
	const char *end = line_end(text.p + bom, text.n - bom);
	struct str rest = str_from(lines), line;

	if (text.n > bom && text.p[text.n - 1] != '\n')
		buf_adds(out, end);
	while (str_next_line(&rest, &line)) {
		buf_add(out, line.p, line.n);
		buf_adds(out, end);
	}
}

void linefile_edit(struct str text, linefile_edit_fn *edit, void *ctx, const char *append,
		   struct buf *out)
{
	size_t bom = bom_length(text), start = out->n;
	struct str rest = { text.p + bom, text.n - bom }, line;
	buf_add(out, text.p, bom);
	for (const char *p = rest.p; str_next_line(&rest, &line); p = rest.p)
		edit_line((struct str){ p, (size_t)(rest.p - p) }, line, edit, ctx, out);
	if (append) {
		autobuf struct buf tail = BUF_INIT;
		linefile_tail((struct str){ out->p + start, out->n - start }, append, &tail);
		buf_add(out, tail.p, tail.n);
	}
}
