/* SPDX-License-Identifier: MIT */
/* Input: a byte that chooses the type, then a DNS message. Must hold: names are text. */
#include "base/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = { DNS_NS, DNS_MX, DNS_TLSA };
	struct err err = ERR_INIT;
	struct dns_answer out;
	struct arena a;

	if (size == 0)
		return 0;
	enum dns_type type = types[data[0] % ARRAY_SIZE(types)];
	arena_init(&a, "fuzz");
	if (dns_parse(&a, data + 1, size - 1, type, &out, &err))
		for (size_t i = 0; i < out.n; i++)
			if (type == DNS_MX && strlen(out.names[i]) > 1024)
				BUG("a name that is too long");
	arena_fini(&a);
	return 0;
}
