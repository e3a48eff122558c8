/* SPDX-License-Identifier: MIT */
/*
 * A Dovecot that is stopped or busy reads the command later, from the socket's queue: the cache is emptied before it is asked
 * again.
 */
#include "dovecot/user_cache.h"

#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "base/unix_address.h"

#define AUTH_SOCKET "/run/dovecot/auth-master"
#define ANSWER_S 1
#define MAJOR_VERSION "1"

/* True: Dovecot has said so. Its own lines, with its version and process id, come first. */
static bool is_answered(int fd)
{
	char said[256];
	size_t n = 0;

	while (n < sizeof(said) - 1) {
		ssize_t got = recv(fd, said + n, sizeof(said) - 1 - n, 0);
		if (got <= 0)
			return false;
		n += (size_t)got;
		said[n] = '\0';
		if (strstr(said, "\nOK\t"))
			return true;
	}
	return false;
}

void user_cache_flush(void)
{
	static const char command[] = "VERSION\t" MAJOR_VERSION "\t0\nCACHE-FLUSH\t1\n";
	autoclose int fd = unix_connect(AUTH_SOCKET, ANSWER_S);

	if (fd < 0 && (errno == ENOENT || errno == ECONNREFUSED))
		return;
	if (fd < 0 || send(fd, command, sizeof(command) - 1, MSG_NOSIGNAL) < 0 || !is_answered(fd))
		log_warn(
			"dovecot: what has changed may be seen some seconds later: no answer within %d s",
			ANSWER_S);
}
