/* SPDX-License-Identifier: MIT */
/* Names of docker-mailserver's programs that scripts and guides call directly. */
#include "cli/names.h"

#include "base/str.h"

const struct cli_name cli_names[] = {
#define NAME(name, words) { name, words },
#include "cli/names.def"
#undef NAME
	{ NULL, NULL },
};

const struct cli_name *cli_find_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (const struct cli_name *n = cli_names; n->name; n++)
		if (streq(n->name, name))
			return n;
	return NULL;
}
