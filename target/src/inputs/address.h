/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	address - quick approval of ordinary addresses
 *
 * Large files hold hundreds of thousands of addresses of few domains. An address of plain letters
 * whose domain is the one that was found good last needs no second look; all others go to
 * email_problem().
 */
#ifndef INPUTS_ADDRESS_H
#define INPUTS_ADDRESS_H

#include "base/str.h"

/* The last good domain; {0} at first. It must outlive the memory. */
struct address_memory {
	struct str domain;
};

/* True when the address is certainly good. Remembers nothing by itself. */
bool address_is_plain(const struct address_memory *m, const char *address);
/* Tells that the address was found good by the full check. */
void address_remember(struct address_memory *m, const char *address);

#endif
