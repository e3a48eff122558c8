/* SPDX-License-Identifier: MIT */
/*
 * `setup email list`.
 *
 *	* anna@example.com ( 6.0K / 5.0G ) [0%]
 *	    [ aliases -> info@example.com ]
 *
 * Usage is asked for many accounts in one doveadm run each (-F FILE), as many as fit into the 64
 * KiB of output that proc_run() keeps: 1000 accounts take half a second (one process an account
 * took DMS more than a minute). Above USAGE_MAX accounts it is not asked at all, because opening
 * 100,000 mailboxes takes a minute whatever the way; those lines show no numbers, as those of a
 * server that is down, and `setup email list ADDRESS…` shows the ones wanted.
 *
 * SOURCES
 *	docs/compatibility.md; doveadm-quota(1), numfmt(1) --to=iec.
 */
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "cli/commands.h"
#include "cli/given.h"
#include "cli/say.h"
#include "cli/source.h"
#include "cli/usage.h"
#include "inputs/accounts.h"
#include "plan/apply.h"

#define USAGE_MAX 2000

/* Aliases of one recipient, in file order. */
struct alias_names {
	struct text_vec names;
};

struct listing {
	struct arena a;
	struct settings s;
	struct inputs in;
	struct account_vec accounts; /* those to list */
	struct map names;	     /* recipient → struct alias_names */
	struct map usage;	     /* address → struct usage */
	bool running, quotas;
};

/* Settings of the running server, or of our own environment; the files as the server reads them.
 * Findings are its business. */
static void read_all(struct listing *l, const char *config_dir)
{
	struct inputs_where where = { .config_dir = config_dir };
	struct problems ignored;

	source_settings(&l->a, &l->s, &ignored);
	l->s.smtp_only = false; /* listed is what is in the files */
	inputs_read(&l->a, &l->s, &where, &l->in, &ignored);
	l->accounts = l->in.accounts;
	l->running = apply_is_running();
	l->quotas = l->s.enable_quotas;
}

static void gather_names(struct listing *l)
{
	const struct alias_vec *aliases = &l->in.aliases;

	map_init(&l->names, &l->a, aliases->n);
	for (size_t i = 0; i < aliases->n; i++) {
		struct str rest = str_from(aliases->v[i].targets), word;
		while (str_next_word(&rest, ",", &word)) {
			char *target = str_lower(&l->a, word);
			struct alias_names *x = map_get(&l->names, target);
			if (streq(target, aliases->v[i].key))
				continue;
			if (x == NULL) {
				x = ARENA_NEW(&l->a, struct alias_names);
				(void)map_add(&l->names, target, x);
			}
			*VEC_PUSH(&l->a, &x->names) = aliases->v[i].key;
		}
	}
}

/* Keeps only the accounts named on the command line; false (said) when one does not exist. */
static bool keep_named(struct listing *l, const struct cmd *cmd)
{
	struct account_vec kept = VEC_INIT;

	for (int i = 0; i < cmd->argc; i++) {
		const char *address = given_address(&l->a, cmd->argv[i]);
		const struct account *x = inputs_find_account(&l->in, address);
		if (x == NULL) {
			say_error("'%s' does not exist", address);
			return false;
		}
		*VEC_PUSH(&l->a, &kept) = *x;
	}
	if (cmd->argc > 0)
		l->accounts = kept;
	return true;
}

static void ask_usage(struct listing *l)
{
	map_init(&l->usage, &l->a, l->accounts.n);
	if (!l->quotas || !l->running)
		return;
	if (l->accounts.n > USAGE_MAX) {
		say_info("more than %d accounts: usage is asked only for those named", USAGE_MAX);
		return;
	}
	usage_ask(&l->a, &l->accounts, &l->usage);
}

static void print_size(struct buf *out, int64_t kib)
{
	char text[16];

	usage_format(kib, text, sizeof(text));
	buf_adds(out, text);
}

static void print_usage(const struct listing *l, const char *address, struct buf *out)
{
	const struct usage *u = map_get(&l->usage, address);

	if (u == NULL) {
		buf_adds(out, " (  /  ) [%]");
		return;
	}
	buf_adds(out, " ( ");
	print_size(out, u->used_kib);
	buf_adds(out, " / ");
	if (u->limit_kib < 0)
		buf_addc(out, '~');
	else
		print_size(out, u->limit_kib);
	buf_printf(out, " ) [%" PRId64 "%%]", u->percent);
}

static void print_plain(const struct listing *l, struct buf *out)
{
	for (size_t i = 0; i < l->accounts.n; i++) {
		const char *address = l->accounts.v[i].address;
		const struct alias_names *x = map_get(&l->names, address);
		buf_printf(out, "* %s", address);
		if (l->quotas)
			print_usage(l, address, out);
		for (size_t k = 0; x && k < x->names.n; k++)
			buf_printf(out, "%s%s", k ? ", " : "\n    [ aliases -> ", x->names.v[k]);
		buf_adds(out, x ? " ]\n\n" : "\n\n");
	}
}

static void print_json(const struct listing *l, struct buf *out)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < l->accounts.n; i++) {
		const char *address = l->accounts.v[i].address;
		const struct alias_names *x = map_get(&l->names, address);
		const struct usage *u = map_get(&l->usage, address);
		buf_adds(out, i ? ",\n {\"address\":" : "\n {\"address\":");
		json_add_text(out, address);
		buf_adds(out, ",\"aliases\":[");
		for (size_t k = 0; x && k < x->names.n; k++) {
			buf_adds(out, k ? "," : "");
			json_add_text(out, x->names.v[k]);
		}
		buf_addc(out, ']');
		if (u) {
			buf_printf(out, ",\"used\":%" PRId64 ",\"percent\":%" PRId64,
				   u->used_kib * 1024, u->percent);
			if (u->limit_kib >= 0)
				buf_printf(out, ",\"limit\":%" PRId64, u->limit_kib * 1024);
		}
		buf_addc(out, '}');
	}
	buf_adds(out, l->accounts.n ? "\n]\n" : "]\n");
}

/* Whether there is a file to list, or accounts from elsewhere; says why not. */
static bool has_accounts(struct listing *l, const char *dir)
{
	const char *path = arena_printf(&l->a, "%s/" ACCOUNTS_FILE, dir);
	struct stat st;

	if (l->in.accounts.n > 0)
		return true;
	if (stat(path, &st) < 0)
		say_error(errno == ENOENT ? "'%s' does not exist" : "'%s' can't be read", path);
	else if (st.st_size == 0)
		say_error("'%s' is empty, nothing to list", path);
	else
		return true;
	return false;
}

int email_list(const struct cmd *cmd)
{
	autobuf struct buf out = BUF_INIT;
	struct listing l = { 0 };
	int status = 1;

	arena_init(&l.a, "list");
	read_all(&l, cmd->config_dir);
	if (has_accounts(&l, cmd->config_dir) && keep_named(&l, cmd)) {
		gather_names(&l);
		ask_usage(&l);
		if (cmd_has_flag(cmd, 'j'))
			print_json(&l, &out);
		else
			print_plain(&l, &out);
		(void)fflush(stdout);
		status = write_all(STDOUT_FILENO, out.p, out.n) ? 0 : 1;
	}
	arena_wipe(&l.a);
	return status;
}
