/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	inputs_unit - what the tests of inputs/ and of `setup` share: findings, settings
 */
#ifndef INPUTS_UNIT_H
#define INPUTS_UNIT_H

#include "unit/unit.h"

#include "inputs/inputs.h"

/* Fails unless a finding of this severity has the subject and, in text or hint, the part. */
static inline void assert_finding(const struct problems *p, enum severity severity,
				  const char *subject, const char *part)
{
	autobuf struct buf all = BUF_INIT;

	for (size_t i = 0; i < p->list.n; i++) {
		const struct problem *x = &p->list.v[i];
		if (x->severity == severity && streq(x->subject, subject) &&
		    (strstr(x->text, part) || (x->hint && strstr(x->hint, part))))
			return;
	}
	problems_print(p, &all);
	fail_msg("no finding %d '%s' with '%s' among:\n%s", (int)severity, subject, part, all.p);
}

static inline void assert_no_findings(const struct problems *p)
{
	autobuf struct buf all = BUF_INIT;

	problems_print(p, &all);
	assert_string_equal(all.p, "");
}

/* Settings of a server mail.firma.example with nothing else set. */
static inline struct settings plain_settings(void)
{
	struct settings s = { 0 };

	s.mail_accounts = s.mail_aliases = s.ssl_type = s.ssl_domain = "";
	s.ssl_cert_path = s.ssl_key_path = s.ssl_alt_cert_path = s.ssl_alt_key_path = "";
	s.hostname = "mail.firma.example";
	s.domainname = "firma.example";
	s.postmaster_address = "postmaster@firma.example";
	return s;
}

#endif
