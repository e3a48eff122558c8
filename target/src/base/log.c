/* SPDX-License-Identifier: MIT */
/*
 * One line = one buffer on the stack = one write(2) or one datagram; nothing is allocated, so PID 1
 * may log at any time. Control characters in the text become blanks, so nobody can forge a line. A
 * text that is too long ends in "...".
 *
 * The socket is not connected: each line names its receiver, so a restart of the syslog daemon
 * needs no action here. A full or absent receiver sends the line to stderr.
 *
 * LIMITS
 *	LINE_MAX_BYTES a line.
 *
 * SOURCES
 *	RFC 3164 §4.1 (PRI, TIMESTAMP, TAG; the local receiver adds the host name); RFC 3339 §5.6;
 *	unix(7); syslog(3) for facility and level numbers.
 */
#include "base/log.h"

#include "base/err.h"
#include "base/str.h"
#include "base/unix_address.h"

#include <sys/socket.h>
#include <sys/utsname.h>
#include <syslog.h>

#define LINE_MAX_BYTES 2048

struct line {
	char p[LINE_MAX_BYTES];
	size_t n;
	bool full;
};

/* The state of the log of this process; the one global beside constant tables. */
static struct {
	const char *program;
	enum log_level threshold;
	bool plain;
	int fd; /* syslog socket, -1 = none */
	struct sockaddr_un to;
} state = { .program = "mailserver", .threshold = LOG_LVL_INFO, .plain = false, .fd = -1 };

static const struct {
	const char *word;   /* as in LOG_LEVEL */
	const char *plain;  /* for people at a terminal */
	const char *prefix; /* in a log file, as mail daemons write it */
	int priority;
} levels[] = {
	[LOG_LVL_ERROR] = { "error", "ERROR", "error: ", LOG_ERR },
	[LOG_LVL_WARN] = { "warn", "WARN", "warning: ", LOG_WARNING },
	[LOG_LVL_INFO] = { "info", "INFO", "", LOG_INFO },
	[LOG_LVL_DEBUG] = { "debug", "DEBUG", "debug: ", LOG_DEBUG },
	[LOG_LVL_TRACE] = { "trace", "TRACE", "trace: ", LOG_DEBUG },
};

static void PRINTF_LIKE(2, 0) line_vadd(struct line *l, const char *fmt, va_list ap)
{
	size_t room = sizeof(l->p) - l->n;
	int n = vsnprintf(l->p + l->n, room, fmt, ap);
	if (n < 0)
		return;
	l->full = (size_t)n >= room;
	l->n = l->full ? sizeof(l->p) - 1 : l->n + (size_t)n;
}

static void PRINTF_LIKE(2, 3) line_add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	line_vadd(l, fmt, ap);
	va_end(ap);
}

/* Host name up to its first dot, as syslog daemons write it. */
static void add_host(struct line *l)
{
	struct utsname u;
	if (uname(&u) < 0)
		line_add(l, "localhost ");
	else
		line_add(l, "%.*s ", (int)strcspn(u.nodename, "."), u.nodename);
}

/* "2026-05-04T10:11:12.123456+00:00 " */
static void add_time(struct line *l)
{
	struct timespec now = { 0 };
	struct tm tm = { 0 };
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (!localtime_r(&now.tv_sec, &tm))
		return;
	char date[32] = "", zone[8] = "";
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)strftime(zone, sizeof(zone), "%z", &tm);
	line_add(l, "%s.%06ld%.3s:%s ", date, now.tv_nsec / 1000, zone,
		 strlen(zone) == 5 ? zone + 3 : "00");
}

static void clean(struct line *l, size_t from)
{
	for (size_t i = from; i < l->n; i++) {
		unsigned char c = (unsigned char)l->p[i];
		if (c < 0x20 || c == 0x7f)
			l->p[i] = ' ';
	}
	if (!l->full)
		return;
	/* Room for "...\n", and no half of a UTF-8 character before it. */
	size_t cut = sizeof(l->p) - 5;
	while (cut > 0 && ((unsigned char)l->p[cut] & 0xc0) == 0x80)
		cut--;
	memcpy(l->p + cut, "...", 4);
	l->n = cut + 3;
}

/* One datagram; false = nobody took it. */
static bool PRINTF_LIKE(2, 0) send_syslog(enum log_level level, const char *fmt, va_list ap)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct line l = { .n = 0 };
	time_t now = time(NULL);
	struct tm tm = { 0 };
	if (!localtime_r(&now, &tm))
		return false;
	line_add(&l, "<%d>%s %2d %02d:%02d:%02d %s[%ld]: ", LOG_MAIL | levels[level].priority,
		 months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, state.program,
		 (long)getpid());
	size_t text = l.n;
	line_add(&l, "%s", levels[level].prefix);
	line_vadd(&l, fmt, ap);
	clean(&l, text);
	return sendto(state.fd, l.p, l.n, MSG_NOSIGNAL | MSG_DONTWAIT,
		      (const struct sockaddr *)&state.to, sizeof(state.to)) >= 0;
}

static void PRINTF_LIKE(2, 0) write_stderr(enum log_level level, const char *fmt, va_list ap)
{
	struct line l = { .n = 0 };
	if (state.plain) {
		line_add(&l, "%-5s ", levels[level].plain);
	} else {
		add_time(&l);
		add_host(&l);
		line_add(&l, "%s[%ld]: ", state.program, (long)getpid());
		line_add(&l, "%s", levels[level].prefix);
	}
	size_t text = l.n;
	line_vadd(&l, fmt, ap);
	clean(&l, text);
	/* clean() leaves room for this byte when full; otherwise there is the terminator's. */
	l.p[l.n++] = '\n';
	ssize_t ignored = write(STDERR_FILENO, l.p, l.n); /* a lost line is lost, see log.h */
	(void)ignored;
}

static void PRINTF_LIKE(2, 0) log_vat(enum log_level level, const char *fmt, va_list ap)
{
	if (level > state.threshold)
		return;
	int saved = errno;
	va_list again;
	va_copy(again, ap);
	if (state.fd < 0 || !send_syslog(level, fmt, ap))
		write_stderr(level, fmt, again);
	va_end(again);
	errno = saved;
}

void log_init(const char *program, enum log_level threshold)
{
	state.program = program;
	state.threshold = threshold;
}

void log_set_threshold(enum log_level threshold)
{
	state.threshold = threshold;
}

bool log_level_parse(const char *word, enum log_level *level_r)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (streq(word, levels[i].word)) {
			*level_r = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_set_plain(bool plain)
{
	state.plain = plain;
}

void log_to_syslog(const char *path)
{
	if (!unix_address(&state.to, "%s", path))
		BUG("socket path of %zu bytes", strlen(path));
	if (state.fd < 0)
		state.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

void log_to_stderr(void)
{
	if (state.fd >= 0)
		(void)close(state.fd);
	state.fd = -1;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	log_vat(level, fmt, ap);
	va_end(ap);
}

void log_error(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	log_vat(LOG_LVL_ERROR, fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	log_vat(LOG_LVL_WARN, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	log_vat(LOG_LVL_INFO, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	log_vat(LOG_LVL_DEBUG, fmt, ap);
	va_end(ap);
}
