/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	docker-run(1) --env-file: lines NAME=value taken literally, NAME alone takes the caller's
 *	value, "#" begins a comment line.
 */
#include "cli/source.h"

#include "base/file.h"
#include "base/linefile.h"
#include "cli/say.h"
#include "plan/apply.h"
#include "settings/host.h"

extern char **environ;

#define ENV_FILE_MAX ((size_t)4 << 20)

VEC_TYPE(env_vec, const char *);

bool source_env_file(struct arena *a, const char *path, const char *const **environ_r,
		     struct err *err)
{
	struct env_vec env = VEC_INIT;
	struct linefile lf;
	struct str line;
	const char *bad;
	char *text;
	size_t n;

	if (!file_read(a, path, ENV_FILE_MAX, &text, &n, err))
		return false;
	linefile_init(&lf, path, (struct str){ text, n });
	while (linefile_next(&lf, &line, &bad)) {
		if (bad)
			return err_set(err, ERR_DATA, "%s:%u: %s", path, lf.line, bad);
		if (!str_has_char(line, '=')) {
			const char *name = str_dup(a, line), *value = getenv(name);
			if (value)
				*VEC_PUSH(a, &env) = arena_printf(a, "%s=%s", name, value);
			continue;
		}
		*VEC_PUSH(a, &env) = str_dup(a, line);
	}
	*VEC_PUSH(a, &env) = NULL;
	*environ_r = env.v;
	return true;
}

void source_current(struct arena *a, struct settings_source *src_r, bool *running_r)
{
	bool running = apply_running_source(a, src_r);

	if (!running)
		*src_r = (struct settings_source){ .environ = (const char *const *)environ,
						   .nodename = host_system_fqdn(a),
						   .read_files = true };
	if (running_r)
		*running_r = running;
}

void source_settings(struct arena *a, struct settings *s_r, struct problems *ignored_r)
{
	struct settings_source src;
	struct problems own;

	if (ignored_r == NULL)
		ignored_r = &own;
	problems_init(ignored_r, a);
	source_current(a, &src, NULL);
	settings_load(a, &src, s_r, ignored_r);
}

bool source_chore(int argc, char **argv, int (*usage)(FILE *to, int status), struct arena *a,
		  struct settings_source *src_r, int *status_r)
{
	bool running;

	if (argc != 1) {
		bool help = argc == 2 && (streq(argv[1], "help") || streq(argv[1], "--help"));
		*status_r = usage(help ? stdout : stderr, help ? 0 : ERR_USAGE);
		return false;
	}
	arena_init(a, argv[0]);
	source_current(a, src_r, &running);
	if (!running) {
		fprintf(stderr, "mailserver: the server is not running here\n");
		*status_r = ERR_UNAVAILABLE;
	}
	return running;
}

bool source_listed_file(struct arena *a, const char *path, struct str *text_r)
{
	struct err err = ERR_INIT;
	char *text;
	size_t n;

	if (!file_read(a, path, LINEFILE_MAX, &text, &n, &err)) {
		if (err.sys == ENOENT)
			say_error("'%s' does not exist", path);
		else
			say_error("%s", err.text);
		return false;
	}
	*text_r = (struct str){ text, n };
	if (n == 0)
		say_error("'%s' is empty, nothing to list", path);
	return n > 0;
}
