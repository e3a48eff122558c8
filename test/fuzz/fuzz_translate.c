/* SPDX-License-Identifier: MIT */
/*
 * Input: a dovecot.cf in the language of 2.3, of 2.4 or in none. Whatever it is, lines come out in
 * order, each on one line.
 */
#include "base/err.h"
#include "dovecot/translate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct translated_vec lines = VEC_INIT;
	struct problems p;
	struct arena a;
	unsigned last = 0;

	arena_init(&a, "fuzz");
	problems_init(&p, &a);
	translate_text(&a, "f", text, &lines, &p);
	for (size_t i = 0; i < lines.n; i++) {
		if (strchr(lines.v[i].text, '\n'))
			BUG("a line break in '%s'", lines.v[i].text);
		if (lines.v[i].line == 0 || lines.v[i].line < last)
			BUG("line %u after line %u", lines.v[i].line, last);
		last = lines.v[i].line;
	}
	arena_fini(&a);
	return 0;
}
