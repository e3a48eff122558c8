/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	docs/administration.md "Commands".
 */
#include "cli/argtype.h"

#include "base/arena.h"
#include "base/idn.h"
#include "base/net.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/masters.h"
#include "inputs/password.h"
#include "inputs/quotas.h"
#include "inputs/relays.h"

/* What `check` says of the form that will be stored. */
static const char *stored_problem(const char *arg, const char *(*check)(const char *))
{
	const char *problem, *ascii;
	struct arena a;

	arena_init(&a, "address");
	problem = idn_to_ascii(&a, arg, &ascii);
	if (problem == NULL)
		problem = check(ascii);
	arena_fini(&a);
	return problem;
}

static const char *email_arg_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return stored_problem(arg, account_address_problem);
}

static const char *account_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return strchr(arg, '@') ? NULL : "has no '@'";
}

static const char *alias_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return stored_problem(arg, alias_key_problem);
}

static const char *master_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return master_name_problem(arg);
}

/* The first target that is none. */
static const char *recipient_problem(const char *arg, char *bad, size_t size)
{
	struct str rest = str_from(arg), word;
	const char *problem = "is empty";

	while (str_next_word(&rest, ", \t", &word)) {
		(void)snprintf(bad, size, "%.*s", (int)word.n, word.p);
		problem = word.n < size ? stored_problem(bad, alias_target_problem) : "is too long";
		if (problem)
			break;
	}
	return problem;
}

static const char *password_arg_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return password_problem(arg);
}

static const char *quota_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return quota_is_valid(arg) ? NULL
				   : "is not a number with one of the units B k M G T, or 0 (5G)";
}

static const char *ip_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return is_ip_address(arg) ? NULL : "is not an IP address (192.0.2.1, 2001:db8::1)";
}

/* A domain with or without "@", or an address. */
static const char *sender_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	char key[300];

	(void)snprintf(key, sizeof(key), "%s%s", strchr(arg, '@') ? "" : "@", arg);
	if (is_ip_address(arg) || !relay_sender_problem(key))
		return is_ip_address(arg) ? "is an IP address, not a domain" : NULL;
	return strchr(arg, '@') > arg ? email_problem(arg) : "is not a domain such as example.com";
}

static const char *login_of_problem(const char *arg, char *bad, size_t size)
{
	return strpbrk(arg, "[:") ? relay_hop_problem(arg) : sender_problem(arg, bad, size);
}

static const char *host_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	if (strchr(arg, '['))
		return "has brackets, which are added anyway: write the bare host name";
	if (strchr(arg, ':') && !is_ip_address(arg))
		return "has a colon: the port is an argument of its own";
	return is_hostname(arg) || is_ip_address(arg) ? NULL
						      : "is not a host such as smtp.example.com";
}

static const char *port_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	int64_t port;

	return isdigit((unsigned char)*arg) && parse_int64(arg, 1, 65535, &port)
		       ? NULL
		       : "is not a port from 1 to 65535";
}

static const char *user_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	if (strchr(arg, ':'))
		return "has a colon, which ends a user name";
	return str_trim(str_from(arg)).n == strlen(arg) ? NULL : "begins or ends with a blank";
}

static const char *domain_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return is_fqdn(arg) ? NULL : "is not a domain such as example.com";
}

/* clang-format off */
static const struct argtype types[] = {
	{ "email", "address of an account: name@example.com", OFFER_AT_DOMAINS,
	  email_arg_problem, false, false },
	{ "account", "address of an account that exists", OFFER_ACCOUNTS,
	  account_problem, false, false },
	{ "alias", "an address, @domain for all of a domain, or a bare name", OFFER_ALIASES,
	  alias_problem, false, false },
	{ "known-alias", "an alias as it is listed; _ for every alias", OFFER_ALIASES,
	  NULL, false, false },
	{ "recipient", "one or more addresses, separated by commas", OFFER_RECIPIENTS,
	  recipient_problem, false, false },
	{ "known-recipient", "recipients of that alias, separated by commas", OFFER_RECIPIENTS_OF,
	  NULL, false, false },
	{ "master", "name of a master account: admin", OFFER_NOTHING,
	  master_problem, false, false },
	{ "known-master", "name of a master account that exists", OFFER_MASTERS,
	  NULL, false, false },
	{ "restricted", "an address, a domain, or name@; left out, it is asked for",
	  OFFER_RECIPIENTS_DOMAINS, NULL, false, false },
	{ "known-restricted", "an address, domain or name@ that is listed; left out, it is asked for",
	  OFFER_RESTRICTED, NULL, false, false },
	{ "password", "left out, it is asked for, or read as two lines from standard input",
	  OFFER_NOTHING, password_arg_problem, true, false },
	{ "quota", "a number with one of the units B k M G T, or 0 for no limit", OFFER_NOTHING,
	  quota_problem, false, false },
	{ "ip", "an IPv4 or IPv6 address", OFFER_NOTHING, ip_problem, false, false },
	{ "file", "a file in the container, or - for standard input", OFFER_FILES, NULL, false,
	  false },
	{ "sender", "a domain, or the address of one sender", OFFER_DOMAINS, sender_problem,
	  false, false },
	{ "host", "name or address of a server, without brackets", OFFER_NOTHING, host_problem,
	  false, false },
	{ "port", "a number from 1 to 65535", OFFER_NOTHING, port_problem, false, false },
	{ "login-of", "a domain, the address of one sender, or a relay as [host]:port",
	  OFFER_DOMAINS, login_of_problem, false, false },
	{ "user", "user name at the relay", OFFER_NOTHING, user_problem, false, false },
	{ "command", "a program and its arguments", OFFER_NOTHING, NULL, false, true },
	{ "dkim", "keysize, selector, domain or keytype, each followed by its value", OFFER_KEY_OPTIONS,
	  NULL, false, false },
	{ "day", "today, yesterday, or a date as 2026-11-28 (UTC)", OFFER_DAYS, NULL, false, false },
	{ "domain", "a domain", OFFER_NOTHING, domain_problem, false, false },
	{ "choice", "one of these words", OFFER_NOTHING, NULL, false, false },
	{ "text", "any text", OFFER_NOTHING, NULL, false, false },
};
/* clang-format on */

bool argtype_is_choice(struct str name)
{
	return str_has_char(name, '|');
}

const struct argtype *argtype_find(struct str name)
{
	if (argtype_is_choice(name))
		name = STR_LIT("choice");
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_is(name, types[i].name))
			return &types[i];
	return NULL;
}

bool argtype_choice_has(struct str choice, const char *arg)
{
	struct str word;
	size_t n = strlen(arg);

	while (str_next_word(&choice, "|", &word))
		if (word.n == n && strncasecmp(word.p, arg, n) == 0)
			return true;
	return false;
}
