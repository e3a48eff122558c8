/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	host - the system's idea of its own name
 *
 * SOURCES
 *	uname(2) nodename; hosts(5). No DNS query is made: an answer from outside must not decide
 *	who this server is.
 */
#ifndef SETTINGS_HOST_H
#define SETTINGS_HOST_H

struct arena;

/* nodename if it has a dot; else the first name with a dot on the line of hosts_text that holds
 * nodename ("172.17.0.2 mail.example.com mail"); else nodename. hosts_text may be "". */
const char *host_fqdn(struct arena *a, const char *nodename, const char *hosts_text);
/* Reads uname and /etc/hosts (at most 64 KiB) and applies host_fqdn(). */
const char *host_system_fqdn(struct arena *a);
/* Mail domain of a server: a name of more than two labels loses its first; a shorter one gives
 * `domainname` if that is not "", else itself. "mail.example.com" -> "example.com";
 * "example.com" -> "example.com". */
const char *host_domain(struct arena *a, const char *fqdn, const char *domainname);

#endif
