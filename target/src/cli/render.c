/* SPDX-License-Identifier: MIT */
/*
 * `mailserver render`: the whole tree, on a laptop, without root and without a container.
 */
#include "plan/render.h"

#include "base/file.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/source.h"
#include "plan/paths.h"
#include "settings/host.h"

extern char **environ;

static const char usage[] =
	"usage: mailserver render [--env FILE] [--config DIR] --out TREE [--templates DIR]\n"
	"\n"
	"Writes the configuration of every daemon below TREE (which must not exist or be empty),\n"
	"with the settings of FILE (lines NAME=value; without it: the environment) and the files of\n"
	"DIR (default " PATH_CONFIG "). Needs no root; starts nothing.\n"
	"\n"
	"exit status: 0 done, 64 usage, 78 the configuration has errors, 73/74 can't write\n";

struct render_args {
	const char *env, *config, *out, *templates;
};

static bool parse_args(int argc, char **argv, struct render_args *args)
{
	for (int i = 1; i < argc; i++) {
		const char **slot = streq(argv[i], "--env")	    ? &args->env
				    : streq(argv[i], "--config")    ? &args->config
				    : streq(argv[i], "--out")	    ? &args->out
				    : streq(argv[i], "--templates") ? &args->templates
								    : NULL;
		if (slot == NULL || i + 1 == argc)
			return false;
		*slot = argv[++i];
	}
	return args->out != NULL;
}

static bool is_empty_dir(const char *path)
{
	return !dir_exists(path) || rmdir(path) == 0;
}

static int render_with(struct arena *a, const struct render_args *args)
{
	struct settings_source src = { .environ = (const char *const *)environ,
				       .read_files = true };
	struct inputs_where where = { .config_dir = args->config };
	struct render_where to = { .templates = args->templates, .out = args->out };
	struct err err = ERR_INIT;
	struct problems p;
	struct settings s;
	struct inputs in;
	struct plan plan;
	autobuf struct buf text = BUF_INIT;

	problems_init(&p, a);
	if (args->env && !source_env_file(a, args->env, &src.environ, &err)) {
		log_error("%s", err.text);
		return (int)err.class;
	}
	src.nodename = args->env ? "" : host_system_fqdn(a);
	settings_load(a, &src, &s, &p);
	inputs_read(a, &s, &where, &in, &p);
	plan_make(a, &s, &in, true, &plan, &p);
	plan_check(&plan, &p);
	problems_print(&p, &text);
	(void)write_all(STDERR_FILENO, text.p, text.n);
	if (problems_errors(&p) > 0)
		return ERR_CONFIG;
	if (!is_empty_dir(args->out)) {
		log_error("%s exists and is not empty", args->out);
		return ERR_CREATE;
	}
	if (!render_tree(&plan, &to, &p, &err)) {
		log_error("%s", err.text);
		return (int)err.class;
	}
	if (problems_errors(&p) == 0)
		return 0;
	buf_reset(&text);
	problems_print(&p, &text);
	(void)write_all(STDERR_FILENO, text.p, text.n);
	return ERR_CONFIG;
}

int cli_render(int argc, char **argv)
{
	struct render_args args = { .config = PATH_CONFIG, .templates = PATH_TEMPLATES };
	struct arena a;
	int status;

	log_set_plain(true);
	if (argc > 1 && (streq(argv[1], "help") || streq(argv[1], "--help"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (!parse_args(argc, argv, &args)) {
		fputs(usage, stderr);
		return ERR_USAGE;
	}
	arena_init(&a, "render");
	status = render_with(&a, &args);
	arena_wipe(&a);
	return status;
}
