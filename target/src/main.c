/* SPDX-License-Identifier: MIT */
/*
 * One binary, many names: the applet is chosen by the name it was called by, else by the first
 * argument. `setup`, `healthcheck` and the old sub-program names (addmailuser …) are links to this
 * file.
 */
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/nearest.h"
#include "init/init.h"
#include "service.h"

struct applet {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static int show_help(int argc, char **argv);
static int show_version(int argc, char **argv);

static const struct applet applets[] = {
#define APPLET(name, run, summary, arguments) { name, run, summary },
#include "cli/applets.def"
#undef APPLET
};

static int show_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("usage: mailserver COMMAND [ARGUMENT…]\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++)
		if (applets[i].summary) /* the others are old names */
			printf("  %-12s %s\n", applets[i].name, applets[i].summary);
	printf("\nA COMMAND followed by 'help' explains itself.\n");
	return 0;
}

static int show_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("mailserver %s\n", MAILSERVER_VERSION);
	return 0;
}

static const struct applet *find_applet(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++)
		if (streq(applets[i].name, name))
			return &applets[i];
	return NULL;
}

static int unknown_applet(const char *name)
{
	struct nearest near = NEAREST_INIT(name);

	for (size_t i = 0; i < ARRAY_SIZE(applets); i++)
		nearest_try(&near, str_from(applets[i].name));
	fprintf(stderr, "mailserver: no command '%s'", name);
	if (near.word[0])
		fprintf(stderr, "; did you mean '%s'?", near.word);
	fprintf(stderr, "\nmailserver: 'mailserver help' lists them\n");
	return ERR_USAGE;
}

int main(int argc, char **argv)
{
	const char *self = argc > 0 ? argv[0] : "mailserver";
	const char *slash = strrchr(self, '/');
	const char *name = slash ? slash + 1 : self;
	const struct applet *applet = find_applet(name);

	log_init("mailserver", LOG_LVL_INFO);
	if (applet)
		return applet->run(argc, argv);
	if (cli_is_setup_name(name))
		return cli_setup(argc, argv);
	if (argc < 2)
		return show_help(0, NULL), ERR_USAGE;
	if (streq(argv[1], "--help") || streq(argv[1], "-h"))
		return show_help(0, NULL);
	if (streq(argv[1], "--version") || streq(argv[1], "-V"))
		return show_version(0, NULL);
	applet = find_applet(argv[1]);
	const struct service_applet *own = applet ? NULL : service_find_applet(argv[1]);
	if (own)
		return own->run(argc - 1, argv + 1);
	if (applet == NULL)
		return unknown_applet(argv[1]);
	return applet->run(argc - 1, argv + 1);
}
