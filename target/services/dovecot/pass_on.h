/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	pass_on - copies what two sockets say to each other, without waiting for either
 *
 *	pass_on_init(&p, client);
 *	p.server = …;                            when there is one
 *	n = pass_on_polls(&p, fds);              what to wait for: two of poll(2)
 *	if (!pass_on_step(&p)) pass_on_fini(&p); after poll(2); false: both have ended
 *
 * OWNERSHIP
 *	Both descriptors, which must not block, are closed by pass_on_fini().
 */
#ifndef DOVECOT_PASS_ON_H
#define DOVECOT_PASS_ON_H

#include <poll.h>

struct pass_on_way {
	char data[8192];
	size_t at, end; /* what is still to be written */
	bool done;	/* nothing more comes, and the other side was told */
};

struct pass_on {
	int client, server; /* -1 = none (yet) */
	struct pass_on_way to_server, to_client;
};

void pass_on_init(struct pass_on *p, int client);
void pass_on_fini(struct pass_on *p);
void pass_on_polls(const struct pass_on *p, struct pollfd fds[2]);
bool pass_on_step(struct pass_on *p);

#endif
