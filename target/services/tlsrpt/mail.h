/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	mail - a report as a message
 *
 * SOURCES
 *	RFC 8460 §5.3; RFC 8689 §5 (TLS-Required: No); RFC 3834 (Auto-Submitted).
 */
#ifndef SERVICES_TLSRPT_MAIL_H
#define SERVICES_TLSRPT_MAIL_H

#include "base/buf.h"
#include "base/str.h"

struct mail {
	const char *from, *to;
	const char *contact;
	const char *domain; /* whom it is about */
	const char *id, *day;
	int64_t start_s, end_s; /* of the day */
	int64_t now;
	struct str gzip; /* the report, packed */
};

/* Lines end with "\n", as sendmail(1) takes them. */
void mail_write(struct arena *a, const struct mail *mail, struct buf *out);

#endif
