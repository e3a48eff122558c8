/* SPDX-License-Identifier: MIT */
/*
 * Input: an ssl-sni.cf. Names that are accepted are unique and in lower case, have at least one dot,
 * and no byte that means something in a daemon's file; paths are absolute.
 */
#include "base/arena.h"
#include "base/err.h"
#include "inputs/sni.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sni_entry_vec list = VEC_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "fuzz");
	problems_init(&p, &a);
	sni_parse(&a, "/config", (struct str){ (const char *)data, size }, &list, &p);
	for (size_t i = 0; i < list.n; i++) {
		const struct sni_entry *e = &list.v[i];
		const char *host = e->name[0] == '*' ? e->name + 1 : e->name;
		if (strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(host) ||
		    !strchr(host, '.'))
			BUG("accepted the name '%s'", e->name);
		if (e->cert[0] != '/' || e->key[0] != '/')
			BUG("accepted a path that is not absolute");
		for (size_t k = 0; k < i; k++)
			if (streq(list.v[k].name, e->name))
				BUG("'%s' is there twice", e->name);
	}
	arena_fini(&a);
	return 0;
}
