/* SPDX-License-Identifier: MIT */
/*
 * One connection is one question: an SSL_CTX that offers something, and what came of it.
 */
#include "plan/tls_scan.h"

#include <poll.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/proc.h"
#include "plan/channel.h"
#include "plan/talk.h"

/* Everything that the library knows, so that refusals are the port's. */
#define ALL_SUITES12 "ALL:COMPLEMENTOFALL:!eNULL:!PSK:!SRP:@SECLEVEL=0"
/* By the names that the library gives them. */
static const struct tls_names all_groups = {
	.v = { "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192", "secp521r1", "x448",
	       "secp384r1", "secp256r1", "x25519", "MLKEM512", "MLKEM768", "MLKEM1024",
	       "SecP384r1MLKEM1024", "SecP256r1MLKEM768", "X25519MLKEM768" },
	.n = 16,
};

/* What is asked, and what came of it. */
struct question {
	const struct service_probe *probe;
	int64_t until_ms;
	int min, max;	      /* versions */
	const char *suites;   /* TLS 1.3, NULL = the library's */
	const char *suites12; /* NULL = ALL_SUITES12 */
	const char *groups;   /* NULL = the library's */
	const char *signatures;
	bool renegotiate; /* once connected */
	bool talk_on; /* once connected, say something and hear the answer: tickets come with it */

	bool connected; /* the handshake succeeded */
	const char *suite, *group, *protocol;
	bool ems, secure, renegotiated, early_data;
	struct tls_scan *certificate; /* to be filled, or NULL */
};

struct line_reader {
	char text[TALK_LINE_MAX];
	size_t n;
};

static int64_t left_ms(const struct question *q)
{
	int64_t left = q->until_ms - now_ms();

	return left > 0 ? left : 0;
}

/* Waits until the channel can go on; false when time is up. */
static bool wait_for(const struct channel *c, const struct question *q)
{
	struct pollfd p = { .fd = c->fd, .events = c->events };

	return poll(&p, 1, (int)left_ms(q)) > 0;
}

static bool finish_connecting(struct channel *c, const struct question *q)
{
	enum channel_result r;

	while ((r = channel_advance(c)) == CHANNEL_AGAIN)
		if (!wait_for(c, q))
			return false;
	/* A certificate that has expired is none of our business here. */
	return r == CHANNEL_DONE || (c->ssl && SSL_is_init_finished(c->ssl));
}

static bool say(struct channel *c, const struct question *q, const char *text)
{
	size_t left = strlen(text), n = 0;

	while (left > 0) {
		enum channel_result r = channel_write(c, text, left, &n);
		if (r == CHANNEL_DONE) {
			text += n;
			left -= n;
		} else if (r != CHANNEL_AGAIN || !wait_for(c, q)) {
			return false;
		}
	}
	c->events = POLLIN;
	return true;
}

/* The next line without its CR LF; it is gone at the next call. */
static bool hear(struct channel *c, const struct question *q, struct line_reader *in,
		 struct str *line_r)
{
	static const struct line_reader none;
	char one;
	size_t n = 0;

	*in = none;
	for (;;) {
		enum channel_result r = channel_read(c, &one, 1, &n);
		if (r == CHANNEL_AGAIN && wait_for(c, q))
			continue;
		if (r != CHANNEL_DONE || in->n == sizeof(in->text))
			return false;
		if (one == '\n')
			break;
		in->text[in->n++] = one;
	}
	if (in->n > 0 && in->text[in->n - 1] == '\r')
		in->n--;
	*line_r = (struct str){ in->text, in->n };
	return true;
}

/* Talks until the port is ready for TLS, or for more. */
static bool talk_until(struct channel *c, const struct question *q, struct talk *t,
		       enum talk_state wanted)
{
	struct line_reader in;
	const char *text = NULL;
	struct str line;

	for (;;) {
		if (!hear(c, q, &in, &line))
			return false;
		enum talk_state state = talk_hear(t, line, &text);
		if (state == wanted)
			return true;
		if (state != TALK_MORE || (text && !say(c, q, text)))
			return false;
	}
}

static void note_connection(struct question *q, SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	const EVP_PKEY *key = cert ? X509_get0_pubkey(cert) : NULL;

	q->connected = true;
	q->suite = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl));
	q->protocol = SSL_get_version(ssl);
	/* Its name is the connection's and goes with it. */
	const char *group = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));
	for (size_t i = 0; group && i < all_groups.n; i++)
		if (strcasecmp(all_groups.v[i], group) == 0)
			q->group = all_groups.v[i];
	q->ems = SSL_get_extms_support(ssl) == 1;
	q->secure = SSL_get_secure_renegotiation_support(ssl) == 1;
	if (q->certificate && key) {
		(void)snprintf(q->certificate->key, sizeof(q->certificate->key), "%s %d",
			       EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
		(void)snprintf(q->certificate->signature, sizeof(q->certificate->signature), "%s",
			       OBJ_nid2sn(X509_get_signature_nid(cert)));
	}
}

/* Whether the port goes along with a new handshake. */
static bool renegotiates(struct channel *c, const struct question *q)
{
	char one;
	size_t n;

	if (SSL_renegotiate(c->ssl) != 1)
		return false;
	for (;;) {
		int rc = SSL_do_handshake(c->ssl);
		if (rc == 1 && !SSL_renegotiate_pending(c->ssl))
			return true;
		if (rc != 1 && SSL_get_error(c->ssl, rc) != SSL_ERROR_WANT_READ)
			return false;
		if (!wait_for(c, q) || channel_read(c, &one, 1, &n) == CHANNEL_BROKEN)
			return false;
	}
}

static bool offer(SSL_CTX *tls, const struct question *q)
{
	SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_security_level(tls, 0);
	(void)SSL_CTX_set_options(tls, SSL_OP_LEGACY_SERVER_CONNECT);
	return SSL_CTX_set_min_proto_version(tls, q->min) == 1 &&
	       SSL_CTX_set_max_proto_version(tls, q->max) == 1 &&
	       SSL_CTX_set_cipher_list(tls, q->suites12 ? q->suites12 : ALL_SUITES12) == 1 &&
	       (q->suites == NULL || SSL_CTX_set_ciphersuites(tls, q->suites) == 1) &&
	       (q->groups == NULL || SSL_CTX_set1_groups_list(tls, q->groups) == 1) &&
	       (q->signatures == NULL || SSL_CTX_set1_sigalgs_list(tls, q->signatures) == 1);
}

static bool handshake(struct channel *c, struct question *q, SSL_CTX *tls)
{
	struct talk t;
	const char *text = NULL;

	talk_init(&t, q->probe->kind, q->probe->port, q->probe->tls);
	if (!q->probe->tls &&
	    (!talk_until(c, q, &t, TALK_TLS) || channel_encrypt(c, tls) == CHANNEL_BROKEN ||
	     !finish_connecting(c, q)))
		return false;
	note_connection(q, c->ssl);
	if (q->renegotiate)
		q->renegotiated = renegotiates(c, q);
	if (q->talk_on) {
		const SSL_SESSION *session;
		if (!q->probe->tls) {
			talk_encrypted(&t, &text);
			if (text && !say(c, q, text))
				return true;
		}
		(void)!talk_until(c, q, &t, TALK_OK);
		session = SSL_get0_session(c->ssl);
		q->early_data = session && SSL_SESSION_get_max_early_data(session) > 0;
	}
	return true;
}

/* One connection. *answered_r (may be NULL): the port took the connection, whatever came of it. */
static bool ask(struct question *q, bool *answered_r)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	struct channel c = CHANNEL_INIT;
	bool ok = tls && offer(tls, q);

	q->connected = q->renegotiated = q->early_data = false;
	q->group = NULL;
	for (int ipv6 = 0; ok && ipv6 < 2; ipv6++) {
		channel_close(&c);
		ok = channel_open_port(&c, q->probe->port, ipv6 == 1, q->probe->tls ? tls : NULL) !=
			     CHANNEL_BROKEN &&
		     finish_connecting(&c, q);
		if (ok || !c.refused || ipv6 == 1)
			break;
		ok = true; /* nobody at 127.0.0.1: [::1] */
	}
	if (answered_r)
		*answered_r = c.connected;
	ok = ok && handshake(&c, q, tls);
	channel_close(&c);
	SSL_CTX_free(tls);
	ERR_clear_error();
	return ok && q->connected;
}

static struct question about(const struct service_probe *probe, int min, int max)
{
	return (struct question){ .probe = probe, .min = min, .max = max };
}

static bool ask_within(struct question *q, int ms)
{
	q->until_ms = now_ms() + ms;
	return ask(q, NULL);
}

static void join(const struct tls_names *names, bool reversed, struct buf *out)
{
	buf_reset(out);
	for (size_t i = 0; i < names->n; i++)
		buf_printf(out, "%s%s", i ? ":" : "", names->v[reversed ? names->n - 1 - i : i]);
}

static bool take(struct tls_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (streq(names->v[i], name)) {
			memmove(&names->v[i], &names->v[i + 1],
				(names->n - i - 1) * sizeof(names->v[0]));
			names->n--;
			return true;
		}
	return false;
}

/* The library's suites for TLS 1.3, or for what came before. */
static void list_suites(bool tls13, struct tls_names *out)
{
	const struct question all = { .min = TLS1_VERSION, .max = TLS1_3_VERSION };
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	STACK_OF(SSL_CIPHER) * ciphers;

	out->n = 0;
	if (tls && offer(tls, &all)) {
		ciphers = SSL_CTX_get_ciphers(tls);
		for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
			const SSL_CIPHER *x = sk_SSL_CIPHER_value(ciphers, i);
			if (streq(SSL_CIPHER_get_version(x), "TLSv1.3") == tls13 &&
			    out->n < TLS_SCAN_NAMES)
				out->v[out->n++] = SSL_CIPHER_get_name(x);
		}
	}
	SSL_CTX_free(tls);
}

/* What the port chooses from the offer, then from the rest, and so on. */
static void scan_suites(const struct service_probe *probe, int ms, bool tls13, int max,
			struct tls_names *out)
{
	struct question q = about(probe, tls13 ? TLS1_3_VERSION : TLS1_VERSION, max);
	autobuf struct buf text = BUF_INIT;
	struct tls_names offered;

	list_suites(tls13, &offered);
	while (offered.n > 0) {
		join(&offered, false, &text);
		if (!tls13)
			buf_adds(&text, ":@SECLEVEL=0");
		*(tls13 ? &q.suites : &q.suites12) = text.p;
		if (!ask_within(&q, ms) || !take(&offered, q.suite))
			break;
		out->v[out->n++] = q.suite;
	}
}

static void scan_groups(const struct service_probe *probe, int ms, struct tls_names *out)
{
	struct question q = about(probe, TLS1_3_VERSION, TLS1_3_VERSION);
	struct tls_names offered = all_groups;
	autobuf struct buf text = BUF_INIT;

	while (offered.n > 0) {
		join(&offered, false, &text);
		q.groups = text.p;
		if (!ask_within(&q, ms) || q.group == NULL || !take(&offered, q.group))
			break;
		out->v[out->n++] = q.group;
	}
}

/* Its own order counts when the same suite comes out whichever way round the offer is. */
static bool has_own_order(const struct service_probe *probe, int ms,
			  const struct tls_names *suites12)
{
	struct question q = about(probe, TLS1_2_VERSION, TLS1_2_VERSION);
	autobuf struct buf text = BUF_INIT;

	if (suites12->n < 2)
		return true;
	join(suites12, true, &text);
	q.suites12 = text.p;
	return ask_within(&q, ms) && streq(q.suite, suites12->v[0]);
}

static void scan_protocols(const struct service_probe *probe, int ms, struct tls_scan *scan)
{
	static const int versions[] = { TLS1_3_VERSION, TLS1_2_VERSION, TLS1_1_VERSION,
					TLS1_VERSION };

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct question q = about(probe, versions[i], versions[i]);
		q.certificate = scan;
		if (ask_within(&q, ms))
			scan->protocols.v[scan->protocols.n++] = q.protocol;
	}
}

static void scan_features(const struct service_probe *probe, int ms, struct tls_scan *scan)
{
	struct question old = about(probe, TLS1_2_VERSION, TLS1_2_VERSION), sha1 = old;
	struct question tickets = about(probe, TLS1_3_VERSION, TLS1_3_VERSION);

	old.renegotiate = true;
	if (ask_within(&old, ms)) {
		scan->extended_master_secret = old.ems;
		scan->secure_renegotiation = old.secure;
		scan->renegotiation = old.renegotiated;
	}
	sha1.signatures = "ECDSA+SHA1:RSA+SHA1";
	scan->sha1_signatures = ask_within(&sha1, ms);
	tickets.talk_on = true;
	if (ask_within(&tickets, ms))
		scan->early_data = tickets.early_data;
}

bool tls_scan_port(const struct service_probe *probe, int deadline_ms, struct tls_scan *scan_r,
		   struct err *err)
{
	struct question first = about(probe, TLS1_VERSION, TLS1_3_VERSION);
	bool answered = false;

	(void)signal(SIGPIPE, SIG_IGN);
	*scan_r = (struct tls_scan){ 0 };
	first.until_ms = now_ms() + deadline_ms;
	if (!ask(&first, &answered))
		return err_set(err, ERR_UNAVAILABLE, "port %d: %s", probe->port,
			       answered ? "no TLS connection" : "no connection");
	scan_protocols(probe, deadline_ms, scan_r);
	scan_suites(probe, deadline_ms, true, TLS1_3_VERSION, &scan_r->suites);
	scan_suites(probe, deadline_ms, false, TLS1_2_VERSION, &scan_r->suites12);
	scan_groups(probe, deadline_ms, &scan_r->groups);
	scan_r->server_order = has_own_order(probe, deadline_ms, &scan_r->suites12);
	scan_features(probe, deadline_ms, scan_r);
	return true;
}
