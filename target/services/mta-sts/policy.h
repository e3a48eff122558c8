/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	policy - the TLS policy of a destination: DANE before MTA-STS
 *
 * `mailserver mta-sts-policy` answers the MTA's questions (socketmap_table(5)) on standard input. The name of
 * the map says what counts:
 *
 *	dane example.com	a domain whose mail exchangers have TLSA records in signed zones: "dane"; else as
 *				plain
 *	plain example.com	what the MTA-STS daemon says
 *
 * A sender that does both must not let MTA-STS override DANE (RFC 8461 §2). One mail exchanger with TLSA
 * records is enough: those without are then reached as DANE reaches them, opportunistically.
 *
 * Without an answer (DNS, daemon) the mail is put off.
 */
#ifndef SERVICES_MTA_STS_POLICY_H
#define SERVICES_MTA_STS_POLICY_H

#include "base/dns.h"
#include "base/str.h"

#define MTA_STS_SOCKET "/run/mta-sts/daemon.sock"

/* How a question is answered; replaced in tests. */
struct policy_sources {
	bool (*ask_dns)(struct arena *a, const char *name, enum dns_type type,
			struct dns_answer *answer_r, struct err *err);
	/* The daemon's reply to "postfix DOMAIN": "OK secure …", "NOTFOUND ", "TEMP …". */
	bool (*ask_daemon)(struct arena *a, const char *domain, const char **reply_r,
			   struct err *err);
};

/* The reply to a request "NAME KEY", without netstring. */
const char *policy_reply(struct arena *a, struct str request, const struct policy_sources *sources);

/* Takes a netstring off *rest: 1 taken, 0 more is needed, -1 it is none. */
int netstring_next(struct str *rest, struct str *text_r);

int mta_sts_policy_main(int argc, char **argv);

#endif
