/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	expiry - warns before the certificates in use end
 *
 *	expiry_list(a, &s, &certs)		those in use, with their ends
 *	expiry_tell(a, &s)			what is new goes to the log and to the postmaster
 *
 * Told is 14, 7, 3 and 1 days before the end, and when it is over: once for each certificate and
 * step, across restarts too. The state volume remembers what was told.
 *
 * The mail goes through the local mail queue to POSTMASTER_ADDRESS. Where nobody receives that
 * address, there is the log.
 *
 * ERRORS
 *	Logged. What could not be mailed is told again next time.
 *
 * SEE ALSO
 *	cert_check.h (the same at the time when files are read)
 */
#ifndef PLAN_EXPIRY_H
#define PLAN_EXPIRY_H

#include "plan/plan.h"

struct expiry {
	const char *name;    /* host name that it is served for */
	const char *leaf_id; /* SHA-256, hexadecimal */
	int64_t not_after;   /* seconds since the epoch */
	bool is_made;	     /* by this server, which makes it anew in time */
};
VEC_TYPE(expiry_vec, struct expiry);

/* From this many days before the end on it is worth a warning. */
#define EXPIRY_WARN_DAYS 14

void expiry_list(struct arena *a, const struct settings *s, struct expiry_vec *certs_r);

/* Days that are left, rounded down; negative when it is over. */
int64_t expiry_days(const struct expiry *e, int64_t now);
/* "the certificate of mail.example.org expires in 6 days, on 2031-02-03 04:05 UTC" */
const char *expiry_text(struct arena *a, const struct expiry *e, int64_t now);

/* Those of certs that have reached a step which `told` does not have: lines "LEAF-ID STEP". *told_r
 * gets what `told` is once they are told; it has lines of certs only. */
void expiry_news(struct arena *a, const struct expiry_vec *certs, int64_t now, struct str told,
		 struct expiry_vec *news_r, struct buf *told_r);

void expiry_tell(struct arena *a, const struct settings *s);

#endif
