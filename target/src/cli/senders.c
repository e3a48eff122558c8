/* SPDX-License-Identifier: MIT */
/*
 * `setup debug who-may-send-as`: answered from the files, with or without a running server.
 */
#include "cli/commands.h"
#include "cli/say.h"
#include "cli/source.h"
#include "inputs/senders.h"

static void show_rights(const struct senders *sn, const char *address)
{
	struct sender_right_vec rights = VEC_INIT;
	bool any = false;

	senders_find(sn, address, &rights);
	for (size_t i = 0; i < rights.n; i++) {
		const struct sender_right *x = &rights.v[i];
		struct str rest = str_from(x->why), line;
		if (inputs_find_account(sn->in, x->login) == NULL)
			continue;
		any = true;
		printf("%s\n", x->login);
		while (str_next_line(&rest, &line))
			printf("    %.*s\n", (int)line.n, line.p);
	}
	if (!any)
		printf("nobody: '%s' is no account, and no alias or pattern leads from it to one\n",
		       address);
}

int debug_who_may_send_as(const struct cmd *cmd)
{
	struct inputs_where where = { .config_dir = cmd->config_dir };
	struct problems p;
	struct settings s;
	struct senders sn;
	struct inputs in;
	struct arena a;

	arena_init(&a, "who may send as");
	source_settings(&a, &s, &p);
	inputs_read(&a, &s, &where, &in, &p);
	if (!s.spoof_protection)
		say_warn(
			"SPOOF_PROTECTION is off: every account may send as any address; were it on:");
	senders_init(&sn, &a, &s, &in);
	show_rights(&sn, cmd->argv[0]);
	arena_fini(&a);
	return 0;
}
