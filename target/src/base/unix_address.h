/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	unix_address - the address of a local socket
 *
 *	struct sockaddr_un address;
 *	if (!unix_address(&address, "%s/%s", dir, name))
 *		… the path is too long …
 *
 * SOURCES
 *	unix(7): a path has at most 107 bytes.
 */
#ifndef BASE_UNIX_ADDRESS_H
#define BASE_UNIX_ADDRESS_H

#include <sys/un.h>

/* False: the path is too long for a socket. */
bool unix_address(struct sockaddr_un *address_r, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

#endif
