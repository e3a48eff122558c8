/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	milter - the filter's side of the milter protocol, on two descriptors
 *
 *	struct milter m;
 *	milter_init(&m, STDIN_FILENO, STDOUT_FILENO);
 *	while (milter_next(&m, &command, &data, &err))
 *		switch (command) …
 *	milter_fini(&m);
 *
 * The first command is MILTER_OPTIONS, answered with milter_negotiate(). A step is answered with
 * milter_continue(), which says nothing where none is wanted. At MILTER_END the message may be
 * changed first.
 *
 * OWNERSHIP
 *	The data of a command are valid until the next.
 *
 * ERRORS
 *	milter_next() is false at the end of the connection (err untouched) and for a packet that is
 *	none (ERR_DATA). The others are false when the connection is gone.
 *
 * SOURCES
 *	sendmail's mfdef.h (packets, flags); Postfix MILTER_README.
 */
#ifndef BASE_MILTER_H
#define BASE_MILTER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum milter_command {
	MILTER_OPTIONS = 'O',
	MILTER_MACROS = 'D',  /* letter of the step, then NAME\0VALUE\0… */
	MILTER_CONNECT = 'C', /* NAME\0, family ('4', '6', 'L', 'U'), port (2 bytes), ADDRESS\0 */
	MILTER_HELO = 'H',
	MILTER_MAIL = 'M',   /* <ADDRESS>\0ARGUMENT\0… */
	MILTER_HEADER = 'L', /* NAME\0VALUE\0 */
	MILTER_BODY = 'B',
	MILTER_END = 'E',
	MILTER_ABORT = 'A',
	MILTER_QUIT = 'Q',
	MILTER_NEXT_CLIENT = 'K',
};

/* Steps of the protocol, for milter_negotiate(). */
#define MILTER_STEP_CONNECT 0x01u
#define MILTER_STEP_HELO 0x02u
#define MILTER_STEP_MAIL 0x04u
#define MILTER_STEP_RCPT 0x08u
#define MILTER_STEP_BODY 0x10u
#define MILTER_STEP_HEADERS 0x20u
#define MILTER_STEP_END_OF_HEADERS 0x40u
#define MILTER_STEP_UNKNOWN 0x100u
#define MILTER_STEP_DATA 0x200u

struct milter {
	int in, out;
	uint32_t flags; /* what was agreed on */
	struct buf data;
};

void milter_init(struct milter *m, int in, int out);
void milter_fini(struct milter *m);
bool milter_next(struct milter *m, int *command_r, struct str *data_r, struct err *err) MUST_CHECK;
/* Asks for the right to add and change headers, and for no answer to anything but the end of the
 * message. unwanted: steps to leave out. */
bool milter_negotiate(struct milter *m, struct str data, uint32_t unwanted, struct err *err)
	MUST_CHECK;
bool milter_continue(struct milter *m, int command) MUST_CHECK;
bool milter_tempfail(struct milter *m) MUST_CHECK;
/* "550 5.7.1 TEXT" */
bool milter_reply(struct milter *m, const char *reply) MUST_CHECK;
bool milter_add_header(struct milter *m, const char *name, const char *value) MUST_CHECK;
/* The index-th of that name, from 1; NULL removes it. */
bool milter_change_header(struct milter *m, uint32_t index, const char *name, const char *value)
	MUST_CHECK;

/* Takes the text before the next NUL off *data; false when there is none. */
bool milter_next_text(struct str *data, struct str *text_r);

#endif
