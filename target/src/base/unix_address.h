/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	unix_address - the address of a local socket
 *
 *	struct sockaddr_un address;
 *	if (!unix_address(&address, "%s/%s", dir, name))
 *		… the path is too long …
 *
 *	autoclose int fd = unix_connect(path, 2);
 *	if (fd < 0)
 *		… errno says why …
 *
 * SOURCES
 *	unix(7): a path has at most 107 bytes; socket(7): SO_RCVTIMEO, SO_SNDTIMEO.
 */
#ifndef BASE_UNIX_ADDRESS_H
#define BASE_UNIX_ADDRESS_H

#include <sys/un.h>

/* False: the path is too long for a socket. */
bool unix_address(struct sockaddr_un *address_r, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
/* A connection to a stream socket, on which each call waits so many seconds at most. The caller closes it; -1 with errno. */
int unix_connect(const char *path, int seconds) MUST_CHECK;

#endif
