/* SPDX-License-Identifier: MIT */
/*
 * Blocks in a singly linked list; the head is the one small requests are cut from. Blocks double up
 * to BLOCK_MAX; a request that would waste the rest of the head gets a block of its own behind the
 * head. Invariant: block->used is a multiple of ALIGN and never above block->cap.
 *
 * Blocks from HUGE_PAGE on are mapped and ask for huge pages: 100,000 accounts take 70 MB, whose
 * small pages cost a third of the time in page faults and in misses of the address cache. Blocks
 * grow only with what is used, so a small arena has none.
 *
 * Under AddressSanitizer every request is a block of its own, so that an overrun is seen at its
 * byte.
 *
 * SOURCES
 *	sysexits.h (71 = EX_OSERR); explicit_bzero(3); madvise(2) MADV_HUGEPAGE
 */
#include "base/arena.h"

#include <sys/mman.h>

#include "base/err.h"

#define ALIGN _Alignof(max_align_t)
#define BLOCK_MIN ((size_t)4 << 10)
#define BLOCK_MAX ((size_t)4 << 20)
#define HUGE_PAGE ((size_t)2 << 20)

#if defined(__SANITIZE_ADDRESS__)
#define ONE_BLOCK_EACH 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_BLOCK_EACH 1
#endif
#endif
#ifndef ONE_BLOCK_EACH
#define ONE_BLOCK_EACH 0
#endif

struct arena_block {
	struct arena_block *next;
	size_t cap;
	size_t used;
	size_t mapped; /* length of its mapping, 0 = it is from the heap */
	max_align_t data[];
};

/* Ends the process; no exit handlers, they could allocate. */
static void NORETURN die_no_memory(size_t size)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "mailserver: out of memory (%zu bytes wanted)\n",
			 size);
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		_exit(ERR_OS); /* nowhere left to complain */
	_exit(ERR_OS);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);
	if (!p)
		die_no_memory(size);
	return p;
}

void *xrealloc(void *p, size_t size)
{
	void *q = realloc(p, size ? size : 1);
	if (!q)
		die_no_memory(size);
	return q;
}

/* A mapping that begins at a huge page, all zeros; NULL when there is no memory. */
static void *map_huge(size_t size)
{
	char *p = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	size_t skip = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
	if (skip > 0)
		(void)munmap(p, skip);
	(void)munmap(p + skip + size, HUGE_PAGE - skip);
	(void)madvise(p + skip, size, MADV_HUGEPAGE); /* a wish: the kernel may have none */
	return p + skip;
}

/* A new block with room for cap bytes, not linked yet. */
static struct arena_block *block_new(size_t cap)
{
	if (cap > SIZE_MAX - sizeof(struct arena_block) - 2 * HUGE_PAGE)
		die_no_memory(cap);
	size_t size = sizeof(struct arena_block) + cap, mapped = 0;
	struct arena_block *b;
	if (!ONE_BLOCK_EACH && size >= HUGE_PAGE) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);
		mapped = (size + page - 1) / page * page;
		b = map_huge(mapped);
	} else {
		b = calloc(1, size); /* zeroed once, no byte is given out twice */
	}
	if (!b)
		die_no_memory(cap);
	b->next = NULL;
	b->cap = cap;
	b->used = 0;
	b->mapped = mapped;
	return b;
}

/* A block with room for size bytes, linked in: the new head, or behind it when size is large. */
static struct arena_block *block_add(struct arena *a, size_t size)
{
	struct arena_block *head = a->head;
	size_t cap = head ? head->cap * 2 : BLOCK_MIN;
	if (cap > BLOCK_MAX)
		cap = BLOCK_MAX;
	bool large = ONE_BLOCK_EACH || size > cap / 4;
	struct arena_block *b = block_new(large ? size : cap);
	if (large && head) {
		b->next = head->next;
		head->next = b;
	} else {
		b->next = head;
		a->head = b;
	}
	return b;
}

void arena_init(struct arena *a, const char *name)
{
	a->name = name;
	a->head = NULL;
	a->used = 0;
}

static void free_all(struct arena *a, bool wipe)
{
	struct arena_block *b = a->head;
	while (b) {
		struct arena_block *next = b->next;
		if (wipe)
			explicit_bzero(b->data, b->used);
		if (b->mapped > 0)
			(void)munmap(b, b->mapped);
		else
			free(b);
		b = next;
	}
	a->head = NULL;
	a->used = 0;
}

void arena_fini(struct arena *a)
{
	free_all(a, false);
}

void arena_wipe(struct arena *a)
{
	free_all(a, true);
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (size > SIZE_MAX - ALIGN)
		die_no_memory(size);
	size_t want = size ? size : 1;
	/* An own block keeps its exact size: that is what makes overruns visible. */
	size_t step = ONE_BLOCK_EACH ? want : (want + ALIGN - 1) / ALIGN * ALIGN;
	struct arena_block *b = a->head;
	if (!b || b->cap - b->used < step)
		b = block_add(a, step);
	char *p = (char *)b->data + b->used;
	b->used += step;
	a->used += step;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(n, size, &total))
		die_no_memory(SIZE_MAX);
	return arena_alloc(a, total);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	if (n == SIZE_MAX)
		die_no_memory(n);
	char *p = arena_alloc(a, n + 1);
	if (n > 0)
		memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		BUG("format '%s' failed", fmt);
	char *p = arena_alloc(a, (size_t)n + 1);
	(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}
