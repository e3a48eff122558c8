/* SPDX-License-Identifier: MIT */
/*
 * The text of the three files. Names, paths and patterns go into tables of the signer again, so what
 * its parser would see as something else (blanks, "#", control characters) can't be in them.
 */
#include "inputs/dkim.h"

#include "base/linefile.h"
#include "base/net.h"

#define KEY_FORM "a line is NAME DOMAIN:SELECTOR:/etc/" DKIM_DIR "/keys/DOMAIN/SELECTOR.private"
#define RULE_FORM "a line is *@DOMAIN NAME, and NAME stands in " DKIM_KEY_TABLE
#define HOST_FORM "a line is an address, a network, a host name or .domain"

struct reader {
	struct arena *a;
	struct linefile lf;
	struct map seen;
	const char *form;
	struct problems *p;
	const char *subject; /* of the line last returned */
};

static void reader_init(struct reader *r, struct arena *a, const char *file, struct str text,
			const char *form, struct problems *p)
{
	*r = (struct reader){ .a = a, .form = form, .p = p };
	map_init(&r->seen, a, text.n / 60);
	linefile_init(&r->lf, file, text);
}

/* The next line that holds something, without its comment; lines that can't be used are reported. */
static bool next_line(struct reader *r, struct str *line_r)
{
	struct str line;
	const char *bad;

	while (linefile_next(&r->lf, &line, &bad)) {
		const char *hash = memchr(line.p, '#', line.n);
		r->subject = arena_printf(r->a, "%s:%u", r->lf.path, r->lf.line);
		if (bad) {
			problems_add(r->p, SEV_ERROR, r->subject, r->form, "the line %s", bad);
			continue;
		}
		if (hash)
			line.n = (size_t)(hash - line.p);
		*line_r = str_trim(line);
		if (line_r->n > 0)
			return true;
	}
	return false;
}

static void refuse(struct reader *r, const char *why)
{
	problems_add(r->p, SEV_ERROR, r->subject, r->form, "%s", why);
}

/* "KEY VALUE", both without blanks. */
static bool split_words(struct reader *r, struct str line, struct str *key_r, struct str *value_r)
{
	struct str rest = line, more;

	if (!str_next_word(&rest, " \t", key_r) || !str_next_word(&rest, " \t", value_r)) {
		refuse(r, "the line has one word where two are needed");
		return false;
	}
	if (str_next_word(&rest, " \t", &more)) {
		refuse(r, "the line has more than two words");
		return false;
	}
	return true;
}

static bool is_domain(const char *text)
{
	return streq(text, "%") || is_hostname(text);
}

static bool split_key(struct reader *r, struct str value, struct dkim_key *key)
{
	struct str domain, rest, selector, source;

	if (!str_split(value, ':', &domain, &rest) || !str_split(rest, ':', &selector, &source) ||
	    source.n == 0) {
		refuse(r, "the second word is not DOMAIN:SELECTOR:PATH");
		return false;
	}
	key->domain = str_lower(r->a, domain);
	key->selector = str_dup(r->a, selector);
	key->source = str_dup(r->a, source);
	if (!is_domain(key->domain))
		problems_add(r->p, SEV_ERROR, r->subject, r->form, "'%s' is not a domain",
			     key->domain);
	else if (!dkim_is_selector(key->selector))
		problems_add(r->p, SEV_ERROR, r->subject, r->form, "'%s' is not a selector",
			     key->selector);
	else
		return true;
	return false;
}

void dkim_parse_keys(struct arena *a, const char *file, struct str text, struct dkim_key_vec *out,
		     struct problems *p)
{
	struct str line, name, value;
	struct reader r;

	reader_init(&r, a, file, text, KEY_FORM, p);
	while (next_line(&r, &line)) {
		struct dkim_key key = { .line = r.lf.line };
		uintptr_t here = key.line;
		if (!split_words(&r, line, &name, &value) || !split_key(&r, value, &key))
			continue;
		key.name = str_dup(a, name);
		if (strchr(key.name, ':'))
			refuse(&r, "the name has a ':'");
		else if (!map_add(&r.seen, key.name, (void *)here))
			problems_add(p, SEV_WARNING, r.subject, "remove one of the two lines",
				     "'%s' is in line %u already: that one counts", key.name,
				     (unsigned)(uintptr_t)map_get(&r.seen, key.name));
		else
			*VEC_PUSH(a, out) = key;
	}
}

void dkim_parse_rules(struct arena *a, const char *file, struct str text, struct dkim_rule_vec *out,
		      struct problems *p)
{
	struct str line, pattern, value, key, signer;
	struct reader r;

	reader_init(&r, a, file, text, RULE_FORM, p);
	while (next_line(&r, &line)) {
		if (!split_words(&r, line, &pattern, &value))
			continue;
		if (!str_split(value, ':', &key, &signer))
			key = value;
		if (key.n == 0) {
			refuse(&r, "the name of the key is missing");
			continue;
		}
		*VEC_PUSH(a, out) = (struct dkim_rule){ .pattern = str_dup(a, pattern),
							.value = str_dup(a, value),
							.key = str_dup(a, key),
							.line = r.lf.line };
	}
}

static bool is_peer(const char *text)
{
	text += *text == '!';
	return is_network(text) || is_hostname(*text == '.' ? text + 1 : text);
}

void dkim_parse_hosts(struct arena *a, const char *file, struct str text, struct text_vec *out,
		      struct problems *p)
{
	struct str line;
	struct reader r;

	reader_init(&r, a, file, text, HOST_FORM, p);
	while (next_line(&r, &line)) {
		const char *host = str_dup(a, line);
		if (!is_peer(host))
			problems_add(p, SEV_ERROR, r.subject, r.form, "'%s' is none of these",
				     host);
		else
			*VEC_PUSH(a, out) = host;
	}
}
