/* SPDX-License-Identifier: MIT */
/*
 * `setup email add --from FILE`: all accounts of the file in one transaction, or none.
 *
 * The files are looked at twice, as for one account: before the passwords are hashed, which takes a
 * while, and again under the lock that covers the change.
 */
#include "base/file.h"
#include "base/linefile.h"
#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/hashing.h"
#include "cli/say.h"
#include "cli/source.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/newcomers.h"
#include "settings/problems.h"

struct job {
	struct arena a; /* holds passwords */
	const char *file;
	struct newcomer_vec list;
	struct problems p;
};

static bool read_input(struct job *job, const char *file, struct str *text_r, struct err *err)
{
	struct buf in = BUF_INIT;
	char *text, chunk[4096];
	ssize_t got;
	size_t n;

	job->file = streq(file, "-") ? "standard input" : file;
	if (!streq(file, "-")) {
		if (!file_read(&job->a, file, LINEFILE_MAX, &text, &n, err))
			return false;
		*text_r = (struct str){ text, n };
		return true;
	}
	if (isatty(STDIN_FILENO) == 1)
		fputs("One account a line: address password; end with Ctrl-D.\n", stderr);
	while ((got = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0 && in.n < LINEFILE_MAX)
		buf_add(&in, chunk, (size_t)got);
	explicit_bzero(chunk, sizeof(chunk));
	bool ok = got == 0;
	if (got < 0)
		(void)err_sys(err, ERR_IO, "read standard input");
	else if (!ok)
		(void)err_set(err, ERR_DATA, "standard input is larger than 64 MiB");
	*text_r = (struct str){ buf_dup(&job->a, &in), in.n };
	buf_wipe(&in);
	return ok;
}

/* Address → number of its line, also of lines that the server would refuse. */
static void index_accounts(struct arena *a, struct str text, struct map *index)
{
	struct linefile lf;
	struct str line, name, rest;
	const char *bad;

	map_init(index, a, 64);
	linefile_init(&lf, ACCOUNTS_FILE, text);
	while (linefile_next(&lf, &line, &bad)) {
		name = line;
		(void)str_split(line, '|', &name, &rest);
		if (bad == NULL)
			(void)inputs_index_add(index, str_lower(a, str_trim(name)), lf.line);
	}
}

/* Keys of MAIL_ALIASES count like those of the file. */
static void read_environment_aliases(struct arena *a, struct alias_vec *out, struct map *index)
{
	struct problems ignored;
	struct settings s;

	source_settings(a, &s, &ignored);
	aliases_parse_env(a, s.mail_aliases, out, index, &ignored);
}

static bool takes(const struct alias_vec *list, const struct map *index, const char *address)
{
	size_t at;

	return inputs_index_get(index, address, &at) && !streq(list->v[at].targets, address);
}

/* Adds a finding for each newcomer that is an account or an alias already. */
static bool check_known(struct job *job, struct edit *e, struct str *accounts_r, struct err *err)
{
	struct alias_vec aliases = VEC_INIT, others = VEC_INIT;
	struct map account_index, alias_index, other_index;
	struct problems ignored;
	struct str text;
	size_t at;

	problems_init(&ignored, &e->arena);
	if (!edit_read(e, ACCOUNTS_FILE, accounts_r, err) ||
	    !edit_read(e, ALIASES_FILE, &text, err))
		return false;
	index_accounts(&e->arena, *accounts_r, &account_index);
	aliases_parse(&e->arena, ALIASES_FILE, text, &aliases, &alias_index, &ignored);
	read_environment_aliases(&e->arena, &others, &other_index);
	for (size_t i = 0; i < job->list.n; i++) {
		const struct newcomer *x = &job->list.v[i];
		const char *subject = arena_printf(&job->a, "%s:%u", job->file, x->line);
		if (inputs_index_get(&account_index, x->address, &at))
			problems_add(&job->p, SEV_ERROR, subject, NULL,
				     "'%s' already exists (" ACCOUNTS_FILE ":%zu)", x->address, at);
		else if (takes(&aliases, &alias_index, x->address) ||
			 takes(&others, &other_index, x->address))
			problems_add(&job->p, SEV_ERROR, subject, NULL,
				     "'%s' is already defined as an alias", x->address);
	}
	return true;
}

static bool precheck(struct job *job, const char *dir, struct err *err)
{
	struct edit e;
	struct str text;
	bool ok = edit_begin(&e, dir, err) && check_known(job, &e, &text, err);

	edit_end(&e);
	return ok;
}

/* All findings, in the order of lines; false when there is one. */
static bool report(struct job *job)
{
	size_t n = job->p.list.n + job->p.suppressed;

	for (size_t i = 0; i < job->p.list.n; i++) {
		const struct problem *x = &job->p.list.v[i];
		say_error("%s: %s%s%s", x->subject, x->text, x->hint ? "; " : "",
			  x->hint ? x->hint : "");
	}
	if (job->p.suppressed > 0)
		say_error("and %zu more", job->p.suppressed);
	if (n > 0)
		say_error("nothing was added: %zu %s wrong", n, n == 1 ? "line is" : "lines are");
	return n == 0;
}

static bool hash_all(struct job *job, struct err *err)
{
	size_t n = job->list.n;
	const char **passwords = arena_array(&job->a, n, sizeof(*passwords));
	const char **hashes = arena_array(&job->a, n, sizeof(*hashes));

	for (size_t i = 0; i < n; i++)
		passwords[i] = job->list.v[i].password;
	if (!hashing_run(&job->a, passwords, n, hashes, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (hashes[i])
			job->list.v[i].hash = hashes[i];
	return true;
}

static int write_all_accounts(struct job *job, struct edit *e)
{
	autobuf struct buf lines = BUF_INIT;

	for (size_t i = 0; i < job->list.n; i++) {
		const struct newcomer *x = &job->list.v[i];
		buf_printf(&lines, "%s%s|%s%s%s", i ? "\n" : "", x->address, x->hash,
			   *x->extra ? "|" : "", x->extra);
	}
	edit_append(e, ACCOUNTS_FILE, lines.p);
	int status = edit_commit(e);
	if (status == 0)
		say_info("%zu %s added", job->list.n, job->list.n == 1 ? "account" : "accounts");
	return status;
}

/* Exit status, or -1 with err. */
static int add_all(struct job *job, const struct cmd *cmd, struct edit *e, struct err *err)
{
	struct str text;

	if (!read_input(job, cmd->argv[0], &text, err))
		return -1;
	newcomers_parse(&job->a, job->file, text, &job->list, &job->p);
	if (!precheck(job, cmd->config_dir, err))
		return -1;
	if (!report(job))
		return 1;
	if (job->list.n == 0) {
		say_warn("%s has no accounts", job->file);
		return 0;
	}
	if (!hash_all(job, err) || !edit_begin(e, cmd->config_dir, err) ||
	    !check_known(job, e, &text, err))
		return -1;
	return report(job) ? write_all_accounts(job, e) : 1;
}

int email_add_from(const struct cmd *cmd)
{
	struct edit e = { .lock = -1 };
	struct err err = ERR_INIT;
	struct job job = { .list = VEC_INIT };

	arena_init(&job.a, "newcomers");
	problems_init(&job.p, &job.a);
	int status = add_all(&job, cmd, &e, &err);
	if (status < 0)
		say_error("%s", err.text);
	edit_end(&e);
	arena_wipe(&job.a);
	return status < 0 ? 1 : status;
}
