/* SPDX-License-Identifier: MIT */
/*
 * The rules are judged alone with the shipped ones, without network tests: that takes about a
 * second, so only a text that is not known to be good is judged.
 *
 * SOURCES
 *	spamassassin(1) --lint; its messages name the line ("… (line 3): …") or the rule.
 */
#include "spamassassin/rules.h"

#include <pwd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"

#define LINT_MS 60000
#define PLUGINS "/usr/share/mailserver/spamassassin/plugins.pre"
#define OLD_BAYES "/var/mail-state/lib-amavis/.spamassassin"
#define BAYES SPAM_STATE "/.spamassassin"
#define BAYES_MAX ((size_t)1 << 30)
#define HINT "correct the rules; Mail::SpamAssassin::Conf describes them"

/* The number of the first line with the word, or 0. */
static unsigned find_word(struct str text, struct str word)
{
	struct str line, rest = text, field;
	unsigned number = 0;

	while (str_next_line(&rest, &line)) {
		number++;
		while (str_next_word(&line, " \t", &field))
			if (field.n == word.n && memcmp(field.p, word.p, word.n) == 0)
				return number;
	}
	return 0;
}

/* "… (line 3): foo bar", or "… for RULE '/un(closed/': …"; 0 = not known. */
static unsigned line_of(struct arena *a, struct str text, const char *complaint)
{
	const char *at = strstr(complaint, "(line ");
	int64_t number;

	if (at) {
		at += strlen("(line ");
		size_t digits = strspn(at, "0123456789");
		if (parse_int64(arena_strndup(a, at, digits), 1, 1000000, &number))
			return (unsigned)number;
	}
	at = strstr(complaint, " for ");
	if (at) {
		at += strlen(" for ");
		struct str word = { at, strcspn(at, " :'\"") };
		return word.n > 0 ? find_word(text, word) : 0;
	}
	return 0;
}

void rules_complain(struct arena *a, const char *name, struct str text, const char *output,
		    struct problems *p)
{
	struct str rest = str_from(output), line;
	bool any = false;

	while (str_next_line(&rest, &line)) {
		const char *what = strstr(str_dup(a, line), "warn: ");
		if (what == NULL || strstr(what, "issues detected") || strstr(what, "lint: "))
			continue;
		what += strlen("warn: ");
		what = has_prefix(what, "config: ") ? what + strlen("config: ") : what;
		unsigned number = line_of(a, text, what);
		/* The file's name is the one it had while it was judged. */
		const char *in = strstr(what, " in /");
		size_t n = in ? (size_t)(in - what) : strlen(what);
		const char *after = in ? strchr(in, ')') : NULL;
		problems_add(p, SEV_ERROR, number ? arena_printf(a, "%s:%u", name, number) : name,
			     HINT, "%.*s%s", (int)n, what, after ? after + 1 : "");
		any = true;
	}
	if (!any)
		problems_add(p, SEV_ERROR, name, HINT, "SpamAssassin does not accept it");
}

static bool lint(struct arena *a, const char *dir, const char **output_r, struct err *err)
{
	const char *const argv[] = { "/usr/bin/spamassassin",
				     "--lint",
				     "--local",
				     arena_printf(a, "--siteconfigpath=%s", dir),
				     "--prefspath=/dev/null",
				     NULL };
	const char *const env[] = { arena_printf(a, "HOME=%s", dir), "LC_ALL=C.UTF-8",
				    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	const struct proc_spec spec = { .argv = argv, .env = env, .timeout_ms = LINT_MS };
	struct proc_result res = { 0 };

	if (!proc_run(&spec, &res, err))
		return false;
	*output_r = res.status == 0 ? "" : arena_strdup(a, res.output.n ? res.output.p : "?");
	buf_fini(&res.output);
	return true;
}

bool rules_judge(const struct service_ctx *ctx, const char *name, struct str text,
		 struct problems *p)
{
	char dir[] = "/tmp/mailserver-rules-XXXXXX";
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct arena *a = ctx->arena;
	struct err err = ERR_INIT;
	const char *output = "";
	char *plugins;
	size_t n;

	if (!streq(name, SPAM_RULES_FILE))
		return false;
	bool ok = mkdtemp(dir) != NULL || err_sys(&err, ERR_CREATE, "make a directory in /tmp");
	ok = ok && file_read(a, PLUGINS, SIZE_MAX >> 1, &plugins, &n, &err) &&
	     file_replace(arena_printf(a, "%s/plugins.pre", dir), plugins, n, &attr, FILE_EPHEMERAL,
			  NULL, &err) &&
	     file_replace(arena_printf(a, "%s/rules.cf", dir), text.p, text.n, &attr,
			  FILE_EPHEMERAL, NULL, &err) &&
	     lint(a, dir, &output, &err);
	if (!ok)
		problems_add(p, SEV_ERROR, name, NULL, "can't be judged: %s", err.text);
	else if (*output)
		rules_complain(a, name, text, output, p);
	(void)!tree_remove(dir, &err);
	return true;
}

/* Once: what was learned before the image was changed. */
static void take_over_bayes(struct arena *a)
{
	static const char *const names[] = { "bayes_seen", "bayes_toks" };
	const struct passwd *pw = getpwnam("debian-spamd");
	struct err err = ERR_INIT;
	char *text;
	size_t n;

	if (pw == NULL || file_exists(BAYES "/bayes_toks") || !file_exists(OLD_BAYES "/bayes_toks"))
		return;
	const struct file_attr attr = { 0600, pw->pw_uid, pw->pw_gid };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (file_exists(arena_printf(a, OLD_BAYES "/%s", names[i])) &&
		    (!file_read(a, arena_printf(a, OLD_BAYES "/%s", names[i]), BAYES_MAX, &text, &n,
				&err) ||
		     !file_replace(arena_printf(a, BAYES "/%s", names[i]), text, n, &attr,
				   FILE_DURABLE, NULL, &err))) {
			log_warn("what was learned about spam before is not taken over: %s",
				 err.text);
			return;
		}
	log_info("what was learned about spam is taken over from " OLD_BAYES);
}

static bool prepare(const struct live_ctx *ctx, void **state_r UNUSED, struct err *err)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	struct str text = ctx->svc->in->spam_rules;

	if (!ctx->svc->on_host)
		take_over_bayes(ctx->svc->arena);
	return file_replace(arena_printf(ctx->svc->arena, "%s/" SPAM_RULES_FILE ".new", ctx->dir),
			    text.p, text.n, &attr, FILE_EPHEMERAL, NULL, err);
}

static bool commit(const struct live_ctx *ctx, void *state UNUSED, struct err *err)
{
	const char *path = arena_printf(ctx->svc->arena, "%s/" SPAM_RULES_FILE, ctx->dir);

	return rename(arena_printf(ctx->svc->arena, "%s.new", path), path) == 0 ||
	       err_sys(err, ERR_IO, "rename %s", path);
}

static void abort_work(const struct live_ctx *ctx, void *state UNUSED)
{
	(void)unlink(arena_printf(ctx->svc->arena, "%s/" SPAM_RULES_FILE ".new", ctx->dir));
}

const struct service_live rules_live = {
	.inputs = INPUT_SPAM_RULES,
	.prepare = prepare,
	.commit = commit,
	.abort = abort_work,
};
