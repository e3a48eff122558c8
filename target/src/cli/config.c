/* SPDX-License-Identifier: MIT */
/*
 * `mailserver config …`: what is configured, what is wrong with it, what would change.
 */
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "cli/cli.h"
#include "cli/lint.h"
#include "cli/nearest.h"
#include "cli/pattern.h"
#include "cli/source.h"
#include "cli/translate.h"
#include "plan/check.h"
#include "plan/paths.h"
#include "plan/render.h"
#include "settings/host.h"

#define TRANSLATE "translate-"
#define STAGING "/tmp/mailserver-config-XXXXXX"

static const struct {
	const char *words, *summary;
} verbs[] = {
#define VERB(words, summary) { words, summary },
#include "cli/config.def"
#undef VERB
};

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: mailserver config COMMAND [OPTION…]\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(to, "  %-34s %s\n", verbs[i].words, verbs[i].summary);
	fprintf(to,
		"\n"
		"In a running server check, show, diff and plan use its settings; elsewhere the environment.\n"
		"exit status: 0 fine, 1 diff found differences, 64 usage, 78 the configuration has errors\n");
	return status;
}

static int unknown_verb(const char *verb)
{
	struct nearest near = NEAREST_INIT(verb);

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		nearest_try(&near, (struct str){ verbs[i].words, strcspn(verbs[i].words, " ") });
	fprintf(stderr, "mailserver config: no command '%s'", verb);
	if (near.word[0])
		fprintf(stderr, "; did you mean '%s'?", near.word);
	fprintf(stderr, "\n\n");
	return usage(stderr, ERR_USAGE);
}

struct config_args {
	const char *env, *config, *templates;
	bool json;
};

static bool parse_args(int argc, char **argv, struct config_args *args)
{
	for (int i = 2; i < argc; i++) {
		if (streq(argv[i], "--json")) {
			args->json = true;
			continue;
		}
		const char **slot = streq(argv[i], "--env")	    ? &args->env
				    : streq(argv[i], "--config")    ? &args->config
				    : streq(argv[i], "--templates") ? &args->templates
								    : NULL;
		if (slot == NULL || i + 1 == argc)
			return false;
		*slot = argv[++i];
	}
	return true;
}

struct loaded {
	struct settings_source src;
	struct settings s;
	struct inputs in;
	struct plan plan;
	struct problems p;
};

static int load(struct arena *a, const struct config_args *args, struct loaded *l)
{
	struct inputs_where where = { .config_dir = args->config,
				      .must_exist = dir_exists(PATH_PRISTINE),
				      .judge = dir_exists(PATH_PRISTINE) ? plan_judge : NULL };
	struct err err = ERR_INIT;

	problems_init(&l->p, a);
	source_current(a, &l->src, NULL);
	if (args->env) {
		l->src.nodename = "";
		l->src.read_files = true;
		if (!source_env_file(a, args->env, &l->src.environ, &err)) {
			log_error("%s", err.text);
			return (int)err.class;
		}
	}
	settings_load(a, &l->src, &l->s, &l->p);
	inputs_read(a, &l->s, &where, &l->in, &l->p);
	plan_make(a, &l->s, &l->in, false, &l->plan, &l->p);
	plan_check(&l->plan, &l->p);
	return 0;
}

/* Renders into a new directory in /tmp; the caller removes it. */
static bool stage(const struct config_args *args, struct loaded *l, char *dir, struct err *err)
{
	const struct render_where to = { .templates = args->templates,
					 .pristine = PATH_PRISTINE,
					 .dropins = PATH_DROPINS,
					 .out = dir,
					 .in_image = geteuid() == 0 };

	if (mkdtemp(dir) == NULL)
		return err_set(err, ERR_CREATE, "can't make a directory in /tmp: %s",
			       strerror(errno));
	return render_tree(&l->plan, &to, &l->p, err);
}

/* The daemons' own checkers need the certificate files that a start has written. */
static bool check_staged(const struct config_args *args, struct loaded *l, struct err *err)
{
	char dir[] = STAGING;
	struct check_run checks;
	struct err ignored = ERR_INIT;
	bool ok = stage(args, l, dir, err);

	if (ok && problems_errors(&l->p) == 0 && file_exists(PATH_LIVE "/tls/cert.pem")) {
		check_begin(&checks, &l->plan, dir, &l->p);
		check_finish(&checks, &l->p);
	}
	(void)!tree_remove(dir, &ignored);
	return ok;
}

static int config_check(struct arena *a, const struct config_args *args)
{
	autobuf struct buf text = BUF_INIT;
	struct loaded *l = ARENA_NEW(a, struct loaded);
	struct err err = ERR_INIT;
	int status = load(a, args, l);

	if (status)
		return status;
	if (problems_errors(&l->p) == 0 && dir_exists(PATH_PRISTINE) &&
	    !check_staged(args, l, &err)) {
		log_error("%s", err.text);
		return (int)err.class;
	}
	problems_print(&l->p, &text);
	(void)write_all(STDOUT_FILENO, text.p, text.n);
	if (problems_errors(&l->p) > 0)
		return ERR_CONFIG;
	printf("ok; accounts: %zu, aliases: %zu, domains: %zu, warnings: %zu\n", l->in.accounts.n,
	       l->in.aliases.n, l->in.domains.n, problems_count(&l->p, SEV_WARNING));
	return 0;
}

static int config_show(struct arena *a, const struct config_args *args)
{
	autobuf struct buf text = BUF_INIT;
	struct loaded *l = ARENA_NEW(a, struct loaded);

	problems_init(&l->p, a);
	source_current(a, &l->src, NULL);
	settings_load(a, &l->src, &l->s, &l->p);
	settings_print_show(a, &l->s, args->json, &text);
	(void)write_all(STDOUT_FILENO, text.p, text.n);
	return problems_errors(&l->p) > 0 ? ERR_CONFIG : 0;
}

static int config_plan(struct arena *a, const struct config_args *args)
{
	autobuf struct buf text = BUF_INIT;
	struct loaded *l = ARENA_NEW(a, struct loaded);
	int status = load(a, args, l);

	if (status)
		return status;
	plan_print(&l->plan, &text);
	(void)write_all(STDOUT_FILENO, text.p, text.n);
	return problems_errors(&l->p) > 0 ? ERR_CONFIG : 0;
}

static int config_diff(struct arena *a, const struct config_args *args)
{
	char tmp[] = STAGING;
	struct loaded *l = ARENA_NEW(a, struct loaded);
	struct proc_result res = { 0 };
	struct err err = ERR_INIT;
	int status = load(a, args, l);

	if (status)
		return status;
	if (problems_errors(&l->p) > 0 || !dir_exists(PATH_BOOT_CURRENT)) {
		log_error("%s",
			  dir_exists(PATH_BOOT_CURRENT)
				  ? "the configuration has errors: run 'mailserver config check'"
				  : "no running server here: nothing to compare with");
		return ERR_CONFIG;
	}
	const char *current = PATH_BOOT_CURRENT "/.";
	const char *argv[] = { "/usr/bin/diff", "-ruN", current, tmp, NULL };
	struct proc_spec spec = { .argv = argv, .timeout_ms = 10000 };
	bool ok = stage(args, l, tmp, &err) && proc_run(&spec, &res, &err);
	if (!ok) {
		log_error("%s", err.text);
		status = (int)err.class;
	} else {
		(void)write_all(STDOUT_FILENO, res.output.p, res.output.n);
		status = res.status;
		buf_fini(&res.output);
	}
	if (!tree_remove(tmp, &err))
		log_warn("%s", err.text);
	return status;
}

static int config_text(void (*write_text)(struct buf *))
{
	autobuf struct buf text = BUF_INIT;

	write_text(&text);
	(void)write_all(STDOUT_FILENO, text.p, text.n);
	return 0;
}

int cli_config(int argc, char **argv)
{
	struct config_args args = { .config = PATH_CONFIG, .templates = PATH_TEMPLATES };
	const char *verb = argc > 1 ? argv[1] : "help";
	struct arena a;
	int status;

	log_set_plain(true);
	if (pattern_is_help(verb) || (argc == 3 && pattern_is_help(argv[2])))
		return usage(stdout, 0);
	arena_init(&a, "config");
	if (has_prefix(verb, TRANSLATE)) {
		status = config_translate(&a, verb + strlen(TRANSLATE), argc - 2, argv + 2);
		arena_fini(&a);
		return status;
	}
	if (!parse_args(argc, argv, &args))
		return usage(stderr, ERR_USAGE);
	if (streq(verb, "check"))
		status = config_check(&a, &args);
	else if (streq(verb, "show"))
		status = config_show(&a, &args);
	else if (streq(verb, "plan"))
		status = config_plan(&a, &args);
	else if (streq(verb, "diff"))
		status = config_diff(&a, &args);
	else if (streq(verb, "list"))
		status = config_text(settings_print_list);
	else if (streq(verb, "dist"))
		status = config_text(settings_write_dist);
	else if (streq(verb, "lint"))
		status = config_lint(&a, args.templates);
	else
		status = unknown_verb(verb);
	arena_wipe(&a);
	return status;
}
