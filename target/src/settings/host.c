/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	uname(2); hosts(5): "IP_address canonical_hostname [aliases...]", "#" starts a comment.
 */
#include "settings/host.h"

#include <sys/utsname.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

#define HOSTS_FILE "/etc/hosts"
#define HOSTS_MAX ((size_t)64 << 10)

/* The first name with a dot on a line that holds nodename, or NULL. */
static const char *line_fqdn(struct arena *a, struct str line, const char *nodename)
{
	struct str behind;
	struct str word;
	struct str found = { NULL, 0 };
	bool here = false;
	(void)str_split(line, '#', &line, &behind);
	if (!str_next_word(&line, " \t", &word)) /* the address */
		return NULL;
	while (str_next_word(&line, " \t", &word)) {
		if (word.n == strlen(nodename) && strncasecmp(word.p, nodename, word.n) == 0)
			here = true;
		if (!found.p && str_has_char(word, '.'))
			found = word;
	}
	return here && found.p ? str_dup(a, found) : NULL;
}

const char *host_fqdn(struct arena *a, const char *nodename, const char *hosts_text)
{
	struct str rest = str_from(hosts_text);
	struct str line;
	if (strchr(nodename, '.'))
		return arena_strdup(a, nodename);
	while (*nodename && str_next_line(&rest, &line)) {
		const char *name = line_fqdn(a, line, nodename);
		if (name)
			return name;
	}
	return arena_strdup(a, nodename);
}

const char *host_system_fqdn(struct arena *a)
{
	struct utsname system;
	struct err err = ERR_INIT;
	char *hosts = NULL;
	if (uname(&system) != 0)
		return "";
	/* Without the file the bare name has to do: the caller reports a name without a dot. */
	if (!file_read(a, HOSTS_FILE, HOSTS_MAX, &hosts, NULL, &err))
		return host_fqdn(a, system.nodename, "");
	return host_fqdn(a, system.nodename, hosts);
}

const char *host_domain(struct arena *a, const char *fqdn, const char *domainname)
{
	const char *first = strchr(fqdn, '.');
	if (first && strchr(first + 1, '.'))
		return arena_strdup(a, first + 1);
	return arena_strdup(a, *domainname ? domainname : fqdn);
}
