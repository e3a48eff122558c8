/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	rua - where a domain wants reports to go: "v=TLSRPTv1; rua=mailto:a@example.com,https://…"
 *
 * SOURCES
 *	RFC 8460 §3; RFC 6068 (mailto).
 */
#ifndef SERVICES_TLSRPT_RUA_H
#define SERVICES_TLSRPT_RUA_H

#include "base/err.h"
#include "base/vec.h"

#define RUA_MAX 5

struct rua {
	const char *to; /* an address, or an URL that begins with https:// */
	bool https;
};
VEC_TYPE(rua_vec, struct rua);

/* Places of other kinds, bad ones, and more than RUA_MAX are left out. ERR_DATA: no record, or none of
 * its places can be used. */
bool rua_parse(struct arena *a, const char *record, struct rua_vec *places_r, struct err *err)
	MUST_CHECK;

#endif
