/* SPDX-License-Identifier: MIT */
/*
 * WHY IDENTITY ENTRIES
 *	Postfix asks virtual_alias_maps before it looks for mailboxes, so "@domain" takes the mail
 *	of every account of the domain that has no entry of its own.
 *
 * WHY ROLE ADDRESSES MAY BE LEFT OUT
 *	An alias makes its key a valid recipient. If the target is then received by nobody, mail is
 *	accepted and bounced to a sender that may be forged; refusing at RCPT is better.
 *
 * SOURCES
 *	virtual(5) "TABLE SEARCH ORDER", postconf(5) virtual_alias_maps, recipient_delimiter; RFC
 *	5321 §4.5.1, RFC 2142 §4.
 */
#include "inputs/effective.h"

#include "base/net.h"
#include "inputs/local_aliases.h"
#include "inputs/resolve.h"

static const char *const roles[] = { "postmaster", "abuse" };

static const struct alias *find_catch_all(struct arena *a, const struct inputs *in,
					  const char *domain)
{
	return inputs_find_alias(in, arena_printf(a, "@%s", domain));
}

bool inputs_is_received(struct arena *a, const struct settings *s, const struct inputs *in,
			const char *address)
{
	const char *domain = email_domain(address);

	if (inputs_find_account(in, address) || inputs_find_alias(in, address))
		return true;
	if (inputs_hosts_domain(in, domain))
		return *in->regexp != '\0' || find_catch_all(a, in, domain) != NULL;
	if (s->hostname && strcasecmp(domain, s->hostname) == 0) {
		const char *local = arena_strndup(a, address, (size_t)(domain - 1 - address));
		return local_aliases_define(in->local_aliases, local);
	}
	return true;
}

/* Next target of "a,b,c" as a lower-case copy without extension; NULL at the end. */
static char *next_target(struct arena *a, struct str *rest)
{
	struct str word;

	return str_next_word(rest, ",", &word) ? resolve_bare(a, word) : NULL;
}

/* Adds every address that mail to `from` passes on its way through aliases to *seen. */
static void follow(struct arena *a, const struct inputs *in, const char *from, struct map *seen)
{
	struct text_vec todo = VEC_INIT;

	*VEC_PUSH(a, &todo) = from;
	for (size_t i = 0; i < todo.n; i++) {
		const char *address = todo.v[i];
		if (!map_add(seen, address, seen))
			continue;
		const struct alias *x = resolve_entry(a, in, address);
		struct str rest = str_from(x ? x->targets : "");
		for (char *t = next_target(a, &rest); t; t = next_target(a, &rest))
			*VEC_PUSH(a, &todo) = t;
	}
}

char *inputs_postmaster(struct arena *a, const struct settings *s)
{
	return resolve_bare(a, str_from(s->postmaster_address ? s->postmaster_address : ""));
}

static void add_roles(struct arena *a, const struct settings *s, const struct inputs *in,
		      struct alias_vec *out)
{
	char *target = inputs_postmaster(a, s);
	struct map on_the_way;

	if (email_domain(target) == NULL || !inputs_is_received(a, s, in, target))
		return;
	map_init(&on_the_way, a, 16);
	follow(a, in, target, &on_the_way);
	for (size_t i = 0; i < in->domains.n; i++) {
		const char *domain = in->domains.v[i];
		if (find_catch_all(a, in, domain))
			continue;
		for (size_t r = 0; r < ARRAY_SIZE(roles); r++) {
			const char *key = arena_printf(a, "%s@%s", roles[r], domain);
			if (inputs_find_account(in, key) || inputs_find_alias(in, key) ||
			    map_get(&on_the_way, key))
				continue;
			*VEC_PUSH(a, out) = (struct alias){ .key = key,
							    .targets = s->postmaster_address,
							    .file = ALIAS_ROLE };
		}
	}
}

static void add_identities(struct arena *a, const struct inputs *in, struct alias_vec *out)
{
	struct map catch_all;
	bool any = false;

	map_init(&catch_all, a, 16);
	for (size_t i = 0; i < in->aliases.n; i++)
		if (in->aliases.v[i].key[0] == '@')
			any = map_add(&catch_all, in->aliases.v[i].key + 1, out);
	for (size_t i = 0; any && i < in->accounts.n; i++) {
		const struct account *x = &in->accounts.v[i];
		if (map_get(&catch_all, x->domain) && !inputs_find_alias(in, x->address))
			*VEC_PUSH(a, out) = (struct alias){ .key = x->address,
							    .targets = x->address,
							    .file = ALIAS_IDENTITY };
	}
}

void inputs_added_aliases(struct arena *a, const struct settings *s, const struct inputs *in,
			  struct alias_vec *out)
{
	add_identities(a, in, out);
	add_roles(a, s, in, out);
}

void inputs_effective_aliases(struct arena *a, const struct settings *s, const struct inputs *in,
			      struct alias_vec *out)
{
	for (size_t i = 0; i < in->aliases.n; i++)
		*VEC_PUSH(a, out) = in->aliases.v[i];
	inputs_added_aliases(a, s, in, out);
}

static void check_alias(struct arena *a, const struct settings *s, const struct inputs *in,
			const struct alias *x, struct problems *p)
{
	struct str rest = str_from(x->targets);
	bool shadows = inputs_find_account(in, x->key) != NULL;
	const char *subject = arena_printf(a, "%s:%u", x->file, x->line);

	for (char *t = next_target(a, &rest); t; t = next_target(a, &rest)) {
		shadows = shadows && !streq(t, x->key);
		if (t[0] == '@' || email_domain(t) == NULL || streq(t, x->key) || strchr(t, '[') ||
		    inputs_is_received(a, s, in, t))
			continue;
		problems_add(p, SEV_WARNING, subject, "correct the target, or add the account",
			     "target '%s' of '%s' is no account and no alias: its mail is returned",
			     t, x->key);
	}
	if (shadows)
		problems_add(p, SEV_NOTE, subject,
			     "add the account to the targets to keep a copy in the mailbox",
			     "mail for the account '%s' goes to %s only", x->key, x->targets);
	const char *circle = resolve_circle(a, in, x);
	if (circle)
		problems_add(p, SEV_WARNING, subject, "give one of them a target that is a mailbox",
			     "mail goes round in a circle and is never accepted: %s", circle);
}

/* Calls check_alias() for those it could have anything to say about: not if the key is no account and
 * the only target is one. */
static void check_aliases(struct arena *a, const struct settings *s, const struct inputs *in,
			  struct problems *p)
{
	const struct alias_vec *list = &in->aliases;
	const struct map *accounts = &in->account_index;
	uint64_t keys[MAP_AHEAD], targets[MAP_AHEAD];

	for (size_t i = 0; i < list->n + MAP_AHEAD; i++) {
		size_t slot = i % MAP_AHEAD;
		if (i >= MAP_AHEAD && i - MAP_AHEAD < list->n) {
			const struct alias *x = &list->v[i - MAP_AHEAD];
			if (map_get_prepared(accounts, x->key, keys[slot]) ||
			    !map_get_prepared(accounts, x->targets, targets[slot]))
				check_alias(a, s, in, x, p);
		}
		if (i < list->n) {
			keys[slot] = map_prepare(accounts, list->v[i].key);
			targets[slot] = map_prepare(accounts, list->v[i].targets);
		}
	}
}

void effective_check(struct arena *a, const struct settings *s, const struct inputs *in,
		     struct problems *p)
{
	char *target = inputs_postmaster(a, s);

	check_aliases(a, s, in, p);
	if (in->domains.n > 0 && email_domain(target) && !inputs_is_received(a, s, in, target))
		problems_add(
			p, SEV_NOTE,
			arena_printf(a, "POSTMASTER_ADDRESS='%s'", s->postmaster_address),
			"make it an alias (setup alias add), or set the variable to an account",
			"nobody receives it: postmaster@ and abuse@ of all domains are refused");
}
