/* SPDX-License-Identifier: MIT */
/*
 * Each protocol is one function: greeting, question, farewell. What a server offers is collected while its
 * multi-line answer passes and judged at the end of it.
 */
#include "plan/talk.h"

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

/* The word stands among the blank-separated words of the line. */
static bool has_word(struct str line, const char *word)
{
	struct str w;

	while (str_next_word(&line, " []", &w))
		if (w.n == strlen(word) && starts(w, word))
			return true;
	return false;
}

/* Encryption is offered where the channel has none yet. */
static bool lacks_starttls(const struct talk *t)
{
	return !t->tls && !t->starttls;
}

static enum talk_state judge_ehlo(struct talk *t, const char **say_r)
{
	if (lacks_starttls(t))
		return bad(t, "STARTTLS is not offered");
	if (!t->tls && t->auth)
		return bad(t, "AUTH is offered without TLS");
	if (t->tls && !t->auth)
		return bad(t, "AUTH is not offered");
	t->step = 2;
	*say_r = "QUIT\r\n";
	return TALK_MORE;
}

static enum talk_state hear_smtp(struct talk *t, struct str line, const char **say_r)
{
	static const char *const code[] = { "220", "250", "221" };
	static const char *const asked[] = { "the connection", "EHLO", "QUIT" };
	bool last = line.n == 3 || (line.n > 3 && line.p[3] == ' ');
	struct str word;

	if (!starts(line, code[t->step]) || (!last && line.p[3] != '-'))
		return unexpected(t, asked[t->step], line);
	if (t->step == 1 && line.n > 4) {
		struct str rest = { line.p + 4, line.n - 4 };
		/* "AUTH=PLAIN" is an old spelling of "AUTH PLAIN". */
		if (str_next_word(&rest, " =", &word)) {
			t->starttls |= word.n == 8 && starts(word, "STARTTLS");
			t->auth |= word.n == 4 && starts(word, "AUTH");
		}
	}
	if (!last)
		return TALK_MORE;
	if (t->step == 2)
		return TALK_OK;
	if (t->step == 1)
		return judge_ehlo(t, say_r);
	t->step = 1;
	*say_r = "EHLO localhost\r\n";
	return TALK_MORE;
}

static enum talk_state hear_imap(struct talk *t, struct str line, const char **say_r)
{
	if (t->step == 1) {
		if (starts(line, "* "))
			return TALK_MORE;
		return starts(line, "a OK") ? TALK_OK : unexpected(t, "LOGOUT", line);
	}
	if (!starts(line, "* OK"))
		return unexpected(t, "the connection", line);
	t->starttls = has_word(line, "STARTTLS");
	if (has_word(line, "CAPABILITY") && lacks_starttls(t))
		return bad(t, "STARTTLS is not offered");
	t->step = 1;
	*say_r = "a LOGOUT\r\n";
	return TALK_MORE;
}

static enum talk_state hear_pop3(struct talk *t, struct str line, const char **say_r)
{
	if (!starts(line, "+OK"))
		return unexpected(t, t->step ? "QUIT" : "the connection", line);
	if (t->step == 1)
		return TALK_OK;
	t->step = 1;
	*say_r = "QUIT\r\n";
	return TALK_MORE;
}

static enum talk_state hear_sieve(struct talk *t, struct str line, const char **say_r)
{
	if (starts(line, "NO") || starts(line, "BYE"))
		return unexpected(t, t->step ? "LOGOUT" : "the connection", line);
	t->implementation |= starts(line, "\"IMPLEMENTATION\"");
	t->starttls |= starts(line, "\"STARTTLS\"");
	if (!starts(line, "OK"))
		return starts(line, "\"") ? TALK_MORE : unexpected(t, "the connection", line);
	if (t->step == 1)
		return TALK_OK;
	if (!t->implementation)
		return bad(t, "the greeting names no IMPLEMENTATION");
	if (lacks_starttls(t))
		return bad(t, "STARTTLS is not offered");
	t->step = 1;
	*say_r = "LOGOUT\r\n";
	return TALK_MORE;
}

void talk_init(struct talk *t, enum probe_kind kind, bool tls)
{
	*t = (struct talk){ .kind = kind, .tls = tls };
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
	case PROBE_UNIX:
	case PROBE_PROGRAMS:
		break;
	}
	BUG("talk of kind %d", (int)t->kind);
}
