/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	reports - mailserver tls-reports collect|send|show|list: the daemon, cron's job, `setup tls report`
 */
#ifndef SERVICES_TLSRPT_REPORTS_H
#define SERVICES_TLSRPT_REPORTS_H

#include "tlsrpt/store.h"

#define REPORTS_CONF "/run/mailserver/boot/current/tlsrpt/reports.conf"

struct reports_conf {
	const char *organization, *host, *contact, *sender;
};

/* ERR_DATA: an unknown line, or one that is missing. */
bool reports_conf_parse(struct arena *a, struct str text, struct reports_conf *conf_r,
			struct err *err) MUST_CHECK;
/* The same for each report about the domain and day. */
const char *reports_id(struct arena *a, const struct reports_conf *conf, int64_t day,
		       const char *domain);
/* The report about a domain and a day, as it is sent. */
void reports_write(struct arena *a, const struct reports_conf *conf, int64_t day,
		   const struct tally *tally, struct buf *out);

int reports_main(int argc, char **argv);

#endif
