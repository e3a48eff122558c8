/* SPDX-License-Identifier: MIT */
/*
 * One connection for one question: the request is written whole, then the answer is read until the
 * daemon closes. Only headers come back, so an answer is small.
 */
#include "spamassassin/spamd.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/unix_address.h"

#define ANSWER_MAX ((size_t)1 << 20)
/* Nobody tells that a socket is listened to. */
#define RETRY_MS 20
#define SCORE_MAX 1e6

/* A spamd that is just starting is not there yet, or not listening; one with too much to do lets nobody in. */
static bool may_come(int error)
{
	return error == ENOENT || error == ECONNREFUSED || error == EAGAIN;
}

static int open_socket(const char *path, int64_t until_ms, struct err *err)
{
	struct sockaddr_un address;
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (!unix_address(&address, "%s", path)) {
		(void)err_set(err, ERR_CONFIG, "%s: too long for a socket", path);
		return -1;
	}
	while (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		if (fd < 0 || !may_come(errno) || now_ms() >= until_ms) {
			(void)err_sys(err, ERR_TEMP, "connect to %s", path);
			return -1;
		}
		(void)poll(NULL, 0, RETRY_MS);
	}
	return steal_fd(&fd);
}

/* Waits until the descriptor is ready; false when time is up. */
static bool wait_for(int fd, short events, int64_t deadline_ms, struct err *err)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline_ms - now_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (n > 0)
			return true;
		if (n == 0)
			return err_set(err, ERR_TEMP, "spamd does not answer in time");
		if (errno != EINTR)
			return err_sys(err, ERR_TEMP, "poll");
	}
}

static bool send_all(int fd, const struct buf *request, int64_t deadline_ms, struct err *err)
{
	size_t sent = 0;

	while (sent < request->n) {
		ssize_t n = send(fd, request->p + sent, request->n - sent, MSG_NOSIGNAL);
		if (n >= 0)
			sent += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return err_sys(err, ERR_TEMP, "write to spamd");
		else if (!wait_for(fd, POLLOUT, deadline_ms, err))
			return false;
	}
	return shutdown(fd, SHUT_WR) == 0 || err_sys(err, ERR_TEMP, "write to spamd");
}

static bool read_answer(int fd, struct buf *out, int64_t deadline_ms, struct err *err)
{
	char part[8192];

	for (;;) {
		ssize_t n = read(fd, part, sizeof(part));
		if (n == 0)
			return true;
		if (n > 0)
			buf_add(out, part, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			return err_sys(err, ERR_TEMP, "read from spamd");
		else if (!wait_for(fd, POLLIN, deadline_ms, err))
			return false;
		if (out->n > ANSWER_MAX)
			return err_set(err, ERR_TEMP, "spamd's answer is too long");
	}
}

static bool ask(const char *socket, const char *command, struct str message, int wait_ms,
		int timeout_ms, struct buf *answer, struct err *err)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	autobuf struct buf request = BUF_INIT;
	autoclose int fd = open_socket(socket, now_ms() + wait_ms, err);

	if (fd < 0)
		return false;
	buf_printf(&request, "%sContent-length: %zu\r\n\r\n", command, message.n);
	buf_add(&request, message.p, message.n);
	return send_all(fd, &request, deadline_ms, err) &&
	       read_answer(fd, answer, deadline_ms, err);
}

static bool has_name(struct str line, const char *name)
{
	size_t n = strlen(name);

	return line.n >= n && strncasecmp(line.p, name, n) == 0;
}

/* "SPAMD/1.1 0 EX_OK" */
static bool check_first_line(struct str *rest, struct err *err)
{
	struct str line, word;

	if (!str_next_line(rest, &line) || !has_name(line, "SPAMD/"))
		return err_set(err, ERR_TEMP, "spamd's answer is none");
	struct str words = line;
	if (!str_next_word(&words, " ", &word) || !str_next_word(&words, " ", &word) ||
	    !str_is(word, "0"))
		return err_set(err, ERR_TEMP, "spamd answers '%.*s'", (int)line.n, line.p);
	return true;
}

/* "True ; 15.0 / 5.0" */
static bool parse_spam(struct arena *a, struct str value, struct spamd_verdict *v)
{
	struct str word;
	char *end;

	if (!str_next_word(&value, " ;", &word))
		return false;
	v->spam = has_name(word, "True") || has_name(word, "Yes");
	if (!str_next_word(&value, " ;/", &word))
		return false;
	v->score_text = str_dup(a, word);
	v->score = strtod(v->score_text, &end);
	return *end == '\0' && end != v->score_text && v->score >= -SCORE_MAX &&
	       v->score <= SCORE_MAX;
}

static bool is_fold(struct str line)
{
	return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* The value of the first header of that name, its lines joined with "\n\t". */
static const char *find_header(struct arena *a, struct str text, const char *name)
{
	autobuf struct buf out = BUF_INIT;
	bool inside = false;
	struct str line;

	while (str_next_line(&text, &line) && line.n > 0) {
		if (inside && !is_fold(line))
			break;
		if (inside) {
			struct str trimmed = str_trim(line);
			buf_printf(&out, "\n\t%.*s", (int)trimmed.n, trimmed.p);
		} else if (has_name(line, name)) {
			inside = true;
			struct str value = str_trim(
				(struct str){ line.p + strlen(name), line.n - strlen(name) });
			buf_add(&out, value.p, value.n);
		}
	}
	return inside ? buf_dup(a, &out) : NULL;
}

bool spamd_parse(struct arena *a, struct str answer, struct spamd_verdict *verdict_r,
		 struct err *err)
{
	struct spamd_verdict v = { .score_text = NULL };
	struct str rest = answer, line;

	if (answer.n > 0 && memchr(answer.p, '\0', answer.n))
		return err_set(err, ERR_TEMP, "spamd's answer is no text");
	if (!check_first_line(&rest, err))
		return false;
	while (str_next_line(&rest, &line) && line.n > 0)
		if (has_name(line, "Spam:") &&
		    !parse_spam(a, (struct str){ line.p + 5, line.n - 5 }, &v))
			return err_set(err, ERR_TEMP, "spamd answers '%.*s'", (int)line.n, line.p);
	v.status = find_header(a, rest, "X-Spam-Status:");
	if (v.score_text == NULL || v.status == NULL)
		return err_set(err, ERR_TEMP, "spamd's answer has no verdict");
	*verdict_r = v;
	return true;
}

bool spamd_score(struct arena *a, const char *socket, struct str message, int wait_ms,
		 int timeout_ms, struct spamd_verdict *verdict_r, struct err *err)
{
	autobuf struct buf answer = BUF_INIT;

	return ask(socket, "HEADERS SPAMC/1.5\r\n", message, wait_ms, timeout_ms, &answer, err) &&
	       spamd_parse(a, (struct str){ answer.p, answer.n }, verdict_r, err);
}

bool spamd_learn(struct arena *a, const char *socket, const char *class, struct str message,
		 int timeout_ms, struct err *err)
{
	autobuf struct buf answer = BUF_INIT;
	const char *command =
		arena_printf(a, "TELL SPAMC/1.5\r\nMessage-class: %s\r\nSet: local\r\n", class);
	struct str rest;

	if (!ask(socket, command, message, 0, timeout_ms, &answer, err))
		return false;
	rest = (struct str){ answer.p, answer.n };
	return check_first_line(&rest, err);
}
