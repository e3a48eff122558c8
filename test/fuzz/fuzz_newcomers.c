/* SPDX-License-Identifier: MIT */
/* Lists of accounts to add: whatever is taken is a line that the server's own parser takes. */
#include "base/arena.h"
#include "base/buf.h"
#include "inputs/accounts.h"
#include "inputs/newcomers.h"
#include "settings/problems.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct newcomer_vec list = VEC_INIT;
	struct account_vec accounts = VEC_INIT;
	autobuf struct buf lines = BUF_INIT;
	struct problems p;
	struct map index;
	struct arena a;

	arena_init(&a, "fuzz");
	problems_init(&p, &a);
	newcomers_parse(&a, "list", text, &list, &p);
	for (size_t i = 0; i < list.n; i++) {
		const struct newcomer *x = &list.v[i];
		if ((x->password == NULL) == (x->hash == NULL))
			BUG("a password or a hash, not both");
		buf_printf(&lines, "%s|%s%s%s\n", x->address, x->hash ? x->hash : "{SHA512}x",
			   *x->extra ? "|" : "", x->extra);
	}
	problems_init(&p, &a);
	accounts_parse(&a, "file", (struct str){ lines.p, lines.n }, &accounts, &index, &p);
	if (problems_errors(&p) > 0 || accounts.n != list.n)
		BUG("%zu of %zu are accounts: %s", accounts.n, list.n, lines.p);
	arena_fini(&a);
	return 0;
}
