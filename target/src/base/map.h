/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	map - text key to pointer, open addressing, inside an arena
 *
 * Keys are borrowed (they must live as long as the map) and compared byte by byte: the caller
 * lower-cases where that is wanted. No removal.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

struct arena;
struct map_slot;

struct map {
	struct arena *arena;
	struct map_slot *slots;
	size_t n;
	size_t cap;
};

/* `expect`: number of keys to be ready for; more is possible. */
void map_init(struct map *m, struct arena *a, size_t expect);
/* Adds key; false (and nothing changed) when it is there already. */
bool map_add(struct map *m, const char *key, void *value);
/* The value, or NULL when the key is unknown. */
void *map_get(const struct map *m, const char *key);

/* In a large map nearly every look-up waits for memory. Who knows some keys ahead says so, and waits
 * for none: map_prepare() gives the hash that the other two take. */
#define MAP_AHEAD 8
uint64_t map_prepare(const struct map *m, const char *key);
bool map_add_prepared(struct map *m, const char *key, uint64_t hash, void *value);
void *map_get_prepared(const struct map *m, const char *key, uint64_t hash);

#endif
