/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	problems - everything that is wrong with a configuration, collected and told once
 *
 * Wrong configuration is data, not an error: each finding is added, all are printed sorted
 * (errors first, then warnings, then notes; by subject), and then the caller stops with 78 if
 * problems_errors() is not 0.
 *
 *	error: POSTFIX_INET_PROTOCOLS='ipv5': not one of all, ipv4, ipv6
 *	       use 'ipv4'
 *
 * OWNERSHIP
 *	Texts are copied into the arena given to problems_init().
 */
#ifndef SETTINGS_PROBLEMS_H
#define SETTINGS_PROBLEMS_H

#include "base/buf.h"
#include "base/vec.h"

enum severity { SEV_ERROR, SEV_WARNING, SEV_NOTE };

struct problem {
	enum severity severity;
	const char *subject; /* "TLS_MODE='x'", "postfix-accounts.cf:12" */
	const char *text;    /* what is wrong and what is allowed */
	const char *hint;    /* what to do, or NULL */
};

VEC_TYPE(problem_vec, struct problem);

struct problems {
	struct arena *arena;
	struct problem_vec list;
	size_t suppressed; /* beyond PROBLEMS_MAX: counted, not kept */
};

#define PROBLEMS_MAX 200

void problems_init(struct problems *p, struct arena *a);
/* hint may be NULL. A finding equal to an earlier one (severity, subject, text) is not added
 * again. */
void problems_add(struct problems *p, enum severity severity, const char *subject, const char *hint,
		  const char *fmt, ...) PRINTF_LIKE(5, 6);
size_t problems_count(const struct problems *p, enum severity severity);
static inline size_t problems_errors(const struct problems *p)
{
	return problems_count(p, SEV_ERROR);
}
/* Writes all findings, sorted, as in the card above. */
void problems_print(const struct problems *p, struct buf *out);
/* Logs each finding as one line with log_error/log_warn/log_info. */
void problems_log(const struct problems *p);

#endif
