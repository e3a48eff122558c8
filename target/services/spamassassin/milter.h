/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	milter - scores incoming mail: `mailserver spam-milter FILE`
 *
 * Started by the MTA for each of its connections, with the milter protocol on standard input and
 * output, so nothing runs between messages. Why not spamass-milter: it compares whole points only,
 * lets mail pass when spamd is down, does not tell that a message was too big, and adds no
 * X-Spam-Score.
 *
 *	score >= tag	X-Spam-Flag, X-Spam-Score, X-Spam-Level, X-Spam-Status are added
 *	score >= kill	550 5.7.1, where FILE has a kill
 *	too big		X-Spam-Status: No, not scanned …
 *	no answer	451 4.7.1: never unscanned, never lost
 *
 * X-Spam headers of the sender are removed. Users who have logged in are not scored, nor are clients
 * in trusted networks.
 *
 * FILE: lines "tag SCORE", "kill SCORE", "timeout SECONDS", "wait SECONDS" (for a spamd that is
 * starting, of the timeout), "socket PATH", "trust NETWORK" or "trust !NETWORK" (of these the first
 * that fits counts). Scores are compared as SpamAssassin prints them, to a tenth of a point.
 */
#ifndef SERVICES_SPAMASSASSIN_MILTER_H
#define SERVICES_SPAMASSASSIN_MILTER_H

#include "base/arena.h"
#include "base/cidr.h"
#include "base/err.h"
#include "base/vec.h"

struct spam_trust {
	struct cidr network;
	bool no; /* not trusted */
};
VEC_TYPE(spam_trust_vec, struct spam_trust);

struct spam_milter {
	const char *socket;
	double tag, kill;
	bool refuses; /* there is a kill */
	int timeout_ms;
	int wait_ms; /* for a spamd that is not there yet */
	struct spam_trust_vec trust;
};

bool spam_milter_parse(struct arena *a, const char *file, const char *text,
		       struct spam_milter *conf_r, struct err *err) MUST_CHECK;
/* One connection of the MTA. */
void spam_milter_serve(const struct spam_milter *conf, int in, int out);
int spam_milter_main(int argc, char **argv);

#endif
