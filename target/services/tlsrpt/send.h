/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	send - sends the reports of the days before
 *
 * Run by cron every ten minutes, as the user of the collector, while TLSRPT_SEND=1. Each report has a time of
 * its own within four hours after its day, the same in every run. A place that does not take it is tried
 * again each hour, for a day.
 *
 * LIMITS
 *	A program that is killed between sending and noting so, or whose disk is full by then, sends the
 *	report again an hour later, with the same id. While nothing can be noted, nothing is sent.
 */
#ifndef SERVICES_TLSRPT_SEND_H
#define SERVICES_TLSRPT_SEND_H

#include "tlsrpt/reports.h"

#define SEND_SPREAD_S 14400
#define SEND_FIRST_S 600 /* after the day: what was told of late is counted */
#define SEND_AGAIN_S 3600
#define SEND_TRY_S 86400

/* When the report about a domain and a day is due, in seconds since 1970. */
int64_t send_due(const char *host, const char *domain, int64_t day);

enum send_what { SEND_NOT_NOW, SEND_TRY, SEND_GIVE_UP };

/* What is to be done for a place now; `sent` is what is known of it, NULL = nothing. */
enum send_what send_decide(const struct tally_sent *sent, int64_t due, int64_t now);

/* All that is due; with `only`, all of that day that has not been sent. Exit status. */
int send_main(const struct reports_conf *conf, const int64_t *only);

#endif
