/* SPDX-License-Identifier: MIT */
/*
 * Input: an acme.json. What is found has PEM texts or a problem, and every name that is a
 * domain.main is found again by it; nothing is found where there was an error.
 */
#include "base/arena.h"
#include "base/err.h"
#include "inputs/acme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *a, struct str text, const struct acme_vec *found)
{
	for (size_t i = 0; i < found->n; i++) {
		const struct acme_entry *e = &found->v[i];
		struct acme_vec again;
		struct err err = ERR_INIT;
		if (e->problem == NULL && (e->chain.p == NULL || e->key.p == NULL))
			BUG("an entry without texts");
		if (*e->main == '\0')
			continue; /* found by another name */
		if (!acme_find(a, text, &e->main, 1, NULL, &again, &err) || again.n == 0)
			BUG("'%s' is not found again", e->main);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "*.example.test", "mail.example.test",
					     "example.test" };
	struct str text = { (const char *)data, size };
	struct acme_vec found;
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "fuzz");
	if (acme_find(&a, text, names, ARRAY_SIZE(names), "mail.example.test", &found, &err))
		check(&a, text, &found);
	else if (found.n > 0 || err.class != ERR_DATA)
		BUG("an error with entries");
	arena_fini(&a);
	return 0;
}
