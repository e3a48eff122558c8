/* SPDX-License-Identifier: MIT */
/*
 * Input: a file. Must hold: an edit that keeps everything changes nothing; an edit sees exactly the good lines that
 * reading gives; dropping every line leaves a file without data lines.
 */
#include "base/linefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct counts {
	size_t lines, bytes;
};

static enum linefile_verdict keep(void *ctx, struct str line, struct buf *out)
{
	struct counts *c = ctx;
	c->lines++;
	c->bytes += line.n;
	buf_adds(out, "must not stay");
	return LINE_KEEP;
}

static enum linefile_verdict drop(void *ctx UNUSED, struct str line UNUSED, struct buf *out UNUSED)
{
	return LINE_DROP;
}

static struct counts count(struct str text)
{
	struct counts c = { 0, 0 };
	struct linefile lf;
	struct str line;
	const char *bad = NULL;
	linefile_init(&lf, "fuzz", text);
	while (linefile_next(&lf, &line, &bad)) {
		if (bad)
			continue;
		if (line.n == 0 || str_has_char(line, '\n') || str_has_char(line, '\0'))
			BUG("line %u is no data line", lf.line);
		c.lines++;
		c.bytes += line.n;
	}
	return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	autobuf struct buf same = BUF_INIT;
	autobuf struct buf less = BUF_INIT;
	struct counts read = count(text), edited = { 0, 0 };

	linefile_edit(text, keep, &edited, NULL, &same);
	if (same.n != size || (size > 0 && memcmp(same.p, data, size) != 0))
		BUG("keeping everything changed the file");
	if (read.lines != edited.lines || read.bytes != edited.bytes)
		BUG("%zu lines read, %zu edited", read.lines, edited.lines);
	linefile_edit(text, drop, NULL, "last", &less);
	struct counts left = count((struct str){ less.p, less.n });
	/* A bad last line that ends in CR becomes a good one by the LF that is added behind it. */
	if (size > 0 && data[size - 1] == '\r')
		return 0;
	if (left.lines != 1 || left.bytes != 4)
		BUG("%zu lines left of one", left.lines);
	return 0;
}
