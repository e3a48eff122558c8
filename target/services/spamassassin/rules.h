/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	rules - spamassassin-rules.cf: judged by SpamAssassin itself, put where local.cf includes it
 *
 * Also: what an installation of docker-mailserver has learned (lib-amavis) is taken over once.
 */
#ifndef SERVICES_SPAMASSASSIN_RULES_H
#define SERVICES_SPAMASSASSIN_RULES_H

#include "service.h"

#define SPAM_STATE "/var/mail-state/lib-spamassassin"

extern const struct service_live rules_live;

bool rules_judge(const struct service_ctx *ctx, const char *name, struct str text,
		 struct problems *p);
/* What `spamassassin --lint` says about the text, as findings; separate for tests. */
void rules_complain(struct arena *a, const char *name, struct str text, const char *output,
		    struct problems *p);

#endif
