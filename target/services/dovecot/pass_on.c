/* SPDX-License-Identifier: MIT */
/*
 * Each way has one buffer, which is filled when it is empty. One side may stop sending and still
 * listen (shutdown(2)); a connection that breaks ends both ways.
 */
#include "dovecot/pass_on.h"

#include <sys/socket.h>

void pass_on_init(struct pass_on *p, int client)
{
	p->client = client;
	p->server = -1;
	p->to_server.at = p->to_server.end = 0;
	p->to_client.at = p->to_client.end = 0;
	p->to_server.done = p->to_client.done = false;
}

void pass_on_fini(struct pass_on *p)
{
	if (p->client >= 0)
		(void)close(p->client);
	if (p->server >= 0)
		(void)close(p->server);
	p->client = p->server = -1;
}

static bool is_empty(const struct pass_on_way *w)
{
	return w->at == w->end;
}

/* What a socket is waited for: to be read, when that way has room, and to be written. */
static struct pollfd waits(int fd, const struct pass_on_way *out, const struct pass_on_way *in)
{
	short events = 0;

	if (!out->done && is_empty(out))
		events |= POLLIN;
	if (!is_empty(in))
		events |= POLLOUT;
	/* A hang-up is reported without being asked for, and would be over and over. */
	return (struct pollfd){ .fd = events == 0 ? -1 : fd, .events = events };
}

void pass_on_polls(const struct pass_on *p, struct pollfd fds[2])
{
	if (p->server < 0) {
		fds[0].fd = fds[1].fd = -1;
		return;
	}
	fds[0] = waits(p->client, &p->to_server, &p->to_client);
	fds[1] = waits(p->server, &p->to_client, &p->to_server);
}

static bool is_temporary(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* false: the connection is broken. */
static bool flow(struct pass_on_way *w, int from, int to)
{
	ssize_t n;

	if (!w->done && is_empty(w)) {
		n = recv(from, w->data, sizeof(w->data), 0);
		if (n < 0)
			return is_temporary();
		if (n == 0) {
			w->done = true;
			return shutdown(to, SHUT_WR) == 0;
		}
		w->at = 0;
		w->end = (size_t)n;
	}
	if (!is_empty(w)) {
		n = send(to, w->data + w->at, w->end - w->at, MSG_NOSIGNAL);
		if (n < 0)
			return is_temporary();
		w->at += (size_t)n;
	}
	return true;
}

bool pass_on_step(struct pass_on *p)
{
	return flow(&p->to_server, p->client, p->server) &&
	       flow(&p->to_client, p->server, p->client) &&
	       !(p->to_server.done && p->to_client.done);
}
