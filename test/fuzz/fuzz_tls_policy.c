/* SPDX-License-Identifier: MIT */
/* Input: postfix-tls-policy.cf. Must hold: what is taken has a destination and a level, in one line. */
#include "inputs/tls_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_policy_vec out = VEC_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "fuzz");
	problems_init(&p, &a);
	tls_policy_parse(&a, TLS_POLICY_FILE, (struct str){ (const char *)data, size }, &out, &p);
	for (size_t i = 0; i < out.n; i++)
		if (*out.v[i].destination == '\0' || *out.v[i].policy == '\0' ||
		    strpbrk(out.v[i].policy, "\r\n"))
			BUG("a policy that is none");
	arena_fini(&a);
	return 0;
}
