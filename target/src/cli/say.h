/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	say - messages of the administrator's commands
 *
 *	ERROR text
 *	WARN  text
 *	INFO  text
 *
 * One line each on stderr; the level is coloured on a terminal. LOG_LEVEL (of the environment) is
 * the threshold.
 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

void say_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void say_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void say_info(const char *fmt, ...) PRINTF_LIKE(1, 2);

struct buf;
/* Appends text as a JSON string with its quotes. */
void json_add_text(struct buf *out, const char *text);

#endif
