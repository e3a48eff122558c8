/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	inputs - the administrator's files as typed data
 *
 * One directory (normally /tmp/docker-mailserver), each file with one module. Reading happens in a
 * worker process, never in PID 1.
 *
 *	inputs_read(&arena, &settings, &where, &inputs, &problems);
 *
 * TO ADD A FILE
 *	1. A module here: <name>.h, <name>.c (parse, validate; edit operations if `setup` writes
 *	it). 2. Its bit in enum input_bit and its row in inputs.c (file name, bit, parser). 3. The
 *	member in struct inputs. A unit test, a fuzz target, a golden case.
 *
 * OWNERSHIP
 *	Everything lives in the arena given to inputs_read(). Immutable afterwards.
 *
 * ERRORS
 *	Findings only. A finding in a file has the subject "<file>:<line>". With at least one
 *	SEV_ERROR the caller must not use the result for a running server.
 */
#ifndef INPUTS_INPUTS_H
#define INPUTS_INPUTS_H

#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "inputs/overrides.h"
#include "inputs/scripts.h"
#include "settings/settings.h"

enum input_bit {
	INPUT_ACCOUNTS = 1 << 0,	/* postfix-accounts.cf and MAIL_ACCOUNTS */
	INPUT_ALIASES = 1 << 1,		/* postfix-virtual.cf and MAIL_ALIASES */
	INPUT_REGEXP = 1 << 2,		/* postfix-regexp.cf */
	INPUT_LOCAL_ALIASES = 1 << 3,	/* postfix-aliases.cf */
	INPUT_QUOTAS = 1 << 4,		/* dovecot-quotas.cf */
	INPUT_TLS = 1 << 5,		/* certificates and keys */
	INPUT_OVERRIDES = 1 << 6,	/* postfix-main.cf, postfix-master.cf, dovecot.cf */
	INPUT_GREYLIST = 1 << 7,	/* whitelist_clients.local, whitelist_recipients */
	INPUT_SCRIPTS = 1 << 8,		/* users' Sieve scripts and the programs they may call */
	INPUT_SPAM_RULES = 1 << 9,	/* spamassassin-rules.cf */
	INPUT_DKIM = 1 << 10,		/* tables and keys that sign mail */
	INPUT_RELAYS = 1 << 11,		/* postfix-relaymap.cf, postfix-sasl-password.cf */
	INPUT_MASTERS = 1 << 12,	/* dovecot-masters.cf */
	INPUT_ACCESS = 1 << 13,		/* postfix-send-access.cf, postfix-receive-access.cf */
	INPUT_TLS_POLICY = 1 << 14,	/* postfix-tls-policy.cf */
	INPUT_GLOBAL_SCRIPTS = 1 << 15, /* before.dovecot.sieve, after.dovecot.sieve */
	INPUT_ALL = (1 << 16) - 1,
};
#define INPUT_BITS 16

struct account {
	const char *address; /* lower case, the login */
	const char *domain;  /* its end, behind the last "@" */
	struct str hash;     /* with {SCHEME} */
	const char *extra;   /* Dovecot extra fields "userdb_x=y …", "" if none */
	const char *quota;   /* "5G", "0", or NULL = default; from dovecot-quotas.cf */
	const char *file;    /* where it was defined: "postfix-accounts.cf" or "MAIL_ACCOUNTS" */
	unsigned line;
};
VEC_TYPE(account_vec, struct account);

/* What stands before the last "@". */
static inline struct str account_local(const struct account *x)
{
	return (struct str){ x->address, (size_t)(x->domain - 1 - x->address) };
}

struct alias {
	const char *key;     /* lower case: user@domain, @domain, or a bare local part */
	const char *targets; /* normalised "a@x,b@y" */
	const char *file;
	unsigned line;
};
VEC_TYPE(alias_vec, struct alias);

struct quota {
	const char *address;
	const char *limit;
	unsigned line;
};
VEC_TYPE(quota_vec, struct quota);

/* A relay for senders. */
struct relay {
	const char *key;  /* lower case: user@domain or @domain */
	const char *hop;  /* "[host]:port" as written, lower case; "" = sent directly */
	const char *file; /* or the variable */
	unsigned line;
};
VEC_TYPE(relay_vec, struct relay);

/* What this server logs in with at relays. */
struct relay_login {
	const char *key;   /* lower case: user@domain, @domain, or a relay */
	const char *login; /* user:password, secret */
	const char *file;
	unsigned line;
};
VEC_TYPE(relay_login_vec, struct relay_login);

/* How TLS is checked where mail leaves; see tls_policy.h. */
struct tls_policy {
	const char *destination; /* lower case */
	const char *policy;	 /* "secure match=…" */
	unsigned line;
};
VEC_TYPE(tls_policy_vec, struct tls_policy);

/* Who may log in as any user. */
struct master {
	const char *name; /* lower case */
	const char *hash; /* with {SCHEME} */
	unsigned line;
};
VEC_TYPE(master_vec, struct master);

/* Who may not send or receive; see access.h. */
struct access_rule {
	const char *key;    /* lower case */
	const char *action; /* "REJECT", "550 5.7.1 Text" … */
	unsigned line;
};
VEC_TYPE(access_rule_vec, struct access_rule);

struct access_list {
	struct access_rule_vec rules; /* in file order, unique keys */
	struct map index;	      /* key → position */
	size_t bytes;		      /* of all actions */
	bool is_wide;		      /* has keys that are no whole addresses */
};

/* A key that signs mail; see dkim.h. */
struct dkim_key {
	const char *name;   /* what rules call it */
	const char *domain; /* lower case, or "%": that of the sender */
	const char *selector;
	const char *source; /* path or key as the table has it; secret if it is no path */
	const char *text;   /* secret; NULL when it can't be read here (a laptop) */
	bool is_ed25519;
	unsigned line;
};
VEC_TYPE(dkim_key_vec, struct dkim_key);

struct dkim_rule {
	const char *pattern;
	const char *value; /* as the table has it: NAME or NAME:SIGNER */
	const char *key;   /* NAME */
	bool unused;	   /* its key is of the kind that does not sign */
	unsigned line;
};
VEC_TYPE(dkim_rule_vec, struct dkim_rule);

struct dkim_text { /* of a file that was read, for the last good copies */
	const char *name;
	struct str text;
};
VEC_TYPE(dkim_text_vec, struct dkim_text);

struct dkim {
	struct dkim_key_vec keys;   /* unique names */
	struct dkim_rule_vec rules; /* in file order */
	struct text_vec hosts;	    /* whose mail is signed without a login; empty: the default */
	bool is_ed25519;	    /* the kind of key that signs: there is one for all */
	struct dkim_text_vec texts;
	bool good; /* read without errors from the configuration directory */
};

/* A certificate chain with its key, ready to be handed to the daemons. */
struct cert {
	const char *chain_pem; /* leaf first */
	const char *key_pem;   /* secret */
	const char *source;    /* path, for messages */
	const char *subject;   /* one line */
	int64_t not_after;     /* seconds since the epoch */
	const char *leaf_id;   /* SHA-256 of the leaf, hexadecimal */
	const char *key_id;    /* SHA-256 of its public key, as a TLSA record 3 1 1 has it */
	bool is_made;	       /* by this server, which may replace it */
};

/* One that is served to clients who ask for this name (SNI). */
struct named_cert {
	const char *name; /* lower case; may begin with "*." */
	struct cert cert;
};
VEC_TYPE(named_cert_vec, struct named_cert);

/* What a file held when it was read. */
struct input_text {
	const char *name;
	struct str text;
	bool missing;
	bool good; /* without errors */
};
#define INPUT_TEXTS_MAX 32

struct inputs {
	struct account_vec accounts; /* in file order, unique addresses */
	struct alias_vec aliases;    /* in file order, unique keys */
	struct text_vec domains;     /* sorted, unique: domains of accounts and of alias keys */
	struct master_vec masters;   /* unique names */
	struct access_list send_access, receive_access;
	const char *regexp;	   /* pcre_table(5) text, validated line by line, "" if none */
	const char *local_aliases; /* aliases(5) text, "" if none */
	/* Settings of the daemons themselves. */
	struct override_vec main_cf, master_cf;
	struct line_vec dovecot_cf;
	const char *greylist_clients, *greylist_recipients; /* entries that are never put off */
	/* Texts that are handed on as they are, "" if none. */
	struct str script_before, script_after, spam_rules;
	struct user_script_vec user_scripts;
	struct program_vec programs;
	struct dkim dkim;
	struct relay_vec relays;	     /* in file order, unique keys */
	struct relay_login_vec relay_logins; /* in file order, unique keys */
	struct tls_policy_vec tls_policies;
	struct cert cert, alt_cert;	   /* alt_cert.chain_pem == NULL: none */
	struct named_cert_vec named_certs; /* unique names */
	bool has_cert;
	uint64_t fingerprint[INPUT_BITS]; /* of the resolved content, by bit number */
	struct text_vec
		fallen; /* names of files with errors that were taken from the last good copy */
	struct input_text texts[INPUT_TEXTS_MAX];
	size_t texts_n;
	size_t cert_errors;	/* findings of severity error that are about certificates only */
	size_t override_errors; /* and about the daemons' own settings */
	/* Address and key → position; read with inputs_find_account() and so on. */
	struct map account_index, alias_index, domain_index;
};

struct inputs_where {
	const char *config_dir; /* /tmp/docker-mailserver; need not exist */
	/* Copies of files that were accepted, or NULL; used (loudly) when a file has errors and
	 * `fallback` is set. */
	const char *last_good_dir;
	bool fallback;
	/* For a self-made certificate: <state_dir>/lib-mailserver/tls. NULL = render on a laptop:
	 * none is made (has_cert stays false), and plain passwords become PASSWORD_PLACEHOLDER. */
	const char *state_dir;
	/* Certificate files must be there although state_dir is NULL: `config check` in the
	 * image. */
	bool must_exist;
	const char *letsencrypt_dir; /* NULL = INPUTS_LETSENCRYPT */
	/* Where the certificates in use are (tls_files.h), NULL = none is. One that is bad, or worse
	 * than the one in use, does not take its place: that one is read from here again. */
	const char *tls_dir;
	const char *salt_key; /* key file for salts of MAIL_ACCOUNTS, NULL = INPUTS_SALT_KEY */
	/* Asks the program that will read the text whether it can; what is wrong are findings with
	 * the subject "<name>:<line>". False: nobody reads it. NULL = not asked. */
	bool (*judge)(struct arena *a, const struct settings *s, const char *name, struct str text,
		      struct problems *p);
	/* Texts that stand for files of config_dir: what would be if the files held them. */
	const struct input_text *instead;
	size_t instead_n;
};

#define INPUTS_SALT_KEY "/run/mailserver/salt.key"
#define INPUTS_LETSENCRYPT "/etc/letsencrypt"

void inputs_read(struct arena *a, const struct settings *s, const struct inputs_where *where,
		 struct inputs *in, struct problems *p);

/* judge, unless the text is the last good copy, which has been judged. */
bool inputs_judge(struct arena *a, const struct settings *s, const struct inputs_where *where,
		  const char *name, struct str text, struct problems *p);

/* Keeps the files that were read without errors for the next start, and for the moment when one
 * of them gets an error (durable copies of those that differ; a file that is gone is gone from
 * the copies). Hold the lock of inputs_lock_last_good() from before anything else can be read
 * until this is done. */
bool inputs_save_last_good(const struct inputs_where *where, const struct inputs *in,
			   struct err *err) MUST_CHECK;
/* The same for one file whose content the caller knows to be good. */
bool inputs_save_text(const struct inputs_where *where, const char *name, struct str text,
		      struct err *err) MUST_CHECK;
/* Makes the directory of the copies and locks it; inputs_read() waits for the lock before it
 * takes a copy. */
bool inputs_lock_last_good(const struct inputs_where *where, int *fd_r, struct err *err) MUST_CHECK;

/* Positions in a vector by name, kept in a map: false when the key is there already / is not there.
 */
static inline bool inputs_index_add_prepared(struct map *index, const char *key, uint64_t hash,
					     size_t position)
{
	/* The cast: the map holds pointers; a number one higher than the position is none that is
	 * NULL. */
	return map_add_prepared(index, key, hash, (void *)(uintptr_t)(position + 1));
}
static inline bool inputs_index_add(struct map *index, const char *key, size_t position)
{
	return inputs_index_add_prepared(index, key, map_prepare(index, key), position);
}
static inline bool inputs_index_get(const struct map *index, const char *key, size_t *position_r)
{
	uintptr_t number = index->slots ? (uintptr_t)map_get(index, key) : 0;

	if (number == 0)
		return false;
	*position_r = number - 1;
	return true;
}

/* MAIL_ACCOUNTS with every password as the hash that inputs_read() makes of it: for files. */
const char *inputs_hashed_env_accounts(struct arena *a, const struct settings *s,
				       const struct inputs_where *where);

/* Adds the paths of the files that inputs_read() reads from config_dir, certificates excepted. */
void inputs_list_files(struct arena *a, const char *config_dir, struct text_vec *paths);

/* Adds the directories other than config_dir whose changes matter. */
void inputs_watch_dirs(struct arena *a, const struct settings *s, const struct inputs_where *where,
		       struct text_vec *dirs);

/* The account, or NULL. address must be lower case. */
const struct account *inputs_find_account(const struct inputs *in, const char *address);
const struct alias *inputs_find_alias(const struct inputs *in, const char *key);
/* Whether the domain (lower case) is one of in->domains. */
bool inputs_hosts_domain(const struct inputs *in, const char *domain);

/* What the alias table of the MTA must hold, appended to *out, keys unique:
 *	- in->aliases; - for each account of a domain with a catch-all and without an alias of its
 *	own: the account to itself, so that the
 *	  catch-all takes only what nothing else takes (file ALIAS_IDENTITY);
 *	- postmaster@ and abuse@ of every hosted domain to POSTMASTER_ADDRESS (file ALIAS_ROLE),
 *	last. Not where an account, an alias
 *	  or the domain's catch-all has the address; not where it would lead back to itself; not at
 *	  all when POSTMASTER_ADDRESS is in a hosted domain and nobody receives it (inputs_read()
 *	  has a note then): mail would be accepted and bounce.
 * Depends on INPUT_ACCOUNTS, INPUT_ALIASES, INPUT_REGEXP, INPUT_LOCAL_ALIASES and on settings.
 *
 * The pattern table (in->regexp) may define role addresses too, and Postfix asks tables in order:
 * entries of ALIAS_ROLE belong in a table behind the pattern table, all others in one before it. */
#define ALIAS_IDENTITY "(identity)"
#define ALIAS_ROLE "(role address)"
void inputs_effective_aliases(struct arena *a, const struct settings *s, const struct inputs *in,
			      struct alias_vec *out);
/* The same without in->aliases: what is added to them. */
void inputs_added_aliases(struct arena *a, const struct settings *s, const struct inputs *in,
			  struct alias_vec *out);
static inline bool alias_is_role(const struct alias *x)
{
	return strcmp(x->file, ALIAS_ROLE) == 0;
}

/* Whether mail to the address (lower case, with domain, without extension) ends at somebody we
 * know (an account, an alias, a catch-all, a pattern that may match) or leaves for another
 * server. */
bool inputs_is_received(struct arena *a, const struct settings *s, const struct inputs *in,
			const char *address);

/* POSTMASTER_ADDRESS as an account or alias would be written: lower case, without "+extension". */
char *inputs_postmaster(struct arena *a, const struct settings *s);

/* Whether every file of the config directory is gone though there are last good copies: a volume
 * that is not mounted, hardly an administrator's wish. */
bool inputs_have_vanished(struct arena *a, const struct inputs_where *where);

#endif
