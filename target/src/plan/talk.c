/* SPDX-License-Identifier: MIT */
/*
 * Each protocol is one function with the steps GREETING, (SMTP: EHLO,) STARTTLS, (Sieve: GREETING
 * again,) FAREWELL. What a server offers is collected while its multi-line answer passes and judged
 * at the end of it.
 */
#include "plan/talk.h"

enum step { GREETING, EHLO, STARTTLS, FAREWELL };

void talk_quote(struct str text, char *out, size_t size)
{
	size_t max = size - 3 < 60 ? size - 3 : 60, n = 0;

	out[n++] = '\'';
	for (size_t i = 0; i < text.n && i < max; i++)
		out[n++] = text.p[i] >= 0x20 && text.p[i] < 0x7f ? text.p[i] : '?';
	out[n++] = '\'';
	out[n] = '\0';
}

static enum talk_state bad(struct talk *t, const char *why)
{
	(void)snprintf(t->why, sizeof(t->why), "%s", why);
	return TALK_BAD;
}

static enum talk_state unexpected(struct talk *t, const char *when, struct str line)
{
	char text[80];

	talk_quote(line, text, sizeof(text));
	(void)snprintf(t->why, sizeof(t->why), "%s was answered with %s", when, text);
	return TALK_BAD;
}

static bool starts(struct str line, const char *word)
{
	size_t n = strlen(word);

	return line.n >= n && strncasecmp(line.p, word, n) == 0;
}

static enum talk_state say(struct talk *t, enum step step, const char *text, const char **say_r)
{
	t->step = step;
	*say_r = text;
	return TALK_MORE;
}

static enum talk_state judge_ehlo(struct talk *t, const char **say_r)
{
	if (t->auth && (!t->tls || t->transfer))
		return bad(t, t->transfer ? "AUTH is offered" : "AUTH is offered without TLS");
	if (!t->tls && !t->starttls)
		return bad(t, "STARTTLS is not offered");
	if (!t->tls)
		return say(t, STARTTLS, "STARTTLS\r\n", say_r);
	if (!t->auth && !t->transfer)
		return bad(t, "AUTH is not offered");
	return say(t, FAREWELL, "QUIT\r\n", say_r);
}

/* A line "250-KEYWORD more" of the answer to EHLO. */
static void note_extension(struct talk *t, struct str line)
{
	struct str rest = { line.p + 4, line.n - 4 }, word;

	/* "AUTH=PLAIN" is an old spelling of "AUTH PLAIN". */
	if (!str_next_word(&rest, " =", &word))
		return;
	t->starttls |= word.n == 8 && starts(word, "STARTTLS");
	t->auth |= word.n == 4 && starts(word, "AUTH");
}

static enum talk_state hear_smtp(struct talk *t, struct str line, const char **say_r)
{
	static const struct {
		const char *code, *asked;
	} steps[] = { [GREETING] = { "220", "the connection" },
		      [EHLO] = { "250", "EHLO" },
		      [STARTTLS] = { "220", "STARTTLS" },
		      [FAREWELL] = { "221", "QUIT" } };
	bool last = line.n == 3 || (line.n > 3 && line.p[3] == ' ');

	if (!starts(line, steps[t->step].code) || (!last && line.p[3] != '-'))
		return unexpected(t, steps[t->step].asked, line);
	if (t->step == EHLO && line.n > 4)
		note_extension(t, line);
	if (!last)
		return TALK_MORE;
	if (t->step == GREETING)
		return say(t, EHLO, "EHLO localhost\r\n", say_r);
	if (t->step == EHLO)
		return judge_ehlo(t, say_r);
	return t->step == STARTTLS ? TALK_TLS : TALK_OK;
}

/* The addresses are for documentation and are nobody's (RFC 5737); as the recipient's domain one of
 * them needs no name server. */
static const struct {
	const char *say, *expect;
} relay_steps[] = {
	{ "EHLO localhost\r\n", "220" },
	{ "XCLIENT NAME=[UNAVAILABLE] ADDR=198.51.100.25\r\n", "250" },
	{ "EHLO relay-proof.invalid\r\n", "220" },
	{ "MAIL FROM:<>\r\n", "250" },
	{ "RCPT TO:<stranger@[203.0.113.25]>\r\n", "250" },
};

static enum talk_state hear_relay(struct talk *t, struct str line, const char **say_r)
{
	if (line.n < 3)
		return unexpected(t, "the relay proof", line);
	if (line.n > 3 && line.p[3] == '-')
		return TALK_MORE;
	if (t->step < ARRAY_SIZE(relay_steps)) {
		/* Refused before the recipient was named: nothing can be relayed. */
		if (t->step == 4 && (line.p[0] == '4' || line.p[0] == '5'))
			return TALK_OK;
		if (!starts(line, relay_steps[t->step].expect))
			return unexpected(t, "the relay proof", line);
		*say_r = relay_steps[t->step++].say;
		return TALK_MORE;
	}
	if (line.p[0] == '4' || line.p[0] == '5')
		return TALK_OK;
	t->relays = true;
	return bad(t, "a stranger may send mail through port 25 to anybody: an OPEN RELAY");
}

static enum talk_state hear_imap(struct talk *t, struct str line, const char **say_r)
{
	if (t->step != GREETING && starts(line, "* "))
		return TALK_MORE;
	if (t->step == STARTTLS)
		return starts(line, "a OK") ? TALK_TLS : unexpected(t, "STARTTLS", line);
	if (t->step == FAREWELL)
		return starts(line, "b OK") ? TALK_OK : unexpected(t, "LOGOUT", line);
	if (!starts(line, "* OK"))
		return unexpected(t, "the connection", line);
	return t->tls ? say(t, FAREWELL, "b LOGOUT\r\n", say_r)
		      : say(t, STARTTLS, "a STARTTLS\r\n", say_r);
}

static enum talk_state hear_pop3(struct talk *t, struct str line, const char **say_r)
{
	static const char *const asked[] = {
		[GREETING] = "the connection", [STARTTLS] = "STLS", [FAREWELL] = "QUIT"
	};

	if (!starts(line, "+OK"))
		return unexpected(t, asked[t->step], line);
	if (t->step == GREETING)
		return t->tls ? say(t, FAREWELL, "QUIT\r\n", say_r)
			      : say(t, STARTTLS, "STLS\r\n", say_r);
	return t->step == STARTTLS ? TALK_TLS : TALK_OK;
}

static enum talk_state hear_sieve(struct talk *t, struct str line, const char **say_r)
{
	static const char *const asked[] = {
		[GREETING] = "the connection", [STARTTLS] = "STARTTLS", [FAREWELL] = "LOGOUT"
	};

	t->implementation |= starts(line, "\"IMPLEMENTATION\"");
	t->starttls |= starts(line, "\"STARTTLS\"");
	if (t->step == GREETING && starts(line, "\""))
		return TALK_MORE;
	if (!starts(line, "OK"))
		return unexpected(t, asked[t->step], line);
	if (t->step != GREETING)
		return t->step == STARTTLS ? TALK_TLS : TALK_OK;
	if (!t->implementation)
		return bad(t, "the greeting names no IMPLEMENTATION");
	if (t->tls)
		return say(t, FAREWELL, "LOGOUT\r\n", say_r);
	if (!t->starttls)
		return bad(t, "STARTTLS is not offered");
	return say(t, STARTTLS, "STARTTLS\r\n", say_r);
}

void talk_encrypted(struct talk *t, const char **say_r)
{
	t->tls = true;
	t->starttls = t->auth = t->implementation = false;
	switch (t->kind) {
	case PROBE_SMTP:
		(void)say(t, EHLO, "EHLO localhost\r\n", say_r);
		return;
	case PROBE_IMAP:
		(void)say(t, FAREWELL, "b LOGOUT\r\n", say_r);
		return;
	case PROBE_POP3:
		(void)say(t, FAREWELL, "QUIT\r\n", say_r);
		return;
	case PROBE_SIEVE:
		(void)say(t, GREETING, NULL, say_r);
		return;
	case PROBE_UNIX:
	case PROBE_MILTER:
	case PROBE_PROGRAMS:
	case PROBE_RELAY:
		break;
	}
	BUG("talk of kind %d", (int)t->kind);
}

void talk_init(struct talk *t, enum probe_kind kind, bool login, bool tls)
{
	*t = (struct talk){ .kind = kind, .transfer = !login, .tls = tls };
}

enum talk_state talk_hear(struct talk *t, struct str line, const char **say_r)
{
	*say_r = NULL;
	switch (t->kind) {
	case PROBE_SMTP:
		return hear_smtp(t, line, say_r);
	case PROBE_IMAP:
		return hear_imap(t, line, say_r);
	case PROBE_POP3:
		return hear_pop3(t, line, say_r);
	case PROBE_SIEVE:
		return hear_sieve(t, line, say_r);
	case PROBE_RELAY:
		return hear_relay(t, line, say_r);
	case PROBE_UNIX:
	case PROBE_MILTER:
	case PROBE_PROGRAMS:
		break;
	}
	BUG("talk of kind %d", (int)t->kind);
}
