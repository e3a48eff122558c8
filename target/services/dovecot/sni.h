/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	sni - certificates by the name that a client asks for
 *
 *	<live>/dovecot-sni.conf	a local_name block for each; dovecot.conf includes it
 */
#ifndef SERVICES_DOVECOT_SNI_H
#define SERVICES_DOVECOT_SNI_H

#include "service.h"

#define SNI_INPUTS INPUT_TLS

bool sni_commit(const struct live_ctx *ctx, struct err *err) MUST_CHECK;

#endif
