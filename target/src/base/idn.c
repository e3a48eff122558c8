/* SPDX-License-Identifier: MIT */
/*
 * The three functions are declared here as the library's ABI (version 0) has them.
 */
#include "base/idn.h"

#include <dlfcn.h>

#include "base/arena.h"

#define LIBRARY "libidn2.so.0"
#define NFC_INPUT 1	  /* IDN2_NFC_INPUT */
#define NONTRANSITIONAL 8 /* IDN2_NONTRANSITIONAL: UTS #46, "ß" stays "ß" */

typedef int lookup_fn(const uint8_t *source, uint8_t **name_r, int flags);
typedef void free_fn(void *p);

static bool is_ascii(const char *s)
{
	while (*s)
		if ((unsigned char)*s++ >= 0x80)
			return false;
	return true;
}

static const char *convert(struct arena *a, void *library, const char *text, const char *domain,
			   const char **ascii_r)
{
	/* dlsym(3): the way POSIX wants a function pointer to be taken. */
	lookup_fn *lookup;
	free_fn *release;
	uint8_t *name = NULL;

	*(void **)&lookup = dlsym(library, "idn2_lookup_u8");
	*(void **)&release = dlsym(library, "idn2_free");
	if (lookup == NULL || release == NULL)
		return "has a domain with letters outside ASCII, and " LIBRARY
		       " is not usable (write its xn-- form)";
	if (lookup((const uint8_t *)domain, &name, NFC_INPUT | NONTRANSITIONAL) != 0)
		return "has a domain with letters outside ASCII that no domain can have";
	*ascii_r = arena_printf(a, "%.*s%s", (int)(domain - text), text, (const char *)name);
	release(name);
	return NULL;
}

const char *idn_to_ascii(struct arena *a, const char *text, const char **ascii_r)
{
	const char *at = strrchr(text, '@');

	if (at == NULL || is_ascii(at)) {
		*ascii_r = text;
		return NULL;
	}
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return "has a domain with letters outside ASCII, and there is no " LIBRARY
		       " (write its xn-- form)";
	const char *problem = convert(a, library, text, at + 1, ascii_r);
	(void)dlclose(library);
	return problem;
}
