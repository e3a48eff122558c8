/* SPDX-License-Identifier: MIT */
/*
 * One poll loop over all connections; each asking goes CONNECT → TALK → DONE, or back to CONNECT
 * after a PAUSE.
 */
#include <poll.h>
#include <sys/socket.h>

#include <openssl/ssl.h>

#include "base/proc.h"
#include "plan/channel.h"
#include "plan/control.h"
#include "plan/probe.h"
#include "plan/talk.h"

/* Pauses while services start. The kernel tells nobody when a port begins to listen, so it is
 * tried: a refused connection costs some ten microseconds. An answer that is not good yet costs
 * the service more and is asked for less often. */
#define TRANSFER_PORT 25 /* where nobody logs in */
#define PAUSE_REFUSED_MS 10
#define PAUSE_BAD_MS 250

#define ANSWER_MAX ((size_t)256 << 10)

/* SMFIC_OPTNEG with version 6 and everything offered, as some milters leave when what they need is not; SMFIC_QUIT.
 * SOURCE: sendmail's mfdef.h. */
static const char milter_say[] = "\0\0\0\015O\0\0\0\006\0\0\001\377\0\037\377\377\0\0\0\001Q";
#define MILTER_SAY_N (sizeof(milter_say) - 1)
/* Four bytes of length, then the command: 'O' again. */
#define MILTER_COMMAND_AT 4

enum phase { PHASE_CONNECT, PHASE_TALK, PHASE_PAUSE, PHASE_DONE };

struct asking {
	const struct service_probe *probe;
	struct probe_report *report;
	enum phase phase;
	bool ipv6;
	struct channel channel;
	struct talk talk;
	struct buf heard;
	const char *say; /* what is still to be sent */
	size_t say_n;
	int64_t begun_ms, retry_ms;
	char request[CONTROL_REQUEST_MAX];
};

struct run {
	struct asking asking[PROBES_MAX];
	size_t n;
	const struct probe_options *options;
	SSL_CTX *tls;
	int64_t deadline_ms;
};

void probe_label(const struct service_probe *probe, char *out, size_t size)
{
	if (probe->port > 0)
		(void)snprintf(out, size, "%s (port %d)", probe->name, probe->port);
	else
		(void)snprintf(out, size, "%s (%s)", probe->name, probe->path);
}

static void finish(struct asking *a, bool ok, const char *why)
{
	a->report->ok = ok;
	a->report->took_ms = (int)(now_ms() - a->begun_ms);
	(void)snprintf(a->report->text, sizeof(a->report->text), "%s", why);
	channel_close(&a->channel);
	a->phase = PHASE_DONE;
}

static void fail(struct run *r, struct asking *a, const char *why)
{
	bool refused = a->channel.refused;

	finish(a, false, why);
	if (!r->options->keep_trying)
		return;
	a->phase = PHASE_PAUSE;
	a->retry_ms = now_ms() + (refused ? PAUSE_REFUSED_MS : PAUSE_BAD_MS);
}

/* Whether a process has the socket open is all that is wanted. */
static bool touches_only(const struct service_probe *p)
{
	return p->kind == PROBE_UNIX && p->say == NULL;
}

/* False: the port serves a certificate that the caller does not expect. */
static bool is_expected(const struct probe_certs *certs, const struct asking *a)
{
	if (certs == NULL || a->channel.leaf_id[0] == '\0')
		return true;
	for (const int *port = certs->others; port && *port > 0; port++)
		if (*port == a->probe->port)
			return true;
	for (size_t i = 0; certs->leaf_ids[i]; i++)
		if (streq(certs->leaf_ids[i], a->channel.leaf_id))
			return true;
	return false;
}

/* The conversation was good; the certificate may be none to leave it at. */
static void finish_talk(struct run *r, struct asking *a)
{
	memcpy(a->report->leaf_id, a->channel.leaf_id, sizeof(a->report->leaf_id));
	if (!is_expected(r->options->certs, a)) {
		finish(a, false,
		       "serves another certificate than it should: it has not taken over the new one");
		a->phase = PHASE_PAUSE;
		a->retry_ms = now_ms() + PAUSE_BAD_MS;
	} else {
		finish(a, true, "");
	}
}

static void open_channel(struct run *r, struct asking *a)
{
	const struct service_probe *p = a->probe;
	enum channel_result result;

	channel_close(&a->channel);
	a->channel.server_name = r->options->certs ? r->options->certs->server_name : NULL;
	a->phase = PHASE_CONNECT;
	if (touches_only(p)) {
		if (channel_touch_path(&a->channel, p->path))
			finish(a, true, "");
		else
			fail(r, a, a->channel.why);
		return;
	}
	result = p->port > 0
			 ? channel_open_port(&a->channel, p->port, a->ipv6, p->tls ? r->tls : NULL)
			 : channel_open_path(&a->channel, p->path);
	if (result != CHANNEL_BROKEN)
		return;
	if (p->port > 0 && a->channel.refused && !a->ipv6) {
		a->ipv6 = true;
		open_channel(r, a);
		return;
	}
	/* Without IPv6 on this host the refusal of 127.0.0.1 is what counts. */
	if (a->ipv6 && !a->channel.refused) {
		a->channel.refused = true;
		fail(r, a, "connection refused");
		return;
	}
	fail(r, a, a->channel.why);
}

static bool is_mail(enum probe_kind kind)
{
	return kind != PROBE_UNIX && kind != PROBE_MILTER && kind != PROBE_PROGRAMS;
}

/* The other side is to end the connection, as it does with a client that has gone. */
static bool wants_hangup(const struct service_probe *p)
{
	return p->kind == PROBE_UNIX && p->say && *p->say == '\0';
}

static void ask(struct run *r, struct asking *a)
{
	a->ipv6 = false;
	buf_reset(&a->heard);
	a->say = NULL;
	a->say_n = 0;
	if (is_mail(a->probe->kind))
		talk_init(&a->talk, a->probe->kind,
			  a->probe->port != TRANSFER_PORT && !a->probe->no_login, a->probe->tls);
	if (a->probe->kind == PROBE_PROGRAMS) {
		a->say_n = control_request(a->request, sizeof(a->request));
		a->say = a->request;
	}
	if (a->probe->kind == PROBE_MILTER) {
		a->say = milter_say;
		a->say_n = MILTER_SAY_N;
	}
	if (a->probe->kind == PROBE_UNIX && a->probe->say) {
		a->say = a->probe->say;
		a->say_n = strlen(a->probe->say);
	}
	open_channel(r, a);
}

/* What the server said before the handshake must not count as said after it. */
static void encrypt(struct run *r, struct asking *a)
{
	if (a->heard.n > 0)
		fail(r, a, "the server speaks on where TLS should begin");
	else if (channel_encrypt(&a->channel, r->tls) == CHANNEL_BROKEN)
		fail(r, a, a->channel.why);
	else
		a->phase = PHASE_CONNECT;
}

/* Takes the next line, without its CR LF, off heard[*used…]; false when none is complete. */
static bool next_line(const struct buf *heard, size_t *used, struct str *line_r)
{
	const char *line = heard->p + *used, *lf = memchr(line, '\n', heard->n - *used);
	size_t n;

	if (lf == NULL)
		return false;
	n = (size_t)(lf - line);
	*used += n + 1;
	*line_r = (struct str){ line, n > 0 && line[n - 1] == '\r' ? n - 1 : n };
	return true;
}

/* Feeds whole lines to the conversation; what is left stays in heard. */
static void hear_lines(struct run *r, struct asking *a)
{
	enum talk_state state = TALK_MORE;
	struct str line;
	size_t used = 0;

	while (state == TALK_MORE && a->say_n == 0 && next_line(&a->heard, &used, &line)) {
		state = talk_hear(&a->talk, line, &a->say);
		a->say_n = a->say ? strlen(a->say) : 0;
	}
	memmove(a->heard.p, a->heard.p + used, a->heard.n - used);
	buf_truncate(&a->heard, a->heard.n - used);
	if (state == TALK_OK)
		finish_talk(r, a);
	else if (state == TALK_BAD && a->talk.relays) {
		a->report->relays = true;
		finish(a, false, a->talk.why); /* asking again makes it no better */
	} else if (state == TALK_BAD)
		fail(r, a, a->talk.why);
	else if (state == TALK_TLS)
		encrypt(r, a);
	else if (a->heard.n > TALK_LINE_MAX)
		fail(r, a, "the answer is no text line");
}

static void judge_programs(struct run *r, struct asking *a)
{
	static const char *const none[] = { NULL };
	struct str answer = { a->heard.p, a->heard.n };
	char why[sizeof(a->report->text)];

	if (control_judge(answer, r->options->programs ? r->options->programs : none, why,
			  sizeof(why)))
		finish(a, true, "");
	else
		fail(r, a, why);
}

/* Done as soon as enough was heard; `end`: no more will come. */
static void judge_answer(struct run *r, struct asking *a, bool end)
{
	const char *expect = a->probe->expect;
	size_t wanted = a->probe->kind == PROBE_MILTER ? MILTER_COMMAND_AT + 1 : strlen(expect);
	bool good = a->heard.n >= wanted &&
		    (a->probe->kind == PROBE_MILTER ? a->heard.p[MILTER_COMMAND_AT] == 'O'
						    : memcmp(a->heard.p, expect, wanted) == 0);
	struct str rest = { a->heard.p, a->heard.n }, line = rest;
	char quoted[80], why[160];

	if (good) {
		finish(a, true, "");
	} else if (a->heard.n >= wanted || (end && a->heard.n > 0)) {
		(void)str_next_line(&rest, &line);
		talk_quote(line, quoted, sizeof(quoted));
		(void)snprintf(why, sizeof(why), "the question was answered with %s", quoted);
		fail(r, a, why);
	} else if (end) {
		fail(r, a, "connection closed");
	}
}

/* An answer that nobody has asked for is none. */
static void judge_hangup(struct run *r, struct asking *a, bool end)
{
	if (end && a->heard.n == 0)
		finish(a, true, "");
	else if (a->heard.n > 0)
		fail(r, a, "it speaks without being asked");
}

static void hear_answer(struct run *r, struct asking *a)
{
	enum channel_result result;
	char part[256];
	size_t n = 0;

	while (a->phase == PHASE_TALK) {
		result = channel_read(&a->channel, part, sizeof(part), &n);
		if (result == CHANNEL_AGAIN)
			return;
		if (result == CHANNEL_BROKEN) {
			fail(r, a, a->channel.why);
			return;
		}
		if (result == CHANNEL_DONE)
			buf_add(&a->heard, part, n);
		if (wants_hangup(a->probe))
			judge_hangup(r, a, result == CHANNEL_END);
		else
			judge_answer(r, a, result == CHANNEL_END);
	}
}

static void hear(struct run *r, struct asking *a)
{
	bool programs = a->probe->kind == PROBE_PROGRAMS;
	enum channel_result result;
	char part[4096];
	size_t n = 0;

	if (!programs && !is_mail(a->probe->kind)) {
		hear_answer(r, a);
		return;
	}
	if (!programs)
		hear_lines(r, a);
	while (a->phase == PHASE_TALK && a->say_n == 0) {
		result = channel_read(&a->channel, part, sizeof(part), &n);
		if (result == CHANNEL_AGAIN)
			return;
		if (result == CHANNEL_DONE)
			buf_add(&a->heard, part, n);
		if (programs && (result == CHANNEL_END ||
				 control_is_complete((struct str){ a->heard.p, a->heard.n })))
			judge_programs(r, a);
		else if (result != CHANNEL_DONE)
			fail(r, a, result == CHANNEL_END ? "connection closed" : a->channel.why);
		else if (a->heard.n > ANSWER_MAX)
			fail(r, a, "the answer is too long");
		else if (!programs)
			hear_lines(r, a);
	}
}

/* Sends what is due; false when that has to wait or has failed. */
static bool speak(struct run *r, struct asking *a)
{
	size_t n = 0;

	while (a->say_n > 0) {
		switch (channel_write(&a->channel, a->say, a->say_n, &n)) {
		case CHANNEL_DONE:
			a->say += n;
			a->say_n -= n;
			break;
		case CHANNEL_AGAIN:
			return false;
		case CHANNEL_END:
			fail(r, a, "connection closed");
			return false;
		case CHANNEL_BROKEN:
			fail(r, a, a->channel.why);
			return false;
		}
	}
	a->channel.events = POLLIN;
	return true;
}

static void connect_on(struct run *r, struct asking *a)
{
	enum channel_result result = channel_advance(&a->channel);

	if (result == CHANNEL_BROKEN && a->channel.refused && a->probe->port > 0 && !a->ipv6) {
		a->ipv6 = true;
		open_channel(r, a);
	} else if (result == CHANNEL_BROKEN) {
		fail(r, a, a->channel.why);
	} else if (result == CHANNEL_DONE && a->channel.expired && !r->options->take_expired) {
		fail(r, a, "the certificate has expired");
	} else if (result == CHANNEL_DONE) {
		if (a->channel.ssl && !a->talk.tls) {
			talk_encrypted(&a->talk, &a->say);
			a->say_n = a->say ? strlen(a->say) : 0;
		}
		if (wants_hangup(a->probe))
			(void)shutdown(a->channel.fd, SHUT_WR);
		a->phase = PHASE_TALK;
	}
}

/* As far as possible now: what was read may be answered, and TLS may follow. */
static void advance(struct run *r, struct asking *a)
{
	for (;;) {
		if (a->phase == PHASE_CONNECT)
			connect_on(r, a);
		if (a->phase != PHASE_TALK || !speak(r, a))
			return;
		hear(r, a);
		if (a->phase == PHASE_TALK && a->say_n == 0)
			return;
	}
}

static void give_up(struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct asking *a = &r->asking[i];
		char why[80];
		if (a->phase == PHASE_DONE)
			continue;
		(void)snprintf(why, sizeof(why), "%s within %d ms",
			       a->phase != PHASE_CONNECT ? "no answer"
			       : a->channel.connected	 ? "no TLS handshake"
							 : "no connection",
			       r->options->deadline_ms);
		/* The report says why the last try failed; one that has just begun knows no better. */
		if (a->phase == PHASE_PAUSE ||
		    (a->phase == PHASE_CONNECT && a->report->text[0] != '\0')) {
			channel_close(&a->channel);
			a->phase = PHASE_DONE;
		} else
			finish(a, false, why);
	}
}

/* Waits for the next thing to do and does it; false when nothing is left or time is up. */
static bool turn(struct run *r)
{
	struct pollfd fds[PROBES_MAX];
	int64_t now = now_ms(), until = r->deadline_ms;
	size_t left = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct asking *a = &r->asking[i];
		if (a->phase == PHASE_PAUSE && a->retry_ms <= now)
			ask(r, a);
		fds[i] = (struct pollfd){ .fd = a->phase < PHASE_PAUSE ? a->channel.fd : -1,
					  .events = a->channel.events };
		if (a->phase == PHASE_PAUSE && a->retry_ms < until)
			until = a->retry_ms;
		left += a->phase != PHASE_DONE;
	}
	if (left == 0 || now >= r->deadline_ms)
		return false;
	if (poll(fds, (nfds_t)r->n, until > now ? (int)(until - now) : 0) < 0 && errno != EINTR)
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (fds[i].fd >= 0 && fds[i].revents != 0)
			advance(r, &r->asking[i]);
	return true;
}

size_t probe_run(const struct service_probe *const *list, size_t n,
		 const struct probe_options *options, struct probe_report *reports_r)
{
	struct arena arena;
	struct run *r;
	size_t failed = 0;

	if (n > PROBES_MAX)
		BUG("%zu probes", n);
	(void)signal(SIGPIPE, SIG_IGN);
	arena_init(&arena, "probes");
	r = ARENA_NEW(&arena, struct run);
	r->n = n;
	r->options = options;
	r->deadline_ms = now_ms() + options->deadline_ms;
	r->tls = channel_tls();
	for (size_t i = 0; i < n; i++) {
		struct asking *a = &r->asking[i];
		reports_r[i] = (struct probe_report){ .probe = list[i] };
		*a = (struct asking){ .probe = list[i],
				      .report = &reports_r[i],
				      .channel = CHANNEL_INIT,
				      .begun_ms = now_ms() };
		buf_init(&a->heard);
		ask(r, a);
	}
	while (turn(r))
		;
	give_up(r);
	for (size_t i = 0; i < n; i++) {
		buf_fini(&r->asking[i].heard);
		failed += !reports_r[i].ok;
	}
	SSL_CTX_free(r->tls);
	arena_fini(&arena);
	return failed;
}

static bool is_late(const struct service_probe *probe)
{
	return probe->late || probe->kind == PROBE_PROGRAMS;
}

size_t probe_list(const struct plan *plan, enum probe_choice choice,
		  const struct service_probe **list)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->probes.n && n < PROBES_MAX; i++)
		if (choice == PROBE_ALL ? plan->probes.v[i].probe->kind != PROBE_RELAY
					: !is_late(plan->probes.v[i].probe))
			list[n++] = plan->probes.v[i].probe;
	return n;
}

const char *const *probe_programs(const struct plan *plan)
{
	const char **names = arena_array(plan->arena, plan->programs.n + 1, sizeof(*names));

	for (size_t i = 0; i < plan->programs.n; i++)
		names[i] = plan->programs.v[i].service->name;
	return names;
}

bool probe_is_mail_port(const struct service_probe *p)
{
	return p->port > 0 && (p->kind == PROBE_SMTP || p->kind == PROBE_IMAP ||
			       p->kind == PROBE_POP3 || p->kind == PROBE_SIEVE);
}
