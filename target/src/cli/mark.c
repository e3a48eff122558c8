/* SPDX-License-Identifier: MIT */
/*
 * mailserver mark FILE
 *
 * A milter on standard input and output, for one connection of the MTA: a message of more bytes than FILE says gets a
 * header, whose earlier value is replaced. For scanners that look at the beginning of a big message only, and then say
 * of it what they say of one that they have seen whole. Started by Postfix' spawn(8), so nothing runs between messages.
 *
 * FILE: lines "over BYTES", "header NAME", "value TEXT".
 *
 * Counted as scanners that are given the message by a milter count: name, value and four bytes for each header, and the
 * body.
 *
 * SEE ALSO
 *	base/milter.h
 */
#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/milter.h"
#include "base/str.h"
#include "cli/cli.h"

#define FILE_MAX 4096
#define NOT_WANTED                                                                                 \
	(MILTER_STEP_CONNECT | MILTER_STEP_HELO | MILTER_STEP_MAIL | MILTER_STEP_RCPT |            \
	 MILTER_STEP_END_OF_HEADERS | MILTER_STEP_UNKNOWN | MILTER_STEP_DATA)

struct mark {
	int64_t over;
	const char *header, *value;
	uint64_t seen;
	struct milter m;
};

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: mailserver mark FILE\n\n"
		"A milter on standard input and output, started by Postfix' spawn(8): gives messages of more\n"
		"than a number of bytes a header. FILE: lines 'over BYTES', 'header NAME', 'value TEXT'.\n");
	return status;
}

static bool read_file(struct arena *a, const char *path, struct mark *m, struct err *err)
{
	struct str rest, line, key, value;
	char *text;

	if (!file_read(a, path, FILE_MAX, &text, NULL, err))
		return false;
	rest = str_from(text);
	while (str_next_line(&rest, &line)) {
		if (line.n == 0 || line.p[0] == '#' || !str_split(line, ' ', &key, &value))
			continue;
		if (str_is(key, "over") && parse_int64(str_dup(a, value), 1, INT64_MAX, &m->over))
			continue;
		else if (str_is(key, "header"))
			m->header = str_dup(a, value);
		else if (str_is(key, "value"))
			m->value = str_dup(a, value);
		else
			return err_set(err, ERR_CONFIG, "%s: bad line '%.*s'", path, (int)line.n,
				       line.p);
	}
	if (m->over == 0 || m->header == NULL || m->value == NULL)
		return err_set(err, ERR_CONFIG, "%s: over, header and value are needed", path);
	return true;
}

/* The end of a message, perhaps with a last part of it. */
static bool finish(struct mark *m, size_t n)
{
	bool is_big = m->seen + n > (uint64_t)m->over;

	m->seen = 0;
	return (!is_big || milter_change_header(&m->m, 1, m->header, m->value)) &&
	       milter_continue(&m->m, MILTER_END);
}

/* False = the connection is over. */
static bool take(struct mark *m, int command, struct str data, struct err *err)
{
	switch (command) {
	case MILTER_OPTIONS:
		return milter_negotiate(&m->m, data, NOT_WANTED, err);
	case MILTER_HEADER: /* NAME\0VALUE\0 stands for "NAME: VALUE\r\n" */
		m->seen += data.n + 2;
		break;
	case MILTER_BODY:
		m->seen += data.n;
		break;
	case MILTER_END:
		return finish(m, data.n);
	case MILTER_ABORT:
	case MILTER_NEXT_CLIENT:
		m->seen = 0;
		return true;
	case MILTER_MACROS:
		return true;
	case MILTER_QUIT:
		return false;
	default:
		break;
	}
	return milter_continue(&m->m, command);
}

static void serve(struct mark *m)
{
	struct err err = ERR_INIT;
	struct str data;
	int command;

	milter_init(&m->m, STDIN_FILENO, STDOUT_FILENO);
	while (milter_next(&m->m, &command, &data, &err) && take(m, command, data, &err))
		;
	if (err.class != ERR_NONE)
		log_error("%s", err.text);
	milter_fini(&m->m);
}

int cli_mark(int argc, char **argv)
{
	struct mark m = { 0 };
	struct err err = ERR_INIT;
	struct arena a;

	if (argc == 2 && (streq(argv[1], "help") || streq(argv[1], "--help")))
		return usage(stdout, 0);
	if (argc != 2)
		return usage(stderr, ERR_USAGE);
	arena_init(&a, "mark");
	if (!read_file(&a, argv[1], &m, &err)) {
		log_error("%s", err.text);
		return (int)err.class;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	serve(&m);
	return 0;
}
