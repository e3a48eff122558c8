/* SPDX-License-Identifier: MIT */
#include "base/unix_address.h"

#include <sys/socket.h>

bool unix_address(struct sockaddr_un *address_r, const char *fmt, ...)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(address.sun_path, sizeof(address.sun_path), fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return false;
	*address_r = address;
	return true;
}
