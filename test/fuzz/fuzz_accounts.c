/* SPDX-License-Identifier: MIT */
/*
 * Input: a postfix-accounts.cf; also read as dovecot-quotas.cf and as MAIL_ACCOUNTS. What is
 * accepted is a good address with a hash; what was added is found, what was deleted is not, and
 * nothing else changes.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/linefile.h"
#include "inputs/accounts.h"
#include "inputs/quotas.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NEW_ADDRESS "fuzz-new@fuzz.example"

struct parsed {
	struct account_vec list;
	struct map index;
	struct problems p;
};

static void parse(struct arena *a, struct str text, struct parsed *x)
{
	*x = (struct parsed){ 0 };
	problems_init(&x->p, a);
	accounts_parse(a, "f", text, &x->list, &x->index, &x->p);
}

static void check_account(const struct parsed *x, size_t i)
{
	const struct account *acc = &x->list.v[i];
	const char *prefix;
	size_t at;

	if (account_address_problem(acc->address))
		BUG("accepted '%s'", acc->address);
	if (account_local(acc).n == 0 || acc->domain[-1] != '@' || strchr(acc->domain, '@'))
		BUG("'%s' is cut wrongly", acc->address);
	if (password_judge(acc->hash, &prefix) == PASSWORD_PLAIN)
		BUG("accepted a plain password");
	if (!inputs_index_get(&x->index, acc->address, &at) || at != i)
		BUG("'%s' is not in the index", acc->address);
}

/* A lone CR at the end is a forbidden byte until a line is added behind it. */
static bool has_bad_line(struct str text)
{
	struct linefile lf;
	struct str line;
	const char *bad;

	linefile_init(&lf, "f", text);
	while (linefile_next(&lf, &line, &bad))
		if (bad)
			return true;
	return false;
}

static void check_edits(struct arena *a, struct str text, const struct parsed *before)
{
	autobuf struct buf added = BUF_INIT, deleted = BUF_INIT;
	struct parsed after;
	struct str line;
	size_t at;

	buf_add(&added, text.p, text.n);
	linefile_tail(text, NEW_ADDRESS "|{PLAIN}x", &added);
	struct str with = { added.p, added.n };
	if (!accounts_find(with, NEW_ADDRESS, &line, NULL))
		BUG("what was added is not found");
	parse(a, with, &after);
	bool known = inputs_index_get(&before->index, NEW_ADDRESS, &at);
	if (after.list.n != before->list.n + (known ? 0 : 1))
		BUG("adding changed other accounts");
	if (!accounts_edit_del(with, NEW_ADDRESS, &deleted) ||
	    accounts_find((struct str){ deleted.p, deleted.n }, NEW_ADDRESS, &line, NULL))
		BUG("what was deleted is found");
	parse(a, (struct str){ deleted.p, deleted.n }, &after);
	if (after.list.n > before->list.n)
		BUG("deleting made accounts");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct parsed x, env = { 0 };
	struct quota_vec quotas = VEC_INIT;
	struct arena a;

	arena_init(&a, "fuzz");
	parse(&a, text, &x);
	for (size_t i = 0; i < x.list.n; i++)
		check_account(&x, i);
	if (!has_bad_line(text))
		check_edits(&a, text, &x);
	quotas_parse(&a, "q", text, &quotas, &x.p);
	for (size_t i = 0; i < quotas.n; i++)
		if (!quota_is_valid(quotas.v[i].limit))
			BUG("accepted the limit '%s'", quotas.v[i].limit);
	problems_init(&env.p, &a);
	accounts_parse_env(&a, arena_strndup(&a, text.p, text.n), NULL, &env.list, &env.index,
			   &env.p);
	for (size_t i = 0; i < env.list.n; i++)
		check_account(&env, i);
	arena_fini(&a);
	return 0;
}
