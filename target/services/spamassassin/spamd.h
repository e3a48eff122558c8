/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	spamd - asks SpamAssassin's daemon over its local socket
 *
 * ERRORS
 *	The daemon is not there, does not answer in time, or says that it failed: ERR_TEMP.
 *
 * SOURCES
 *	SpamAssassin, spamd/PROTOCOL.
 */
#ifndef SERVICES_SPAMASSASSIN_SPAMD_H
#define SERVICES_SPAMASSASSIN_SPAMD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct arena;

#define SPAMD_SOCKET "/run/spamd/spamd.sock"
/* Bigger messages are neither scored nor learned: what spamc takes. */
#define SPAMD_MESSAGE_MAX ((size_t)500 * 1024)

struct spamd_verdict {
	bool spam;
	double score;
	const char *score_text; /* as printed: "15.0" */
	const char *status;	/* value of X-Spam-Status, folded with "\n\t" */
};

/* wait_ms: how long spamd may take to be there; then it has the rest of timeout_ms to answer. */
bool spamd_score(struct arena *a, const char *socket, struct str message, int wait_ms,
		 int timeout_ms, struct spamd_verdict *verdict_r, struct err *err) MUST_CHECK;
/* class: "spam" or "ham". */
bool spamd_learn(struct arena *a, const char *socket, const char *class, struct str message,
		 int timeout_ms, struct err *err) MUST_CHECK;

/* The parts of an answer to HEADERS; separate for tests. */
bool spamd_parse(struct arena *a, struct str answer, struct spamd_verdict *verdict_r,
		 struct err *err) MUST_CHECK;

#endif
