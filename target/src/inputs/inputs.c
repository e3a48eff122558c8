/* SPDX-License-Identifier: MIT */
/*
 * Each file is read and judged by itself: a file with errors is replaced by its last good copy (if
 * allowed), the others are taken as they are. Fingerprints are made from what the files mean, so a
 * comment, a blank line or capitals in an address change nothing; the order of entries is part of
 * it.
 *
 * inputs_save_last_good() keeps what was read, not what the files hold meanwhile: the administrator
 * may have saved a bad one since.
 *
 * SOURCES
 *	docs/architecture.md "Last good state".
 */
#include "inputs/inputs.h"

#include "base/file.h"
#include "base/linefile.h"
#include "inputs/access.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/cert_places.h"
#include "inputs/certs.h"
#include "inputs/dkim.h"
#include "inputs/effective.h"
#include "inputs/greylist.h"
#include "inputs/later.h"
#include "inputs/masters.h"
#include "inputs/quotas.h"
#include "inputs/relay_routes.h"
#include "inputs/relays.h"
#include "inputs/tls_policy.h"
#include "inputs/sni.h"
#include "inputs/smtp_only.h"

#define COPY_WAIT_MS 10000

/* What the files say, before they are put together. */
struct raw {
	struct account_vec accounts;
	struct alias_vec aliases;
	struct quota_vec quotas;
	struct master_vec masters;
	struct access_list send_access, receive_access;
	struct map account_index, alias_index;
	const char *regexp, *local_aliases;
	struct override_vec main_cf, master_cf;
	struct line_vec dovecot_cf;
	const char *greylist_clients, *greylist_recipients;
	struct str script_before, script_after, spam_rules;
	const char *hostname;
	struct relay_vec relays;
	struct relay_login_vec relay_logins;
	struct tls_policy_vec tls_policies;
};

static void parse_accounts(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->accounts = (struct account_vec)VEC_INIT;
	accounts_parse(a, ACCOUNTS_FILE, text, &raw->accounts, &raw->account_index, p);
}

static void parse_aliases(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->aliases = (struct alias_vec)VEC_INIT;
	aliases_parse(a, ALIASES_FILE, text, &raw->aliases, &raw->alias_index, p);
}

static void parse_regexp(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->regexp = regexp_parse(a, REGEXP_FILE, text, p);
}

static void parse_local_aliases(struct arena *a, struct str text, struct raw *raw,
				struct problems *p)
{
	raw->local_aliases = local_aliases_parse(a, LOCAL_ALIASES_FILE, text, p);
}

static void parse_quotas(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->quotas = (struct quota_vec)VEC_INIT;
	quotas_parse(a, QUOTAS_FILE, text, &raw->quotas, p);
}

static void parse_masters(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->masters = (struct master_vec)VEC_INIT;
	masters_parse(a, MASTERS_FILE, text, &raw->masters, p);
}

static void parse_main_cf(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->main_cf = (struct override_vec)VEC_INIT;
	overrides_parse_main(a, MAIN_CF_FILE, text, &raw->main_cf, p);
}

/* Names that postfix-main.cf, which is read before, makes actions. */
static const char *restriction_classes(const struct raw *raw)
{
	for (size_t i = 0; i < raw->main_cf.n; i++)
		if (streq(raw->main_cf.v[i].name, "smtpd_restriction_classes"))
			return raw->main_cf.v[i].value;
	return "";
}

static void parse_send_access(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->send_access = (struct access_list){ 0 };
	access_parse(a, SEND_ACCESS_FILE, text, restriction_classes(raw), &raw->send_access, p);
}

static void parse_receive_access(struct arena *a, struct str text, struct raw *raw,
				 struct problems *p)
{
	raw->receive_access = (struct access_list){ 0 };
	access_parse(a, RECEIVE_ACCESS_FILE, text, restriction_classes(raw), &raw->receive_access,
		     p);
}

static void parse_master_cf(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->master_cf = (struct override_vec)VEC_INIT;
	overrides_parse_master(a, MASTER_CF_FILE, text, &raw->master_cf, p);
}

static void parse_dovecot_cf(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->dovecot_cf = (struct line_vec)VEC_INIT;
	overrides_parse_lines(a, DOVECOT_CF_FILE, text, &raw->dovecot_cf, p);
}

static void parse_greylist_clients(struct arena *a, struct str text, struct raw *raw,
				   struct problems *p)
{
	raw->greylist_clients = greylist_parse(a, GREYLIST_CLIENTS_FILE, text, p);
}

static void parse_greylist_recipients(struct arena *a, struct str text, struct raw *raw,
				      struct problems *p)
{
	raw->greylist_recipients = greylist_parse(a, GREYLIST_RECIPIENTS_FILE, text, p);
}

static void parse_script_before(struct arena *a, struct str text, struct raw *raw,
				struct problems *p)
{
	raw->script_before = text;
	scripts_check_text(a, SCRIPT_BEFORE_FILE, text, p);
}

static void parse_script_after(struct arena *a, struct str text, struct raw *raw,
			       struct problems *p)
{
	raw->script_after = text;
	scripts_check_text(a, SCRIPT_AFTER_FILE, text, p);
}

static void parse_spam_rules(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->spam_rules = text;
	scripts_check_text(a, SPAM_RULES_FILE, text, p);
}

static void parse_relays(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->relays = (struct relay_vec)VEC_INIT;
	relays_parse(a, RELAYS_FILE, text, raw->hostname, &raw->relays, p);
}

static void parse_relay_logins(struct arena *a, struct str text, struct raw *raw,
			       struct problems *p)
{
	raw->relay_logins = (struct relay_login_vec)VEC_INIT;
	relay_logins_parse(a, RELAY_LOGINS_FILE, text, &raw->relay_logins, p);
}

static void parse_tls_policy(struct arena *a, struct str text, struct raw *raw, struct problems *p)
{
	raw->tls_policies = (struct tls_policy_vec)VEC_INIT;
	tls_policy_parse(a, TLS_POLICY_FILE, text, &raw->tls_policies, p);
}

/* TO ADD A FILE: its row. parse overwrites its part of raw. */
static const struct input_file {
	const char *name;
	void (*parse)(struct arena *a, struct str text, struct raw *raw, struct problems *p);
	/* Goes into rendered files, not into tables: with an error the generation in force stays,
	 * or there is no start. A copy is taken only when the whole directory is gone. */
	bool is_override;
	/* Its language is another program's, which is asked (inputs_where.judge). */
	bool is_judged;
} input_files[] = {
	{ ACCOUNTS_FILE, parse_accounts, false, false },
	{ ALIASES_FILE, parse_aliases, false, false },
	{ REGEXP_FILE, parse_regexp, false, false },
	{ LOCAL_ALIASES_FILE, parse_local_aliases, false, false },
	{ QUOTAS_FILE, parse_quotas, false, false },
	{ MASTERS_FILE, parse_masters, false, false },
	{ MAIN_CF_FILE, parse_main_cf, true, false },
	{ MASTER_CF_FILE, parse_master_cf, true, false },
	{ DOVECOT_CF_FILE, parse_dovecot_cf, true, false },
	{ SEND_ACCESS_FILE, parse_send_access, false, false },
	{ RECEIVE_ACCESS_FILE, parse_receive_access, false, false },
	{ GREYLIST_CLIENTS_FILE, parse_greylist_clients, false, false },
	{ GREYLIST_RECIPIENTS_FILE, parse_greylist_recipients, false, false },
	{ SCRIPT_BEFORE_FILE, parse_script_before, false, true },
	{ SCRIPT_AFTER_FILE, parse_script_after, false, true },
	{ SPAM_RULES_FILE, parse_spam_rules, false, true },
	{ RELAYS_FILE, parse_relays, false, false },
	{ RELAY_LOGINS_FILE, parse_relay_logins, false, false },
	{ TLS_POLICY_FILE, parse_tls_policy, false, false },
};

void inputs_list_files(struct arena *a, const char *config_dir, struct text_vec *paths)
{
	for (size_t i = 0; i < ARRAY_SIZE(input_files); i++)
		*VEC_PUSH(a, paths) = arena_printf(a, "%s/%s", config_dir, input_files[i].name);
	*VEC_PUSH(a, paths) = arena_printf(a, "%s/" SNI_FILE, config_dir);
}

/* The file's text; a missing file is an empty one, *missing_r (may be NULL) tells. */
static bool read_text(struct arena *a, const char *dir, const char *name, struct str *text_r,
		      bool *missing_r, struct err *err)
{
	struct err why = ERR_INIT;
	char *text = NULL;
	size_t n = 0;
	bool missing = dir == NULL;

	if (dir &&
	    !file_read(a, arena_printf(a, "%s/%s", dir, name), LINEFILE_MAX, &text, &n, &why)) {
		missing = why.sys == ENOENT || why.sys == ENOTDIR;
		if (!missing) {
			*err = why;
			return false;
		}
	}
	*text_r = linefile_trim((struct str){ text ? text : "", n });
	if (missing_r)
		*missing_r = missing;
	return true;
}

/* Takes the last good copy in place of a bad file; no copy means that there was no file. */
static bool use_last_good(struct arena *a, const struct inputs_where *where,
			  const struct input_file *f, struct raw *raw)
{
	struct problems ignored;
	struct err err = ERR_INIT;
	struct str text;
	bool missing;
	autoclose int lock = -1;

	if (!where->fallback || where->last_good_dir == NULL)
		return false;
	/* A copy may be on its way. Without the lock (a read-only volume, say) the copy is taken
	 * as it is. */
	(void)!dir_lock(where->last_good_dir, COPY_WAIT_MS, &lock, &err);
	if (!read_text(a, where->last_good_dir, f->name, &text, &missing, &err) ||
	    (missing && !dir_exists(where->last_good_dir)))
		return false;
	problems_init(&ignored, a);
	f->parse(a, text, raw, &ignored);
	return problems_errors(&ignored) == 0;
}

static bool has_files(struct arena *a, const char *dir)
{
	if (dir && access(arena_printf(a, "%s/" DKIM_KEY_TABLE, dir), F_OK) == 0)
		return true;
	for (size_t i = 0; dir && i < ARRAY_SIZE(input_files); i++)
		if (access(arena_printf(a, "%s/%s", dir, input_files[i].name), F_OK) == 0)
			return true;
	return false;
}

bool inputs_have_vanished(struct arena *a, const struct inputs_where *where)
{
	return !has_files(a, where->config_dir) && has_files(a, where->last_good_dir);
}

/* Every file is gone though the last good state had some: a volume that is not mounted, hardly an
 * administrator's wish. A single file that is removed does count. */
static bool check_vanished(struct arena *a, const struct inputs_where *where, struct raw *raw,
			   struct problems *p)
{
	bool fallen = where->fallback;

	if (!inputs_have_vanished(a, where))
		return false;
	for (size_t i = 0; fallen && i < ARRAY_SIZE(input_files); i++)
		fallen = use_last_good(a, where, &input_files[i], raw);
	problems_add(
		p, fallen ? SEV_WARNING : SEV_ERROR, where->config_dir,
		arena_printf(a, "is it mounted? To begin anew remove %s", where->last_good_dir),
		"all files of the configuration are gone%s",
		fallen ? ": their LAST GOOD COPIES are in use" : "");
	return fallen;
}

/* A text of the caller in place of the file's. */
static bool take_instead(const struct inputs_where *where, const char *name, struct str *text_r)
{
	for (size_t i = 0; i < where->instead_n; i++)
		if (streq(where->instead[i].name, name)) {
			*text_r = where->instead[i].text;
			return true;
		}
	return false;
}

static void read_one(struct arena *a, const struct settings *s, const struct inputs_where *where,
		     const struct input_file *f, struct raw *raw, struct inputs *in,
		     struct problems *p)
{
	struct problems found;
	struct err err = ERR_INIT;
	struct str text;

	struct input_text *kept = &in->texts[in->texts_n++];

	problems_init(&found, a);
	*kept = (struct input_text){ .name = f->name };
	if (take_instead(where, f->name, &text) ||
	    read_text(a, where->config_dir, f->name, &text, &kept->missing, &err))
		f->parse(a, text, raw, &found);
	else
		problems_add(&found, SEV_ERROR, f->name, "make it a readable text file", "%s",
			     err.text);
	bool known = !f->is_judged || kept->missing || problems_errors(&found) > 0 ||
		     inputs_judge(a, s, where, f->name, text, &found);
	size_t errors = problems_errors(&found);
	kept->good = errors == 0 && known;
	if (kept->good)
		kept->text = text;
	in->override_errors += f->is_override ? errors : 0;
	bool fallen = errors > 0 && !f->is_override && use_last_good(a, where, f, raw);
	for (size_t i = 0; i < found.list.n; i++) {
		const struct problem *x = &found.list.v[i];
		enum severity severity =
			fallen && x->severity == SEV_ERROR ? SEV_WARNING : x->severity;
		problems_add(p, severity, x->subject, x->hint, "%s", x->text);
	}
	p->suppressed += found.suppressed;
	if (!fallen)
		return;
	*VEC_PUSH(a, &in->fallen) = f->name;
	problems_add(p, SEV_WARNING, f->name,
		     "correct the lines that are named; that takes effect at once",
		     "the file has errors: its LAST GOOD COPY is in use, later changes are not");
}

/* The accounts of the environment, hashed unless this is a laptop (no state_dir). */
static bool parse_env_accounts(struct arena *a, const struct settings *s,
			       const struct inputs_where *where, struct account_vec *out,
			       struct problems *p)
{
	struct password_key key;
	struct err err = ERR_INIT;
	struct map own;

	if (where->state_dir == NULL) {
		accounts_parse_env(a, s->mail_accounts, NULL, out, &own, p);
		return true;
	}
	if (!password_key_load(where->salt_key ? where->salt_key : INPUTS_SALT_KEY, &key, &err)) {
		problems_add(p, SEV_ERROR, "MAIL_ACCOUNTS", NULL, "can't hash passwords: %s",
			     err.text);
		return false;
	}
	accounts_parse_env(a, s->mail_accounts, &key, out, &own, p);
	explicit_bzero(&key, sizeof(key));
	return true;
}

const char *inputs_hashed_env_accounts(struct arena *a, const struct settings *s,
				       const struct inputs_where *where)
{
	struct account_vec list = VEC_INIT;
	struct problems ignored;
	autobuf struct buf out = BUF_INIT;

	problems_init(&ignored, a);
	if (*s->mail_accounts && parse_env_accounts(a, s, where, &list, &ignored))
		for (size_t i = 0; i < list.n; i++)
			buf_printf(&out, "%s%s:%.*s", i ? "\n" : "", list.v[i].address,
				   (int)list.v[i].hash.n, list.v[i].hash.p);
	return buf_dup(a, &out);
}

static void merge_accounts(struct arena *a, const struct settings *s,
			   const struct inputs_where *where, struct raw *raw, struct problems *p)
{
	struct account_vec extra = VEC_INIT;

	if (s->mail_accounts == NULL || *s->mail_accounts == '\0' ||
	    !parse_env_accounts(a, s, where, &extra, p))
		return;
	for (size_t i = 0; i < extra.n; i++)
		if (inputs_index_add(&raw->account_index, extra.v[i].address, raw->accounts.n))
			*VEC_PUSH(a, &raw->accounts) = extra.v[i];
		else
			problems_add(p, SEV_NOTE,
				     arena_printf(a, "MAIL_ACCOUNTS:%u", extra.v[i].line), NULL,
				     "'%s' is also in " ACCOUNTS_FILE ": the file counts",
				     extra.v[i].address);
}

static void merge_aliases(struct arena *a, const struct settings *s, struct raw *raw,
			  struct problems *p)
{
	struct alias_vec extra = VEC_INIT;
	struct map own;

	if (s->mail_aliases == NULL || *s->mail_aliases == '\0')
		return;
	aliases_parse_env(a, s->mail_aliases, &extra, &own, p);
	for (size_t i = 0; i < extra.n; i++)
		if (inputs_index_add(&raw->alias_index, extra.v[i].key, raw->aliases.n))
			*VEC_PUSH(a, &raw->aliases) = extra.v[i];
		else
			problems_add(p, SEV_NOTE,
				     arena_printf(a, "MAIL_ALIASES:%u", extra.v[i].line), NULL,
				     "'%s' is also in " ALIASES_FILE ": the file counts",
				     extra.v[i].key);
}

static void apply_quotas(struct arena *a, struct inputs *in, const struct quota_vec *quotas,
			 struct problems *p)
{
	for (size_t i = 0; i < quotas->n; i++) {
		const struct quota *q = &quotas->v[i];
		size_t at;
		if (inputs_index_get(&in->account_index, q->address, &at))
			in->accounts.v[at].quota = q->limit;
		else
			problems_add(p, SEV_WARNING, arena_printf(a, QUOTAS_FILE ":%u", q->line),
				     "remove the line, or add the account",
				     "there is no account '%s'", q->address);
	}
}

static int compare_text(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;

	return strcmp(*a, *b);
}

static void add_domain(struct arena *a, struct inputs *in, const char *domain, const char **last)
{
	if (*last && streq(*last, domain))
		return;
	*last = domain;
	/* A single label (localhost) is the machine's own name, no mail domain. */
	if (strchr(domain, '.') && map_add(&in->domain_index, domain, in))
		*VEC_PUSH(a, &in->domains) = domain;
}

static void gather_domains(struct arena *a, struct inputs *in)
{
	const char *last = NULL;

	map_init(&in->domain_index, a, 16);
	for (size_t i = 0; i < in->accounts.n; i++)
		add_domain(a, in, in->accounts.v[i].domain, &last);
	for (size_t i = 0; i < in->aliases.n; i++) {
		const char *at = strrchr(in->aliases.v[i].key, '@');
		if (at)
			add_domain(a, in, at + 1, &last);
	}
	if (in->domains.n > 1)
		qsort(in->domains.v, in->domains.n, sizeof(*in->domains.v), compare_text);
}

/* 64-bit fingerprint, eight bytes a step; the text's end is part of it. Not for security. */
static uint64_t fold_str(uint64_t h, struct str s)
{
	const uint64_t prime = UINT64_C(0x9e3779b97f4a7c15);
	size_t n = s.n;
	const char *text = s.p;
	uint64_t word;

	h = (h ^ (text ? n + 1 : 0)) * prime;
	for (; n >= sizeof(word); n -= sizeof(word), text += sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		h = (h ^ word) * prime;
		h ^= h >> 29;
	}
	word = 0;
	if (n > 0)
		memcpy(&word, text, n);
	h = (h ^ word) * prime;
	return h ^ h >> 32;
}

static uint64_t fold(uint64_t h, const char *text)
{
	return fold_str(h, text ? str_from(text) : (struct str){ NULL, 0 });
}

static unsigned bit_number(enum input_bit bit)
{
	return (unsigned)__builtin_ctz((unsigned)bit);
}

static uint64_t fold_overrides(uint64_t h, const struct override_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct override *x = &list->v[i];
		h = fold(fold(fold(h, x->service), x->name), x->value);
	}
	return fold(h, NULL);
}

static uint64_t fold_access(uint64_t h, const struct access_list *list)
{
	for (size_t i = 0; i < list->rules.n; i++)
		h = fold(fold(h, list->rules.v[i].key), list->rules.v[i].action);
	return fold(h, NULL);
}

static uint64_t fold_text(uint64_t h, struct str text)
{
	return fold(h ^ hash_bytes(text.p, text.n), NULL);
}

static uint64_t fold_scripts(const struct inputs *in)
{
	uint64_t h = 1;

	for (size_t i = 0; i < in->user_scripts.n; i++)
		if (in->user_scripts.v[i].good)
			h = fold_text(fold(h, in->user_scripts.v[i].name),
				      in->user_scripts.v[i].text);
	for (size_t i = 0; i < in->programs.n; i++) {
		const struct program *x = &in->programs.v[i];
		h = fold(fold(fold(h, x->dir), x->name), x->stamp);
	}
	return h;
}

static uint64_t fold_relays(const struct inputs *in)
{
	uint64_t h = 1;

	for (size_t i = 0; i < in->relays.n; i++)
		h = fold(fold(h, in->relays.v[i].key), in->relays.v[i].hop);
	h = fold(h, NULL);
	for (size_t i = 0; i < in->relay_logins.n; i++)
		h = fold(fold(h, in->relay_logins.v[i].key), in->relay_logins.v[i].login);
	return h;
}

static uint64_t fold_tls_policies(const struct inputs *in)
{
	uint64_t h = 1;

	for (size_t i = 0; i < in->tls_policies.n; i++)
		h = fold(fold(h, in->tls_policies.v[i].destination), in->tls_policies.v[i].policy);
	return h;
}

static void make_fingerprints(struct inputs *in)
{
	uint64_t accounts = 1, quotas = 1, aliases = 1, masters = 1;

	for (size_t i = 0; i < in->accounts.n; i++) {
		const struct account *x = &in->accounts.v[i];
		accounts = fold(fold_str(fold(accounts, x->address), x->hash), x->extra);
		if (x->quota)
			quotas = fold(fold(quotas, x->address), x->quota);
	}
	/* Their domains are hosted without them too (SMTP_ONLY). */
	for (size_t i = 0; in->accounts.n == 0 && i < in->domains.n; i++)
		accounts = fold(accounts, in->domains.v[i]);
	for (size_t i = 0; i < in->aliases.n; i++)
		aliases = fold(fold(aliases, in->aliases.v[i].key), in->aliases.v[i].targets);
	for (size_t i = 0; i < in->masters.n; i++)
		masters = fold(fold(masters, in->masters.v[i].name), in->masters.v[i].hash);
	in->fingerprint[bit_number(INPUT_ACCOUNTS)] = accounts;
	in->fingerprint[bit_number(INPUT_MASTERS)] = masters;
	in->fingerprint[bit_number(INPUT_ACCESS)] =
		fold_access(fold_access(1, &in->send_access), &in->receive_access);
	in->fingerprint[bit_number(INPUT_QUOTAS)] = quotas;
	in->fingerprint[bit_number(INPUT_ALIASES)] = aliases;
	in->fingerprint[bit_number(INPUT_REGEXP)] = fold(1, in->regexp);
	in->fingerprint[bit_number(INPUT_LOCAL_ALIASES)] = fold(1, in->local_aliases);
	uint64_t overrides = fold_overrides(fold_overrides(1, &in->main_cf), &in->master_cf);
	for (size_t i = 0; i < in->dovecot_cf.n; i++)
		overrides = fold(overrides, in->dovecot_cf.v[i]);
	in->fingerprint[bit_number(INPUT_OVERRIDES)] = overrides;
	in->fingerprint[bit_number(INPUT_GREYLIST)] =
		fold(fold(1, in->greylist_clients), in->greylist_recipients);
	in->fingerprint[bit_number(INPUT_SCRIPTS)] = fold_scripts(in);
	in->fingerprint[bit_number(INPUT_GLOBAL_SCRIPTS)] =
		fold_text(fold_text(1, in->script_before), in->script_after);
	in->fingerprint[bit_number(INPUT_SPAM_RULES)] = fold_text(1, in->spam_rules);
	in->fingerprint[bit_number(INPUT_RELAYS)] = fold_relays(in);
	in->fingerprint[bit_number(INPUT_TLS_POLICY)] = fold_tls_policies(in);
}

void inputs_read(struct arena *a, const struct settings *s, const struct inputs_where *where,
		 struct inputs *in, struct problems *p)
{
	const struct str none = { "", 0 };
	struct raw raw = { .regexp = "",
			   .local_aliases = "",
			   .hostname = s->hostname,
			   .script_before = none,
			   .script_after = none,
			   .spam_rules = none };

	*in = (struct inputs){ 0 };
	map_init(&raw.account_index, a, 0);
	map_init(&raw.alias_index, a, 0);
	bool vanished = check_vanished(a, where, &raw, p);
	for (size_t i = 0; vanished && i < ARRAY_SIZE(input_files); i++)
		*VEC_PUSH(a, &in->fallen) = input_files[i].name;
	for (size_t i = 0; !vanished && i < ARRAY_SIZE(input_files); i++)
		read_one(a, s, where, &input_files[i], &raw, in, p);
	merge_accounts(a, s, where, &raw, p);
	merge_aliases(a, s, &raw, p);
	in->accounts = raw.accounts;
	in->aliases = raw.aliases;
	in->masters = raw.masters;
	in->send_access = raw.send_access;
	in->receive_access = raw.receive_access;
	in->regexp = raw.regexp;
	in->local_aliases = raw.local_aliases;
	in->main_cf = raw.main_cf;
	in->master_cf = raw.master_cf;
	in->dovecot_cf = raw.dovecot_cf;
	in->greylist_clients = raw.greylist_clients;
	in->greylist_recipients = raw.greylist_recipients;
	in->relays = raw.relays;
	in->relay_logins = raw.relay_logins;
	in->tls_policies = raw.tls_policies;
	in->account_index = raw.account_index;
	in->alias_index = raw.alias_index;
	gather_domains(a, in);
	apply_quotas(a, in, &raw.quotas, p);
	smtp_only_apply(a, s, in, p);
	effective_check(a, s, in, p);
	relay_routes_check(a, s, in, p);
	in->script_before = raw.script_before;
	in->script_after = raw.script_after;
	in->spam_rules = raw.spam_rules;
	scripts_read(a, s, where, in, p);
	later_check(a, where->config_dir, p);
	make_fingerprints(in);
	dkim_read(a, s, where, vanished, in, p);
	size_t before = problems_errors(p);
	certs_read(a, s, where, in, p);
	in->cert_errors = problems_errors(p) - before;
}

/* Copies one file, or removes the copy of a file that is gone. */
bool inputs_lock_last_good(const struct inputs_where *where, int *fd_r, struct err *err)
{
	const struct file_attr attr = { 0700, (uid_t)-1, (gid_t)-1 };

	return dir_make(where->last_good_dir, &attr, err) &&
	       dir_lock(where->last_good_dir, COPY_WAIT_MS, fd_r, err);
}

static bool save_copy(struct arena *a, const struct inputs_where *where, const struct input_text *x,
		      struct err *err)
{
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	const char *copy = arena_printf(a, "%s/%s", where->last_good_dir, x->name);

	if (x->missing)
		return unlink(copy) == 0 || errno == ENOENT ||
		       err_sys(err, ERR_IO, "remove %s", copy);
	return file_holds(copy, x->text) ||
	       file_replace(copy, x->text.p, x->text.n, &attr, FILE_DURABLE, NULL, err);
}

bool inputs_save_text(const struct inputs_where *where, const char *name, struct str text,
		      struct err *err)
{
	const struct input_text x = { .name = name, .text = text, .good = true };
	struct arena a;

	arena_init(&a, "last good");
	bool ok = save_copy(&a, where, &x, err);
	arena_fini(&a);
	return ok;
}

bool inputs_save_last_good(const struct inputs_where *where, const struct inputs *in,
			   struct err *err)
{
	struct arena a;
	bool ok = true;

	arena_init(&a, "last good");
	for (size_t i = 0; i < in->texts_n;
	     i++) /* one that can't be kept does not stop the others */
		if (in->texts[i].good && !save_copy(&a, where, &in->texts[i], err))
			ok = false;
	ok = scripts_save(&a, where->last_good_dir, in, err) && ok;
	if (in->dkim.good && !dkim_save_last_good(&a, where, &in->dkim, err))
		ok = false;
	arena_fini(&a);
	return ok;
}

void inputs_watch_dirs(struct arena *a, const struct settings *s, const struct inputs_where *where,
		       struct text_vec *dirs)
{
	certs_watch_dirs(a, s, where, dirs);
	dkim_watch_dirs(a, where->config_dir, dirs);
}

const struct account *inputs_find_account(const struct inputs *in, const char *address)
{
	size_t at;

	return inputs_index_get(&in->account_index, address, &at) ? &in->accounts.v[at] : NULL;
}

const struct alias *inputs_find_alias(const struct inputs *in, const char *key)
{
	size_t at;

	return inputs_index_get(&in->alias_index, key, &at) ? &in->aliases.v[at] : NULL;
}

bool inputs_hosts_domain(const struct inputs *in, const char *domain)
{
	return in->domain_index.slots && map_get(&in->domain_index, domain) != NULL;
}
