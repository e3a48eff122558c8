/* SPDX-License-Identifier: MIT */
/*
 * A compiled script holds the path of its source, so scripts are compiled where they lie. Dovecot
 * would compile one that is newer than its binary for every message: the moment between the two
 * writes costs a few milliseconds and a line in the log, no mail.
 *
 * SOURCES
 *	sievec(1); Dovecot 2.4 "Sieve extprograms plugin".
 */
#include "dovecot/scripts.h"

#include <dirent.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "dovecot/user_scripts.h"

#define SIEVEC "/usr/bin/sievec"
#define SIEVEC_CONF "/usr/share/mailserver/dovecot/sievec.conf"
#define SIEVEC_MS 10000
/* What scripts for everybody may do beyond those of users. */
#define GLOBAL_EXTENSIONS "+editheader +vnd.dovecot.environment"
#define PROGRAM_MAX ((size_t)64 << 20)
#define VMAIL_ID 5000

bool scripts_have_mail_user(const struct settings *s)
{
	return s->dms_vmail_uid == VMAIL_ID && s->dms_vmail_gid == VMAIL_ID;
}

static bool is_global(const char *name)
{
	return streq(name, SCRIPT_BEFORE_FILE) || streq(name, SCRIPT_AFTER_FILE);
}

/* False when the compiler could not be run; *output_r is what it says, "" when it is content. */
static bool compile(struct arena *a, const char *script, const char *binary, bool global,
		    const char **output_r, struct err *err)
{
	const char *const argv[] = {
		SIEVEC, "-c",	SIEVEC_CONF, "-x", global ? GLOBAL_EXTENSIONS : "+fileinto",
		script, binary, NULL
	};
	const struct proc_spec spec = { .argv = argv, .timeout_ms = SIEVEC_MS };
	struct proc_result res = { 0 };

	if (!proc_run(&spec, &res, err))
		return false;
	*output_r = res.status == 0 ? "" : arena_strdup(a, res.output.n ? res.output.p : "failed");
	buf_fini(&res.output);
	return true;
}

/* "NAME: line 4: error: TEXT" of the compiler becomes a finding about NAME:4. */
static bool add_complaint(struct arena *a, const char *name, struct str line, struct problems *p)
{
	const char *text = str_dup(a, line);
	const char *number = strstr(text, ": line "), *what = strstr(text, "error: ");
	size_t digits;

	if (number == NULL || what == NULL || what < number)
		return false;
	number += strlen(": line ");
	digits = strspn(number, "0123456789");
	problems_add(
		p, SEV_ERROR, arena_printf(a, "%s:%.*s", name, (int)digits, number),
		"correct the script; Sieve is RFC 5228, the extensions are in the documentation",
		"%s", what + strlen("error: "));
	return digits > 0;
}

static void add_complaints(struct arena *a, const char *name, const char *output,
			   struct problems *p)
{
	struct str rest = str_from(output), line;
	bool any = false;

	while (str_next_line(&rest, &line))
		any = add_complaint(a, name, line, p) || any;
	rest = str_from(output);
	if (!any && str_next_line(&rest, &line))
		problems_add(p, SEV_ERROR, name, NULL, "%.*s", (int)line.n, line.p);
}

bool scripts_judge(const struct service_ctx *ctx, const char *name, struct str text,
		   struct problems *p)
{
	char dir[] = "/tmp/mailserver-sieve-XXXXXX";
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct arena *a = ctx->arena;
	struct err err = ERR_INIT;
	const char *output = "";

	if (!has_suffix(name, SCRIPT_SUFFIX))
		return false;
	bool ok = mkdtemp(dir) != NULL || err_sys(&err, ERR_CREATE, "make a directory in /tmp");
	const char *script = arena_printf(a, "%s/script.sieve", dir);
	ok = ok && file_replace(script, text.p, text.n, &attr, FILE_EPHEMERAL, NULL, &err) &&
	     compile(a, script, arena_printf(a, "%s/script.svbin", dir), is_global(name), &output,
		     &err);
	if (!ok)
		problems_add(p, SEV_ERROR, name, NULL, "can't be compiled: %s", err.text);
	else if (*output)
		add_complaints(a, name, output, p);
	(void)!tree_remove(dir, &err);
	return true;
}

/* A script for everybody. */
struct global {
	const char *name; /* of the file in the config directory */
	const char *type; /* when it runs */
	struct str text;
};

static bool put_file(const char *path, struct str text, struct err *err)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };

	return file_replace(path, text.p, text.n, &attr, FILE_EPHEMERAL, NULL, err);
}

/* Each script that Dovecot is told of costs a delivery about a tenth of a millisecond, also when it is not there. */
static bool put_block(const struct live_ctx *ctx, const struct global *x, const char *script,
		      struct err *err)
{
	const char *block = arena_printf(ctx->svc->arena,
					 "# Made by mailserver from %s.\n"
					 "sieve_script user_%s {\n"
					 "\ttype = %s\n"
					 "\tpath = %s\n"
					 "\tbin_path = %s/sieve\n"
					 "}\n",
					 x->name, x->type, x->type, script, ctx->dir);

	return put_file(arena_printf(ctx->svc->arena, "%s/sieve/%s.conf", ctx->dir, x->type),
			str_from(block), err);
}

/* The binary lies beside the script, for all to read. On a host there is no compiler, and nothing to say. */
static bool compile_global(const struct live_ctx *ctx, const char *script, const char *binary,
			   const char **output_r, struct err *err)
{
	*output_r = "";
	if (ctx->svc->on_host)
		return true;
	if (!compile(ctx->svc->arena, script, binary, true, output_r, err))
		return false;
	return **output_r != '\0' || chmod(binary, 0644) == 0 ||
	       err_sys(err, ERR_IO, "change the mode of %s", binary);
}

/* Writes and compiles the script, or removes it when it is empty. A script that was good once and
 * is not for this Dovecot is left out, so that mail is delivered. */
static bool put_global(const struct live_ctx *ctx, const struct global *x, struct err *err)
{
	struct arena *a = ctx->svc->arena;
	const char *script = arena_printf(a, "%s/sieve/%s", ctx->dir, x->name);
	const char *binary =
		arena_printf(a, "%.*s.svbin", (int)(strlen(script) - strlen(".sieve")), script);
	const char *output;

	if (str_trim(x->text).n > 0) {
		if (!dir_make(arena_printf(a, "%s/sieve", ctx->dir), NULL, err) ||
		    !put_file(script, x->text, err) ||
		    !compile_global(ctx, script, binary, &output, err))
			return false;
		if (*output == '\0')
			return put_block(ctx, x, script, err);
		log_warn("%s can't be compiled, mail is delivered without it: %s", x->name, output);
	}
	(void)unlink(arena_printf(a, "%s/sieve/%s.conf", ctx->dir, x->type));
	(void)unlink(binary);
	(void)unlink(script);
	return true;
}

static bool is_wanted(const struct inputs *in, const char *dir, const char *name)
{
	for (size_t i = 0; i < in->programs.n; i++)
		if (streq(in->programs.v[i].dir, dir) && streq(in->programs.v[i].name, name))
			return true;
	return false;
}

static void remove_programs(const struct live_ctx *ctx, const char *dir, const char *place)
{
	DIR *d = opendir(place);
	const struct dirent *e;

	while (d && (e = readdir(d)) != NULL)
		if (!streq(e->d_name, ".") && !streq(e->d_name, "..") &&
		    !is_wanted(ctx->svc->in, dir, e->d_name))
			(void)unlink(arena_printf(ctx->svc->arena, "%s/%s", place, e->d_name));
	if (d)
		(void)closedir(d);
}

static bool put_program(struct arena *a, const char *place, const struct program *x,
			struct str text, struct err *err)
{
	const struct file_attr attr = { 0755, 0, 0 };

	return file_replace(arena_printf(a, "%s/%s/%s", place, x->dir, x->name), text.p, text.n,
			    &attr, FILE_EPHEMERAL, NULL, err);
}

/* Runs the program of the same name in programs/ as the mail user. */
static struct str wrapper(const struct service_ctx *ctx, const char *dir)
{
	return str_from(arena_printf(ctx->arena,
				     "#!/bin/sh\n"
				     "exec /usr/local/bin/mailserver exec --as %" PRId64 ":%" PRId64
				     " -- \"" SCRIPTS_STATE "/programs/%s/${0##*/}\" \"$@\"\n",
				     ctx->s->dms_vmail_uid, ctx->s->dms_vmail_gid, dir));
}

static bool put_programs(const struct live_ctx *ctx, struct err *err)
{
	static const char *const dirs[] = { PIPE_DIR, FILTER_DIR };
	const struct program_vec *programs = &ctx->svc->in->programs;
	bool wrapped = !scripts_have_mail_user(ctx->svc->s);
	struct arena *a = ctx->svc->arena;

	for (size_t i = 0; i < programs->n; i++) {
		const struct program *x = &programs->v[i];
		struct str text;
		char *bytes;
		if (!file_read(a, x->path, PROGRAM_MAX, &bytes, &text.n, err))
			return false;
		text.p = bytes;
		if (wrapped && !put_program(a, SCRIPTS_STATE "/programs", x, text, err))
			return false;
		if (!put_program(a, SCRIPTS_STATE, x, wrapped ? wrapper(ctx->svc, x->dir) : text,
				 err))
			return false;
	}
	for (size_t d = 0; d < ARRAY_SIZE(dirs); d++) {
		remove_programs(ctx, dirs[d], arena_printf(a, SCRIPTS_STATE "/%s", dirs[d]));
		remove_programs(ctx, dirs[d],
				arena_printf(a, SCRIPTS_STATE "/programs/%s", dirs[d]));
	}
	return true;
}

bool scripts_commit(const struct live_ctx *ctx, struct err *err)
{
	const struct inputs *in = ctx->svc->in;
	const struct global before = { SCRIPT_BEFORE_FILE, "before", in->script_before };
	const struct global after = { SCRIPT_AFTER_FILE, "after", in->script_after };

	if ((ctx->changed & INPUT_GLOBAL_SCRIPTS) != 0 &&
	    (!put_global(ctx, &before, err) || !put_global(ctx, &after, err)))
		return false;
	if (ctx->svc->on_host)
		return true;
	return ((ctx->changed & INPUT_SCRIPTS) == 0 || put_programs(ctx, err)) &&
	       user_scripts_put(ctx->svc, err);
}
