/* SPDX-License-Identifier: MIT */
/*
 * Input: a text for all predicates. Must hold: they agree with one another, nothing that is taken has a control character or
 * a blank, and a reason is given exactly when an e-mail address is refused.
 */
#include "base/net.h"

#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			BUG("taken with a blank or control character");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	arena_init(&a, "fuzz");
	const char *s = arena_strndup(&a, (const char *)data, size);
	bool host = is_hostname(s), address = is_ip_address(s), email = is_email(s);
	const char *domain = email_domain(s);

	if (is_fqdn(s) && !host)
		BUG("an FQDN that is no host name");
	if (host && address)
		BUG("a host name that is an address");
	if (address && !is_network(s))
		BUG("an address that is no network");
	if (host && !is_hostport(s))
		BUG("a host name that is no host:port");
	if (email != (email_problem(s) == NULL))
		BUG("refused without a reason");
	if (email && (!domain || !is_fqdn(domain) || strlen(s) > 254))
		BUG("an address with a bad domain");
	if (host || address || email || is_network(s) || is_hostport(s))
		check_clean(s);
	arena_fini(&a);
	return 0;
}
