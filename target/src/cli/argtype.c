/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	docs/administration.md "Commands".
 */
#include "cli/argtype.h"

#include "base/net.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/password.h"
#include "inputs/quotas.h"

static const char *email_arg_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return account_address_problem(arg);
}

static const char *account_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return strchr(arg, '@') ? NULL : "has no '@'";
}

static const char *alias_problem(const char *arg, char *bad UNUSED, size_t size UNUSED)
{
	return alias_key_problem(arg);
}

/* The first target that is none. */
static const char *recipient_problem(const char *arg, char *bad, size_t size)
{
	struct str rest = str_from(arg), word;
	const char *problem = "is empty";

	while (str_next_word(&rest, ", \t", &word)) {
		(void)snprintf(bad, size, "%.*s", (int)word.n, word.p);
		problem = word.n < size ? alias_target_problem(bad) : "is too long";
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
	{ "password", "left out, it is asked for, or read as two lines from standard input",
	  OFFER_NOTHING, password_arg_problem, true, false },
	{ "quota", "a number with one of the units B k M G T, or 0 for no limit", OFFER_NOTHING,
	  quota_problem, false, false },
	{ "ip", "an IPv4 or IPv6 address", OFFER_NOTHING, ip_problem, false, false },
	{ "command", "a program and its arguments", OFFER_NOTHING, NULL, false, true },
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
