/* SPDX-License-Identifier: MIT */
#include "base/unix_address.h"

#include <sys/socket.h>
#include <sys/time.h>

#include "base/file.h"

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

int unix_connect(const char *path, int seconds)
{
	const struct timeval limit = { .tv_sec = seconds };
	struct sockaddr_un address;
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!unix_address(&address, "%s", path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return steal_fd(&fd);
}
