/* SPDX-License-Identifier: MIT */
/*
 * A packet is its length (4 bytes, of what follows), a command, and data.
 */
#include "base/milter.h"

#include <arpa/inet.h>

#include "base/file.h"

#define PACKET_MAX ((uint32_t)1 << 20)
#define VERSION 6
#define ACTIONS (0x01u | 0x10u) /* add, change headers */
#define NO_ANSWER_HEADER 0x80u
#define NO_ANSWER_CONNECT 0x1000u
#define NO_ANSWER_HELO 0x2000u
#define NO_ANSWER_MAIL 0x4000u
#define NO_ANSWER_BODY 0x80000u
#define NO_ANSWERS                                                                                 \
	(NO_ANSWER_HEADER | NO_ANSWER_CONNECT | NO_ANSWER_HELO | NO_ANSWER_MAIL | NO_ANSWER_BODY)

void milter_init(struct milter *m, int in, int out)
{
	*m = (struct milter){ .in = in, .out = out, .data = BUF_INIT };
}

void milter_fini(struct milter *m)
{
	buf_fini(&m->data);
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

bool milter_next(struct milter *m, int *command_r, struct str *data_r, struct err *err)
{
	char head[5];

	if (!read_all(m->in, head, sizeof(head)))
		return false;
	uint32_t n = get_u32(head);
	if (n == 0 || n > PACKET_MAX)
		return err_set(err, ERR_DATA, "a milter packet of %" PRIu32 " bytes", n);
	buf_reset(&m->data);
	buf_reserve(&m->data, n);
	if (!read_all(m->in, m->data.p, n - 1))
		return false;
	*command_r = (unsigned char)head[4];
	*data_r = (struct str){ m->data.p, n - 1 };
	return true;
}

static bool say(struct milter *m, char command, const struct buf *data)
{
	autobuf struct buf out = BUF_INIT;

	add_u32(&out, (uint32_t)(1 + (data ? data->n : 0)));
	buf_addc(&out, command);
	if (data)
		buf_add(&out, data->p, data->n);
	return write_all(m->out, out.p, out.n);
}

bool milter_negotiate(struct milter *m, struct str data, uint32_t unwanted, struct err *err)
{
	autobuf struct buf out = BUF_INIT;

	if (data.n < 12 || get_u32(data.p) < VERSION || (get_u32(data.p + 4) & ACTIONS) != ACTIONS)
		return err_set(err, ERR_DATA, "the mail server does not offer what is needed");
	m->flags = get_u32(data.p + 8) & (unwanted | NO_ANSWERS);
	add_u32(&out, VERSION);
	add_u32(&out, ACTIONS);
	add_u32(&out, m->flags);
	return say(m, 'O', &out) || err_set(err, ERR_IO, "the connection is gone");
}

static uint32_t no_answer_flag(int command)
{
	switch (command) {
	case MILTER_CONNECT:
		return NO_ANSWER_CONNECT;
	case MILTER_HELO:
		return NO_ANSWER_HELO;
	case MILTER_MAIL:
		return NO_ANSWER_MAIL;
	case MILTER_HEADER:
		return NO_ANSWER_HEADER;
	case MILTER_BODY:
		return NO_ANSWER_BODY;
	default:
		return 0;
	}
}

bool milter_continue(struct milter *m, int command)
{
	return (m->flags & no_answer_flag(command)) != 0 || say(m, 'c', NULL);
}

bool milter_tempfail(struct milter *m)
{
	return say(m, 't', NULL);
}

bool milter_reply(struct milter *m, const char *reply)
{
	autobuf struct buf out = BUF_INIT;

	buf_add(&out, reply, strlen(reply) + 1);
	return say(m, 'y', &out);
}

bool milter_add_header(struct milter *m, const char *name, const char *value)
{
	autobuf struct buf out = BUF_INIT;

	buf_add(&out, name, strlen(name) + 1);
	buf_add(&out, value, strlen(value) + 1);
	return say(m, 'h', &out);
}

bool milter_change_header(struct milter *m, uint32_t index, const char *name, const char *value)
{
	autobuf struct buf out = BUF_INIT;

	add_u32(&out, index);
	buf_add(&out, name, strlen(name) + 1);
	buf_add(&out, value ? value : "", value ? strlen(value) + 1 : 1);
	return say(m, 'm', &out);
}

bool milter_next_text(struct str *data, struct str *text_r)
{
	const char *nul = data->n > 0 ? memchr(data->p, '\0', data->n) : NULL;

	if (nul == NULL)
		return false;
	*text_r = (struct str){ data->p, (size_t)(nul - data->p) };
	data->n -= text_r->n + 1;
	data->p = nul + 1;
	return true;
}
