/* SPDX-License-Identifier: MIT */
/*
 * `setup config dkim`: makes keys and their lines in the tables; `list` shows what there is.
 *
 * Keys come first in the edit, so that no table names a key that is not there yet. A new selector's
 * line in the SigningTable comes behind the old one, which goes on signing until it is removed: the new
 * record has to be known in the DNS first.
 *
 * SOURCES
 *	docs/mail-authentication.md.
 */
#include "base/linefile.h"
#include "base/net.h"
#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/help.h"
#include "cli/say.h"
#include "cli/source.h"
#include "inputs/dkim.h"

struct wish {
	const char *keysize, *selector, *domains, *keytype;
	bool force;
	enum dkim_kind kind;
	int bits;
	struct text_vec list; /* of domains */
};

struct job {
	struct edit e;
	struct arena *a; /* of e */
	struct settings s;
	struct wish wish;
	struct buf records; /* for standard output, once the change is in force */
};

/* --- the wish --------------------------------------------------------------------------------- */

static bool unknown_words(const struct cmd *cmd, int from)
{
	autobuf struct buf rest = BUF_INIT;

	for (int i = from; i < cmd->argc; i++)
		buf_printf(&rest, "%s%s", i > from ? " " : "", cmd->argv[i]);
	help_row(cmd->row);
	say_error("unknown: '%s'; the options are keysize, selector, domain, keytype, --force",
		  rest.p);
	return false;
}

static bool take_words(const struct cmd *cmd, struct wish *w)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = { { "keysize", &w->keysize },
			{ "selector", &w->selector },
			{ "domain", &w->domains },
			{ "keytype", &w->keytype } };

	w->force = cmd_has_flag(cmd, 'f');
	for (int i = 0; i < cmd->argc; i++) {
		const char *word = cmd->argv[i];
		size_t k = 0;
		if (streq(word, "-f") || streq(word, "--force")) {
			w->force = true;
			continue;
		}
		while (k < ARRAY_SIZE(options) && !streq(options[k].name, word))
			k++;
		if (k == ARRAY_SIZE(options))
			return unknown_words(cmd, i);
		if (i + 1 == cmd->argc) {
			say_error("'%s' needs a value", word);
			return false;
		}
		*options[k].value = cmd->argv[++i];
	}
	return true;
}

static bool check_kind(struct wish *w, struct err *err)
{
	int64_t bits = DKIM_RSA_DEFAULT;

	w->kind = w->keytype && streq(w->keytype, "ed25519") ? DKIM_ED25519 : DKIM_RSA;
	if (w->keytype && w->kind == DKIM_RSA && !streq(w->keytype, "rsa"))
		return err_set(err, ERR_USAGE, "keytype '%s' is not rsa or ed25519", w->keytype);
	if (w->keysize && !parse_int64(w->keysize, DKIM_RSA_MIN, DKIM_RSA_MAX, &bits))
		return err_set(err, ERR_USAGE, "keysize '%s' is not a number from %d to %d",
			       w->keysize, DKIM_RSA_MIN, DKIM_RSA_MAX);
	if (w->kind == DKIM_ED25519 && bits != DKIM_RSA_DEFAULT)
		return err_set(err, ERR_USAGE, "an Ed25519 key has no keysize");
	w->bits = (int)bits;
	return true;
}

static bool check_wish(struct arena *a, struct wish *w, struct err *err)
{
	struct str rest, word;

	if (w->selector == NULL)
		w->selector = "mail";
	if (!dkim_is_selector(w->selector))
		return err_set(err, ERR_USAGE,
			       "selector '%s': letters, digits, '-', '_', with dots between",
			       w->selector);
	if (!check_kind(w, err))
		return false;
	if (w->domains == NULL)
		return true;
	rest = str_from(w->domains);
	while (str_next_word(&rest, ", \t", &word)) {
		const char *domain = str_lower(a, word);
		if (!is_fqdn(domain))
			return err_set(err, ERR_USAGE,
				       "'%s' is not a domain with a dot (IDN: write xn--…)",
				       domain);
		*VEC_PUSH(a, &w->list) = domain;
	}
	return w->list.n > 0 || err_set(err, ERR_USAGE, "'domain' needs a value");
}

/* --- what there is ------------------------------------------------------------------------------ */

/* The domains of accounts and aliases. */
static void all_domains(struct job *j)
{
	const struct inputs_where where = { .config_dir = j->e.dir };
	struct problems ignored;
	struct inputs in;

	problems_init(&ignored, j->a);
	inputs_read(j->a, &j->s, &where, &in, &ignored);
	j->wish.list = in.domains;
}

/* The set as the server will see it; findings of the tables are said. */
static void read_set(struct arena *a, const char *dir, const struct settings *s, struct dkim *out,
		     struct problems *p)
{
	const struct inputs_where where = { .config_dir = dir, .must_exist = true };
	struct settings on = *s;
	struct inputs in = { 0 };

	on.enable_opendkim = true;
	dkim_read(a, &on, &where, false, &in, p);
	*out = in.dkim;
}

/* --- making ------------------------------------------------------------------------------------- */

static void add_record(struct job *j, const char *domain, const struct dkim_facts *facts)
{
	const char *value = dkim_record_value(j->a, facts);

	buf_printf(&j->records, "%s._domainkey.%s  TXT\n%s\n\n", j->wish.selector, domain, value);
	dkim_record_zone(j->a, j->wish.selector, domain, facts, &j->records);
	buf_addc(&j->records, '\n');
}

static bool keep_key(struct job *j, const char *domain, const char *path, struct str text,
		     struct err *err)
{
	const struct wish *w = &j->wish;
	struct dkim_facts facts;

	if (!dkim_key_read(j->a, text, &facts, err))
		return err_wrap(err, "%s is there already and stays, but it", path);
	if ((w->keytype && facts.kind != w->kind) ||
	    (w->keysize && facts.kind == DKIM_RSA && facts.bits != w->bits))
		say_warn(
			"'%s' is a key of type %s with %d bits and stays; --force makes a new one, "
			"another selector one beside it",
			path, dkim_kind_name(facts.kind), facts.bits);
	add_record(j, domain, &facts);
	return true;
}

static bool make_key(struct job *j, const char *domain, struct err *err)
{
	const char *base = arena_printf(j->a, DKIM_KEYS "/%s/%s", domain, j->wish.selector);
	const char *private = arena_printf(j->a, "%s.private", base);
	const char *record = arena_printf(j->a, "%s.txt", base);
	const char *path = arena_printf(j->a, "%s/%s", j->e.dir, private);
	autobuf struct buf pem = BUF_INIT, zone = BUF_INIT;
	struct dkim_facts facts;
	struct str old, old_record;

	if (!edit_read(&j->e, private, &old, err) || !edit_read(&j->e, record, &old_record, err))
		return false;
	if (old.n > 0 && !j->wish.force)
		return keep_key(j, domain, path, old, err);
	if (!dkim_key_make(j->wish.kind, j->wish.bits, &pem, err) ||
	    !dkim_key_read(j->a, (struct str){ pem.p, pem.n }, &facts, err))
		return false;
	say_info("Creating DKIM private key '%s'", path);
	if (old.n > 0)
		say_warn("the record of the old key for %s fits no longer: publish the new one now",
			 domain);
	dkim_record_zone(j->a, j->wish.selector, domain, &facts, &zone);
	edit_write_secret(&j->e, private, &pem);
	edit_write_secret(&j->e, record, &zone);
	add_record(j, domain, &facts);
	return true;
}

static bool has_line(const char *file, struct str text, const char *first, const char *second)
{
	struct linefile lf;
	struct str line, a, b;
	const char *bad;

	linefile_init(&lf, file, text);
	while (linefile_next(&lf, &line, &bad))
		if (bad == NULL && str_next_word(&line, " \t", &a) && a.n == strlen(first) &&
		    strncasecmp(a.p, first, a.n) == 0 && str_next_word(&line, " \t", &b) &&
		    (second == NULL ||
		     (b.n == strlen(second) && strncasecmp(b.p, second, b.n) == 0)))
			return true;
	return false;
}

static void append(struct buf *out, struct str text)
{
	buf_add(out, text.p, text.n);
	if (text.n > 0 && text.p[text.n - 1] != '\n')
		buf_addc(out, '\n');
}

static bool edit_tables(struct job *j, struct err *err)
{
	autobuf struct buf keys = BUF_INIT, rules = BUF_INIT, peers = BUF_INIT;
	struct str key_text, rule_text, peer_text;

	if (!edit_read(&j->e, DKIM_HOSTS, &peer_text, err) ||
	    !edit_read(&j->e, DKIM_SIGNING_TABLE, &rule_text, err) ||
	    !edit_read(&j->e, DKIM_KEY_TABLE, &key_text, err))
		return false;
	append(&keys, key_text);
	append(&rules, rule_text);
	for (size_t i = 0; i < j->wish.list.n; i++) {
		const char *domain = j->wish.list.v[i], *selector = j->wish.selector;
		const char *name = arena_printf(j->a, "%s._domainkey.%s", selector, domain);
		const char *pattern = arena_printf(j->a, "*@%s", domain);
		if (!has_line(DKIM_KEY_TABLE, (struct str){ keys.p, keys.n }, name, NULL))
			buf_printf(&keys, "%s %s:%s:" DKIM_ETC "keys/%s/%s.private\n", name, domain,
				   selector, domain, selector);
		if (!has_line(DKIM_SIGNING_TABLE, (struct str){ rules.p, rules.n }, pattern, name))
			buf_printf(&rules, "%s %s\n", pattern, name);
	}
	if (peer_text.n == 0) {
		buf_adds(&peers, "127.0.0.1\nlocalhost\n");
		edit_write(&j->e, DKIM_HOSTS, &peers);
	}
	edit_write(&j->e, DKIM_SIGNING_TABLE, &rules);
	edit_write(&j->e, DKIM_KEY_TABLE, &keys);
	return true;
}

static bool prepare(struct job *j, struct err *err)
{
	if (j->wish.list.n == 0)
		all_domains(j);
	for (size_t i = 0; i < j->wish.list.n; i++)
		if (!make_key(j, j->wish.list.v[i], err))
			return false;
	return j->wish.list.n == 0 || edit_tables(j, err);
}

static void say_findings(struct job *j)
{
	struct problems found;
	struct dkim set;

	problems_init(&found, j->a);
	read_set(j->a, j->e.dir, &j->s, &set, &found);
	for (size_t i = 0; i < found.list.n; i++) {
		const struct problem *x = &found.list.v[i];
		say_warn("%s: %s%s%s", x->subject, x->text, x->hint ? "; " : "",
			 x->hint ? x->hint : "");
	}
	if (!j->s.enable_opendkim)
		say_warn("ENABLE_OPENDKIM is off: the keys are kept, but nothing is signed");
}

static int make_all(struct job *j)
{
	struct err err = ERR_INIT;
	const char *own = arena_printf(j->a, "%s/" DKIM_DIR, j->e.dir);

	j->e.owner = dir_exists(own) ? own : j->e.dir;
	if (!prepare(j, &err)) {
		say_error("%s", err.text);
		return 1;
	}
	if (j->wish.list.n == 0) {
		say_warn("No entries found, no keys to make: add an account, or name a domain");
		return 0;
	}
	int status = edit_commit(&j->e);
	if (status == 0) {
		(void)fwrite(j->records.p, 1, j->records.n, stdout);
		say_findings(j);
	}
	return status;
}

int config_dkim(const struct cmd *cmd)
{
	struct job j = { .records = BUF_INIT };
	struct err err = ERR_INIT;
	int status = 1;

	if (!take_words(cmd, &j.wish))
		return 1;
	bool begun = edit_begin(&j.e, cmd->config_dir, &err);
	j.a = &j.e.arena;
	if (begun && check_wish(j.a, &j.wish, &err)) {
		source_settings(j.a, &j.s, NULL);
		status = make_all(&j);
	} else {
		say_error("%s", err.text);
	}
	buf_fini(&j.records);
	edit_end(&j.e);
	return status;
}

/* --- the list ----------------------------------------------------------------------------------- */

static void list_signs(const struct dkim *set, const struct dkim_key *key, bool json,
		       struct buf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < set->rules.n; i++) {
		const struct dkim_rule *rule = &set->rules.v[i];
		if (!streq(rule->key, key->name) || rule->unused)
			continue;
		buf_adds(out, n++ ? ", " : "");
		if (json)
			json_add_text(out, rule->pattern);
		else
			buf_adds(out, rule->pattern);
	}
	if (n == 0 && !json)
		buf_adds(out, "nothing");
}

static void list_plain(struct arena *a, const struct dkim *set, const struct dkim_key *key,
		       const struct dkim_facts *facts, struct buf *out)
{
	if (facts)
		buf_printf(out, "* %s %s (%s, %d bits)\n", key->domain, key->selector,
			   dkim_kind_name(facts->kind), facts->bits);
	else
		buf_printf(out, "* %s %s (the key can't be read)\n", key->domain, key->selector);
	buf_adds(out, "    [ signs -> ");
	list_signs(set, key, false, out);
	buf_printf(out, " ]\n");
	if (facts)
		buf_printf(out, "    %s._domainkey.%s  TXT\n    %s\n", key->selector, key->domain,
			   dkim_record_value(a, facts));
	buf_addc(out, '\n');
}

static void list_json(struct arena *a, const struct dkim *set, const struct dkim_key *key,
		      const struct dkim_facts *facts, struct buf *out)
{
	buf_adds(out, "{\"domain\": ");
	json_add_text(out, key->domain);
	buf_adds(out, ", \"selector\": ");
	json_add_text(out, key->selector);
	if (facts)
		buf_printf(out, ", \"type\": \"%s\", \"bits\": %d", dkim_kind_name(facts->kind),
			   facts->bits);
	else
		buf_adds(out, ", \"type\": null, \"bits\": null");
	buf_adds(out, ", \"signs\": [");
	list_signs(set, key, true, out);
	buf_adds(out, "], \"record\": ");
	if (facts)
		json_add_text(out, dkim_record_value(a, facts));
	else
		buf_adds(out, "null");
	buf_addc(out, '}');
}

static void list_keys(struct arena *a, const struct dkim *set, bool json, struct buf *out)
{
	struct err ignored = ERR_INIT;

	buf_adds(out, json ? "[" : "");
	for (size_t i = 0; i < set->keys.n; i++) {
		const struct dkim_key *key = &set->keys.v[i];
		struct dkim_facts facts;
		bool known = key->text && dkim_key_read(a, str_from(key->text), &facts, &ignored);
		if (json)
			buf_adds(out, i ? ",\n " : "");
		(json ? list_json : list_plain)(a, set, key, known ? &facts : NULL, out);
	}
	buf_adds(out, json ? "]\n" : "");
}

int config_dkim_list(const struct cmd *cmd)
{
	autobuf struct buf out = BUF_INIT;
	bool json = cmd_has_flag(cmd, 'j');
	struct problems found;
	struct settings s;
	struct dkim set;
	struct arena a;

	arena_init(&a, "dkim list");
	problems_init(&found, &a);
	source_settings(&a, &s, NULL);
	read_set(&a, cmd->config_dir, &s, &set, &found);
	for (size_t i = 0; i < found.list.n; i++)
		say_warn("%s: %s", found.list.v[i].subject, found.list.v[i].text);
	list_keys(&a, &set, json, &out);
	bool empty = set.keys.n == 0 && !json;
	if (empty)
		say_error("'%s/" DKIM_KEY_TABLE "' has no key; setup config dkim makes some",
			  cmd->config_dir);
	(void)fwrite(out.p, 1, out.n, stdout);
	arena_wipe(&a);
	return empty;
}
