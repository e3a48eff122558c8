/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "base/unix_address.h"
#include "plan/channel.h"

static enum channel_result PRINTF_LIKE(2, 3) broken(struct channel *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	return CHANNEL_BROKEN;
}

static enum channel_result broken_connect(struct channel *c, int error)
{
	c->refused = error == ECONNREFUSED || error == ENOENT;
	return broken(c, "%s", error == ECONNREFUSED ? "connection refused" : strerror(error));
}

struct ssl_ctx_st *channel_tls(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (tls == NULL)
		BUG("no memory for TLS");
	SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return tls;
}

static enum channel_result begin(struct channel *c, const struct sockaddr *address, socklen_t size)
{
	c->events = POLLOUT;
	if (connect(c->fd, address, size) == 0 || errno == EINPROGRESS)
		return CHANNEL_AGAIN;
	return broken_connect(c, errno);
}

enum channel_result channel_encrypt(struct channel *c, struct ssl_ctx_st *tls)
{
	c->ssl = SSL_new(tls);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
		return broken(c, "no memory for TLS");
	/* The cast: the macro drops const, the library copies the name. */
	if (c->server_name &&
	    SSL_set_tlsext_host_name(c->ssl, (char *)(uintptr_t)c->server_name) != 1)
		return broken(c, "no memory for TLS");
	SSL_set_connect_state(c->ssl);
	c->events = POLLOUT;
	return CHANNEL_AGAIN;
}

enum channel_result channel_open_port(struct channel *c, int port, bool ipv6,
				      struct ssl_ctx_st *tls)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons((uint16_t)port),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	c->fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return broken(c, "no socket: %s", strerror(errno));
	if (tls && channel_encrypt(c, tls) == CHANNEL_BROKEN)
		return CHANNEL_BROKEN;
	return ipv6 ? begin(c, (const struct sockaddr *)&v6, sizeof(v6))
		    : begin(c, (const struct sockaddr *)&v4, sizeof(v4));
}

static enum channel_result open_path(struct channel *c, const char *path, int type)
{
	struct sockaddr_un address;

	if (!unix_address(&address, "%s", path))
		return broken(c, "path is too long for a socket");
	c->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return broken(c, "no socket: %s", strerror(errno));
	return begin(c, (const struct sockaddr *)&address, sizeof(address));
}

enum channel_result channel_open_path(struct channel *c, const char *path)
{
	return open_path(c, path, SOCK_STREAM);
}

/* Nobody listens with this type of socket, and the kernel says so only when there is one. */
bool channel_touch_path(struct channel *c, const char *path)
{
	return open_path(c, path, SOCK_SEQPACKET) != CHANNEL_BROKEN || errno == EPROTOTYPE;
}

/* What the TLS library's answer means for the caller. */
static enum channel_result tls_result(struct channel *c, int rc, const char *what)
{
	char text[120];
	unsigned long code;

	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		c->events = POLLIN;
		return CHANNEL_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		c->events = POLLOUT;
		return CHANNEL_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return CHANNEL_END;
	default:
		break;
	}
	code = ERR_get_error();
	if (code == 0)
		return broken(c, "%s: connection closed", what);
	ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	/* "error:0A00010B:SSL routines::wrong version number": the last part is for people. */
	return broken(c, "%s: %s", what, strrchr(text, ':') ? strrchr(text, ':') + 1 : text);
}

static enum channel_result handshake(struct channel *c)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	const X509 *cert;
	unsigned n = 0;
	int rc = SSL_do_handshake(c->ssl);

	if (rc != 1) {
		enum channel_result result = tls_result(c, rc, "TLS handshake");
		return result == CHANNEL_END ? broken(c, "TLS handshake: connection closed")
					     : result;
	}
	cert = SSL_get0_peer_certificate(c->ssl);
	if (cert == NULL)
		return broken(c, "TLS without a certificate");
	c->expired = X509_cmp_current_time(X509_get0_notAfter(cert)) < 0;
	if (X509_digest(cert, EVP_sha256(), digest, &n) != 1 || 2 * n >= sizeof(c->leaf_id))
		return broken(c, "the certificate has no digest");
	for (unsigned i = 0; i < n; i++)
		(void)snprintf(c->leaf_id + (size_t)2 * i, 3, "%02x", digest[i]);
	return CHANNEL_DONE;
}

enum channel_result channel_advance(struct channel *c)
{
	socklen_t size = sizeof(int);
	int error = 0;

	if (!c->connected) {
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };
		if (poll(&p, 1, 0) == 0)
			return CHANNEL_AGAIN;
		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
			error = errno;
		if (error != 0)
			return broken_connect(c, error);
		c->connected = true;
		c->events = POLLIN;
	}
	if (c->ssl && !SSL_is_init_finished(c->ssl))
		return handshake(c);
	return CHANNEL_DONE;
}

enum channel_result channel_read(struct channel *c, void *out, size_t size, size_t *n_r)
{
	ssize_t n;

	if (c->ssl) {
		int rc = SSL_read_ex(c->ssl, out, size, n_r);
		return rc == 1 ? CHANNEL_DONE : tls_result(c, rc, "TLS");
	}
	n = recv(c->fd, out, size, 0);
	if (n > 0) {
		*n_r = (size_t)n;
		return CHANNEL_DONE;
	}
	if (n == 0)
		return CHANNEL_END;
	c->events = POLLIN;
	return errno == EAGAIN || errno == EINTR ? CHANNEL_AGAIN : broken(c, "%s", strerror(errno));
}

enum channel_result channel_write(struct channel *c, const void *data, size_t n, size_t *n_r)
{
	ssize_t done;

	if (c->ssl) {
		int rc = SSL_write_ex(c->ssl, data, n, n_r);
		return rc == 1 ? CHANNEL_DONE : tls_result(c, rc, "TLS");
	}
	done = send(c->fd, data, n, MSG_NOSIGNAL);
	if (done >= 0) {
		*n_r = (size_t)done;
		return CHANNEL_DONE;
	}
	c->events = POLLOUT;
	return errno == EAGAIN || errno == EINTR ? CHANNEL_AGAIN : broken(c, "%s", strerror(errno));
}

void channel_close(struct channel *c)
{
	if (c->ssl)
		SSL_free(c->ssl);
	if (c->fd >= 0)
		(void)close(c->fd);
	*c = (struct channel)CHANNEL_INIT;
}
