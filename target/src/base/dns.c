/* SPDX-License-Identifier: MIT */
#include "base/dns.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include "base/str.h"

#define MESSAGE_MAX 65535
#define TLSA_FIELDS 3 /* usage, selector, matching type; then the data */

/* The two kinds that mail servers look at (RFC 7672 §3.1), with something to compare. */
static bool is_usable_tlsa(const unsigned char *data, size_t n)
{
	return n > TLSA_FIELDS && (data[0] == 2 || data[0] == 3) && data[1] <= 1 && data[2] <= 2;
}

static const char *mx_host(struct arena *a, const ns_msg *msg, const ns_rr *rr)
{
	char host[NS_MAXDNAME];

	if (ns_rr_rdlen(*rr) < NS_INT16SZ + 1 ||
	    ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg), ns_rr_rdata(*rr) + NS_INT16SZ,
			       host, sizeof(host)) < 0)
		return NULL;
	return streq(host, ".") ? "" : str_lower(a, str_from(host));
}

bool dns_parse(struct arena *a, const unsigned char *message, size_t n, enum dns_type type,
	       struct dns_answer *answer_r, struct err *err)
{
	struct dns_answer answer = { 0 };
	ns_msg msg;
	ns_rr rr;

	if (n > MESSAGE_MAX || ns_initparse(message, (int)n, &msg) < 0)
		return err_set(err, ERR_DATA, "the DNS answer is damaged");
	int count = ns_msg_count(msg, ns_s_an);
	answer.secure = ns_msg_getflag(msg, ns_f_ad) != 0;
	answer.names = arena_array(a, (size_t)count + 1, sizeof(*answer.names));
	for (int i = 0; i < count; i++) {
		if (ns_parserr(&msg, ns_s_an, i, &rr) < 0)
			return err_set(err, ERR_DATA, "the DNS answer is damaged");
		if ((int)ns_rr_type(rr) != (int)type) /* CNAMEs and signatures on the way */
			continue;
		if (type == DNS_TLSA && !is_usable_tlsa(ns_rr_rdata(rr), ns_rr_rdlen(rr)))
			continue;
		const char *host = type == DNS_MX ? mx_host(a, &msg, &rr) : NULL;
		if (type == DNS_MX && host == NULL)
			return err_set(err, ERR_DATA, "the DNS answer has a damaged name");
		answer.names[answer.n++] = host;
	}
	if (type != DNS_MX)
		answer.names = NULL;
	*answer_r = answer;
	return true;
}

bool dns_ask(struct arena *a, const char *name, enum dns_type type, int timeout_s,
	     struct dns_answer *answer_r, struct err *err)
{
	unsigned char *message = arena_array(a, MESSAGE_MAX, 1);
	struct __res_state state = { 0 };
	bool ok;

	if (res_ninit(&state) != 0)
		return err_set(err, ERR_TEMP, "/etc/resolv.conf can't be read");
	state.options |= RES_USE_EDNS0 | RES_USE_DNSSEC | RES_TRUSTAD;
	state.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
	state.retrans = timeout_s;
	state.retry = 1;
	int n = res_nquery(&state, name, ns_c_in, (int)type, message, MESSAGE_MAX);
	if (n >= 0) {
		ok = dns_parse(a, message, (size_t)n, type, answer_r, err);
	} else if (state.res_h_errno == HOST_NOT_FOUND || state.res_h_errno == NO_DATA) {
		*answer_r = (struct dns_answer){ 0 };
		ok = true;
	} else {
		ok = err_set(err, ERR_TEMP, "no answer from the resolver about %s",
			     *name ? name : ".");
	}
	res_nclose(&state);
	return ok;
}
