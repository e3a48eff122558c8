/* SPDX-License-Identifier: MIT */
/*
 * Puts the parts together: environment → options, kernel → machine. Memory is taken here and
 * nowhere later.
 */
#include "init/init.h"

#include <malloc.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "init/machine.h"
#include "init/worker.h"
#include "plan/paths.h"
#include "service.h"

#define FILES_WANTED 4096

extern char **environ;

/* Descriptors 0 to 2 must be something, or files would be opened in their place. */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
}

/* The supervisor's command, split at blanks. */
static const char *const *supervisor_argv(struct arena *a)
{
	VEC(const char *) argv = VEC_INIT;
	const char *command = NULL;
	struct str rest, word;

	for (size_t i = 0; services_all[i]; i++)
		if (services_all[i]->is_supervisor)
			command = services_all[i]->program.command;
	if (command == NULL)
		BUG("no service is the supervisor");
	rest = str_from(command);
	while (str_next_word(&rest, " ", &word))
		*VEC_PUSH(a, &argv) = str_dup(a, word);
	*VEC_PUSH(a, &argv) = NULL;
	return argv.v;
}

/* What daemons inherit: nothing of the container's environment, which may hold passwords, but
 * the time zone. Without its name the C library would look at /etc/localtime for each line of a log. */
static const char *const *supervisor_env(struct arena *a)
{
	VEC(const char *) env = VEC_INIT;
	const char *tz = getenv("TZ");

	*VEC_PUSH(a, &env) = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	*VEC_PUSH(a, &env) = "LC_ALL=C.UTF-8";
	*VEC_PUSH(a, &env) = "HOME=/root";
	*VEC_PUSH(a, &env) = arena_printf(a, "MAILSERVER_GO_FD=%d", SYS_GO_FD);
	*VEC_PUSH(a, &env) = arena_printf(a, "TZ=%s", tz && tz[0] ? tz : ":/etc/localtime");
	*VEC_PUSH(a, &env) = NULL;
	return env.v;
}

/* What PID 1 itself needs of the settings. Findings are left to the boot worker, which sees the
 * same ones and more. */
static void read_options(struct machine_options *options_r)
{
	const struct settings_source src = { .environ = (const char *const *)environ,
					     .nodename = "",
					     .read_files = false };
	enum log_level level;
	struct arena a;
	struct settings s;
	struct problems p;

	arena_init(&a, "settings");
	problems_init(&p, &a);
	settings_load(&a, &src, &s, &p);
	if (log_level_parse(s.log_level, &level))
		log_set_threshold(level);
	*options_r = (struct machine_options){ .grace_ms = s.shutdown_grace * 1000,
					       .poll_ms = s.dms_config_poll * 1000 };
	arena_wipe(&a);
	(void)malloc_trim(0);
}

/* Engines hand on whatever limit they were started with, often a soft one of 1024, which servers of many
 * connections outgrow. No more than needed: some programs close every number up to the limit. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= FILES_WANTED)
		return;
	limit.rlim_cur = limit.rlim_max < FILES_WANTED ? limit.rlim_max : FILES_WANTED;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warn("%d open files: %s", FILES_WANTED, strerror(errno));
}

int init_main(int argc, UNUSED char **argv)
{
	struct worker_context worker = { .began_ms = now_ms() };
	struct sys_real real = { .body = worker_run, .arg = &worker };
	struct machine_options options;
	struct machine machine;
	struct err err = ERR_INIT;
	struct arena arena;
	int status;

	if (argc > 1) {
		fprintf(stderr,
			"usage: mailserver init\n\nRuns the mail server; the image's default command.\n");
		return ERR_USAGE;
	}
	fill_standard_descriptors();
	allow_descriptors();
	(void)umask(022);
	if (chdir("/") < 0)
		log_warn("chdir /: %s", strerror(errno));
	if (!sys_real_open(&real, &err)) {
		log_error("%s", err.text);
		return ERR_OS;
	}
	arena_init(&arena, "init");
	real.argv = supervisor_argv(&arena);
	real.env = supervisor_env(&arena);
	read_options(&options);
	status = machine_run(&machine, &sys_kernel, &real, &options);
	arena_fini(&arena);
	return status;
}
