/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	store - the tallies on disk: DIR/DAY/DOMAIN, one file for each domain and day (UTC)
 *
 *	struct store store = { .dir = STORE_DIR, .day = -1 };
 *	store_count(&store, time(NULL), datagram, &err);
 *
 * A file is replaced whole with each session, so whatever ends the program leaves it as it was before
 * or after. Without fsync: a loss of power may cost the last seconds.
 *
 * LIMITS
 *	STORE_DOMAINS domains a day.
 */
#ifndef SERVICES_TLSRPT_STORE_H
#define SERVICES_TLSRPT_STORE_H

#include "tlsrpt/tally.h"

#define STORE_DIR "/var/mail-state/lib-tlsrpt"
#define STORE_DOMAINS 10000
#define STORE_KEEP_DAYS 30
#define STORE_DAY_S INT64_C(86400)

struct store {
	const char *dir;
	int64_t day;	/* whose domains are counted; -1 = none yet */
	size_t domains; /* of that day */
};

/* Days are numbered from 1970-01-01 on; as text "2026-11-28". */
const char *store_day_text(struct arena *a, int64_t day);
bool store_day_parse(const char *text, int64_t *day_r) MUST_CHECK;

/* Counts a session that was told of at `now` (seconds, UTC). */
bool store_count(struct store *store, int64_t now, struct str datagram, struct err *err) MUST_CHECK;
/* Removes days of more than STORE_KEEP_DAYS before `today`. */
bool store_prune(const char *dir, int64_t today, struct err *err) MUST_CHECK;

VEC_TYPE(store_day_vec, int64_t);
/* Days that there is something of, the oldest first; none is no error. */
void store_days(struct arena *a, const char *dir, struct store_day_vec *days_r);
/* Domains of a day, by name. */
void store_domains(struct arena *a, const char *dir, int64_t day, struct text_vec *domains_r);
/* Nothing kept: err->sys == ENOENT. */
bool store_read(struct arena *a, const char *dir, int64_t day, const char *domain,
		struct tally *tally_r, struct err *err) MUST_CHECK;
/* Replaces what is kept of a day that is over; today is the collector's. */
bool store_write(struct arena *a, const char *dir, int64_t day, const struct tally *tally,
		 struct err *err) MUST_CHECK;

#endif
