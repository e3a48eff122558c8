/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	channel - one non-blocking connection to a service on this host, with TLS or without
 *
 *	struct channel c = CHANNEL_INIT; channel_open_port(&c, 25, false, tls); poll c.fd for
 *	c.events, then channel_advance() until it says CHANNEL_DONE; then read and write
 *	channel_close(&c);
 *
 * OWNERSHIP
 *	The struct belongs to the caller, who calls channel_close() after every open, also a failed
 *	one.
 *
 * ERRORS
 *	CHANNEL_BROKEN: c.why says what happened; c.refused when nobody listens there.
 *
 * SOURCES
 *	connect(2) EINPROGRESS, EPROTOTYPE; SSL_get_error(3).
 */
#ifndef PLAN_CHANNEL_H
#define PLAN_CHANNEL_H

struct ssl_st;
struct ssl_ctx_st;

enum channel_result { CHANNEL_DONE, CHANNEL_AGAIN, CHANNEL_END, CHANNEL_BROKEN };

struct channel {
	int fd;
	short events; /* what to poll for when an operation said CHANNEL_AGAIN */
	bool connected, refused;
	struct ssl_st *ssl;	 /* NULL = no TLS */
	const char *server_name; /* to ask for (SNI), NULL = none; set before TLS begins */
	/* After the handshake: SHA-256 of the server's certificate, hexadecimal; it is over. */
	char leaf_id[65];
	bool expired;
	char why[160];
};

#define CHANNEL_INIT                                                                               \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* A client context for all channels of a run: no verification. Free with SSL_CTX_free(). */
struct ssl_ctx_st *channel_tls(void);

/* Begin to connect: a port of 127.0.0.1 or ::1 (tls may be NULL), a local stream
 * socket. CHANNEL_AGAIN or CHANNEL_BROKEN. */
enum channel_result channel_open_port(struct channel *c, int port, bool ipv6,
				      struct ssl_ctx_st *tls);
enum channel_result channel_open_path(struct channel *c, const char *path);
/* True: a process has the local socket open. It notices nothing. False as CHANNEL_BROKEN. */
bool channel_touch_path(struct channel *c, const char *path);
/* Finishes connecting and the handshake, as far as possible now. */
enum channel_result channel_advance(struct channel *c);
/* From now on TLS, begun with channel_advance(); CHANNEL_AGAIN or CHANNEL_BROKEN. */
enum channel_result channel_encrypt(struct channel *c, struct ssl_ctx_st *tls);
enum channel_result channel_read(struct channel *c, void *out, size_t size, size_t *n_r);
enum channel_result channel_write(struct channel *c, const void *data, size_t n, size_t *n_r);
void channel_close(struct channel *c);

#endif
