/* SPDX-License-Identifier: MIT */
#include "cli/given.h"

#include "base/idn.h"
#include "base/str.h"
#include "cli/say.h"

const char *given_target(struct arena *a, const char *typed)
{
	const char *ascii = typed;

	return idn_to_ascii(a, typed, &ascii) == NULL ? ascii : typed;
}

const char *given_address(struct arena *a, const char *typed)
{
	return str_lower(a, str_from(given_target(a, typed)));
}

const char *given_new_address(struct arena *a, const char *typed)
{
	const char *ascii = given_target(a, typed), *folded = str_lower(a, str_from(ascii));

	if (!streq(folded, ascii))
		say_warn("'%s' has capital letters: '%s' is used", typed, folded);
	else if (!streq(ascii, typed))
		say_info("'%s' is stored as '%s'", typed, folded);
	return folded;
}
