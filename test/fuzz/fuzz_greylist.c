/* SPDX-License-Identifier: MIT */
/* Input: a white list of greylisting. What is handed on is in its own form, and stays the same. */
#include "base/err.h"
#include "inputs/greylist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct problems p, again;
	struct arena a;

	arena_init(&a, "fuzz");
	problems_init(&p, &a);
	problems_init(&again, &a);
	const char *once = greylist_parse(&a, "f", text, &p);
	const char *twice = greylist_parse(&a, "f", str_from(once), &again);
	if (!streq(once, twice) || problems_errors(&again) > 0)
		BUG("the list changes when read again");
	arena_fini(&a);
	return 0;
}
