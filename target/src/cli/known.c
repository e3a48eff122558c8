/* SPDX-License-Identifier: MIT */
#include "cli/known.h"

#include "cli/source.h"
#include "inputs/accounts.h"

bool known_in_environment(struct arena *a, const char *address)
{
	struct account_vec list = VEC_INIT;
	struct settings_source src;
	struct problems ignored;
	struct settings s;
	struct map index;

	problems_init(&ignored, a);
	source_current(a, &src, NULL);
	settings_load(a, &src, &s, &ignored);
	accounts_parse_env(a, s.mail_accounts, NULL, &list, &index, &ignored);
	for (size_t i = 0; i < list.n; i++)
		if (streq(list.v[i].address, address))
			return true;
	return false;
}

bool known_account(struct edit *e, const char *address, enum known *known_r, struct err *err)
{
	struct str text, line;

	if (!edit_read(e, ACCOUNTS_FILE, &text, err))
		return false;
	*known_r = accounts_find(text, address, &line, NULL)  ? KNOWN_FILE
		   : known_in_environment(&e->arena, address) ? KNOWN_ENVIRONMENT
							      : KNOWN_NOT;
	return true;
}
