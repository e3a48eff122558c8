/* SPDX-License-Identifier: MIT */
/*
 * `setup relay …`: postfix-relaymap.cf and postfix-sasl-password.cf.
 *
 *	* @example.com [smtp.example.org]:587 as alice (postfix-relaymap.cf:1)
 *	* @intern.example directly (postfix-relaymap.cf:2)
 *	* (others) [smtp.example.net]:465 as bob (DEFAULT_RELAY_HOST)
 *	- @example.com alice (postfix-sasl-password.cf:1)
 *
 * A list shows what the server makes of files and variables together; passwords are never in it.
 *
 * SOURCES
 *	docs/compatibility.md.
 */
#include "base/file.h"
#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/source.h"
#include "inputs/relay_routes.h"
#include "inputs/relays.h"

/* "example.com" → "@example.com"; addresses and relays as they are; all in lower case. */
static const char *key_of(struct arena *a, const char *arg)
{
	const char *text = str_lower(a, str_from(arg));

	return strchr(text, '@') || strpbrk(text, "[:") ? text : arena_printf(a, "@%s", text);
}

/* Settings and files as they are now. */
struct known {
	struct settings s;
	struct inputs in;
	struct problems p;
};

static void read_known(struct arena *a, const char *dir, struct known *k)
{
	const struct inputs_where where = { .config_dir = dir };

	*k = (struct known){ 0 };
	source_settings(a, &k->s, &k->p);
	problems_init(&k->p, a);
	inputs_read(a, &k->s, &where, &k->in, &k->p);
}

/* What is odd about the key's lines although they are right. */
static void warn_about(const char *dir, const char *key)
{
	const char *quoted;
	struct known k;
	struct arena a;

	arena_init(&a, "relays");
	quoted = arena_printf(&a, "'%s'", key);
	read_known(&a, dir, &k);
	for (size_t i = 0; i < k.p.list.n; i++) {
		const struct problem *x = &k.p.list.v[i];
		if ((has_prefix(x->subject, RELAYS_FILE) ||
		     has_prefix(x->subject, RELAY_LOGINS_FILE)) &&
		    x->severity == SEV_WARNING && strstr(x->text, quoted))
			say_warn("%s%s%s", x->text, x->hint ? "; " : "", x->hint ? x->hint : "");
	}
	arena_fini(&a);
}

/* Sets one line, or with value NULL removes the key's lines. */
static int change(const struct cmd *cmd, const char *file, const char *value)
{
	struct err err = ERR_INIT;
	struct edit e;
	struct str text;
	struct buf out = BUF_INIT;
	int status = 1;

	bool ok = edit_begin(&e, cmd->config_dir, &err) && edit_read(&e, file, &text, &err);
	const char *key = key_of(&e.arena, cmd->argv[0]);
	if (ok && value)
		relays_edit_set(text, key, value, &out);
	else if (ok && !relays_edit_del(text, key, &out))
		ok = err_set(&err, ERR_DATA, "there is no line for '%s' in %s", key, file);
	if (ok) {
		edit_write(&e, file, &out);
		status = edit_commit(&e);
		if (status == 0 && value)
			warn_about(cmd->config_dir, key);
	} else {
		say_error("%s", err.text);
	}
	buf_wipe(&out);
	edit_end(&e);
	return status;
}

static bool is_self(const char *hop)
{
	struct settings s;
	struct arena a;

	arena_init(&a, "settings");
	source_settings(&a, &s, NULL);
	bool self = relay_hop_is_self(hop, s.hostname);
	arena_fini(&a);
	return self;
}

int relay_add_domain(const struct cmd *cmd)
{
	const char *port = cmd->argc > 2 ? cmd->argv[2] : "25";
	char hop[300];

	(void)snprintf(hop, sizeof(hop), "[%s]:%s", cmd->argv[1], port);
	if (is_self(hop)) {
		say_error("'%s' is this server itself: mail would go round in a circle", hop);
		return 1;
	}
	return change(cmd, RELAYS_FILE, hop);
}

int relay_exclude_domain(const struct cmd *cmd)
{
	return change(cmd, RELAYS_FILE, "");
}

int relay_del_domain(const struct cmd *cmd)
{
	return change(cmd, RELAYS_FILE, NULL);
}

int relay_del_auth(const struct cmd *cmd)
{
	return change(cmd, RELAY_LOGINS_FILE, NULL);
}

int relay_add_auth(const struct cmd *cmd)
{
	struct buf password = BUF_INIT, login = BUF_INIT;
	struct err err = ERR_INIT;
	int status = 1;

	bool ok = secret_get(cmd, &password, &err);
	if (ok && (password.p[password.n - 1] == ' ' || strchr(password.p, '\t')))
		ok = err_set(
			&err, ERR_USAGE,
			"the password ends with a blank or has a tab, which the file can't hold");
	if (ok) {
		buf_printf(&login, "%s:%s", cmd->argv[1], password.p);
		status = change(cmd, RELAY_LOGINS_FILE, login.p);
	} else {
		say_error("%s", err.text);
	}
	buf_wipe(&login);
	buf_wipe(&password);
	return status;
}

/* One line of the list. */
struct entry {
	const char *sender, *hop; /* hop NULL = sent directly */
	const char *source, *tls, *user;
};

struct list {
	struct arena *a;
	struct relay_login_vec logins;
	struct map tls; /* relays that must have it */
};

static const char *user_of(struct arena *a, const struct relay_login *x)
{
	return arena_strndup(a, x->login, strcspn(x->login, ":"));
}

/* In the order in which the MTA looks: sender, its domain, host, relay. */
static const char *user_for(const struct list *l, const char *sender, const char *hop)
{
	const char *keys[] = { sender, sender ? strrchr(sender, '@') : NULL,
			       str_dup(l->a, relay_hop_split(hop).host), hop };

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
		for (size_t i = 0; keys[k] && i < l->logins.n; i++)
			if (streq(l->logins.v[i].key, keys[k]))
				return user_of(l->a, &l->logins.v[i]);
	return NULL;
}

static const char *source_of(struct arena *a, const char *file, unsigned line)
{
	return line ? arena_printf(a, "%s:%u", file, line) : file;
}

static struct entry make_entry(const struct list *l, const char *sender, const char *hop,
			       const char *source)
{
	struct entry e = { .sender = sender ? sender : "(others)", .source = source };

	if (hop && *hop) {
		e.hop = hop;
		e.tls = relay_hop_is_implicit_tls(hop)	? "implicit"
			: map_get(&l->tls, hop) != NULL ? "required"
							: "opportunistic";
		e.user = user_for(l, sender, hop);
	}
	return e;
}

static void print_entry(const struct entry *e, struct buf *out)
{
	buf_printf(out, "* %s %s", e->sender, e->hop ? e->hop : "directly");
	if (e->user)
		buf_printf(out, " as %s", e->user);
	if (e->source)
		buf_printf(out, " (%s)", e->source);
	buf_addc(out, '\n');
}

static void json_member(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "\"%s\":", name);
	if (value)
		json_add_text(out, value);
	else
		buf_adds(out, "null");
}

static void print_entry_json(const struct entry *e, bool first, struct buf *out)
{
	buf_adds(out, first ? "\n  {" : ",\n  {");
	json_member(out, "sender", e->sender);
	buf_addc(out, ',');
	json_member(out, "relay", e->hop);
	buf_addc(out, ',');
	json_member(out, "tls", e->tls);
	buf_addc(out, ',');
	json_member(out, "user", e->user);
	buf_addc(out, ',');
	json_member(out, "source", e->source);
	buf_addc(out, '}');
}

static void print_logins(const struct list *l, bool json, struct buf *out)
{
	for (size_t i = 0; i < l->logins.n; i++) {
		const struct relay_login *x = &l->logins.v[i];
		const char *source = source_of(l->a, x->file, x->line);
		if (!json) {
			buf_printf(out, "- %s %s (%s)\n", x->key, user_of(l->a, x), source);
			continue;
		}
		buf_adds(out, i ? ",\n  {" : "\n  {");
		json_member(out, "for", x->key);
		buf_addc(out, ',');
		json_member(out, "user", user_of(l->a, x));
		buf_addc(out, ',');
		json_member(out, "source", source);
		buf_addc(out, '}');
	}
}

static void print_list(struct arena *a, const struct known *k, bool json, struct buf *out)
{
	struct relay_vec routes = VEC_INIT;
	struct text_vec hops = VEC_INIT;
	struct list l = { .a = a };
	const char *by_default = k->s.default_relay_host;

	relay_routes(a, &k->s, &k->in, &routes);
	relay_logins(a, &k->s, &k->in, &l.logins);
	relay_hops_with_login(a, &k->s, &k->in, &hops);
	map_init(&l.tls, a, hops.n);
	for (size_t i = 0; i < hops.n; i++)
		(void)map_add(&l.tls, hops.v[i], &l);
	buf_adds(out, json ? "{\"relays\":[" : "");
	for (size_t i = 0; i <= routes.n; i++) {
		const struct relay *x = i < routes.n ? &routes.v[i] : NULL;
		struct entry e = x ? make_entry(&l, x->key, x->hop, source_of(a, x->file, x->line))
				   : make_entry(&l, NULL, by_default,
						*by_default ? "DEFAULT_RELAY_HOST" : NULL);
		if (json)
			print_entry_json(&e, i == 0, out);
		else
			print_entry(&e, out);
	}
	buf_adds(out, json ? "\n ],\"logins\":[" : "");
	print_logins(&l, json, out);
	buf_adds(out, json ? "]}\n" : "");
}

int relay_list(const struct cmd *cmd)
{
	autobuf struct buf out = BUF_INIT;
	struct known k;
	struct arena a;
	int status = 0;

	arena_init(&a, "list");
	read_known(&a, cmd->config_dir, &k);
	for (size_t i = 0; i < k.p.list.n; i++) {
		const struct problem *x = &k.p.list.v[i];
		if (x->severity != SEV_ERROR || (!has_prefix(x->subject, RELAYS_FILE) &&
						 !has_prefix(x->subject, RELAY_LOGINS_FILE)))
			continue;
		say_error("%s: %s", x->subject, x->text);
		status = 1;
	}
	print_list(&a, &k, cmd_has_flag(cmd, 'j'), &out);
	(void)fflush(stdout);
	if (!write_all(STDOUT_FILENO, out.p, out.n))
		status = 1;
	arena_fini(&a);
	return status;
}
