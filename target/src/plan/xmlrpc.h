/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	xmlrpc - the supervisor's answer about its programs
 *
 * Reads the subset of XML that an XML-RPC response is made of: start and end tags without
 * attributes, text, the predefined entities and character references. Everything else (comments,
 * CDATA, document types) is refused.
 *
 * ERRORS
 *	Class ERR_DATA: not that subset, not nested properly, cut off, or a fault, whose text is
 *	given.
 *
 * LIMITS
 *	Fields longer than their place are cut.
 *
 * SOURCES
 *	xmlrpc.com/spec; supervisord.org "XML-RPC API", getAllProcessInfo.
 */
#ifndef PLAN_XMLRPC_H
#define PLAN_XMLRPC_H

#include "base/err.h"
#include "base/str.h"

struct xmlrpc_program {
	char name[64];
	char state[32];	 /* "RUNNING" */
	char error[128]; /* why it could not be started, "" if nothing is known */
	char about[128]; /* "pid 17, uptime 0:00:12" */
	int64_t up_s;	 /* since it was last started */
};

/* Body of the HTTP request whose answer xmlrpc_programs() reads. */
extern const char xmlrpc_request[];

typedef void xmlrpc_program_fn(void *ctx, const struct xmlrpc_program *program);

/* Calls see() for each program of the response. With an error it may have been called for some. */
bool xmlrpc_programs(struct str body, xmlrpc_program_fn *see, void *ctx, struct err *err)
	MUST_CHECK;

#endif
