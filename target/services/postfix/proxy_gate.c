/* SPDX-License-Identifier: MIT */
/*
 * HOW A CONNECTION IS PASSED
 *	As postscreen(8) does to smtpd(8): connect to the service's socket; one byte with the
 *	descriptor; then attributes of the client, of which there are none, so that the service asks
 *	the connection itself for the PROXY header. The end of attributes is a NUL byte.
 *
 * LIMITS
 *	This way is between Postfix's own programs and is not documented; the end-to-end test tells
 *	when a new Postfix has changed it.
 *
 * SOURCES
 *	spawn(8), master(5) "pass"; unix(7) SCM_RIGHTS; PROXY protocol 1.8 (haproxy.org), which asks
 *	receivers to take headers from named senders only.
 */
#include "postfix/proxy_gate.h"

#include <netdb.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/cidr.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/unix_address.h"

bool proxy_gate_is_trusted(int fd, char *const *networks, char *peer_r, size_t size)
{
	struct sockaddr_storage from = { 0 };
	socklen_t n = sizeof(from);
	struct cidr peer, network;
	/* The type that all sockets share. */
	struct sockaddr *address = (struct sockaddr *)&from;

	(void)snprintf(peer_r, size, "no network connection");
	if (getpeername(fd, address, &n) < 0 || !cidr_from_sockaddr(address, NULL, &peer))
		return false;
	(void)getnameinfo(address, n, peer_r, (socklen_t)size, NULL, 0, NI_NUMERICHOST);
	for (; *networks; networks++)
		if (cidr_parse(*networks, &network) && cidr_contains(&network, &peer))
			return true;
	return false;
}

static bool send_descriptor(int to, int fd)
{
	char byte = 0;
	struct iovec data = { &byte, 1 };
	union {
		struct cmsghdr header; /* for its alignment */
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(to, &message, MSG_NOSIGNAL) == 1;
}

bool proxy_gate_pass(int fd, const char *path, struct err *err)
{
	struct sockaddr_un address;
	autoclose int to = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!unix_address(&address, "%s", path))
		return err_set(err, ERR_USAGE, "%s: the path is too long", path);
	/* The type that all sockets share. */
	if (to < 0 || connect(to, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, ERR_UNAVAILABLE, "connect to %s", path);
	if (!send_descriptor(to, fd) || send(to, "", 1, MSG_NOSIGNAL) != 1)
		return err_sys(err, ERR_IO, "hand a connection over to %s", path);
	return true;
}

/* What is said must not go to the client, whose connection is on 1 and 2 too. */
static bool keep_quiet(void)
{
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	return null >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0;
}

int proxy_gate_main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	char peer[64];

	if (argc < 3) {
		fprintf(stderr, "usage: mailserver proxy-gate SOCKET NETWORK...\n");
		return ERR_USAGE;
	}
	if (!keep_quiet())
		return ERR_OS;
	log_init("mailserver/proxy-gate", LOG_LVL_INFO);
	log_to_syslog("/dev/log");
	if (!proxy_gate_is_trusted(STDIN_FILENO, argv + 2, peer, sizeof(peer)))
		log_warn("refused a connection from %s: not one of TRUSTED_PROXIES", peer);
	else if (!proxy_gate_pass(STDIN_FILENO, argv[1], &err))
		log_error("%s: closed: %s", peer, err.text);
	return 0;
}
