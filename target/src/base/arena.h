/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	arena - memory with one named lifetime
 *
 * A function that returns allocated data takes a `struct arena *` first. There
 * is nothing to free but the arena as a whole.
 *
 *	struct arena a;
 *	arena_init(&a, "settings");
 *	const char *s = arena_strdup(&a, text);
 *	arena_fini(&a);
 *
 * OWNERSHIP
 *	The caller owns the struct arena; every pointer handed out lives until
 *	arena_fini().
 *
 * ERRORS
 *	None: out of memory ends the process (x* functions print one line and
 *	exit with 71, EX_OSERR).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

struct arena_block;

struct arena {
	const char *name; /* for messages; must outlive the arena */
	struct arena_block *head;
	size_t used; /* bytes handed out, for statistics */
};

void arena_init(struct arena *a, const char *name);
/* Frees everything; the arena may be used again afterwards. Safe on an arena that is empty. */
void arena_fini(struct arena *a);
/* Wipes all memory with explicit_bzero before freeing: for arenas that held secrets. */
void arena_wipe(struct arena *a);

/* size bytes, zeroed, aligned for any type. size 0 gives a valid unique pointer. */
void *arena_alloc(struct arena *a, size_t size);
/* n * size bytes, zeroed; an overflow ends the process. */
void *arena_array(struct arena *a, size_t n, size_t size);
char *arena_strdup(struct arena *a, const char *s);
/* Copies n bytes and terminates them. */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* The only heap calls of the code base; they never return NULL. */
void *xmalloc(size_t size);
void *xrealloc(void *p, size_t size);

#endif
