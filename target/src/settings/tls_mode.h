/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	tls_mode - which ports are open and how, from TLS_MODE and SSL_TYPE
 *
 *			587 143 110	465 993 995
 *	auto, no cert	open		closed
 *	auto, cert	open		open
 *	starttls	open		closed
 *	both		open		open
 *	implicit	closed		open		(RFC 8314 strict)
 *
 * Port 25 and 4190 are the same in every mode.
 */
#ifndef SETTINGS_TLS_MODE_H
#define SETTINGS_TLS_MODE_H

#include "base/str.h"
#include "settings/settings.h"

static inline bool tls_starttls_ports(const struct settings *s)
{
	return !streq(s->tls_mode, "implicit");
}

static inline bool tls_implicit_ports(const struct settings *s)
{
	if (streq(s->tls_mode, "auto"))
		return *s->ssl_type != '\0';
	return !streq(s->tls_mode, "starttls");
}

#endif
