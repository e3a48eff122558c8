/* SPDX-License-Identifier: MIT */
/*
 * Mail is followed breadth first; a step remembers where it came from, so that the way can be told.
 *
 * SOURCES
 *	postconf(5) smtpd_sender_login_maps, reject_authenticated_sender_login_mismatch; virtual(5)
 *	"TABLE SEARCH ORDER".
 */
#include "inputs/senders.h"

#include "base/buf.h"
#include "base/net.h"
#include "inputs/aliases.h"
#include "inputs/logical.h"

#define TARGET_SEPS ", \t"

struct step {
	const char *address;
	size_t from;	  /* index of the step before; its own index = the first */
	const char *file; /* what led here */
	unsigned line;
};

struct walk {
	const struct senders *sn;
	VEC(struct step) steps;
	struct map seen;
	size_t at; /* the step whose targets are added */
};

/* The text of a file as it was read, for its line numbers; else what was made of it. */
static struct str text_of(const struct inputs *in, const char *name, const char *made)
{
	for (size_t i = 0; i < in->texts_n; i++)
		if (streq(in->texts[i].name, name) && in->texts[i].good)
			return in->texts[i].text;
	return str_from(made ? made : "");
}

void senders_init(struct senders *sn, struct arena *a, const struct settings *s,
		  const struct inputs *in)
{
	*sn = (struct senders){ .arena = a, .s = s, .in = in };
	inputs_effective_aliases(a, s, in, &sn->effective);
	map_init(&sn->roles, a, 16);
	for (size_t i = 0; i < sn->effective.n; i++)
		if (alias_is_role(&sn->effective.v[i]))
			(void)map_add(&sn->roles, sn->effective.v[i].key, &sn->effective.v[i]);
	sn->patterns = patterns_compile(a, text_of(in, REGEXP_FILE, in->regexp));
	sn->local_aliases = text_of(in, LOCAL_ALIASES_FILE, in->local_aliases);
}

/* "Anna+list@x" → "anna@x"; NULL when there is no tag. */
static char *without_tag(struct arena *a, const char *address)
{
	char *copy = str_lower(a, str_from(address));
	char *plus = strchr(copy, '+'), *at = strrchr(copy, '@');

	if (plus == NULL || at == NULL || plus == copy || plus > at)
		return NULL;
	memmove(plus, at, strlen(at) + 1);
	return copy;
}

static void add_step(struct walk *w, const char *address, const char *file, unsigned line)
{
	if (map_add(&w->seen, address, w))
		*VEC_PUSH(w->sn->arena, &w->steps) = (struct step){
			.address = address, .from = w->at, .file = file, .line = line
		};
}

/* Adds each target of a list; one without a domain is an alias of the host, or nothing. */
static void add_targets(struct walk *w, struct str targets, const char *file, unsigned line)
{
	struct arena *a = w->sn->arena;
	struct str word;

	while (str_next_word(&targets, TARGET_SEPS, &word)) {
		char *target = str_lower(a, word), *bare = without_tag(a, target);
		if (target[0] == '|' || target[0] == '/' || target[0] == ':' || target[0] == '"')
			continue;
		if (strchr(target, '@') == NULL)
			target = arena_printf(a, "%s@%s", target, w->sn->s->hostname);
		if (bare && !inputs_find_alias(w->sn->in, target))
			target = bare;
		add_step(w, target, file, line);
	}
}

/* What the host's own aliases say about "name@<host name>" and "name@localhost". */
static void follow_host(struct walk *w, const char *address)
{
	const struct senders *sn = w->sn;
	const char *domain = email_domain(address);
	struct str targets;
	unsigned line;

	if (domain == NULL ||
	    (strcasecmp(domain, sn->s->hostname) != 0 && strcasecmp(domain, "localhost") != 0))
		return;
	const char *local = arena_strndup(sn->arena, address, (size_t)(domain - 1 - address));
	const struct alias *x = inputs_find_alias(sn->in, local);
	if (x)
		add_targets(w, str_from(x->targets), x->file, x->line);
	if (local_aliases_find(sn->arena, sn->local_aliases, local, &targets, &line))
		add_targets(w, targets, LOCAL_ALIASES_FILE, line);
	else if (streq(local, "root") || streq(local, "postmaster") ||
		 streq(local, "mailer-daemon"))
		add_targets(w, str_from(sn->s->postmaster_address), ALIAS_ROLE, 0);
}

static void follow(struct walk *w, const char *address)
{
	const struct senders *sn = w->sn;
	const struct alias *x = inputs_find_alias(sn->in, address);

	if (x == NULL)
		x = map_get(&sn->roles, address);
	if (x)
		add_targets(w, str_from(x->targets), x->file, x->line);
	if (!patterns_are_none(sn->patterns)) {
		struct pattern_hit hit = patterns_match(sn->patterns, address);
		if (hit.result)
			add_targets(w, str_from(hit.result), REGEXP_FILE, hit.line);
	}
	follow_host(w, address);
}

static const char *explain(const struct walk *w, size_t at)
{
	autobuf struct buf out = BUF_INIT;
	const struct step *x = &w->steps.v[at];

	if (x->from != at) {
		if (x->from != w->steps.v[x->from].from)
			buf_printf(&out, "%s\n", explain(w, x->from));
		buf_adds(&out, x->file);
		if (x->line > 0)
			buf_printf(&out, ":%u", x->line);
		buf_printf(&out, ": %s → %s", w->steps.v[x->from].address, x->address);
		return buf_dup(w->sn->arena, &out);
	}
	const struct account *account = inputs_find_account(w->sn->in, x->address);
	if (account)
		buf_printf(&out, "%s:%u: the account itself", account->file, account->line);
	return buf_dup(w->sn->arena, &out);
}

/* Whether the address is defined: by name, or as the host's own. */
static bool is_defined(const struct senders *sn, const char *address)
{
	const char *domain = email_domain(address);

	return inputs_find_account(sn->in, address) || inputs_find_alias(sn->in, address) ||
	       map_get(&sn->roles, address) || (domain && strcasecmp(domain, sn->s->hostname) == 0);
}

/* An address whose mail goes nowhere else: a login, if there is (or will be) such an account. */
static bool may_be_login(const struct senders *sn, const char *address)
{
	const char *domain = email_domain(address);

	return inputs_find_account(sn->in, address) ||
	       (domain && inputs_hosts_domain(sn->in, domain) &&
		!inputs_find_alias(sn->in, address) && !map_get(&sn->roles, address));
}

static void walk_from(const struct senders *sn, const char *address, bool deep, bool explained,
		      struct sender_right_vec *out)
{
	struct walk w = { .sn = sn };

	map_init(&w.seen, sn->arena, 4);
	add_step(&w, address, NULL, 0);
	for (size_t i = 0; i < w.steps.n; i++) {
		const char *at = w.steps.v[i].address;
		if (i == 0 ? inputs_find_account(sn->in, at) != NULL : may_be_login(sn, at))
			*VEC_PUSH(sn->arena, out) =
				(struct sender_right){ .login = at,
						       .why = explained ? explain(&w, i) : NULL };
		w.at = i;
		if (i == 0 || deep)
			follow(&w, at);
	}
}

static void find(const struct senders *sn, const char *address, bool explained,
		 struct sender_right_vec *out)
{
	const char *key = str_lower(sn->arena, str_from(address));
	struct pattern_hit hit = patterns_match(sn->patterns, key);
	const char *bare = without_tag(sn->arena, key);

	if (is_defined(sn, key) || hit.result)
		walk_from(sn, key, is_defined(sn, key) || hit.is_fixed, explained, out);
	else if (bare && is_defined(sn, bare))
		walk_from(sn, bare, true, explained, out);
}

void senders_find(const struct senders *sn, const char *address, struct sender_right_vec *out)
{
	find(sn, address, true, out);
}

static void list_logins(const struct sender_right_vec *rights, struct buf *out)
{
	for (size_t i = 0; i < rights->n; i++)
		buf_printf(out, "%s%s", i ? "," : "", rights->v[i].login);
}

/* Most entries are an account and nothing more. */
static bool is_plain(const struct senders *sn, const struct account *x)
{
	return patterns_are_none(sn->patterns) && !inputs_find_alias(sn->in, x->address) &&
	       strcasecmp(x->domain, sn->s->hostname) != 0;
}

struct each {
	const struct senders *sn;
	bool (*add)(void *ctx, const char *key, const char *value);
	void *ctx;
	struct map done;
};

static bool add_key(struct each *e, const char *key)
{
	struct sender_right_vec rights = VEC_INIT;
	autobuf struct buf value = BUF_INIT;

	if (key[0] == '@' || !map_add(&e->done, key, e))
		return true;
	find(e->sn, key, false, &rights);
	list_logins(&rights, &value);
	return value.n == 0 || e->add(e->ctx, key, value.p);
}

/* Names of the host's own aliases, as addresses. */
static bool add_host_names(struct each *e)
{
	static const char *const defaults[] = { "root", "postmaster", "mailer-daemon" };
	const struct senders *sn = e->sn;
	struct str line, name;
	struct logical lg;
	bool ok = true;

	logical_init(&lg, sn->arena, LOCAL_ALIASES_FILE, sn->local_aliases);
	while (ok && logical_next(&lg, &line)) {
		if (lg.bad || !str_split(line, ':', &name, &line))
			continue;
		name = str_trim(name);
		ok = add_key(e, arena_printf(sn->arena, "%s@%s", str_lower(sn->arena, name),
					     sn->s->hostname));
	}
	for (size_t i = 0; ok && i < ARRAY_SIZE(defaults); i++)
		ok = add_key(e, arena_printf(sn->arena, "%s@%s", defaults[i], sn->s->hostname));
	return ok;
}

bool senders_each(const struct senders *sn,
		  bool (*add)(void *ctx, const char *key, const char *value), void *ctx)
{
	struct each e = { .sn = sn, .add = add, .ctx = ctx };
	bool ok = true;

	map_init(&e.done, sn->arena, sn->effective.n + 16);
	for (size_t i = 0; ok && i < sn->effective.n; i++) {
		const char *key = sn->effective.v[i].key;
		ok = add_key(&e, strchr(key, '@')
					 ? key
					 : arena_printf(sn->arena, "%s@%s", key, sn->s->hostname));
	}
	ok = ok && add_host_names(&e);
	for (size_t i = 0; ok && i < sn->in->accounts.n; i++) {
		const struct account *x = &sn->in->accounts.v[i];
		ok = is_plain(sn, x) ? map_get(&e.done, x->address) != NULL ||
					       add(ctx, x->address, x->address)
				     : add_key(&e, x->address);
	}
	return ok;
}

/* The logins that the targets of a rule lead to, "" if none. */
static void resolve(const struct senders *sn, struct str targets, struct buf *out)
{
	struct sender_right_vec rights = VEC_INIT;
	struct walk w = { .sn = sn };

	map_init(&w.seen, sn->arena, 4);
	add_targets(&w, targets, REGEXP_FILE, 0);
	for (size_t i = 0; i < w.steps.n; i++) {
		const char *at = w.steps.v[i].address;
		if (may_be_login(sn, at))
			*VEC_PUSH(sn->arena, &rights) = (struct sender_right){ .login = at };
		follow(&w, at);
	}
	list_logins(&rights, out);
}

void senders_patterns(const struct senders *sn, struct buf *out)
{
	struct str line, text = str_from(sn->in->regexp ? sn->in->regexp : "");
	struct regexp_line parts;
	struct logical lg;

	logical_init(&lg, sn->arena, REGEXP_FILE, text);
	while (logical_next(&lg, &line)) {
		autobuf struct buf logins = BUF_INIT;
		if (lg.bad || !regexp_split(line, &parts))
			continue;
		if (parts.kind == REGEXP_RULE && !str_has_char(parts.result, '$'))
			resolve(sn, parts.result, &logins);
		if (logins.n > 0) {
			buf_add(out, line.p, (size_t)(parts.result.p - line.p));
			buf_adds(out, logins.p);
		} else {
			buf_add(out, line.p, line.n);
		}
		buf_addc(out, '\n');
	}
}
