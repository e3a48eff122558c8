/* SPDX-License-Identifier: MIT */
/*
 * Keys are folded to small letters as Postfix folds them when it looks a key up; targets keep their
 * case. An alias whose only target is itself is legal (it keeps a catch-all from taking that
 * address).
 *
 * Targets are checked by shape only: an address, "@domain", or a bare local part. Files and
 * commands work only in aliases(5), so in a virtual alias they are mistakes.
 *
 * LIMITS
 *	Quoted local parts ("john smith"@example.com) are refused.
 *
 * SOURCES
 *	virtual(5), RFC 5321 §4.1.2 and §4.1.3 (address literals).
 */
#include "inputs/aliases.h"

#include "base/net.h"
#include "inputs/address.h"
#include "inputs/index_list.h"
#include "inputs/logical.h"

#define LINE_FORM "a line is alias@domain target@domain[,target@domain]: correct or remove it"
#define ENV_FORM "entries are alias@domain=target[,target], separated by blanks or line feeds"
#define ENV_NAME "MAIL_ALIASES"

struct parser {
	struct arena *a;
	const char *file;
	unsigned line;
	const char *form; /* hint */
	bool is_env;
	struct map *index;
	struct address_memory memory;
	struct alias_vec *out;
	struct problems *p;
};

#define FINDING(ps, severity, hint, ...)                                                           \
	problems_add((ps)->p, (severity), arena_printf((ps)->a, "%s:%u", (ps)->file, (ps)->line),  \
		     (hint), __VA_ARGS__)

/* A name of this machine (bare local part): what an address may have before its "@". */
static const char *bare_problem(const char *name)
{
	char address[128];

	if (*name == '\0')
		return "is empty";
	if (strlen(name) > 64)
		return "is longer than 64 bytes";
	(void)snprintf(address, sizeof(address), "%s@a.example", name);
	return email_problem(address);
}

/* Of "local@domain" where the domain may be a single label (localhost). */
static const char *address_problem(const char *text, const char *domain)
{
	const char *problem = email_problem(text);

	if (problem == NULL)
		return NULL;
	if (strchr(domain, '.') == NULL && is_hostname(domain)) {
		char with_dot[512];
		int n = snprintf(with_dot, sizeof(with_dot), "%s.example", text);
		if (n > 0 && (size_t)n < sizeof(with_dot))
			return email_problem(with_dot);
	}
	return problem;
}

const char *alias_key_problem(const char *key)
{
	const char *domain = email_domain(key);

	if (domain == NULL)
		return bare_problem(key);
	if (key[0] == '@')
		return is_hostname(key + 1) ? NULL : "has no valid domain behind the '@'";
	return address_problem(key, domain);
}

/* user@[192.0.2.1] or user@[IPv6:2001:db8::1] */
static bool is_literal_address(const char *target, const char *domain)
{
	char local[80], ip[64];
	size_t n = strlen(domain), skip = strncasecmp(domain, "[IPv6:", 6) == 0 ? 6 : 1;

	if (domain[0] != '[' || n <= skip + 1 || domain[n - 1] != ']' || n - skip > sizeof(ip) ||
	    (size_t)(domain - target) > sizeof(local))
		return false;
	(void)snprintf(local, sizeof(local), "%.*s", (int)(domain - 1 - target), target);
	(void)snprintf(ip, sizeof(ip), "%.*s", (int)(n - skip - 1), domain + skip);
	return bare_problem(local) == NULL && is_ip_address(ip);
}

const char *alias_target_problem(const char *target)
{
	const char *domain;

	if (*target == '\0')
		return "is empty";
	if (target[0] == '|' || target[0] == '/' || target[0] == ':')
		return "is a command, file or include, which only postfix-aliases.cf can have";
	if (target[0] == '#')
		return "begins with '#': a comment needs a line of its own";
	domain = email_domain(target);
	if (domain && is_literal_address(target, domain))
		return NULL;
	return alias_key_problem(target);
}

static bool is_separator(char c, bool commas_only)
{
	return c == ',' || (!commas_only && (c == ' ' || c == '\t'));
}

/* As str_next_word(), for this parser's two sets of separators: it runs over every byte of large
 * files. */
static bool next_target(struct str *rest, bool commas_only, struct str *word_r)
{
	const char *p = rest->p, *end = p + rest->n;

	while (p < end && is_separator(*p, commas_only))
		p++;
	const char *start = p;
	while (p < end && !is_separator(*p, commas_only))
		p++;
	*rest = (struct str){ p, (size_t)(end - p) };
	*word_r = (struct str){ start, (size_t)(p - start) };
	return p > start;
}

/* Checks and joins the targets into out as "a,b"; false after a finding. */
static bool parse_targets(struct parser *ps, const char *key, struct str value, char *out)
{
	struct str word;
	char *at = out;

	while (next_target(&value, ps->is_env, &word)) {
		if (at > out)
			*at++ = ',';
		memcpy(at, word.p, word.n);
		at[word.n] = '\0';
		const char *problem =
			address_is_plain(&ps->memory, at) ? NULL : alias_target_problem(at);
		if (problem) {
			FINDING(ps, SEV_ERROR, ps->form, "target '%s' of alias '%s' %s", at, key,
				problem);
			return false;
		}
		at += word.n;
	}
	if (at == out) {
		FINDING(ps, SEV_ERROR, ps->form, "alias '%s' has no target", key);
		return false;
	}
	return true;
}

static void report_double(void *arg, const void *element)
{
	const struct parser *ps = arg;
	const struct alias *x = element;
	size_t first = 0;

	(void)inputs_index_get(ps->index, x->key, &first);
	problems_add(ps->p, SEV_WARNING, arena_printf(ps->a, "%s:%u", x->file, x->line),
		     "put all targets on one line",
		     "alias '%s' is in %s %u already: that one counts", x->key,
		     ps->is_env ? "entry" : "line", ps->out->v[first].line);
}

_Static_assert(offsetof(struct alias, key) == 0, "index_list() takes the first member for the key");

static void index_all(struct parser *ps)
{
	struct alias_vec *out = ps->out;

	out->n = index_list(ps->index, out->v, out->n, sizeof(*out->v), report_double, ps);
}

static void parse_alias(struct parser *ps, struct str key, struct str value)
{
	char *p = arena_alloc(ps->a, key.n + value.n + 2);
	struct alias x = { .key = p, .targets = p + key.n + 1, .file = ps->file, .line = ps->line };
	const char *problem;

	for (size_t i = 0; i < key.n; i++)
		p[i] = key.p[i] >= 'A' && key.p[i] <= 'Z' ? (char)(key.p[i] - 'A' + 'a') : key.p[i];
	bool plain = address_is_plain(&ps->memory, x.key);
	problem = plain ? NULL : alias_key_problem(x.key);
	if (problem) {
		FINDING(ps, SEV_ERROR, ps->form, "alias '%s' %s", x.key, problem);
		return;
	}
	if (!plain)
		address_remember(&ps->memory, x.key);
	if (!parse_targets(ps, x.key, value, p + key.n + 1))
		return;
	*VEC_PUSH(ps->a, ps->out) = x;
}

/* The word before the first blank; *line becomes the rest. */
static bool take_key(struct str *line, struct str *key_r)
{
	size_t n = 0;

	while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t')
		n++;
	*key_r = (struct str){ line->p, n };
	*line = (struct str){ line->p + n, line->n - n };
	return n > 0;
}

/* Growing step by step would leave as much memory behind as the result needs. */
static void make_room(struct arena *a, size_t n, struct alias_vec *out, struct map *index)
{
	map_init(index, a, n);
	out->cap = n / 2 + 1;
	out->v = vec_grow(a, NULL, 0, &out->cap, sizeof(*out->v));
}

void aliases_parse(struct arena *a, const char *file, struct str text, struct alias_vec *out,
		   struct map *index, struct problems *p)
{
	struct parser ps = {
		.a = a, .file = file, .form = LINE_FORM, .out = out, .index = index, .p = p
	};
	struct logical lg;
	struct str line, key;

	make_room(a, logical_estimate(text), out, index);
	logical_init(&lg, a, file, text);
	while (logical_next(&lg, &line)) {
		ps.line = lg.line;
		if (lg.bad)
			FINDING(&ps, SEV_ERROR, LINE_FORM, "the line %s", lg.bad);
		else if (take_key(&line, &key))
			parse_alias(&ps, key, line);
	}
	index_all(&ps);
}

void aliases_parse_env(struct arena *a, const char *value, struct alias_vec *out, struct map *index,
		       struct problems *p)
{
	struct parser ps = { .a = a,
			     .file = ENV_NAME,
			     .form = ENV_FORM,
			     .is_env = true,
			     .out = out,
			     .index = index,
			     .p = p };
	struct str rest = str_from(value), word, key, targets;

	map_init(index, a, 16);
	while (str_next_word(&rest, " \t\r\n", &word)) {
		ps.line++;
		/* A local part may have a '=': the one that counts is behind the '@'. */
		const char *at = memchr(word.p, '@', word.n);
		size_t skip = at ? (size_t)(at - word.p) : 0;
		if (!str_split((struct str){ word.p + skip, word.n - skip }, '=', &key, &targets) &&
		    !str_split(word, '=', &key, &targets)) {
			FINDING(&ps, SEV_ERROR, ENV_FORM, "'%.*s' has no '='", (int)word.n, word.p);
			continue;
		}
		parse_alias(&ps, (struct str){ word.p, (size_t)(key.p + key.n - word.p) }, targets);
	}
	index_all(&ps);
}

static bool same(struct str a, struct str b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

bool aliases_find(struct arena *a, struct str text, const char *key, struct str *targets_r)
{
	struct logical lg;
	struct str line, word, want = str_from(key);

	if (!linefile_may_have(text, want))
		return false;
	logical_init(&lg, a, ALIASES_FILE, text);
	while (logical_next(&lg, &line))
		if (lg.bad == NULL && str_next_word(&line, " \t", &word) && same(word, want)) {
			*targets_r = str_trim(line);
			return true;
		}
	return false;
}

/* What an edit does with each logical line, found before the text is copied: one byte a line. */
enum plan { PLAN_KEEP = 'k', PLAN_DROP = 'd', PLAN_APPEND = 'a', PLAN_REMOVE = 'r' };

struct edit {
	struct str recipient;
	const struct buf *plan;
	size_t next;  /* index of the next logical line */
	char current; /* plan of the line we are in */
};

/* How many targets the value has, and how many of them are the recipient. */
static void count_targets(struct str value, struct str recipient, size_t *all_r, size_t *hits_r)
{
	struct str word;

	*all_r = *hits_r = 0;
	while (str_next_word(&value, ", \t", &word)) {
		++*all_r;
		*hits_r += same(word, recipient);
	}
}

/* Writes the piece of a line without the recipient. Pieces that lose all they had vanish, unless
 * they hold the key. */
static enum linefile_verdict remove_from(struct str line, bool has_key, struct str recipient,
					 struct buf *out)
{
	struct str rest = line, word;
	size_t all, hits, kept = 0;

	if (has_key)
		(void)str_next_word(&rest, " \t", &word);
	count_targets(rest, recipient, &all, &hits);
	if (hits == 0)
		return LINE_KEEP;
	if (hits == all && !has_key)
		return LINE_DROP;
	/* Key or indentation, and what separates it from the first target, stay as they are. */
	size_t lead = (size_t)(rest.p - line.p);
	while (lead < line.n && strchr(" \t,", line.p[lead]))
		lead++;
	buf_add(out, line.p, hits == all ? (size_t)(rest.p - line.p) : lead);
	while (str_next_word(&rest, ", \t", &word)) {
		if (same(word, recipient))
			continue;
		if (kept++ > 0)
			buf_addc(out, ',');
		buf_add(out, word.p, word.n);
	}
	return LINE_REPLACE;
}

static enum linefile_verdict edit_line(void *ctx, struct str line, struct buf *out)
{
	struct edit *e = ctx;
	bool first = e->next == 0 || !logical_is_continuation(line);

	if (first)
		e->current = e->next < e->plan->n ? e->plan->p[e->next++] : PLAN_KEEP;
	switch ((enum plan)e->current) {
	case PLAN_KEEP:
		return LINE_KEEP;
	case PLAN_DROP:
		return LINE_DROP;
	case PLAN_REMOVE:
		return remove_from(line, first, e->recipient, out);
	case PLAN_APPEND:
		break;
	}
	if (!first)
		return LINE_KEEP;
	bool comma = line.p[line.n - 1] == ',',
	     bare = !str_has_char(line, ' ') && !str_has_char(line, '\t');
	buf_add(out, line.p, line.n);
	buf_printf(out, "%s%.*s%s",
		   comma  ? ""
		   : bare ? " "
			  : ",",
		   (int)e->recipient.n, e->recipient.p, comma ? "," : "");
	return LINE_REPLACE;
}

/* The logical line that plan_edit() is in. */
struct entry {
	bool open, matches;
	size_t all, hits;
};

static void close_entry(const struct entry *en, bool add, bool *done, struct buf *plan)
{
	enum plan what = PLAN_KEEP;

	if (!en->open)
		return;
	if (en->matches && add && !*done) {
		what = PLAN_APPEND;
		*done = true;
	} else if (en->matches && !add && en->hits > 0) {
		what = en->hits == en->all ? PLAN_DROP : PLAN_REMOVE;
		*done = true;
	}
	buf_addc(plan, (char)what);
}

/* Fills plan; *done_r: some line changes; *known_r: the (first) entry of the key has the recipient.
 * Lines with forbidden bytes are invisible, here as in linefile_edit(). */
static void plan_edit(struct str text, const char *key, struct str recipient, bool add,
		      struct buf *plan, bool *done_r, bool *known_r)
{
	struct entry en = { 0 };
	struct linefile lf;
	struct str line, word, want = str_from(key);
	const char *bad;
	bool any = !add && streq(key, "_"), done = false, known = false;

	linefile_init(&lf, ALIASES_FILE, text);
	while (linefile_next(&lf, &line, &bad)) {
		size_t all, hits;
		if (bad)
			continue;
		if (!en.open || !logical_is_continuation(line)) {
			close_entry(&en, add, &done, plan);
			en = (struct entry){ .open = true };
			/* A first line that begins with a blank continues nothing: readers
			 * refuse it. */
			if (!logical_is_continuation(line) && str_next_word(&line, " \t", &word))
				en.matches = any || same(word, want);
		}
		count_targets(line, recipient, &all, &hits);
		en.all += all;
		en.hits += hits;
		known = known || (en.matches && !done && hits > 0);
	}
	close_entry(&en, add, &done, plan);
	*done_r = done;
	*known_r = known;
}

bool aliases_edit_add(struct str text, const char *key, const char *recipient, struct buf *out)
{
	autobuf struct buf plan = BUF_INIT, line = BUF_INIT;
	struct edit e = { .recipient = str_from(recipient), .plan = &plan };
	bool has_key, known;

	plan_edit(text, key, e.recipient, true, &plan, &has_key, &known);
	if (known)
		return false;
	buf_printf(&line, "%s %s", key, recipient);
	linefile_edit(text, edit_line, &e, has_key ? NULL : line.p, out);
	return true;
}

bool aliases_edit_del(struct str text, const char *key, const char *recipient, struct buf *out)
{
	autobuf struct buf plan = BUF_INIT;
	struct edit e = { .recipient = str_from(recipient), .plan = &plan };
	bool found, known;

	plan_edit(text, key, e.recipient, false, &plan, &found, &known);
	if (found)
		linefile_edit(text, edit_line, &e, NULL, out);
	return found;
}
