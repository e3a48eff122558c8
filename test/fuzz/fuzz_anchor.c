/* SPDX-License-Identifier: MIT */
/*
 * Input: root.key as unbound keeps it. Of two texts that are sound each the whole is, and a line of
 * something else spoils every one.
 */
#include "base/buf.h"
#include "base/err.h"
#include "resolver/anchor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autobuf struct buf twice = BUF_INIT;
	bool sound = anchor_is_sound((struct str){ (const char *)data, size });

	for (int i = 0; i < 2; i++) {
		buf_add(&twice, (const char *)data, size);
		buf_addc(&twice, '\n');
	}
	if (anchor_is_sound((struct str){ twice.p, twice.n }) != sound)
		BUG("once and twice differ");
	buf_adds(&twice, "something else\n");
	if (anchor_is_sound((struct str){ twice.p, twice.n }))
		BUG("sound in spite of a strange line");
	return 0;
}
