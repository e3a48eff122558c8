/* SPDX-License-Identifier: MIT */
/*
 * One pass over the text; each account costs one allocation (address and extra fields one behind the
 * other) and one map insertion, so that 100,000 lines take milliseconds. Their hashes, most of the
 * text, are not copied.
 *
 * A dot-string may hold "/", "|", "*" and "#" (RFC 5322 atext). Here they would be a directory
 * separator, the file's field separator, the separator of master user logins, and a comment, so an
 * account can't have them.
 *
 * SOURCES
 *	RFC 5321 §4.1.2; Dovecot "Password schemes", "Upgrading from 2.3 to 2.4" (quota_rule, mail
 *	location).
 */
#include "inputs/accounts.h"

#include "base/linefile.h"
#include "base/net.h"
#include "inputs/address.h"
#include "inputs/index_list.h"
#include "inputs/logical.h"

#define LINE_FORM                                                                                  \
	"a line is address|{SCHEME}hash, as 'setup email add' writes it: correct or remove it"
#define ENV_NAME "MAIL_ACCOUNTS"

/* Where accounts come from and go to. */
struct parser {
	struct arena *a;
	const char *file;
	const struct password_key *key;
	bool is_env;
	unsigned line;
	struct map *index;
	struct address_memory memory;
	struct account_vec *out;
	struct problems *p;
};

struct fields {
	struct str address, hash, extra;
};

/* Adds a finding about the current line. */
#define FINDING(ps, severity, hint, ...)                                                           \
	problems_add((ps)->p, (severity), arena_printf((ps)->a, "%s:%u", (ps)->file, (ps)->line),  \
		     (hint), __VA_ARGS__)

const char *account_address_problem(const char *address)
{
	const char *problem = email_problem(address);

	if (problem)
		return problem;
	if (address[0] == '#')
		return "begins with '#', which makes the line a comment";
	for (const char *c = address; *c != '@'; c++)
		if (*c == '/')
			return "has a '/' before the '@' (a mailbox is a directory of that name)";
		else if (*c == '|')
			return "has a '|', which separates the fields of the file";
		else if (*c == '*')
			return "has a '*', which separates a master user's name";
		else if (*c == '%' || *c == '!')
			return "has a '%' or '!', which Postfix takes for routing and refuses";
	return NULL;
}

const char *account_new_problem(const char *address)
{
	const char *problem = account_address_problem(address);

	if (problem == NULL && memchr(address, '+', (size_t)(strrchr(address, '@') - address)))
		problem = "could not receive: what stands behind '+' is taken off on delivery";
	return problem;
}

static struct fields split_line(struct str line)
{
	struct fields f = { line, { "", 0 }, { "", 0 } };
	struct str rest;

	if (str_split(line, '|', &f.address, &rest)) {
		f.hash = rest;
		(void)str_split(rest, '|', &f.hash, &f.extra);
	}
	f.address = str_trim(f.address);
	f.hash = str_trim(f.hash);
	f.extra = str_trim(f.extra);
	return f;
}

static char *put(char *at, struct str s)
{
	memcpy(at, s.p, s.n);
	at[s.n] = '\0';
	return at + s.n + 1;
}

/* Copies the address, whose capitals become small letters, and cuts it at its last "@". What most
 * accounts do not have costs nothing; a hash stays where it is unless it gets a prefix. */
static struct account make_account(struct arena *a, const struct fields *f, const char *prefix,
				   bool *folded_r)
{
	struct str pre = str_from(prefix);
	size_t hash_n = pre.n > 0 ? pre.n + f->hash.n : 0;
	char *p = arena_alloc(a, f->address.n + hash_n + f->extra.n + 3);
	struct account x = { .address = p, .hash = f->hash, .extra = "" };
	size_t at = 0;

	for (size_t i = 0; i < f->address.n; i++) {
		char c = f->address.p[i];
		if (c == '@')
			at = i;
		*folded_r = *folded_r || (c >= 'A' && c <= 'Z');
		p[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	x.domain = p + at + 1;
	p += f->address.n;
	*p++ = '\0';
	if (hash_n > 0) {
		x.hash = (struct str){ p, hash_n };
		memcpy(p, pre.p, pre.n);
		p = put(p + pre.n, f->hash);
	}
	if (f->extra.n > 0) {
		x.extra = p;
		(void)put(p, f->extra);
	}
	return x;
}

/* Names of Dovecot 2.3 that 2.4 no longer knows. */
static void check_extra(struct parser *ps, const struct account *x)
{
	static const struct {
		const char *start, *advice;
	} old[] = {
		{ "userdb_quota_rule", "write the limit into dovecot-quotas.cf" },
		{ "userdb_mail=", "write userdb_mail_path=… and userdb_mail_driver=…" },
	};
	struct str rest = str_from(x->extra), word;

	while (str_next_word(&rest, " \t", &word))
		for (size_t i = 0; i < ARRAY_SIZE(old); i++) {
			size_t n = strlen(old[i].start);
			if (word.n >= n && memcmp(word.p, old[i].start, n) == 0)
				FINDING(ps, SEV_WARNING, old[i].advice,
					"'%.*s' is a field of Dovecot 2.3 and has no effect",
					(int)word.n, word.p);
		}
}

static void add_account(struct parser *ps, struct account *x)
{
	x->file = ps->file;
	x->line = ps->line;
	*VEC_PUSH(ps->a, ps->out) = *x;
}

static void report_double(void *arg, const void *element)
{
	const struct parser *ps = arg;
	const struct account *x = element;
	size_t first = 0;

	(void)inputs_index_get(ps->index, x->address, &first);
	problems_add(ps->p, SEV_WARNING, arena_printf(ps->a, "%s:%u", x->file, x->line),
		     "remove one of the two", "'%s' is in %s %u already: that one counts",
		     x->address, ps->is_env ? "entry" : "line", ps->out->v[first].line);
}

_Static_assert(offsetof(struct account, address) == 0,
	       "index_list() takes the first member for the key");

static void index_all(struct parser *ps)
{
	struct account_vec *out = ps->out;

	out->n = index_list(ps->index, out->v, out->n, sizeof(*out->v), report_double, ps);
}

static bool report_form(struct parser *ps, enum password_form form, const char *address)
{
	return form == PASSWORD_HASHED ||
	       password_report(ps->p, arena_printf(ps->a, "%s:%u", ps->file, ps->line), address,
			       form, "setup email update ADDRESS");
}

static void parse_line(struct parser *ps, struct str line)
{
	struct fields f = split_line(line);
	bool folded = false;
	const char *prefix = "";
	enum password_form form = password_judge(f.hash, &prefix);
	struct account x = make_account(ps->a, &f, prefix, &folded);
	bool plain = address_is_plain(&ps->memory, x.address);
	const char *problem = plain ? NULL : account_address_problem(x.address);

	if (problem) {
		FINDING(ps, SEV_ERROR, LINE_FORM, "address '%s' %s", x.address, problem);
		return;
	}
	if (!plain)
		address_remember(&ps->memory, x.address);
	if (!plain && memchr(x.address, '+', (size_t)(strchr(x.address, '@') - x.address)))
		FINDING(ps, SEV_WARNING, "use an address without '+'",
			"'%s' can't receive: what stands behind '+' is taken off on delivery",
			x.address);
	if (f.hash.n == 0) {
		FINDING(ps, SEV_ERROR, "set a password: setup email update ADDRESS",
			"'%s' has no password: " LINE_FORM, x.address);
		return;
	}
	if (!report_form(ps, form, x.address))
		return;
	if (folded)
		FINDING(ps, SEV_NOTE, NULL, "login is '%s', in small letters", x.address);
	if (f.extra.n > 0)
		check_extra(ps, &x);
	add_account(ps, &x);
}

/* Growing step by step would leave as much memory behind as the result needs. */
static void make_room(struct arena *a, size_t n, struct account_vec *out, struct map *index)
{
	map_init(index, a, n);
	out->cap = n / 2 + 1;
	out->v = vec_grow(a, NULL, 0, &out->cap, sizeof(*out->v));
}

void accounts_parse(struct arena *a, const char *file, struct str text, struct account_vec *out,
		    struct map *index, struct problems *p)
{
	struct parser ps = { .a = a, .file = file, .out = out, .index = index, .p = p };
	struct linefile lf;
	struct str line;
	const char *bad;

	make_room(a, logical_estimate(text), out, index);
	linefile_init(&lf, file, text);
	while (linefile_next(&lf, &line, &bad)) {
		ps.line = lf.line;
		if (bad)
			FINDING(&ps, SEV_ERROR, LINE_FORM, "the line %s", bad);
		else
			parse_line(&ps, line);
	}
	index_all(&ps);
}

/* The hash for what stands behind the colon; NULL after a finding. */
static const char *env_hash(struct parser *ps, const char *address, const char *secret)
{
	const char *prefix, *hash = NULL, *problem = password_problem(secret);
	enum password_form form = password_judge(str_from(secret), &prefix);
	struct err err = ERR_INIT;

	if (problem) {
		FINDING(ps, SEV_ERROR, "write user@domain:password", "the password of '%s' %s",
			address, problem);
		return NULL;
	}
	if (form == PASSWORD_PLAIN) {
		if (ps->key == NULL)
			return PASSWORD_PLACEHOLDER;
		if (password_hash_keyed(ps->a, ps->key, address, secret, &hash, &err))
			return hash;
		FINDING(ps, SEV_ERROR, NULL, "the password of '%s' can't be hashed: %s", address,
			err.text);
		return NULL;
	}
	(void)report_form(ps, form, address);
	return password_is_hash(ps->a, secret, &hash) ? hash : NULL;
}

static void parse_entry(struct parser *ps, struct str word)
{
	struct fields f = { { "", 0 }, { "", 0 }, { "", 0 } };
	struct str secret;
	bool folded = false;

	if (!str_split(word, ':', &f.address, &secret)) {
		FINDING(ps, SEV_ERROR,
			"entries are user@domain:password, separated by blanks or line feeds",
			"the entry has no ':'; a password in this variable can't have blanks");
		return;
	}
	struct account x = make_account(ps->a, &f, "", &folded);
	const char *problem = account_address_problem(x.address);
	if (problem) {
		FINDING(ps, SEV_ERROR,
			"entries are user@domain:password, separated by blanks or line feeds",
			"the address before ':' %s", problem);
		return;
	}
	char *text = str_dup(ps->a, secret);
	const char *hash = env_hash(ps, x.address, text);
	explicit_bzero(text, secret.n);
	if (hash == NULL)
		return;
	x.hash = str_from(hash);
	add_account(ps, &x);
}

void accounts_parse_env(struct arena *a, const char *value, const struct password_key *key,
			struct account_vec *out, struct map *index, struct problems *p)
{
	struct parser ps = { .a = a,
			     .file = ENV_NAME,
			     .key = key,
			     .is_env = true,
			     .out = out,
			     .index = index,
			     .p = p };
	struct str rest = str_from(value), word;

	map_init(index, a, 16);
	while (str_next_word(&rest, " \t\r\n", &word)) {
		ps.line++;
		parse_entry(&ps, word);
	}
	index_all(&ps);
}

static bool is_line_of(struct str line, struct str address)
{
	struct str name = line, rest;

	(void)str_split(line, '|', &name, &rest);
	name = str_trim(name);
	return name.n == address.n && strncasecmp(name.p, address.p, name.n) == 0;
}

bool accounts_find(struct str text, const char *address, struct str *line_r, unsigned *line_no_r)
{
	struct linefile lf;
	struct str line, want = str_from(address);
	const char *bad;

	if (!linefile_may_have(text, want))
		return false;
	linefile_init(&lf, ACCOUNTS_FILE, text);
	while (linefile_next(&lf, &line, &bad))
		if (!bad && is_line_of(line, want)) {
			*line_r = str_trim(line);
			if (line_no_r)
				*line_no_r = lf.line;
			return true;
		}
	return false;
}

struct edit {
	struct str address;
	const char *hash; /* NULL = delete */
	bool found;
};

static enum linefile_verdict edit_line(void *ctx, struct str line, struct buf *out)
{
	struct edit *e = ctx;
	struct str name = line, rest, old, extra;

	if (!is_line_of(line, e->address))
		return LINE_KEEP;
	e->found = true;
	if (e->hash == NULL)
		return LINE_DROP;
	bool has_hash = str_split(line, '|', &name, &rest);
	buf_add(out, name.p, name.n);
	buf_printf(out, "|%s", e->hash);
	if (has_hash && str_split(rest, '|', &old, &extra))
		buf_printf(out, "|%.*s", (int)extra.n, extra.p);
	return LINE_REPLACE;
}

bool accounts_edit_update(struct str text, const char *address, const char *hash, struct buf *out)
{
	struct edit e = { .address = str_from(address), .hash = hash };

	linefile_edit(text, edit_line, &e, NULL, out);
	return e.found;
}

bool accounts_edit_del(struct str text, const char *address, struct buf *out)
{
	struct edit e = { .address = str_from(address) };

	linefile_edit(text, edit_line, &e, NULL, out);
	return e.found;
}
