/* SPDX-License-Identifier: MIT */
/*
 * Linear probing over a power of two of slots, at most two thirds full. The hash is kept in the
 * slot, so that growing and most mismatches need no look at the keys. A free slot has key == NULL.
 *
 * LIMITS
 *	hash_bytes() has no secret: whoever writes the keys can make a map slow. Keys come from
 *	files of the administrator.
 */
#include "base/map.h"

#include "base/arena.h"
#include "base/str.h"

#define MAP_MIN ((size_t)16)

struct map_slot {
	const char *key;
	uint64_t hash;
	void *value;
};

/* The slot that holds key, or the free one where it belongs. cap must not be 0. */
static struct map_slot *find_slot(const struct map *m, const char *key, uint64_t hash)
{
	size_t i = (size_t)hash & (m->cap - 1);
	while (m->slots[i].key && (m->slots[i].hash != hash || !streq(m->slots[i].key, key)))
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

/* A free slot for a key that is known to be new. */
static struct map_slot *find_free(const struct map *m, uint64_t hash)
{
	size_t i = (size_t)hash & (m->cap - 1);
	while (m->slots[i].key)
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

/* Moves all slots to a table of cap slots. */
static void rehash(struct map *m, size_t cap)
{
	struct map_slot *old = m->slots;
	size_t old_cap = m->cap;
	m->slots = arena_array(m->arena, cap, sizeof(*m->slots));
	m->cap = cap;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].key)
			*find_free(m, old[i].hash) = old[i];
}

void map_init(struct map *m, struct arena *a, size_t expect)
{
	*m = (struct map){ .arena = a };
	size_t cap = MAP_MIN;
	while (cap / 3 * 2 < expect)
		cap *= 2;
	rehash(m, cap);
}

static uint64_t hash_of(const char *key)
{
	return hash_bytes(key, strlen(key));
}

uint64_t map_prepare(const struct map *m, const char *key)
{
	uint64_t hash = hash_of(key);

	__builtin_prefetch(&m->slots[(size_t)hash & (m->cap - 1)]);
	return hash;
}

bool map_add_prepared(struct map *m, const char *key, uint64_t hash, void *value)
{
	struct map_slot *slot = find_slot(m, key, hash);
	if (slot->key)
		return false;
	if (m->n + 1 > m->cap / 3 * 2) {
		rehash(m, m->cap * 2);
		slot = find_free(m, hash);
	}
	*slot = (struct map_slot){ .key = key, .hash = hash, .value = value };
	m->n++;
	return true;
}

void *map_get_prepared(const struct map *m, const char *key, uint64_t hash)
{
	return find_slot(m, key, hash)->value;
}

bool map_add(struct map *m, const char *key, void *value)
{
	return map_add_prepared(m, key, hash_of(key), value);
}

void *map_get(const struct map *m, const char *key)
{
	return map_get_prepared(m, key, hash_of(key));
}
