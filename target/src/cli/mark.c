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
 * SOURCES
 *	sendmail's mfdef.h (packets, flags); Postfix MILTER_README. A packet is its length, 4 bytes, then that much: a
 *	command and its data.
 */
#include <arpa/inet.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"

#define FILE_MAX 4096
#define PACKET_MAX ((uint32_t)1 << 20)
#define VERSION 6
#define ACTIONS (0x01u | 0x10u) /* add, change headers */
/* Not wanted: connect, HELO, MAIL, RCPT, end of headers, unknown commands, DATA. No answer to: header, body. */
#define NOT_WANTED (0x01u | 0x02u | 0x04u | 0x08u | 0x40u | 0x100u | 0x200u)
#define NO_ANSWER_HEADER 0x80u
#define NO_ANSWER_BODY 0x80000u

struct mark {
	int64_t over;
	const char *header, *value;
	uint64_t seen;
	uint32_t flags; /* what was agreed on */
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

/* Exactly n bytes; false at the end of the stream. */
static bool read_all(int fd, void *out, size_t n)
{
	char *p = out;

	while (n > 0) {
		ssize_t got = read(fd, p, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static void add_u32(struct buf *out, uint32_t n)
{
	uint32_t wire = htonl(n);

	buf_add(out, &wire, sizeof(wire));
}

static uint32_t get_u32(const char *p)
{
	uint32_t wire;

	memcpy(&wire, p, sizeof(wire));
	return ntohl(wire);
}

static bool answer(char command, const struct buf *data)
{
	autobuf struct buf out = BUF_INIT;

	add_u32(&out, (uint32_t)(1 + (data ? data->n : 0)));
	buf_addc(&out, command);
	if (data)
		buf_add(&out, data->p, data->n);
	return write_all(STDOUT_FILENO, out.p, out.n);
}

static bool proceed(void)
{
	return answer('c', NULL);
}

static bool negotiate(struct mark *m, const char *data, size_t n)
{
	autobuf struct buf out = BUF_INIT;

	if (n < 12 || get_u32(data) < VERSION || (get_u32(data + 4) & ACTIONS) != ACTIONS)
		return false;
	m->flags = get_u32(data + 8) & (NOT_WANTED | NO_ANSWER_HEADER | NO_ANSWER_BODY);
	add_u32(&out, VERSION);
	add_u32(&out, ACTIONS);
	add_u32(&out, m->flags);
	return answer('O', &out);
}

/* The end of a message, perhaps with a last part of it. */
static bool finish(struct mark *m, size_t n)
{
	bool is_big = m->seen + n > (uint64_t)m->over;
	autobuf struct buf out = BUF_INIT;

	m->seen = 0;
	if (is_big) {
		add_u32(&out, 1); /* the first of that name */
		buf_add(&out, m->header, strlen(m->header) + 1);
		buf_add(&out, m->value, strlen(m->value) + 1);
		if (!answer('m', &out))
			return false;
	}
	return proceed();
}

/* One packet; false = the connection is over. */
static bool take(struct mark *m, char command, const char *data, size_t n)
{
	switch (command) {
	case 'O':
		return negotiate(m, data, n);
	case 'L': /* NAME\0VALUE\0 stands for "NAME: VALUE\r\n" */
		m->seen += n + 2;
		return (m->flags & NO_ANSWER_HEADER) || proceed();
	case 'B':
		m->seen += n;
		return (m->flags & NO_ANSWER_BODY) || proceed();
	case 'E':
		return finish(m, n);
	case 'A':
	case 'K': /* another connection of the MTA's client */
		m->seen = 0;
		return true;
	case 'D': /* macros */
		return true;
	case 'Q':
		return false;
	default:
		return proceed();
	}
}

static void serve(struct mark *m)
{
	autobuf struct buf data = BUF_INIT;
	uint32_t n;
	char head[5];

	while (read_all(STDIN_FILENO, head, sizeof(head))) {
		n = get_u32(head);
		if (n == 0 || n > PACKET_MAX) {
			log_error("a milter packet of %" PRIu32 " bytes", n);
			return;
		}
		buf_reset(&data);
		buf_reserve(&data, n);
		if (!read_all(STDIN_FILENO, data.p, n - 1) || !take(m, head[4], data.p, n - 1))
			return;
	}
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
