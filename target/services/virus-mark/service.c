/* SPDX-License-Identifier: MIT */
/*
 * Marks messages that are bigger than what the virus scanner looks at: `mailserver mark`, started by Postfix for each
 * connection, and only where messages may be so big at all.
 *
 * SOURCES
 *	Postfix spawn(8), MILTER_README.
 */
#include "service.h"

static bool is_enabled(const struct settings *s)
{
	return s->enable_clamav && s->enable_amavis &&
	       (s->postfix_message_size_limit == 0 ||
		s->postfix_message_size_limit > s->clamav_message_size_limit);
}

static const struct service_file files[] = {
	{ .dest = "clamav/mark.conf", .tpl = "mark.conf.tpl", .dialect = DIALECT_WORDS },
	{ .dest = NULL },
};

/* Behind the scanner's, whose word it corrects. */
static const struct service_milter milter = {
	.socket = "unix:private/virus-mark",
	.order = 51,
	.incoming = true,
	.submission = true,
};

static const struct service_spawn spawn = {
	.name = "virus-mark",
	.user = "clamav",
	.command = "/usr/local/bin/mailserver mark /etc/clamav/mark.conf",
};

const struct service service_virus_mark = {
	.name = "virus-mark",
	.enabled = is_enabled,
	.files = files,
	.milter = &milter,
	.spawn = &spawn,
};
