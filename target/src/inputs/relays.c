/* SPDX-License-Identifier: MIT */
/*
 * Keys and relays come out in lower case, as Postfix looks them up.
 *
 * SOURCES
 *	RFC 8314 §3.3 (port 465); postconf(5) relayhost.
 */
#include "inputs/relays.h"

#include "base/linefile.h"
#include "base/net.h"

#define RELAY_FORM "a line is @domain or address, then [host]:port, or the key alone"
#define LOGIN_FORM "a line is @domain, address or relay, then user:password"

struct relay_hop relay_hop_split(const char *text)
{
	struct relay_hop hop = { .host = str_from(text), .exact = text[0] == '[', .port = 25 };
	struct str port = { "", 0 };
	int64_t number = 25;
	char digits[8];

	if (hop.exact) {
		(void)str_split((struct str){ text + 1, strlen(text) - 1 }, ']', &hop.host, &port);
		if (port.n > 0)
			port = (struct str){ port.p + 1, port.n - 1 };
	} else {
		(void)str_split(hop.host, ':', &hop.host, &port);
	}
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)port.n, port.p);
	if (parse_int64(digits, 1, 65535, &number))
		hop.port = (int)number;
	return hop;
}

const char *relay_hop_problem(const char *text)
{
	const char *port;

	if (is_hostport(text))
		return NULL;
	if (strstr(text, "[["))
		return "has two pairs of brackets";
	if (has_prefix(text, "smtp:") || has_prefix(text, "relay:") || strstr(text, "://"))
		return "begins with a transport, where only a host belongs";
	port = strrchr(text, ':');
	if (port && !strchr(port, ']') && strspn(port + 1, "0123456789") != strlen(port + 1))
		return "has a port that is no number (submission is 587)";
	if (port && !strchr(port, ']') && !is_ip_address(text))
		return "is not [host]:port with a port from 1 to 65535";
	return "is not a host such as [smtp.example.com]:587";
}

bool relay_hop_is_implicit_tls(const char *text)
{
	return relay_hop_split(text).port == RELAY_PORT_TLS;
}

bool relay_hop_is_self(const char *text, const char *hostname)
{
	struct relay_hop hop = relay_hop_split(text);
	char host[256];

	if (hop.port != 25 && hop.port != 587 && hop.port != RELAY_PORT_TLS)
		return false;
	(void)snprintf(host, sizeof(host), "%.*s", (int)hop.host.n, hop.host.p);
	return (hostname && strcasecmp(host, hostname) == 0) ||
	       strcasecmp(host, "localhost") == 0 || streq(host, "::1") ||
	       (has_prefix(host, "127.") && is_ip_address(host));
}

const char *relay_sender_problem(const char *key)
{
	if (key[0] == '@')
		return is_hostname(key + 1) ? NULL : "has no domain behind the '@'";
	if (!strchr(key, '@'))
		return "is no sender: a domain begins with '@'";
	return email_problem(key);
}

/* Key, blanks, value; false when the line is empty. */
static bool split_line(struct str line, struct str *key_r, struct str *value_r)
{
	line = str_trim(line);
	if (!str_next_word(&line, " \t", key_r))
		return false;
	*value_r = str_trim(line);
	return true;
}

/* One of the two files while it is read. */
struct reader {
	struct arena *a;
	struct linefile lf;
	struct map seen;
	const char *form;    /* what a line should be */
	const char *subject; /* of the line at hand */
	struct problems *p;
};

static void reader_init(struct reader *r, struct arena *a, const char *file, struct str text,
			const char *form, struct problems *p)
{
	*r = (struct reader){ .a = a, .form = form, .p = p };
	map_init(&r->seen, a, 16);
	linefile_init(&r->lf, file, text);
}

/* The next line, its key in lower case; lines with forbidden bytes are reported and left out. */
static bool reader_next(struct reader *r, const char **key_r, struct str *value_r)
{
	struct str line, key;
	const char *bad;

	while (linefile_next(&r->lf, &line, &bad)) {
		r->subject = arena_printf(r->a, "%s:%u", r->lf.path, r->lf.line);
		if (bad) {
			problems_add(r->p, SEV_ERROR, r->subject, r->form, "the line %s", bad);
		} else if (split_line(line, &key, value_r)) {
			*key_r = str_lower(r->a, key);
			return true;
		}
	}
	return false;
}

/* True when the key is new; says so otherwise. */
static bool is_first(struct reader *r, const char *key)
{
	uintptr_t here = r->lf.line;

	if (map_add(&r->seen, key, (void *)here))
		return true;
	problems_add(r->p, SEV_WARNING, r->subject, "remove one of the two lines",
		     "'%s' is in line %u already: that one counts", key,
		     (unsigned)(uintptr_t)map_get(&r->seen, key));
	return false;
}

/* False when the finding was added: problem is not NULL. */
static bool is_sound(struct reader *r, const char *what, const char *problem)
{
	if (problem)
		problems_add(r->p, SEV_ERROR, r->subject, r->form, "%s%s%s", what, *what ? " " : "",
			     problem);
	return problem == NULL;
}

static const char *hop_problem(const char *hop)
{
	if (*hop == '\0')
		return NULL;
	return strpbrk(hop, " \t,") ? "is more than one word: a line has one relay"
				    : relay_hop_problem(hop);
}

void relays_parse(struct arena *a, const char *file, struct str text, const char *hostname,
		  struct relay_vec *out, struct problems *p)
{
	struct str value;
	const char *key;
	struct reader r;

	reader_init(&r, a, file, text, RELAY_FORM, p);
	while (reader_next(&r, &key, &value)) {
		const char *hop = str_lower(a, value);
		if (!is_sound(&r, arena_printf(a, "'%s'", key), relay_sender_problem(key)) ||
		    !is_sound(&r, arena_printf(a, "the relay '%s'", hop), hop_problem(hop)))
			continue;
		if (*hop && relay_hop_is_self(hop, hostname))
			problems_add(p, SEV_ERROR, r.subject,
				     "name the server that takes your mail, or remove the line",
				     "the relay '%s' is this server itself: mail would go round in "
				     "a circle",
				     hop);
		else if (is_first(&r, key))
			*VEC_PUSH(a, out) = (struct relay){ key, hop, file, r.lf.line };
	}
}

static const char *login_problem(const char *login)
{
	const char *colon = strchr(login, ':');

	if (*login == '\0')
		return "the line has no user:password";
	if (colon == NULL)
		return "the line has no ':' between user and password";
	if (colon == login)
		return "the line has no user before the ':'";
	return colon[1] == '\0' ? "the line has no password behind the ':'" : NULL;
}

void relay_logins_parse(struct arena *a, const char *file, struct str text,
			struct relay_login_vec *out, struct problems *p)
{
	struct str value;
	const char *key;
	struct reader r;

	reader_init(&r, a, file, text, LOGIN_FORM, p);
	while (reader_next(&r, &key, &value)) {
		const char *login = str_dup(a, value);
		const char *problem =
			strchr(key, '@') ? relay_sender_problem(key) : relay_hop_problem(key);
		if (is_sound(&r, arena_printf(a, "'%s'", key), problem) &&
		    is_sound(&r, "", login_problem(login)) && is_first(&r, key))
			*VEC_PUSH(a, out) = (struct relay_login){ key, login, file, r.lf.line };
	}
}

struct edit {
	struct str key;
	const char *value; /* NULL = remove */
	bool found;
};

static enum linefile_verdict edit_line(void *ctx, struct str line, struct buf *out)
{
	struct edit *e = ctx;
	struct str key, value;

	if (!split_line(line, &key, &value) || key.n != e->key.n ||
	    strncasecmp(key.p, e->key.p, key.n) != 0)
		return LINE_KEEP;
	bool first = !e->found;
	e->found = true;
	if (e->value == NULL || !first)
		return LINE_DROP;
	buf_printf(out, "%.*s %s", (int)key.n, key.p, e->value);
	return LINE_REPLACE;
}

void relays_edit_set(struct str text, const char *key, const char *value, struct buf *out)
{
	struct edit e = { .key = str_from(key), .value = value };
	autobuf struct buf line = BUF_INIT, edited = BUF_INIT;

	linefile_edit(text, edit_line, &e, NULL, &edited);
	if (e.found) {
		buf_add(out, edited.p, edited.n);
	} else {
		buf_printf(&line, "%s %s", key, value);
		linefile_edit(text, edit_line, &e, line.p, out);
	}
	buf_wipe(&line);
	buf_wipe(&edited);
}

bool relays_edit_del(struct str text, const char *key, struct buf *out)
{
	struct edit e = { .key = str_from(key) };

	linefile_edit(text, edit_line, &e, NULL, out);
	return e.found;
}
