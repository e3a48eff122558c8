/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	tally - what is known of the TLS sessions with one domain on one day
 *
 *	tally_parse_event(&a, datagram, &event, &err);	one session, as the MTA tells it
 *	tally_parse(&a, text, &tally, &err);		what was kept
 *	tally_merge(&a, &tally, &event);
 *	tally_write(&tally, &out);			to be kept
 *	tally_write_report(&tally, &head, &out);	RFC 8460 §4.4
 *
 * An event is a tally of one session. What is kept has the policies as they stand in the report.
 *
 * LIMITS
 *	TALLY_POLICIES policies; one more is an error. TALLY_FAILURES different failures for each; what
 *	comes then is counted without details, by its type. Texts of the other server are cut.
 *
 * OWNERSHIP
 *	Everything lives in the arena, or is static.
 *
 * ERRORS
 *	ERR_DATA with one sentence.
 */
#ifndef SERVICES_TLSRPT_TALLY_H
#define SERVICES_TLSRPT_TALLY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "inputs/inputs.h"

#define TALLY_POLICIES 16
#define TALLY_FAILURES 64
#define TALLY_DETAILS 6
/* The record's name, "_smtp._tls.DOMAIN", is a name too: RFC 1035 §2.3.4. */
#define TALLY_DOMAIN_MAX 242

struct tally_failure {
	const char *type;		   /* RFC 8460 §4.3 */
	const char *detail[TALLY_DETAILS]; /* NULL: not known */
	int64_t n;
};
VEC_TYPE(tally_failure_vec, struct tally_failure);

struct tally_policy {
	const char *type, *domain;
	struct text_vec strings, mx;
	int64_t successes, failures;
	struct tally_failure_vec details;
};
VEC_TYPE(tally_policy_vec, struct tally_policy);

enum tally_state { TALLY_FAILED, TALLY_SENT, TALLY_GIVEN_UP };

/* What came of sending the report to one place. */
struct tally_sent {
	const char *to;
	int64_t tries, last; /* seconds since 1970 */
	enum tally_state state;
};
VEC_TYPE(tally_sent_vec, struct tally_sent);

struct tally {
	const char *domain; /* lower case */
	const char *record; /* "v=TLSRPTv1; rua=…", the latest */
	struct tally_policy_vec policies;
	struct tally_sent_vec sent; /* of a day that is over */
};

/* What a report says beside the counts. */
struct tally_head {
	const char *organization, *contact, *id;
	const char *day; /* "2026-11-28", UTC */
};

bool tally_parse_event(struct arena *a, struct str datagram, struct tally *event_r, struct err *err)
	MUST_CHECK;
bool tally_parse(struct arena *a, struct str text, struct tally *tally_r, struct err *err)
	MUST_CHECK;
/* Adds the event's counts, all or nothing. */
bool tally_merge(struct arena *a, struct tally *tally, const struct tally *event, struct err *err)
	MUST_CHECK;
void tally_write(const struct tally *tally, struct buf *out);
void tally_write_report(const struct tally *tally, const struct tally_head *head, struct buf *out);

#endif
