/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	log - our own log lines, one event a line
 *
 *	2026-05-04T10:11:12.123456+00:00 mail mailserver[1]: warning: text
 *
 * Written with a single write(2) to stderr. log_to_syslog() is called by the long-running
 * processes so that the line also reaches mail.log once rsyslog runs (then the line goes to
 * /dev/log *instead of* stderr, because rsyslog copies it to the container's output).
 *
 * ERRORS
 *	A line that can't be written is lost; logging never fails its caller.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_LVL_ERROR, LOG_LVL_WARN, LOG_LVL_INFO, LOG_LVL_DEBUG, LOG_LVL_TRACE };

/* Program name in the lines (default "mailserver") and the threshold (default INFO). The text
 * must be static. */
void log_init(const char *program, enum log_level threshold);
void log_set_threshold(enum log_level threshold);
/* "error" "warn" "info" "debug" "trace"; false for other words. */
bool log_level_parse(const char *word, enum log_level *level_r);
/* Format of CLI commands: "WARN  text" style lines without time stamp when `plain`. */
void log_set_plain(bool plain);
/* From now on lines go to the syslog socket at `path` (normally /dev/log), facility mail; while
 * nobody listens there they go to stderr. */
void log_to_syslog(const char *path);
/* Undoes log_to_syslog(): for what is said when the receiver is about to be killed and would not
 * pass it on. */
void log_to_stderr(void);

void log_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_at(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
