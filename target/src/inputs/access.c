/* SPDX-License-Identifier: MIT */
/*
 * An action that Postfix does not know makes it answer every client with 451, and says so only in
 * the log, so actions are checked here, by the names of Postfix 3.10. The arguments of restrictions
 * are not.
 *
 * SOURCES
 *	access(5), postconf(5) "smtpd_recipient_restrictions" and the lists it refers to.
 */
#include "inputs/access.h"

#include "base/net.h"
#include "inputs/logical.h"

#define LINE_FORM "a line is 'address REJECT', as 'setup email restrict add' writes it"
#define ACTIONS                                                                                    \
	"REJECT, DEFER, DEFER_IF_REJECT, DEFER_IF_PERMIT (each with a text or without), a code "   \
	"4NN or 5NN with a text, OK, DUNNO, HOLD, DISCARD, INFO, WARN, BCC address, REDIRECT "     \
	"address, FILTER transport:destination, PREPEND Header: text, or a restriction of "        \
	"postconf(5)"
#define KEY_BYTES_MAX 500 /* lmdb takes 511 */

enum action_kind {
	ACTION_REFUSES,
	ACTION_STOPS, /* the mail does not go out, but nobody is told */
	ACTION_OTHER,
};

/* What must be behind the word. */
enum action_argument { ARG_ANY, ARG_ADDRESS, ARG_COLON };

static const struct action {
	const char *word;
	enum action_kind kind;
	enum action_argument argument;
} actions[] = {
	{ "REJECT", ACTION_REFUSES, ARG_ANY },
	{ "DEFER", ACTION_REFUSES, ARG_ANY },
	{ "DEFER_IF_REJECT", ACTION_OTHER, ARG_ANY },
	{ "DEFER_IF_PERMIT", ACTION_REFUSES, ARG_ANY },
	{ "OK", ACTION_OTHER, ARG_ANY },
	{ "DUNNO", ACTION_OTHER, ARG_ANY },
	{ "HOLD", ACTION_STOPS, ARG_ANY },
	{ "DISCARD", ACTION_STOPS, ARG_ANY },
	{ "INFO", ACTION_OTHER, ARG_ANY },
	{ "WARN", ACTION_OTHER, ARG_ANY },
	{ "BCC", ACTION_OTHER, ARG_ADDRESS },
	{ "REDIRECT", ACTION_OTHER, ARG_ADDRESS },
	{ "FILTER", ACTION_OTHER, ARG_COLON },
	{ "PREPEND", ACTION_OTHER, ARG_COLON },
};

static const char *const restrictions[] = {
	"check_ccert_access",
	"check_client_a_access",
	"check_client_access",
	"check_client_mx_access",
	"check_client_ns_access",
	"check_etrn_access",
	"check_helo_a_access",
	"check_helo_access",
	"check_helo_mx_access",
	"check_helo_ns_access",
	"check_policy_service",
	"check_recipient_a_access",
	"check_recipient_access",
	"check_recipient_mx_access",
	"check_recipient_ns_access",
	"check_reverse_client_hostname_a_access",
	"check_reverse_client_hostname_access",
	"check_reverse_client_hostname_mx_access",
	"check_reverse_client_hostname_ns_access",
	"check_sasl_access",
	"check_sender_a_access",
	"check_sender_access",
	"check_sender_mx_access",
	"check_sender_ns_access",
	"defer_unauth_destination",
	"permit",
	"permit_auth_destination",
	"permit_dnswl_client",
	"permit_inet_interfaces",
	"permit_mx_backup",
	"permit_mynetworks",
	"permit_naked_ip_address",
	"permit_rhswl_client",
	"permit_sasl_authenticated",
	"permit_tls_all_clientcerts",
	"permit_tls_clientcerts",
	"reject_authenticated_sender_login_mismatch",
	"reject_invalid_helo_hostname",
	"reject_invalid_hostname",
	"reject_known_sender_login_mismatch",
	"reject_multi_recipient_bounce",
	"reject_non_fqdn_helo_hostname",
	"reject_non_fqdn_hostname",
	"reject_non_fqdn_recipient",
	"reject_non_fqdn_sender",
	"reject_plaintext_session",
	"reject_rbl_client",
	"reject_rhsbl_client",
	"reject_rhsbl_helo",
	"reject_rhsbl_recipient",
	"reject_rhsbl_reverse_client",
	"reject_rhsbl_sender",
	"reject_sender_login_mismatch",
	"reject_unauth_destination",
	"reject_unauth_pipelining",
	"reject_unauthenticated_sender_login_mismatch",
	"reject_unknown_address",
	"reject_unknown_client",
	"reject_unknown_client_hostname",
	"reject_unknown_forward_client_hostname",
	"reject_unknown_helo_hostname",
	"reject_unknown_hostname",
	"reject_unknown_recipient_domain",
	"reject_unknown_reverse_client_hostname",
	"reject_unknown_sender_domain",
	"reject_unlisted_recipient",
	"reject_unlisted_sender",
	"reject_unverified_recipient",
	"reject_unverified_sender",
	"sleep",
	"warn_if_reject",
};

/* The first word, and what is behind it. */
static struct str first_word(const char *action, struct str *rest_r)
{
	struct str rest = str_from(action), word = { "", 0 };

	(void)str_next_word(&rest, ", \t", &word);
	*rest_r = str_trim(rest);
	return word;
}

static bool is_word(struct str word, const char *name)
{
	return word.n == strlen(name) && strncasecmp(word.p, name, word.n) == 0;
}

static const struct action *find_action(struct str word)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (is_word(word, actions[i].word))
			return &actions[i];
	return NULL;
}

/* Three digits are a reply code, other numbers stand for OK. */
static bool is_number(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!isdigit((unsigned char)word.p[i]))
			return false;
	return word.n > 0;
}

static bool is_code(struct str word)
{
	return word.n == 3 && is_number(word) && (word.p[0] == '4' || word.p[0] == '5');
}

static bool is_restriction(struct str word, const char *classes)
{
	struct str rest = str_from(classes), name;

	for (size_t i = 0; i < ARRAY_SIZE(restrictions); i++)
		if (is_word(word, restrictions[i]))
			return true;
	while (str_next_word(&rest, ", \t", &name))
		if (name.n == word.n && memcmp(name.p, word.p, name.n) == 0)
			return true;
	return false;
}

const char *access_action_problem(const char *action, const char *classes)
{
	struct str rest, word = first_word(action, &rest);
	const struct action *x = find_action(word);

	if (x && x->argument == ARG_ADDRESS)
		return str_has_char(rest, '@') ? NULL : "has no address";
	if (x && x->argument == ARG_COLON)
		return str_has_char(rest, ':') ? NULL : "has no ':' in what follows the word";
	if (x || is_code(word) || (is_number(word) && rest.n == 0) || is_restriction(word, classes))
		return NULL;
	return "is not known";
}

bool access_refuses(const char *action)
{
	struct str rest, word = first_word(action, &rest);
	const struct action *x = find_action(word);

	return is_code(word) || (x && x->kind == ACTION_REFUSES);
}

const char *access_login_action(const struct access_rule *rule)
{
	struct str rest, word = first_word(rule->action, &rest);
	const struct action *x = find_action(word);
	bool stops = x ? x->kind != ACTION_OTHER
		       : is_code(word) || (word.n > 7 && strncasecmp(word.p, "reject_", 7) == 0);

	return stops ? rule->action : "DUNNO";
}

static bool is_domain(const char *s)
{
	return is_hostname(s) || (*s == '[' && s[strlen(s) - 1] == ']');
}

const char *access_key_problem(const char *key)
{
	const char *at = strrchr(key, '@');

	if (strlen(key) > KEY_BYTES_MAX)
		return "is longer than 500 bytes";
	for (const char *c = key; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return "has a blank or a control character";
	if (*key == '#')
		return "begins with '#', which makes the line a comment";
	if (streq(key, "<>"))
		return NULL;
	if (at)
		return at[1] == '\0' || is_domain(at + 1) ? NULL : "has a bad domain";
	if (*key == '.' && is_hostname(key + 1))
		return NULL;
	return is_domain(key) || is_ip_address(key) ? NULL
						    : "is no address, no domain and no 'name@'";
}

/* Keys that can be written but fit nothing. */
static const char *useless_hint(const char *key)
{
	if (*key == '@')
		return "write a domain without '@'";
	if (*key == '.')
		return "write a domain without the dot: those below it are meant too";
	return NULL;
}

struct parser {
	struct arena *a;
	const char *classes;
	struct access_list *out;
	struct problems *p;
};

static void parse_line(struct parser *ps, const char *subject, unsigned number, struct str line)
{
	struct str rest = line, key = { "", 0 };

	(void)str_next_word(&rest, " \t", &key);
	rest = str_trim(rest);
	struct access_rule x = { .key = str_lower(ps->a, key),
				 .action = str_dup(ps->a, rest),
				 .line = number };
	const char *problem = access_key_problem(x.key);
	if (problem) {
		problems_add(ps->p, SEV_ERROR, subject, LINE_FORM, "'%s' %s", x.key, problem);
		return;
	}
	if (rest.n == 0) {
		problems_add(ps->p, SEV_ERROR, subject, LINE_FORM, "'%s' has no action", x.key);
		return;
	}
	problem = access_action_problem(x.action, ps->classes);
	if (problem) {
		problems_add(ps->p, SEV_ERROR, subject, "use " ACTIONS,
			     "the action '%s' of '%s' %s", x.action, x.key, problem);
		return;
	}
	if (useless_hint(x.key)) {
		problems_add(ps->p, SEV_WARNING, subject, useless_hint(x.key),
			     "'%s' fits no address: the line has no effect", x.key);
		return;
	}
	if (inputs_index_add(&ps->out->index, x.key, ps->out->rules.n)) {
		*VEC_PUSH(ps->a, &ps->out->rules) = x;
		ps->out->bytes += rest.n;
		if (strchr(x.key, '@') == NULL || has_suffix(x.key, "@"))
			ps->out->is_wide = true;
		return;
	}
	size_t first = 0;
	(void)inputs_index_get(&ps->out->index, x.key, &first);
	problems_add(ps->p, SEV_WARNING, subject, "remove one of the two lines",
		     "'%s' is in line %u already: that one counts", x.key,
		     ps->out->rules.v[first].line);
}

void access_parse(struct arena *a, const char *file, struct str text, const char *classes,
		  struct access_list *out, struct problems *p)
{
	struct parser ps = { .a = a, .classes = classes, .out = out, .p = p };
	struct logical lg;
	struct str line;

	map_init(&out->index, a, 16);
	logical_init(&lg, a, file, text);
	while (logical_next(&lg, &line)) {
		const char *subject = arena_printf(a, "%s:%u", file, lg.line);
		if (lg.bad)
			problems_add(p, SEV_ERROR, subject, LINE_FORM, "the line %s", lg.bad);
		else
			parse_line(&ps, subject, lg.line, line);
	}
}

static const struct access_rule *look_up(const struct access_list *list, const char *key)
{
	size_t at;

	return inputs_index_get(&list->index, key, &at) ? &list->rules.v[at] : NULL;
}

/* Of "ben+x@firma.example": "ben@firma.example"; NULL without an extension. */
static const char *without_extension(struct arena *a, const char *address)
{
	const char *plus = strchr(address, '+'), *at = strrchr(address, '@');

	if (plus == NULL || at == NULL || plus > at || plus == address)
		return NULL;
	return arena_printf(a, "%.*s%s", (int)(plus - address), address, at);
}

const struct access_rule *access_find_wider(struct arena *a, const struct access_list *list,
					    const char *address)
{
	const char *at = strrchr(address, '@'), *bare = without_extension(a, address);
	const struct access_rule *x = NULL;

	if (at == NULL || list->rules.n == 0)
		return NULL;
	if (bare)
		x = look_up(list, bare);
	for (const char *domain = at + 1; x == NULL && domain; domain = strchr(domain, '.')) {
		domain += *domain == '.';
		x = look_up(list, domain);
	}
	if (x == NULL)
		x = look_up(list, arena_printf(a, "%.*s@", (int)(at - address), address));
	if (x == NULL && bare)
		x = look_up(list, arena_printf(a, "%.*s@", (int)(strrchr(bare, '@') - bare), bare));
	return x;
}

const struct access_rule *access_find(struct arena *a, const struct access_list *list,
				      const char *address)
{
	const struct access_rule *x = look_up(list, address);

	return x ? x : access_find_wider(a, list, address);
}

bool access_find_line(struct arena *a, struct str text, const char *key, struct str *action_r,
		      unsigned *line_r)
{
	struct logical lg;
	struct str line, word;

	logical_init(&lg, a, "", text);
	while (logical_next(&lg, &line))
		if (lg.bad == NULL && str_next_word(&line, " \t", &word) && is_word(word, key)) {
			*action_r = str_trim(line);
			*line_r = lg.line;
			return true;
		}
	return false;
}

void access_edit_add(struct str text, const char *key, struct buf *out)
{
	buf_add(out, text.p, text.n);
	if (text.n > 0 && text.p[text.n - 1] != '\n')
		buf_addc(out, '\n');
	buf_printf(out, "%s \t\t REJECT\n", key);
}

struct edit {
	const char *key;
	bool found, dropping;
};

static enum linefile_verdict edit_line(void *ctx, struct str line, struct buf *out UNUSED)
{
	struct edit *e = ctx;
	struct str rest = line, word = { "", 0 };

	if (!logical_is_continuation(line)) {
		(void)str_next_word(&rest, " \t", &word);
		e->dropping = is_word(word, e->key);
		e->found = e->found || e->dropping;
	}
	return e->dropping ? LINE_DROP : LINE_KEEP;
}

bool access_edit_del(struct str text, const char *key, struct buf *out)
{
	struct edit e = { .key = key };

	linefile_edit(text, edit_line, &e, NULL, out);
	return e.found;
}
