/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	talk - what a probe says to a mail port and what it must hear, without any I/O
 *
 *	struct talk t;
 *	talk_init(&t, PROBE_SMTP, true, false);
 *	for each line heard:
 *		switch (talk_hear(&t, line, &say)) …	say: text to send, or NULL
 *		TALK_TLS: make the channel a TLS channel, then talk_encrypted(&t, &say)
 *
 * WHAT IS ASKED
 *	SMTP	220, EHLO; without TLS: STARTTLS offered, AUTH not; STARTTLS, EHLO again; with TLS: AUTH offered, except on
 *		port 25, where it is never offered; QUIT
 *	IMAP	"* OK"; without TLS: STARTTLS; LOGOUT
 *	POP3	"+OK"; without TLS: STLS; QUIT
 *	Relay	220, EHLO, XCLIENT with an address of nobody, EHLO, MAIL, RCPT of a stranger; that must be
 *		refused, or the state is TALK_BAD with relays set
 *	Sieve	"IMPLEMENTATION" … OK; without TLS: STARTTLS offered, STARTTLS, the greeting again; LOGOUT
 *
 * OWNERSHIP
 *	The struct is plain storage of the caller; texts to say are static.
 *
 * SOURCES
 *	RFC 5321 §4.2, RFC 3207, RFC 4954; RFC 9051 §6.2.1, §7.1; RFC 1939 §3, RFC 2595 §4; RFC 5804
 *	§1.3, §1.7, §2.2; Postfix XCLIENT_README.
 */
#ifndef PLAN_TALK_H
#define PLAN_TALK_H

#include "base/str.h"
#include "service.h"

/* Longest line accepted: IMAP's greeting with all capabilities has about 300 bytes. */
#define TALK_LINE_MAX 2048

enum talk_state { TALK_MORE, TALK_TLS, TALK_OK, TALK_BAD };

struct talk {
	enum probe_kind kind;
	bool transfer; /* the port of mail transfer */
	bool tls;      /* the channel is encrypted */
	unsigned step; /* 0: greeting */
	bool starttls, auth, implementation;
	bool relays;   /* PROBE_RELAY: the recipient was accepted */
	char why[160]; /* TALK_BAD: what is wrong, printable */
};

/* kind: one of the four mail protocols, or PROBE_RELAY. */
void talk_init(struct talk *t, enum probe_kind kind, bool login, bool tls);
/* line: without its CR LF. After TALK_OK or TALK_BAD nothing more may be fed. */
enum talk_state talk_hear(struct talk *t, struct str line, const char **say_r);

/* The channel is encrypted from now on. */
void talk_encrypted(struct talk *t, const char **say_r);

/* Copies at most 60 bytes of foreign text, quoted, what is not printable ASCII as "?"; for
 * messages. size >= 64. */
void talk_quote(struct str text, char *out, size_t size);

#endif
