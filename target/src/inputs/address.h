/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	address - quick approval of ordinary addresses
 *
 * Large files hold hundreds of thousands of addresses of few domains, in any order. An address of plain
 * letters whose domain was found good before needs no second look; all others go to email_problem().
 */
#ifndef INPUTS_ADDRESS_H
#define INPUTS_ADDRESS_H

#include "base/str.h"

#define ADDRESS_DOMAINS 256

/* Good domains, one for each hash value; {0} at first. They must outlive the memory. */
struct address_memory {
	struct str domains[ADDRESS_DOMAINS];
};

/* True when the address is certainly good. Remembers nothing by itself. */
bool address_is_plain(const struct address_memory *m, const char *address);
/* Tells that the address was found good by the full check. */
void address_remember(struct address_memory *m, const char *address);

#endif
