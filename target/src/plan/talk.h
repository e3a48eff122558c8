/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	talk - what a probe says to a mail port and what it must hear, without any I/O
 *
 *	struct talk t;
 *	talk_init(&t, PROBE_SMTP, false);
 *	for each line heard:
 *		switch (talk_hear(&t, line, &say)) …	say: text to send, or NULL
 *
 * WHAT IS ASKED
 *	SMTP	220, EHLO; without TLS: STARTTLS offered and AUTH not offered; with TLS: AUTH offered; QUIT
 *	IMAP	"* OK"; without TLS: STARTTLS among the capabilities, when the greeting lists them; LOGOUT
 *	POP3	"+OK", QUIT
 *	Sieve	"IMPLEMENTATION" … OK; without TLS: STARTTLS; LOGOUT
 *
 * OWNERSHIP
 *	The struct is plain storage of the caller; texts to say are static.
 *
 * SOURCES
 *	RFC 5321 §4.2, RFC 3207, RFC 4954; RFC 9051 §7.1; RFC 1939 §3; RFC 5804 §1.3, §1.7.
 */
#ifndef PLAN_TALK_H
#define PLAN_TALK_H

#include "base/str.h"
#include "service.h"

/* Longest line accepted: IMAP's greeting with all capabilities has about 300 bytes. */
#define TALK_LINE_MAX 2048

enum talk_state { TALK_MORE, TALK_OK, TALK_BAD };

struct talk {
	enum probe_kind kind;
	bool tls;      /* the channel is encrypted */
	unsigned step; /* 0: greeting */
	bool starttls, auth, implementation;
	char why[160]; /* TALK_BAD: what is wrong, printable */
};

/* kind: one of the four mail protocols. */
void talk_init(struct talk *t, enum probe_kind kind, bool tls);
/* line: without its CR LF. After TALK_OK or TALK_BAD nothing more may be fed. */
enum talk_state talk_hear(struct talk *t, struct str line, const char **say_r);

/* Copies at most 60 bytes of foreign text, quoted, what is not printable ASCII as "?"; for messages. size >= 64. */
void talk_quote(struct str text, char *out, size_t size);

#endif
