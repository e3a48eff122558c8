/* SPDX-License-Identifier: MIT */
/* Files for mailboxes are told once, as a note: a directory may be shared with a server that has them. */
#include "inputs/smtp_only.h"

#define SUBJECT "SMTP_ONLY='1'"

static void drop_accounts(struct arena *a, struct inputs *in, struct problems *p)
{
	const struct account *first = &in->accounts.v[0];

	problems_add(p, SEV_WARNING, SUBJECT,
		     "set POSTFIX_DAGENT to the server that has the mailboxes, or lead them "
		     "elsewhere with aliases",
		     "there are no mailboxes: mail for %s%s is refused", first->address,
		     in->accounts.n == 1 ? ""
					 : arena_printf(a, " and %zu more", in->accounts.n - 1));
	in->accounts = (struct account_vec)VEC_INIT;
	map_init(&in->account_index, a, 0);
}

static void note_files(const struct inputs *in, struct problems *p)
{
	const struct {
		const char *name;
		bool is_there;
	} files[] = {
		{ DOVECOT_CF_FILE, in->dovecot_cf.n > 0 },
		{ "Sieve scripts",
		  in->script_before.n > 0 || in->script_after.n > 0 || in->user_scripts.n > 0 },
		{ "master accounts", in->masters.n > 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i].is_there)
			problems_add(p, SEV_NOTE, SUBJECT, NULL, "%s: no effect without mailboxes",
				     files[i].name);
}

void smtp_only_apply(struct arena *a, const struct settings *s, struct inputs *in,
		     struct problems *p)
{
	if (!s->smtp_only)
		return;
	if (*s->postfix_dagent == '\0' && in->accounts.n > 0)
		drop_accounts(a, in, p);
	note_files(in, p);
}
