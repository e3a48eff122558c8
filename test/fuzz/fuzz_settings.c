/* SPDX-License-Identifier: MIT */
/*
 * Input: NAME=value lines, read as a snapshot and loaded without files. Whatever comes in, what is
 * written out must load again to the same text, and no finding may hold a control character or the
 * value of a secret.
 */
#include "base/arena.h"
#include "base/str.h"
#include "settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(struct arena *a, const char *const *env, struct settings *s, struct problems *p)
{
	const struct settings_source src = { .environ = env,
					     .nodename = "mail.example.com",
					     .read_files = false };
	problems_init(p, a);
	settings_load(a, &src, s, p);
}

static void check_findings(const struct problems *p)
{
	autobuf struct buf told = BUF_INIT;
	problems_print(p, &told);
	for (size_t i = 0; i < p->list.n; i++) {
		const struct setting_row *row = settings_find(p->list.v[i].subject);
		bool named = row && row->flags & F_SECRET;
		if (strchr(p->list.v[i].subject, '\n') || strchr(p->list.v[i].text, '\n'))
			BUG("a finding of several lines");
		if (!named && has_prefix(p->list.v[i].subject, "MAIL_ACCOUNTS='"))
			BUG("a secret is shown");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct settings s;
	struct problems p;
	struct err err = ERR_INIT;
	const char *const *env = NULL;
	arena_init(&a, "fuzz");
	const char *text = arena_strndup(&a, (const char *)data, size);
	if (settings_snapshot_read(&a, text, &env, &err)) {
		autobuf struct buf first = BUF_INIT;
		autobuf struct buf second = BUF_INIT;
		autobuf struct buf rest = BUF_INIT;
		load(&a, env, &s, &p);
		check_findings(&p);
		settings_print_show(&a, &s, true, &rest);
		settings_write_shell(&a, &s, &rest);
		settings_snapshot(&a, &s, &first);
		if (problems_errors(&p) == 0) {
			if (!settings_snapshot_read(&a, first.p, &env, &err))
				BUG("own snapshot is not readable: %s", err.text);
			load(&a, env, &s, &p);
			if (problems_errors(&p) > 0)
				BUG("own snapshot has errors");
			settings_snapshot(&a, &s, &second);
			if (!streq(first.p, second.p))
				BUG("snapshots differ");
		}
	}
	arena_fini(&a);
	return 0;
}
