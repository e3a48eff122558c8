/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	ECMA-48 8.3.117 (SGR); RFC 8259 §7.
 */
#include "cli/say.h"

#include "base/buf.h"
#include "base/log.h"

static const struct {
	const char *word, *colour;
} levels[] = {
	[LOG_LVL_ERROR] = { "ERROR", "\033[1;31m" },
	[LOG_LVL_WARN] = { "WARN ", "\033[1;33m" },
	[LOG_LVL_INFO] = { "INFO ", "\033[0;34m" },
};

static void PRINTF_LIKE(2, 0) say(enum log_level level, const char *fmt, va_list ap)
{
	const char *wanted = getenv("LOG_LEVEL");
	enum log_level threshold = LOG_LVL_INFO;
	bool colour = isatty(STDERR_FILENO) == 1;
	autobuf struct buf line = BUF_INIT;

	if (wanted && !log_level_parse(wanted, &threshold))
		threshold = LOG_LVL_INFO;
	if (level > threshold)
		return;
	buf_printf(&line, "%s%s%s ", colour ? levels[level].colour : "", levels[level].word,
		   colour ? "\033[0m" : "");
	buf_vprintf(&line, fmt, ap);
	buf_addc(&line, '\n');
	(void)fflush(stdout);
	fputs(line.p, stderr);
}

void say_error(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(LOG_LVL_ERROR, fmt, ap);
	va_end(ap);
}

void say_warn(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(LOG_LVL_WARN, fmt, ap);
	va_end(ap);
}

void say_info(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(LOG_LVL_INFO, fmt, ap);
	va_end(ap);
}

void json_add_text(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (const char *c = text; *c; c++)
		if (*c == '"' || *c == '\\')
			buf_printf(out, "\\%c", *c);
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			buf_printf(out, "\\u%04x", (unsigned)(unsigned char)*c);
		else
			buf_addc(out, *c);
	buf_addc(out, '"');
}
