/* SPDX-License-Identifier: MIT */
/*
 * Keys are said ahead (map_prepare), so that the look-ups of a long list do not wait for memory. An
 * element moves forward only, to where one has been looked at already.
 */
#include "inputs/index_list.h"

#include "inputs/inputs.h"

static const char *key_of(const char *element)
{
	const char *key;

	memcpy(&key, element, sizeof(key));
	return key;
}

size_t index_list(struct map *index, void *list, size_t n, size_t size,
		  void (*report_double)(void *arg, const void *element), void *arg)
{
	uint64_t hashes[MAP_AHEAD];
	char *first = list;
	size_t kept = 0;

	for (size_t i = 0; i < n + MAP_AHEAD; i++) {
		uint64_t *hash = &hashes[i % MAP_AHEAD];
		if (i >= MAP_AHEAD && i - MAP_AHEAD < n) {
			const char *x = first + (i - MAP_AHEAD) * size;
			if (inputs_index_add_prepared(index, key_of(x), *hash, kept))
				memmove(first + size * kept++, x, size);
			else
				report_double(arg, x);
		}
		if (i < n)
			*hash = map_prepare(index, key_of(first + i * size));
	}
	return kept;
}
