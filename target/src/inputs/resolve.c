/* SPDX-License-Identifier: MIT */
/*
 * Postfix expands until nothing changes. What it does not expand a second time is only an address
 * that has expanded into itself; any other circle, also through one of several targets, ends with
 * "unreasonable nesting", and the message is put off for ever.
 *
 * LIMITS
 *	Circles are looked for among the first CIRCLE_MAX addresses an alias leads to.
 *
 * SOURCES
 *	virtual(5) "TABLE SEARCH ORDER"; postconf(5) virtual_alias_recursion_limit,
 *	virtual_alias_expansion_limit, recipient_delimiter, myorigin. Tried with Postfix 3.10.
 */
#include "inputs/resolve.h"

#include "base/net.h"

#define CHAIN_MAX 64
#define CIRCLE_MAX 2000

static void drop_extension(char *address)
{
	char *plus = strchr(address, '+'), *at = strrchr(address, '@');

	if (plus && at && plus > address && plus < at)
		memmove(plus, at, strlen(at) + 1);
}

char *resolve_bare(struct arena *a, struct str target)
{
	char *address = str_lower(a, target);

	drop_extension(address);
	return address;
}

const struct alias *resolve_entry(struct arena *a, const struct inputs *in, const char *address)
{
	const struct alias *x = inputs_find_alias(in, address);
	const char *at = strrchr(address, '@');

	if (x || at == NULL)
		return x;
	if (memchr(address, '+', (size_t)(at - address))) {
		address = resolve_bare(a, str_from(address));
		if ((x = inputs_find_alias(in, address)) != NULL)
			return x;
		at = strrchr(address, '@');
	}
	return inputs_find_account(in, address) ? NULL : inputs_find_alias(in, at);
}

/* The only target of the alias, lower case; NULL when there are two that differ. */
static char *only_target(struct arena *a, const struct alias *x)
{
	struct str rest = str_from(x->targets), word;
	char *first = NULL;

	while (str_next_word(&rest, ",", &word)) {
		char *target = str_lower(a, word);
		if (first && !streq(first, target))
			return NULL;
		first = target;
	}
	return first;
}

const char *resolve_single(struct arena *a, const struct settings *s, const struct inputs *in,
			   const struct alias *x)
{
	for (int i = 0; i < CHAIN_MAX; i++) {
		char *target = only_target(a, x);
		if (target == NULL || (x->key[0] == '@' && *in->regexp != '\0'))
			return NULL;
		if (email_domain(target) == NULL && s->hostname)
			target = arena_printf(a, "%s@%s", target, s->hostname);
		const char *domain = email_domain(target);
		if (domain == NULL || target[0] == '@' || !inputs_hosts_domain(in, domain))
			return NULL;
		const struct alias *next = resolve_entry(a, in, target);
		if (next == NULL || next == x)
			return resolve_bare(a, str_from(target));
		x = next;
	}
	return NULL;
}

/* An address on the way, and the one before it. */
struct step {
	const char *address;
	size_t before;
};
VEC_TYPE(step_vec, struct step);

static const char *path_text(struct arena *a, const struct step_vec *steps, size_t last,
			     const char *end)
{
	const char *text = end;

	for (size_t i = last; i != SIZE_MAX; i = steps->v[i].before)
		text = arena_printf(a, "%s → %s", steps->v[i].address, text);
	return text;
}

const char *resolve_circle(struct arena *a, const struct inputs *in, const struct alias *x)
{
	struct step_vec steps = VEC_INIT;
	struct map seen;
	struct str word;

	map_init(&seen, a, 16);
	*VEC_PUSH(a, &steps) = (struct step){ x->key, SIZE_MAX };
	for (size_t i = 0; i < steps.n && i < CIRCLE_MAX; i++) {
		const struct alias *here = i == 0 ? x : resolve_entry(a, in, steps.v[i].address);
		struct str rest = str_from(here ? here->targets : "");
		while (str_next_word(&rest, ",", &word)) {
			const char *target = str_lower(a, word);
			const struct alias *next = resolve_entry(a, in, target);
			if (next == NULL || next == here)
				continue;
			if (next == x)
				return path_text(a, &steps, i, x->key[0] == '@' ? target : x->key);
			if (map_add(&seen, target, &seen))
				*VEC_PUSH(a, &steps) = (struct step){ target, i };
		}
	}
	return NULL;
}
