/* SPDX-License-Identifier: MIT */
/*
 * A message is put together again from what the MTA tells: SpamAssassin is shown a Received header
 * of the kind the MTA will add, because from it follow the tests of addresses and names.
 *
 * SOURCES
 *	Mail::SpamAssassin::Message::Metadata::Received (forms of Received that are understood);
 *	RFC 5321 §4.4.
 */
#include "spamassassin/milter.h"

#include <time.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/net.h"
#include "base/milter.h"
#include "spamassassin/spamd.h"

#define FILE_MAX 4096
#define LEVEL_MAX 50
#define FORGED_MAX 32
#define UNWANTED                                                                                   \
	(MILTER_STEP_RCPT | MILTER_STEP_END_OF_HEADERS | MILTER_STEP_UNKNOWN | MILTER_STEP_DATA)

struct forged {
	char name[64];
	uint32_t n;
};

struct session {
	const struct spam_milter *conf;
	struct milter m;
	struct arena arena; /* of one message */
	struct buf client, helo, sender, queue_id, host;
	struct buf headers, body;
	size_t size;
	bool neighbour; /* a client in a trusted network */
	bool trusted;	/* the user has logged in */
	struct forged forged[FORGED_MAX];
	size_t forged_n;
};

static bool parse_number(struct arena *a, struct str value, double *out)
{
	const char *text = str_dup(a, value);
	char *end;

	*out = strtod(text, &end);
	return end != text && *end == '\0';
}

static bool parse_trust(struct arena *a, struct str value, struct spam_trust_vec *out)
{
	struct spam_trust x = { .no = value.n > 0 && value.p[0] == '!' };
	const char *text = str_dup(a, value);

	if (!cidr_parse(text + x.no, &x.network))
		return false;
	*VEC_PUSH(a, out) = x;
	return true;
}

bool spam_milter_parse(struct arena *a, const char *file, const char *text,
		       struct spam_milter *conf_r, struct err *err)
{
	struct spam_milter c = { .socket = SPAMD_SOCKET };
	struct str rest = str_from(text), line, key, value;
	int64_t timeout_s = 0, wait_s = 0;
	bool ok = true, has_tag = false;

	while (ok && str_next_line(&rest, &line)) {
		if (str_trim(line).n == 0 || line.p[0] == '#')
			continue;
		ok = str_split(line, ' ', &key, &value);
		if (ok && str_is(key, "tag"))
			ok = has_tag = parse_number(a, value, &c.tag);
		else if (ok && str_is(key, "kill"))
			ok = c.refuses = parse_number(a, value, &c.kill);
		else if (ok && str_is(key, "timeout"))
			ok = parse_int64(str_dup(a, value), 1, 3600, &timeout_s);
		else if (ok && str_is(key, "wait"))
			ok = parse_int64(str_dup(a, value), 0, 3600, &wait_s);
		else if (ok && str_is(key, "socket"))
			c.socket = str_dup(a, value);
		else if (ok && str_is(key, "trust"))
			ok = parse_trust(a, value, &c.trust);
		else
			ok = false;
		if (!ok)
			return err_set(err, ERR_CONFIG, "%s: bad line '%.*s'", file, (int)line.n,
				       line.p);
	}
	if (!has_tag || timeout_s == 0)
		return err_set(err, ERR_CONFIG, "%s: tag and timeout are needed", file);
	c.timeout_ms = (int)timeout_s * 1000;
	c.wait_ms = (int)wait_s * 1000;
	*conf_r = c;
	return true;
}

/* Text of strangers in a header line of ours: no line breaks, nothing else that is not printable. */
static void set_text(struct buf *out, struct str text)
{
	buf_reset(out);
	for (size_t i = 0; i < text.n && i < 512; i++)
		buf_addc(out,
			 (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f ? '?' : text.p[i]);
}

static void forget_message(struct session *s)
{
	buf_reset(&s->sender);
	buf_reset(&s->headers);
	buf_reset(&s->body);
	s->size = 0;
	s->forged_n = 0;
	arena_fini(&s->arena);
	arena_init(&s->arena, "message");
}

static void forget_client(struct session *s)
{
	forget_message(s);
	buf_reset(&s->client);
	buf_reset(&s->helo);
	s->trusted = false;
	s->neighbour = false;
}

static void take_macros(struct session *s, struct str data)
{
	struct str name, value;

	if (data.n == 0)
		return;
	data.p++;
	data.n--;
	while (milter_next_text(&data, &name) && milter_next_text(&data, &value)) {
		if (str_is(name, "j"))
			set_text(&s->host, value);
		else if (str_is(name, "i"))
			set_text(&s->queue_id, value);
		else if (str_is(name, "{auth_type}") && value.n > 0)
			s->trusted = true;
	}
}

static bool is_trusted(const struct spam_trust_vec *list, const char *address)
{
	struct cidr c;

	if (!cidr_parse(address, &c))
		return false;
	for (size_t i = 0; i < list->n; i++)
		if (cidr_contains(&list->v[i].network, &c))
			return !list->v[i].no;
	return false;
}

/* "NAME [ADDRESS]", as in the MTA's Received headers. */
static void take_client(struct session *s, struct str data)
{
	autobuf struct buf name = BUF_INIT, address = BUF_INIT;
	struct str text;

	forget_client(s);
	if (!milter_next_text(&data, &text))
		return;
	set_text(&name, text.n > 0 && text.p[0] != '[' ? text : STR_LIT("unknown"));
	if (data.n < 3 || (data.p[0] != '4' && data.p[0] != '6'))
		return;
	bool ipv6 = data.p[0] == '6';
	data.p += 3;
	data.n -= 3;
	if (!milter_next_text(&data, &text))
		return;
	set_text(&address, text);
	bool prefixed = strncasecmp(address.p, "IPv6:", 5) == 0;
	s->neighbour = is_trusted(&s->conf->trust, address.p + (prefixed ? 5 : 0));
	buf_printf(&s->client, "%s [%s%s]", name.p, ipv6 && !prefixed ? "IPv6:" : "", address.p);
}

static void take_sender(struct session *s, struct str data)
{
	struct str text;

	forget_message(s);
	if (milter_next_text(&data, &text))
		set_text(&s->sender, text);
}

static void note_forged(struct session *s, struct str name)
{
	if (name.n < 6 || name.n >= sizeof(s->forged[0].name) || strncasecmp(name.p, "X-Spam", 6))
		return;
	for (size_t i = 0; i < s->forged_n; i++)
		if (strlen(s->forged[i].name) == name.n &&
		    strncasecmp(s->forged[i].name, name.p, name.n) == 0) {
			s->forged[i].n++;
			return;
		}
	if (s->forged_n == FORGED_MAX)
		return;
	struct forged *f = &s->forged[s->forged_n++];
	memcpy(f->name, name.p, name.n);
	f->name[name.n] = '\0';
	f->n = 1;
}

static void take_header(struct session *s, struct str data)
{
	struct str name, value;

	if (!milter_next_text(&data, &name) || !milter_next_text(&data, &value))
		return;
	note_forged(s, name);
	s->size += name.n + value.n + 4;
	if (s->size > SPAMD_MESSAGE_MAX)
		return;
	buf_add(&s->headers, name.p, name.n);
	buf_adds(&s->headers, ": ");
	for (size_t i = 0; i < value.n; i++) { /* folded with LF only */
		if (value.p[i] == '\n' && (i == 0 || value.p[i - 1] != '\r'))
			buf_addc(&s->headers, '\r');
		buf_addc(&s->headers, value.p[i]);
	}
	buf_adds(&s->headers, "\r\n");
}

static void take_body(struct session *s, struct str data)
{
	s->size += data.n;
	if (s->size <= SPAMD_MESSAGE_MAX)
		buf_add(&s->body, data.p, data.n);
}

static void put_together(struct session *s, struct buf *out)
{
	buf_printf(out, "Return-Path: %s\r\n", s->sender.n ? s->sender.p : "<>");
	if (s->client.n > 0)
		buf_printf(
			out,
			"Received: from %s (%s)\r\n\tby %s (Postfix) with ESMTP id %s;\r\n\t%s\r\n",
			s->helo.n ? s->helo.p : "unknown", s->client.p,
			s->host.n ? s->host.p : "localhost", s->queue_id.n ? s->queue_id.p : "0",
			email_date(&s->arena, (int64_t)time(NULL)));
	buf_add(out, s->headers.p, s->headers.n);
	buf_adds(out, "\r\n");
	buf_add(out, s->body.p, s->body.n);
}

static bool remove_forged(struct session *s)
{
	for (size_t i = 0; i < s->forged_n; i++)
		for (uint32_t n = s->forged[i].n; n > 0; n--)
			if (!milter_change_header(&s->m, n, s->forged[i].name, NULL))
				return false;
	return true;
}

static bool add_headers(struct session *s, const struct spamd_verdict *v)
{
	char level[LEVEL_MAX + 1] = "";

	for (int i = 0; i < LEVEL_MAX && i + 1 <= (int)v->score; i++)
		level[i] = '*';
	return milter_add_header(&s->m, "X-Spam-Flag", v->spam ? "YES" : "NO") &&
	       milter_add_header(&s->m, "X-Spam-Score", v->score_text) &&
	       milter_add_header(&s->m, "X-Spam-Level", level) &&
	       milter_add_header(&s->m, "X-Spam-Status", v->status);
}

static bool mark_as_too_big(struct session *s)
{
	return milter_add_header(
		&s->m, "X-Spam-Status",
		arena_printf(&s->arena, "No, not scanned: more than %zu bytes", SPAMD_MESSAGE_MAX));
}

static bool judge(struct session *s)
{
	struct spamd_verdict v;
	struct err err = ERR_INIT;
	autobuf struct buf message = BUF_INIT;

	put_together(s, &message);
	if (!spamd_score(&s->arena, s->conf->socket, (struct str){ message.p, message.n },
			 s->conf->wait_ms, s->conf->timeout_ms, &v, &err)) {
		log_warn("%s: put off: %s", s->queue_id.n ? s->queue_id.p : "a message", err.text);
		return milter_reply(&s->m,
				    "451 4.7.1 The spam filter is not available, try again later");
	}
	bool refused = s->conf->refuses && v.score >= s->conf->kill;
	log_info("%s: score %s: %s", s->queue_id.n ? s->queue_id.p : "a message", v.score_text,
		 refused  ? "refused"
		 : v.spam ? "spam"
			  : "no spam");
	if (refused)
		return milter_reply(&s->m, arena_printf(&s->arena,
							"550 5.7.1 This looks like spam (score %s)",
							v.score_text));
	if ((v.spam || v.score >= s->conf->tag) && !add_headers(s, &v))
		return false;
	return milter_continue(&s->m, MILTER_END);
}

static bool finish(struct session *s, struct str data)
{
	bool ok;

	take_body(s, data);
	ok = remove_forged(s);
	if (ok && (s->trusted || s->neighbour))
		ok = milter_continue(&s->m, MILTER_END);
	else if (ok && s->size > SPAMD_MESSAGE_MAX)
		ok = mark_as_too_big(s) && milter_continue(&s->m, MILTER_END);
	else if (ok)
		ok = judge(s);
	forget_message(s);
	return ok;
}

/* False = the connection is over. */
static bool take(struct session *s, int command, struct str data, struct err *err)
{
	struct str text;

	switch (command) {
	case MILTER_OPTIONS:
		return milter_negotiate(&s->m, data, UNWANTED, err);
	case MILTER_MACROS:
		take_macros(s, data);
		return true;
	case MILTER_CONNECT:
		take_client(s, data);
		break;
	case MILTER_HELO:
		if (milter_next_text(&data, &text))
			set_text(&s->helo, text);
		break;
	case MILTER_MAIL:
		take_sender(s, data);
		break;
	case MILTER_HEADER:
		take_header(s, data);
		break;
	case MILTER_BODY:
		take_body(s, data);
		break;
	case MILTER_END:
		return finish(s, data);
	case MILTER_ABORT:
		forget_message(s);
		return true;
	case MILTER_NEXT_CLIENT:
		forget_client(s);
		return true;
	case MILTER_QUIT:
		return false;
	default:
		break;
	}
	return milter_continue(&s->m, command);
}

void spam_milter_serve(const struct spam_milter *conf, int in, int out)
{
	struct session s = { .conf = conf };
	struct err err = ERR_INIT;
	struct buf *bufs[] = { &s.client, &s.helo,    &s.sender, &s.queue_id,
			       &s.host,	  &s.headers, &s.body };
	struct str data;
	int command;

	milter_init(&s.m, in, out);
	arena_init(&s.arena, "message");
	for (size_t i = 0; i < ARRAY_SIZE(bufs); i++)
		buf_init(bufs[i]);
	while (milter_next(&s.m, &command, &data, &err) && take(&s, command, data, &err))
		;
	if (err.class != ERR_NONE)
		log_error("%s", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(bufs); i++)
		buf_fini(bufs[i]);
	arena_fini(&s.arena);
	milter_fini(&s.m);
}

int spam_milter_main(int argc, char **argv)
{
	struct spam_milter conf;
	struct err err = ERR_INIT;
	struct arena a;
	char *text;

	if (argc != 2 || streq(argv[1], "help")) {
		fprintf(argc == 2 ? stdout : stderr,
			"usage: mailserver spam-milter FILE\n\n"
			"Scores mail, with the milter protocol on standard input and output. FILE: lines\n"
			"'tag SCORE', 'kill SCORE', 'timeout SECONDS', 'wait SECONDS', 'socket PATH',\n"
			"'trust [!]NETWORK'. Run by the mail server.\n");
		return argc == 2 ? 0 : ERR_USAGE;
	}
	log_to_syslog("/dev/log");
	arena_init(&a, "milter");
	if (!file_read(&a, argv[1], FILE_MAX, &text, NULL, &err) ||
	    !spam_milter_parse(&a, argv[1], text, &conf, &err)) {
		log_error("%s", err.text);
		return (int)err.class;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	spam_milter_serve(&conf, STDIN_FILENO, STDOUT_FILENO);
	arena_fini(&a);
	return 0;
}
