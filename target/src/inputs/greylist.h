/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	greylist - whitelist_clients.local and whitelist_recipients: who is never put off
 *
 * One entry a line: of clients an address, a network or the first two or three parts of one, a host or
 * domain name, or /pattern/; of recipients user@domain, user@, a domain, or /pattern/.
 *
 * FINDINGS
 *	error	a blank within an entry, a pattern that does not compile, a bad network
 *
 * SOURCES
 *	postgrey(8) "--whitelist-clients", "--whitelist-recipients".
 */
#ifndef INPUTS_GREYLIST_H
#define INPUTS_GREYLIST_H

#include "base/str.h"
#include "settings/problems.h"

#define GREYLIST_CLIENTS_FILE "whitelist_clients.local"
#define GREYLIST_RECIPIENTS_FILE "whitelist_recipients"

/* Checks each line; returns the entries, one a line, without comments. */
const char *greylist_parse(struct arena *a, const char *file, struct str text, struct problems *p);

#endif
