/* SPDX-License-Identifier: MIT */
/*
 * `setup email add|update|del`.
 *
 * Deleting goes in this order: the account (live when the server runs), open sessions, mail data;
 * so nothing can be delivered into the directory that is being removed.
 *
 * SOURCES
 *	docs/compatibility.md; doveadm-kick(1).
 */
#include "base/net.h"
#include "base/proc.h"
#include "cli/after.h"
#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/given.h"
#include "cli/hashed.h"
#include "cli/known.h"
#include "cli/maildata.h"
#include "cli/say.h"
#include "cli/secret.h"
#include "cli/source.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/patterns.h"
#include "inputs/quotas.h"
#include "plan/apply.h"
#include "plan/quick.h"

#define KICK_MS 5000

static int refuse(struct edit *e, const struct err *err)
{
	say_error("%s", err->text);
	edit_end(e);
	return 1;
}

static bool check_new(struct edit *e, const char *address, struct str *text_r, struct err *err)
{
	struct str aliases, line;
	const char *problem = account_new_problem(address);
	unsigned number;

	if (problem)
		return err_set(err, ERR_DATA, "'%s' %s", address, problem);
	if (!edit_read(e, ACCOUNTS_FILE, text_r, err) || !edit_read(e, ALIASES_FILE, &aliases, err))
		return false;
	if (accounts_find(*text_r, address, &line, &number))
		return err_set(err, ERR_DATA, "'%s' already exists (" ACCOUNTS_FILE ":%u)", address,
			       number);
	if (known_alias_takes(e, aliases, address))
		return err_set(err, ERR_DATA, "'%s' is already defined as an alias", address);
	return true;
}

/* What is no reason to refuse a new account, but worth a word: a pattern that takes its mail, the
 * same account in the environment. */
static void warn_of_new(struct edit *e, const char *address)
{
	struct err err = ERR_INIT;
	struct str text;

	if (known_in_environment(&e->arena, address))
		say_warn("'%s' is also in MAIL_ACCOUNTS: the file counts from now on", address);
	if (!edit_read(e, REGEXP_FILE, &text, &err) || text.n == 0)
		return;
	struct pattern_hit hit = patterns_match(patterns_compile(&e->arena, text), address);
	if (hit.result && strcasecmp(hit.result, address) != 0)
		say_warn("mail for '%s' goes to %s: " REGEXP_FILE ":%u matches it", address,
			 hit.result, hit.line);
}

static bool check_known(struct edit *e, const char *address, struct str *text_r, struct err *err)
{
	struct str line;

	if (!edit_read(e, ACCOUNTS_FILE, text_r, err))
		return false;
	if (accounts_find(*text_r, address, &line, NULL))
		return true;
	if (known_in_environment(&e->arena, address))
		return err_set(err, ERR_DATA, "'%s' comes from MAIL_ACCOUNTS: change it there",
			       address);
	return err_set(err, ERR_DATA, "'%s' does not exist", address);
}

/* Whether a limit waits for the account; then everything is to be read. */
static bool has_quota_line(struct edit *e, const char *address)
{
	autobuf struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct str text;

	return !edit_read(e, QUOTAS_FILE, &text, &err) || quotas_edit_del(text, address, &out);
}

/* With nothing else to change, the account can be put in force by itself. */
static void note_account(struct edit *e, const char *address, const char *hash)
{
	struct account *x = ARENA_NEW(&e->arena, struct account);

	*x = (struct account){ .address = address,
			       .domain = email_domain(address),
			       .hash = str_from(hash),
			       .extra = "" };
	if (!has_quota_line(e, address))
		e->account = x;
}

/* Adds the account to the file and to the tables of the running server, without reading the file. */
static bool add_quickly(const struct cmd *cmd, const char *address, const char *hash)
{
	struct settings_source src;
	struct err err = ERR_INIT;
	struct edit e;
	bool done = false;

	if (!apply_is_running() || account_new_problem(address))
		return false;
	if (edit_begin(&e, cmd->config_dir, &err) && !known_in_environment(&e.arena, address)) {
		note_account(&e, address, hash);
		source_current(&e.arena, &src, NULL);
		done = e.account &&
		       quick_add(&e.arena, &src, arena_printf(&e.arena, "%s|%s", address, hash),
				 e.account);
	}
	if (done)
		warn_of_new(&e, address);
	edit_end(&e);
	return done;
}

static void note_new_account(struct edit *e, const char *address, const char *hash)
{
	warn_of_new(e, address);
	note_account(e, address, hash);
}

int email_add(const struct cmd *cmd)
{
	static const struct hashed add = { .file = ACCOUNTS_FILE,
					   .is_new = true,
					   .normal = given_new_address,
					   .check = check_new,
					   .quick = add_quickly,
					   .before_commit = note_new_account };

	return hashed_set(cmd, &add);
}

int email_update(const struct cmd *cmd)
{
	static const struct hashed update = { .file = ACCOUNTS_FILE,
					      .normal = given_new_address,
					      .check = check_known,
					      .before_commit = note_account };

	return hashed_set(cmd, &update);
}

/* Takes the account out of one file's text. */
static bool edit_out(struct edit *e, const char *name, const char *address, struct err *err)
{
	autobuf struct buf out = BUF_INIT;
	struct str text;
	bool changed;

	if (!edit_read(e, name, &text, err))
		return false;
	if (streq(name, ACCOUNTS_FILE))
		changed = accounts_edit_del(text, address, &out);
	else if (streq(name, ALIASES_FILE))
		changed = aliases_edit_del(text, "_", address, &out);
	else
		changed = quotas_edit_del(text, address, &out);
	if (changed)
		edit_write(e, name, &out);
	return true;
}

static void kick(const char *address)
{
	const char *argv[] = { "/usr/bin/doveadm", "kick", "--", address, NULL };
	struct proc_spec spec = { .argv = argv, .timeout_ms = KICK_MS };
	struct proc_result result = { 0 };
	struct err err = ERR_INIT;

	if (proc_run(&spec, &result, &err))
		buf_fini(&result.output);
}

enum maildata { MAILDATA_KEEP, MAILDATA_REMOVE };

static int remove_maildata(const char *address, struct str line)
{
	struct err err = ERR_INIT;
	bool existed;

	if (memmem(line.p, line.n, "userdb_mail_path=", 17))
		say_warn("the account has a userdb_mail_path of its own: only " MAILDATA_ROOT
			 " is looked at");
	if (!maildata_remove(MAILDATA_ROOT, address, &existed, &err)) {
		say_error("the account is deleted, but its mail data is not: %s", err.text);
		return 1;
	}
	if (existed)
		say_info("mail data of '%s' deleted", address);
	else
		say_info("there is no mail data of '%s'", address);
	return 0;
}

/* The aliases that go with their only recipient, and a domain that has only aliases left. */
static void tell_consequences(const struct after *x, const char *address)
{
	const struct alias_vec *old = &x->before.aliases, *left = &x->now.aliases;
	const char *domain = email_domain(address);
	size_t others = 0, n = 0;
	const char *first = NULL;

	for (size_t i = 0; i < old->n; i++)
		if (!inputs_find_alias(&x->now, old->v[i].key))
			say_info("the alias '%s' led to '%s' only: it is deleted too",
				 old->v[i].key, address);
	for (size_t i = 0; i < x->now.accounts.n && others == 0; i++)
		others += streq(x->now.accounts.v[i].domain, domain);
	for (size_t i = 0; i < left->n && others == 0; i++) {
		const char *at = strrchr(left->v[i].key, '@');
		if (at == NULL || !streq(at + 1, domain))
			continue;
		first = first ? first : left->v[i].key;
		n++;
	}
	if (n > 0)
		say_warn("'%s' was the last account of %s; %zu %s of the domain %s on (%s%s): "
			 "'setup alias list' shows them",
			 address, domain, n, n == 1 ? "alias" : "aliases",
			 n == 1 ? "works" : "work", first, n == 1 ? "" : ", …");
	after_warn(x);
}

static int delete_account(const struct cmd *cmd, const char *typed, enum maildata what)
{
	struct err err = ERR_INIT;
	struct edit e;
	struct str text, line = { "", 0 };
	struct after after;
	int status;

	if (!edit_begin(&e, cmd->config_dir, &err))
		return refuse(&e, &err);
	const char *address = given_address(&e.arena, typed);
	if (!check_known(&e, address, &text, &err))
		return refuse(&e, &err);
	(void)accounts_find(text, address, &line, NULL);
	if (!edit_out(&e, ACCOUNTS_FILE, address, &err) ||
	    !edit_out(&e, ALIASES_FILE, address, &err) || !edit_out(&e, QUOTAS_FILE, address, &err))
		return refuse(&e, &err);
	after_read(&e, &after);
	tell_consequences(&after, address);
	status = edit_commit(&e);
	if (status == 0 && e.applied)
		kick(address);
	if (status == 0 && what == MAILDATA_REMOVE)
		status = remove_maildata(address, line);
	if (status == 0)
		say_info("'%s' and associated data (aliases, quotas) deleted", address);
	edit_end(&e);
	return status;
}

/* The file is missing or empty, and nobody comes from the environment: there is nobody to
 * delete. */
static bool has_no_accounts(const struct cmd *cmd)
{
	struct arena a;
	struct stat st;

	arena_init(&a, "path");
	bool none = stat(arena_printf(&a, "%s/" ACCOUNTS_FILE, cmd->config_dir), &st) < 0
			    ? errno == ENOENT
			    : st.st_size == 0;
	for (int i = 0; none && i < cmd->argc; i++)
		none = !known_in_environment(&a, given_address(&a, cmd->argv[i]));
	arena_fini(&a);
	return none;
}

int email_del(const struct cmd *cmd)
{
	enum maildata what = cmd_has_flag(cmd, 'y') ? MAILDATA_REMOVE : MAILDATA_KEEP;
	int status = 0;

	if (has_no_accounts(cmd))
		return 0;
	if (cmd_has_flag(cmd, 'y') && cmd_has_flag(cmd, 'n')) {
		say_error("-y and -n contradict each other");
		return 1;
	}
	if (cmd_has_flag(cmd, 'n'))
		say_info("mail data is kept (-n)");
	else if (what == MAILDATA_KEEP) {
		if (secret_confirm("Delete the mailbox data too?"))
			what = MAILDATA_REMOVE;
		else
			say_info("mail data will not be deleted");
	}
	for (int i = 0; status == 0 && i < cmd->argc; i++)
		status = delete_account(cmd, cmd->argv[i], what);
	return status;
}
