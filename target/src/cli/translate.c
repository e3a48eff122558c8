/* SPDX-License-Identifier: MIT */
#include "cli/translate.h"

#include "base/file.h"
#include "base/linefile.h"
#include "base/log.h"
#include "service.h"

#define NO_INPUT 66 /* sysexits.h EX_NOINPUT */

static const struct service *find_translator(const char *name)
{
	for (int i = 0; services_all[i]; i++)
		if (services_all[i]->translate && streq(services_all[i]->name, name))
			return services_all[i];
	return NULL;
}

static bool read_stdin(struct arena *a, struct str *text_r, struct err *err)
{
	autobuf struct buf all = BUF_INIT;
	char chunk[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0 && all.n < LINEFILE_MAX)
		buf_add(&all, chunk, (size_t)n);
	if (n < 0)
		return err_sys(err, ERR_IO, "read standard input");
	*text_r = (struct str){ buf_dup(a, &all), all.n };
	return true;
}

static bool read_input(struct arena *a, const char *path, struct str *text_r, struct err *err)
{
	char *text;
	size_t n;

	if (streq(path, "-"))
		return read_stdin(a, text_r, err);
	if (!file_read(a, path, LINEFILE_MAX, &text, &n, err))
		return false;
	*text_r = (struct str){ text, n };
	return true;
}

int config_translate(struct arena *a, const char *service, int argc, char *const *argv)
{
	const struct service *svc = find_translator(service);
	autobuf struct buf out = BUF_INIT, told = BUF_INIT;
	struct err err = ERR_INIT;
	struct problems p;
	struct str text;

	if (svc == NULL || argc != 1) {
		if (svc == NULL)
			log_error("there is nothing to translate for '%s'", service);
		else
			log_error("usage: mailserver config translate-%s FILE", service);
		return ERR_USAGE;
	}
	if (!read_input(a, argv[0], &text, &err)) {
		log_error("%s", err.text);
		return NO_INPUT;
	}
	problems_init(&p, a);
	svc->translate(a, argv[0], text, &out, &p);
	problems_print(&p, &told);
	(void)write_all(STDOUT_FILENO, out.p, out.n);
	(void)write_all(STDERR_FILENO, told.p, told.n);
	return problems_errors(&p) > 0 ? ERR_DATA : 0;
}
