/* SPDX-License-Identifier: MIT */
#include "cli/known.h"

#include "cli/source.h"
#include "inputs/accounts.h"
#include "inputs/aliases.h"

static const char *environment_targets(struct arena *a, const char *key)
{
	struct alias_vec list = VEC_INIT;
	struct problems ignored;
	struct settings s;
	struct map index;
	size_t at;

	source_settings(a, &s, &ignored);
	aliases_parse_env(a, s.mail_aliases, &list, &index, &ignored);
	return inputs_index_get(&index, key, &at) ? list.v[at].targets : NULL;
}

bool known_alias_takes(struct edit *e, struct str aliases, const char *address)
{
	struct str targets, word;

	if (!aliases_find(&e->arena, aliases, address, &targets)) {
		const char *other = environment_targets(&e->arena, address);
		if (other == NULL)
			return false;
		targets = str_from(other);
	}
	while (str_next_word(&targets, ", \t", &word))
		if (word.n == strlen(address) && strncasecmp(word.p, address, word.n) == 0)
			return false;
	return true;
}

bool known_in_environment(struct arena *a, const char *address)
{
	struct account_vec list = VEC_INIT;
	struct problems ignored;
	struct settings s;
	struct map index;

	source_settings(a, &s, &ignored);
	accounts_parse_env(a, s.mail_accounts, NULL, &list, &index, &ignored);
	size_t at;
	return inputs_index_get(&index, address, &at);
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
