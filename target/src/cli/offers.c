/* SPDX-License-Identifier: MIT */
/*
 * Reads the text of the files only, not their meaning: a line with an error is as good as any.
 */
#include "cli/offers.h"

#include <dirent.h>

#include "base/file.h"
#include "base/linefile.h"
#include "base/net.h"
#include "cli/source.h"
#include "inputs/access.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/logical.h"
#include "inputs/masters.h"

static bool begins(struct str word, const char *typed)
{
	size_t n = strlen(typed);

	return word.n >= n && strncasecmp(word.p, typed, n) == 0;
}

void offers_add(struct offers *o, struct str word, const char *about)
{
	if (o->n >= o->max || word.n == 0 || !begins(word, o->typed))
		return;
	const char *text = str_dup(o->a, word);
	if (!map_add(&o->seen, text, o))
		return;
	buf_printf(o->out, "%s%s\t%s\n", o->lead, text, about);
	o->n++;
}

typedef void each_fn(struct offers *o, const char *address);

static struct str read_text(struct offers *o, const char *name)
{
	struct err err = ERR_INIT;
	char *text;
	size_t n;

	if (!file_read(o->a, arena_printf(o->a, "%s/%s", o->config_dir, name), LINEFILE_MAX, &text,
		       &n, &err))
		return (struct str){ "", 0 };
	return (struct str){ text, n };
}

/* Names of "name|hash" lines. */
static void each_hashed(struct offers *o, const char *file, each_fn *each)
{
	struct linefile lf;
	struct str line, name, hash;
	const char *bad;

	linefile_init(&lf, file, read_text(o, file));
	while (linefile_next(&lf, &line, &bad))
		if (bad == NULL && str_split(line, '|', &name, &hash))
			each(o, str_lower(o->a, str_trim(name)));
}

static void each_account(struct offers *o, each_fn *each)
{
	struct account_vec list = VEC_INIT;
	struct problems ignored;
	struct settings s;
	struct map index;

	each_hashed(o, ACCOUNTS_FILE, each);
	source_settings(o->a, &s, &ignored);
	accounts_parse_env(o->a, s.mail_accounts, NULL, &list, &index, &ignored);
	for (size_t i = 0; i < list.n; i++)
		each(o, list.v[i].address);
}

/* First words of the lines. */
static void each_key(struct offers *o, const char *file, each_fn *each)
{
	struct str line, key;
	struct logical lg;

	logical_init(&lg, o->a, file, read_text(o, file));
	while (logical_next(&lg, &line))
		if (lg.bad == NULL && str_next_word(&line, " \t", &key))
			each(o, str_lower(o->a, key));
}

static void each_alias(struct offers *o, each_fn *each)
{
	each_key(o, ALIASES_FILE, each);
}

static void offer_address(struct offers *o, const char *address)
{
	offers_add(o, str_from(address), "");
}

static void offer_domain(struct offers *o, const char *address)
{
	const char *domain = email_domain(address);

	if (domain)
		offers_add(o, str_from(domain), "");
}

static void offer_target(struct offers *o, const char *address)
{
	if (strchr(address, '@') && address[0] != '@')
		offers_add(o, str_from(address), "");
}

/* "anna@ex" with the domains that are there. */
static void offer_at_domain(struct offers *o, const char *address)
{
	const char *domain = email_domain(address), *at = strchr(o->typed, '@');

	if (domain && at)
		offers_add(o,
			   str_from(arena_printf(o->a, "%.*s@%s", (int)(at - o->typed), o->typed,
						 domain)),
			   "");
}

/* The recipients of one alias; "_" stands for every alias. */
static void offer_recipients_of(struct offers *o, const char *alias)
{
	struct str line, key, word;
	struct logical lg;

	logical_init(&lg, o->a, ALIASES_FILE, read_text(o, ALIASES_FILE));
	while (logical_next(&lg, &line)) {
		if (lg.bad || !str_next_word(&line, " \t", &key) ||
		    (!streq(alias, "_") && strcasecmp(str_dup(o->a, key), alias) != 0))
			continue;
		while (str_next_word(&line, ", \t", &word))
			offers_add(o, word, "");
	}
}

/* Of "a@x,b@" only what stands behind the last comma is being typed. */
static void split_list(struct offers *o)
{
	const char *comma = strrchr(o->typed, ',');

	if (comma == NULL)
		return;
	o->lead = arena_printf(o->a, "%.*s", (int)(comma + 1 - o->typed), o->typed);
	o->typed = comma + 1;
}

/* Files of the directory that is being typed; a directory ends with "/". */
static void offer_files(struct offers *o)
{
	const char *slash = strrchr(o->typed, '/');
	const char *path =
		slash ? arena_printf(o->a, "%.*s", (int)(slash + 1 - o->typed), o->typed) : "";
	DIR *dir = opendir(*path ? path : ".");

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		const char *name = arena_printf(o->a, "%s%s", path, entry->d_name);
		struct stat st;
		if (entry->d_name[0] == '.' || stat(name, &st) < 0)
			continue;
		offers_add(o,
			   str_from(S_ISDIR(st.st_mode) ? arena_printf(o->a, "%s/", name) : name),
			   "");
	}
	if (dir)
		(void)closedir(dir);
}

static void offer_words(struct offers *o, const char *list)
{
	struct str rest = str_from(list), word;

	while (str_next_word(&rest, " ", &word))
		offers_add(o, word, "");
}

/* Words and their values take turns. */
static void offer_key_options(struct offers *o, int n, char *const *before)
{
	const char *last = n % 2 ? before[n - 1] : "";

	if (n % 2 == 0) {
		offer_words(o, "keysize selector domain keytype");
	} else if (streq(last, "keytype")) {
		offer_words(o, "rsa ed25519");
	} else if (streq(last, "keysize")) {
		offer_words(o, "2048 4096");
	} else if (streq(last, "domain")) {
		split_list(o);
		each_account(o, offer_domain);
		each_alias(o, offer_domain);
	}
}

void offers_gather(struct offers *o, enum argtype_offer kind, int n_before, char *const *before)
{
	switch (kind) {
	case OFFER_NOTHING:
		return;
	case OFFER_FILES:
		offer_files(o);
		return;
	case OFFER_DAYS:
		offer_words(o, "today yesterday");
		return;
	case OFFER_KEY_OPTIONS:
		offer_key_options(o, n_before, before);
		return;
	case OFFER_ACCOUNTS:
		each_account(o, offer_address);
		return;
	case OFFER_RECIPIENTS_DOMAINS:
		each_account(o, offer_target);
		each_alias(o, offer_target);
		each_account(o, offer_domain);
		each_alias(o, offer_domain);
		return;
	case OFFER_RESTRICTED:
		if (n_before > 0)
			each_key(o,
				 strcasecmp(before[n_before - 1], "send") == 0
					 ? SEND_ACCESS_FILE
					 : RECEIVE_ACCESS_FILE,
				 offer_address);
		return;
	case OFFER_MASTERS:
		each_hashed(o, MASTERS_FILE, offer_address);
		return;
	case OFFER_ALIASES:
		each_alias(o, offer_address);
		return;
	case OFFER_RECIPIENTS:
		split_list(o);
		each_account(o, offer_target);
		each_alias(o, offer_target);
		return;
	case OFFER_RECIPIENTS_OF:
		split_list(o);
		if (n_before > 0)
			offer_recipients_of(o, before[n_before - 1]);
		return;
	case OFFER_DOMAINS:
		each_account(o, offer_domain);
		each_alias(o, offer_domain);
		return;
	case OFFER_AT_DOMAINS:
		each_account(o, offer_at_domain);
		each_alias(o, offer_at_domain);
		return;
	}
	BUG("offer %d", (int)kind);
}
