/* SPDX-License-Identifier: MIT */
/*
 * The kernel's queue is short (ten datagrams, unless the host says otherwise), so all that wait are taken
 * out of it before the next one is worked on.
 *
 * SOURCES
 *	unix(7), recv(2) MSG_TRUNC; postconf(5) smtp_tlsrpt_socket_name.
 */
#include "tlsrpt/collect.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/unix_address.h"
#include "tlsrpt/store.h"

#define QUEUE_MAX ((size_t)1 << 17)
#define QUEUE_KEEP ((size_t)1 << 14)
#define COMPLAINTS_MS (INT64_C(3600) * 1000)
#define COMPLAINTS_MAX 10

/* Datagrams, each behind its length. */
struct queue {
	struct buf data;
	size_t taken;
};

/* What goes wrong is said, but not more than so many times in an hour. */
struct complaints {
	int64_t since_ms;
	uint64_t n, said;
};

static void complain(struct complaints *c, const char *text)
{
	int64_t now = now_ms();

	if (c->n > 0 && now - c->since_ms >= COMPLAINTS_MS) {
		if (c->n > c->said)
			log_warn("%" PRIu64 " TLS sessions were not counted", c->n);
		*c = (struct complaints){ 0 };
	}
	if (c->n++ == 0)
		c->since_ms = now;
	if (c->said >= COMPLAINTS_MAX)
		return;
	c->said++;
	log_warn("a TLS session is not counted: %s%s", text,
		 c->said == COMPLAINTS_MAX ? " (nothing more is said of this for an hour)" : "");
}

/* Everybody who gets as far may write: its directory lets in the MTA's group alone. */
static int open_socket(const char *path, struct err *err)
{
	struct sockaddr_un address;
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (!unix_address(&address, "%s", path)) {
		(void)err_set(err, ERR_CONFIG, "%s: too long for a socket", path);
		return -1;
	}
	/* The type that all sockets share. */
	if (fd < 0 || (unlink(path) < 0 && errno != ENOENT) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0666) < 0) {
		(void)err_sys(err, ERR_OS, "listen at %s", path);
		return -1;
	}
	return steal_fd(&fd);
}

static void drain(int fd, struct queue *q, struct complaints *c)
{
	static char part[COLLECT_MAX];
	ssize_t n;

	while (q->data.n < QUEUE_MAX && (n = recv(fd, part, sizeof(part), MSG_TRUNC)) >= 0) {
		size_t size = (size_t)n;
		if (size > sizeof(part)) {
			complain(c, "a datagram is too long");
			continue;
		}
		buf_add(&q->data, &size, sizeof(size));
		buf_add(&q->data, part, size);
	}
}

static bool next(struct queue *q, struct str *datagram_r)
{
	size_t size;

	if (q->taken == q->data.n) {
		q->taken = 0;
		if (q->data.cap > QUEUE_KEEP)
			buf_fini(&q->data);
		buf_reset(&q->data);
		return false;
	}
	memcpy(&size, q->data.p + q->taken, sizeof(size));
	*datagram_r = (struct str){ q->data.p + q->taken + sizeof(size), size };
	q->taken += sizeof(size) + size;
	return true;
}

/* Until something comes, or the next day does. */
static void wait_for(int fd, int64_t now)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left_s = STORE_DAY_S - now % STORE_DAY_S;

	(void)poll(&p, 1, (int)(left_s * 1000));
}

int collect_main(void)
{
	struct store store = { .dir = STORE_DIR, .day = -1 };
	struct complaints complaints = { 0 };
	struct queue q = { .data = BUF_INIT };
	struct err err = ERR_INIT;
	int64_t pruned = -1;
	struct str datagram;

	log_to_syslog("/dev/log");
	autoclose int fd = open_socket(COLLECT_SOCKET, &err);
	if (fd < 0) {
		log_error("%s", err.text);
		return (int)err.class;
	}
	for (;;) {
		int64_t now = (int64_t)time(NULL);
		if (pruned != now / STORE_DAY_S) {
			pruned = now / STORE_DAY_S;
			if (!store_prune(STORE_DIR, pruned, &err))
				log_warn("old TLS reports stay: %s", err.text);
		}
		drain(fd, &q, &complaints);
		if (!next(&q, &datagram))
			wait_for(fd, now);
		else if (!store_count(&store, now, datagram, &err))
			complain(&complaints, err.text);
	}
}
