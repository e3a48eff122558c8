/* SPDX-License-Identifier: MIT */
/*
 * The probes against servers played by child processes on ephemeral ports of 127.0.0.1 and a local socket. A script
 * line is what the server sends ("S…"), what it must hear the beginning of ("C…"), "TLS" (from here on) or "HANG".
 */
#include <setjmp.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "plan/probe.h"
#include "plan/talk.h"

#define DEADLINE_MS 20000 /* never reached: a busy machine shall not fail a test */
#define SHORT_MS 800

struct server {
	pid_t pid;
	int port;
};

enum tls_use { PLAIN, TLS_VALID, TLS_EXPIRED, STARTTLS_EXPIRED };

/* ---- the server's side, in the child ---- */

static SSL_CTX *make_tls(bool expired)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(cert), -7200);
	X509_gmtime_adj(X509_getm_notAfter(cert), expired ? -3600 : 3600);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	SSL_CTX_use_certificate(tls, cert);
	SSL_CTX_use_PrivateKey(tls, key);
	X509_free(cert);
	EVP_PKEY_free(key);
	return tls;
}

struct peer {
	int fd;
	SSL *ssl;
};

static bool peer_send(const struct peer *p, const char *text)
{
	return p->ssl ? SSL_write(p->ssl, text, (int)strlen(text)) > 0
		      : write_all(p->fd, text, strlen(text));
}

/* Reads up to the next line feed and compares the beginning. */
static bool peer_hear(const struct peer *p, const char *wanted)
{
	char line[1024];
	size_t n = 0;

	while (n < sizeof(line) - 1) {
		char c;
		if ((p->ssl ? SSL_read(p->ssl, &c, 1) : (int)read(p->fd, &c, 1)) != 1)
			return false;
		if (c == '\n')
			break;
		line[n++] = c;
	}
	line[n] = '\0';
	return strncmp(line, wanted, strlen(wanted)) == 0;
}

static bool peer_encrypt(struct peer *p, bool expired)
{
	p->ssl = SSL_new(make_tls(expired));
	SSL_set_fd(p->ssl, p->fd);
	return SSL_accept(p->ssl) == 1;
}

static void play(int listener, const char *const *script, enum tls_use use)
{
	struct peer p = { .fd = accept(listener, NULL, NULL) };
	bool expired = use == TLS_EXPIRED || use == STARTTLS_EXPIRED;

	if ((use == TLS_VALID || use == TLS_EXPIRED) && !peer_encrypt(&p, expired))
		_exit(0);
	for (; *script; script++) {
		bool ok = true;
		if (strcmp(*script, "HANG") == 0)
			(void)pause();
		else if (strcmp(*script, "TLS") == 0)
			ok = peer_encrypt(&p, expired);
		else
			ok = **script == 'S' ? peer_send(&p, *script + 1)
					     : peer_hear(&p, *script + 1);
		if (!ok)
			_exit(1);
	}
	if (p.ssl)
		(void)SSL_shutdown(p.ssl);
	(void)close(p.fd);
}

static pid_t start_child(int listener, const char *const *script, const char *const *then,
			 enum tls_use use)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		play(listener, script, use);
		if (then)
			play(listener, then, use);
		_exit(0);
	}
	(void)close(listener);
	return pid;
}

static int listen_on_port(int *port_r, bool really)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	if (really)
		assert_int_equal(listen(fd, 4), 0);
	*port_r = ntohs(a.sin_port);
	return fd;
}

static void stop(const struct server *s)
{
	(void)kill(s->pid, SIGKILL);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
}

/* ---- mail protocols ---- */

struct talk_case {
	const char *about;
	enum probe_kind kind;
	enum tls_use tls;
	const char *script[20];
	const char *why; /* NULL: the probe succeeds */
};

#define EHLO_PLAIN                                                                                 \
	"S220 mail ESMTP\r\n", "CEHLO ", "S250-mail.example.com\r\n250-STARTTLS\r\n250 8BITMIME\r\n"
#define SMTP_TLS EHLO_PLAIN, "CSTARTTLS", "S220 ready\r\n", "TLS", "CEHLO"

/* clang-format off */
static const struct talk_case cases[] = {
	{ "smtp", PROBE_SMTP, PLAIN,
	  { SMTP_TLS, "S250-mail\r\n250 AUTH PLAIN\r\n", "CQUIT", "S221 bye\r\n" }, NULL },
	{ "smtp, greeting of several lines", PROBE_SMTP, PLAIN,
	  { "S220-wait\r\n", SMTP_TLS, "S250-mail\r\n250 AUTH PLAIN\r\n", "CQUIT", "S221-bye\r\n221\r\n" }, NULL },
	{ "smtp, refuses", PROBE_SMTP, PLAIN,
	  { "S421 too busy\r\n" }, "the connection was answered with '421 too busy'" },
	{ "smtp, no STARTTLS", PROBE_SMTP, PLAIN,
	  { "S220 mail\r\n", "CEHLO", "S250-mail\r\n250 SIZE\r\n" }, "STARTTLS is not offered" },
	{ "smtp, AUTH in the clear", PROBE_SMTP, PLAIN,
	  { "S220 mail\r\n", "CEHLO", "S250-mail\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n" },
	  "AUTH is offered without TLS" },
	{ "smtp, AUTH in the clear, old spelling", PROBE_SMTP, PLAIN,
	  { "S220 mail\r\n", "CEHLO", "S250-mail\r\n250-STARTTLS\r\n250 AUTH=PLAIN\r\n" },
	  "AUTH is offered without TLS" },
	{ "smtp, EHLO refused", PROBE_SMTP, PLAIN,
	  { "S220 mail\r\n", "CEHLO", "S502 what?\r\n" }, "EHLO was answered with '502 what?'" },
	{ "smtp, TLS broken", PROBE_SMTP, PLAIN,
	  { EHLO_PLAIN, "CSTARTTLS", "S454 TLS not available\r\n" },
	  "STARTTLS was answered with '454 TLS not available'" },
	{ "smtp, expired", PROBE_SMTP, STARTTLS_EXPIRED, { SMTP_TLS }, "the certificate has expired" },
	{ "smtp, AUTH missing", PROBE_SMTP, PLAIN, { SMTP_TLS, "S250 mail\r\n" }, "AUTH is not offered" },
	{ "smtp, speaks before TLS", PROBE_SMTP, PLAIN,
	  { EHLO_PLAIN, "CSTARTTLS", "S220 ready\r\n250 injected\r\n", "HANG" },
	  "the server speaks on where TLS should begin" },
	{ "smtp, no handshake", PROBE_SMTP, PLAIN,
	  { EHLO_PLAIN, "CSTARTTLS", "S220 ready\r\n" }, "TLS handshake: " },
	{ "smtp, hangs up", PROBE_SMTP, PLAIN, { "S220 mail\r\n", "CEHLO" }, "connection closed" },
	{ "smtp, is something else", PROBE_SMTP, PLAIN,
	  { "S* OK \001\377IMAP\r\n" }, "the connection was answered with '* OK ??IMAP'" },
	{ "smtps", PROBE_SMTP, TLS_VALID,
	  { "S220 mail\r\n", "CEHLO", "S250-mail\r\n250 AUTH PLAIN\r\n", "CQUIT", "S221 bye\r\n" }, NULL },
	{ "smtps without AUTH", PROBE_SMTP, TLS_VALID,
	  { "S220 mail\r\n", "CEHLO", "S250-mail\r\n250 SIZE\r\n" }, "AUTH is not offered" },
	{ "imap", PROBE_IMAP, PLAIN,
	  { "S* OK ready\r\n", "Ca STARTTLS", "Sa OK begin\r\n", "TLS", "Cb LOGOUT", "S* BYE bye\r\nb OK done\r\n" }, NULL },
	{ "imap without STARTTLS", PROBE_IMAP, PLAIN,
	  { "S* OK ready\r\n", "Ca STARTTLS", "S* x\r\na BAD no\r\n" }, "STARTTLS was answered with 'a BAD no'" },
	{ "imap, refuses", PROBE_IMAP, PLAIN,
	  { "S* BYE full\r\n" }, "the connection was answered with '* BYE full'" },
	{ "imaps, byte by byte", PROBE_IMAP, TLS_VALID,
	  { "S*", "S ", "SOK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready", "S\r", "S\n", "Cb LOGOUT", "Sb OK\r\n" }, NULL },
	{ "imaps, expired", PROBE_IMAP, TLS_EXPIRED, { "S* OK ready\r\n" }, "the certificate has expired" },
	{ "pop3", PROBE_POP3, PLAIN,
	  { "S+OK ready\r\n", "CSTLS", "S+OK\r\n", "TLS", "CQUIT", "S+OK bye\r\n" }, NULL },
	{ "pop3s", PROBE_POP3, TLS_VALID, { "S+OK ready\r\n", "CQUIT", "S+OK bye\r\n" }, NULL },
	{ "pop3, refuses", PROBE_POP3, PLAIN,
	  { "S-ERR no\r\n" }, "the connection was answered with '-ERR no'" },
	{ "pop3, no STLS", PROBE_POP3, PLAIN,
	  { "S+OK ready\r\n", "CSTLS", "S-ERR no\r\n" }, "STLS was answered with '-ERR no'" },
	{ "sieve", PROBE_SIEVE, PLAIN,
	  { "S\"IMPLEMENTATION\" \"x\"\r\n\"SASL\" \"\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n", "CSTARTTLS", "SOK\r\n", "TLS",
	    "S\"IMPLEMENTATION\" \"x\"\r\n\"SASL\" \"PLAIN\"\r\nOK\r\n", "CLOGOUT", "SOK\r\n" }, NULL },
	{ "sieve without STARTTLS", PROBE_SIEVE, PLAIN,
	  { "S\"IMPLEMENTATION\" \"x\"\r\nOK \"ready\"\r\n" }, "STARTTLS is not offered" },
	{ "sieve without name", PROBE_SIEVE, PLAIN,
	  { "S\"STARTTLS\"\r\nOK \"ready\"\r\n" }, "the greeting names no IMPLEMENTATION" },
	{ "sieve, refuses", PROBE_SIEVE, PLAIN, { "SBYE\r\n" }, "the connection was answered with 'BYE'" },
};
/* clang-format on */

static struct probe_report run_one(const struct service_probe *probe, struct probe_options options)
{
	struct probe_report report;
	size_t failed = probe_run(&probe, 1, &options, &report);

	assert_int_equal(failed, report.ok ? 0 : 1);
	return report;
}

static void test_talks(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct talk_case *c = &cases[i];
		struct server s;
		int listener = listen_on_port(&s.port, true);
		struct service_probe probe = { .name = c->about,
					       .kind = c->kind,
					       .port = s.port,
					       .tls = c->tls == TLS_VALID ||
						      c->tls == TLS_EXPIRED };
		struct probe_report report;

		s.pid = start_child(listener, c->script, NULL, c->tls);
		report = run_one(&probe, (struct probe_options){ .deadline_ms = DEADLINE_MS });
		stop(&s);
		if (c->why == NULL && !report.ok)
			fail_msg("%s: %s", c->about, report.text);
		/* A closed connection is seen as its end or as a reset, whichever comes first. */
		bool is_prefix = c->why && has_suffix(c->why, ": ");
		if (c->why && (is_prefix ? !has_prefix(report.text, c->why)
					 : strcmp(c->why, report.text) != 0))
			fail_msg("%s: '%s' instead of '%s'", c->about, report.text, c->why);
	}
}

static struct probe_report ask_for_certificate(bool expired, struct probe_options options,
					       bool is_other_port)
{
	static const char *const script[] = { "S+OK ready\r\n", "CQUIT", "S+OK bye\r\n", NULL };
	struct server s;
	int listener = listen_on_port(&s.port, true);
	struct service_probe probe = {
		.name = "x", .kind = PROBE_POP3, .port = s.port, .tls = true
	};
	const int others[] = { s.port, 0 };
	struct probe_certs certs;

	if (options.certs) {
		certs = *options.certs;
		certs.others = is_other_port ? others : NULL;
		options.certs = &certs;
	}
	s.pid = start_child(listener, script, NULL, expired ? TLS_EXPIRED : TLS_VALID);
	struct probe_report report = run_one(&probe, options);
	stop(&s);
	return report;
}

/* The deadline ends before the second question, for which nobody waits here. */
static void test_certificate(void **state UNUSED)
{
	static const char *const ids[] = { "00", NULL };
	const struct probe_certs certs = { .server_name = "mail.a.test", .leaf_ids = ids };
	struct probe_report report;

	report = ask_for_certificate(
		false, (struct probe_options){ .deadline_ms = 200, .certs = &certs }, false);
	assert_false(report.ok);
	assert_true(has_prefix(report.text, "serves another certificate"));
	assert_int_equal(strlen(report.leaf_id), 64);
	report = ask_for_certificate(
		false, (struct probe_options){ .deadline_ms = DEADLINE_MS, .certs = &certs }, true);
	assert_true(report.ok);
	report = ask_for_certificate(
		true, (struct probe_options){ .deadline_ms = DEADLINE_MS, .take_expired = true },
		false);
	assert_true(report.ok);
	assert_int_equal(strlen(report.leaf_id), 64);
}

/* All at once: the slowest decides, not the sum. */
static void test_silence_beside_others(void **state UNUSED)
{
	static const char *const good[] = { "S+OK ready\r\n", "CSTLS",	      "S+OK\r\n", "TLS",
					    "CQUIT",	      "S+OK bye\r\n", NULL };
	static const char *const half[] = { "S+OK re", "HANG", NULL };
	static const char *const silent[] = { "HANG", NULL };
	const char *const *scripts[] = { silent, good, half, silent };
	struct server s[ARRAY_SIZE(scripts)];
	struct service_probe probes[ARRAY_SIZE(scripts)];
	const struct service_probe *list[ARRAY_SIZE(scripts)];
	struct probe_report reports[ARRAY_SIZE(scripts)];
	struct probe_options options = { .deadline_ms = SHORT_MS };

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		int listener = listen_on_port(&s[i].port, true);
		probes[i] = (struct service_probe){
			.name = "x", .kind = PROBE_POP3, .port = s[i].port, .tls = i == 3
		};
		list[i] = &probes[i];
		s[i].pid = start_child(listener, scripts[i], NULL, PLAIN);
	}
	assert_int_equal(probe_run(list, ARRAY_SIZE(list), &options, reports), 3);
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		stop(&s[i]);
	assert_true(reports[1].ok);
	assert_string_equal(reports[0].text, "no answer within 800 ms");
	assert_string_equal(reports[2].text, "no answer within 800 ms");
	assert_string_equal(reports[3].text, "no TLS handshake within 800 ms");
}

static void test_endless_line(void **state UNUSED)
{
	static char flood[3 * TALK_LINE_MAX];
	const char *const script[] = { flood, "HANG", NULL };
	struct server s;
	int listener = listen_on_port(&s.port, true);
	struct service_probe probe = { .name = "x", .kind = PROBE_SMTP, .port = s.port };
	struct probe_report report;

	memset(flood, 'S', sizeof(flood) - 1);
	s.pid = start_child(listener, script, NULL, PLAIN);
	report = run_one(&probe, (struct probe_options){ .deadline_ms = DEADLINE_MS });
	stop(&s);
	assert_string_equal(report.text, "the answer is no text line");
}

static void test_refused(void **state UNUSED)
{
	struct service_probe probe = { .name = "x", .kind = PROBE_SMTP };
	struct service_probe path = { .name = "x",
				      .kind = PROBE_UNIX,
				      .path = "/nonexistent/socket" };
	autoclose int fd = listen_on_port(&probe.port, false);
	struct probe_report report =
		run_one(&probe, (struct probe_options){ .deadline_ms = DEADLINE_MS });

	assert_string_equal(report.text, "connection refused");
	assert_true(report.took_ms < DEADLINE_MS);
	report = run_one(&probe,
			 (struct probe_options){ .deadline_ms = SHORT_MS, .keep_trying = true });
	assert_string_equal(report.text, "connection refused");
	report = run_one(&path, (struct probe_options){ .deadline_ms = DEADLINE_MS });
	assert_string_equal(report.text, "No such file or directory");
}

/* Port 25 offers AUTH neither before nor after STARTTLS. */
static void test_transfer(void **state UNUSED)
{
	static const struct {
		const char *after;
		enum talk_state end;
	} cases25[] = { { "250 mail", TALK_MORE }, { "250 AUTH PLAIN", TALK_BAD } };

	for (size_t i = 0; i < ARRAY_SIZE(cases25); i++) {
		const char *say;
		struct talk t;
		talk_init(&t, PROBE_SMTP, false, false);
		assert_int_equal(talk_hear(&t, str_from("220 mail"), &say), TALK_MORE);
		assert_int_equal(talk_hear(&t, str_from("250 STARTTLS"), &say), TALK_MORE);
		assert_string_equal(say, "STARTTLS\r\n");
		assert_int_equal(talk_hear(&t, str_from("220"), &say), TALK_TLS);
		talk_encrypted(&t, &say);
		assert_string_equal(say, "EHLO localhost\r\n");
		assert_int_equal(talk_hear(&t, str_from(cases25[i].after), &say), cases25[i].end);
	}
}

/* Not good at first, good at the second try. */
static void test_keeps_trying(void **state UNUSED)
{
	static const char *const bad[] = { "S-ERR still starting\r\n", NULL };
	static const char *const good[] = { "S+OK ready\r\n", "CSTLS",	      "S+OK\r\n", "TLS",
					    "CQUIT",	      "S+OK bye\r\n", NULL };
	struct server s;
	int listener = listen_on_port(&s.port, true);
	struct service_probe probe = { .name = "x", .kind = PROBE_POP3, .port = s.port };
	struct probe_report report;

	s.pid = start_child(listener, bad, good, PLAIN);
	report = run_one(&probe,
			 (struct probe_options){ .deadline_ms = DEADLINE_MS, .keep_trying = true });
	stop(&s);
	assert_true(report.ok);
	assert_string_equal(report.text, "");
}

/* ---- local sockets ---- */

struct local {
	char dir[64], path[80];
	int fd;
};

static void open_local(struct local *l, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)snprintf(l->dir, sizeof(l->dir), "%s", "/tmp/test_probe.XXXXXX");
	assert_non_null(mkdtemp(l->dir));
	(void)snprintf(l->path, sizeof(l->path), "%s/s", l->dir);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", l->path);
	l->fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(l->fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(l->fd, 4), 0);
}

static void close_local(const struct local *l)
{
	assert_int_equal(unlink(l->path), 0);
	assert_int_equal(rmdir(l->dir), 0);
}

static void test_local(void **state UNUSED)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct local l;
		struct service_probe probe = { .name = "x", .kind = PROBE_UNIX };
		open_local(&l, types[i]);
		probe.path = l.path;
		assert_true(
			run_one(&probe, (struct probe_options){ .deadline_ms = DEADLINE_MS }).ok);
		(void)close(l.fd);
		assert_string_equal(
			run_one(&probe, (struct probe_options){ .deadline_ms = DEADLINE_MS }).text,
			"connection refused");
		close_local(&l);
	}
}

struct question_case {
	const char *about;
	enum probe_kind kind;
	const char *script[4];
	const char *why; /* NULL: the probe succeeds */
};

/* The length of the milter's answer begins with zeros, which the scripts cannot send: one of another length. */
static const struct question_case questions[] = {
	{ "right", PROBE_UNIX, { "CPING", "SPONG\n" }, NULL },
	{ "right, in parts", PROBE_UNIX, { "CPING", "SPO", "SNG and more" }, NULL },
	{ "wrong", PROBE_UNIX, { "CPING", "SPANG\n" }, "the question was answered with 'PANG'" },
	{ "too short", PROBE_UNIX, { "CPING", "SPO" }, "the question was answered with 'PO'" },
	{ "hangs up", PROBE_UNIX, { "CPING" }, "connection closed" },
	{ "silent", PROBE_UNIX, { "CPING", "HANG" }, "no answer within 800 ms" },
	{ "milter", PROBE_MILTER, { "S1234O", "HANG" }, NULL },
	{ "milter that refuses",
	  PROBE_MILTER,
	  { "S1234r", "HANG" },
	  "the question was answered with '1234r'" },
	{ "milter that hangs", PROBE_MILTER, { "HANG" }, "no answer within 800 ms" },
};

/* With nothing to say: the other side is to end the connection. */
static const struct question_case hangups[] = {
	{ "hangs up", PROBE_UNIX, { "C" }, NULL },
	{ "speaks", PROBE_UNIX, { "Shello\n", "HANG" }, "it speaks without being asked" },
	{ "does not hang up", PROBE_UNIX, { "HANG" }, "no answer within 800 ms" },
};

static void ask_local(const struct question_case *c, const char *say, const char *expect)
{
	struct service_probe probe = { .name = "x", .kind = c->kind, .say = say, .expect = expect };
	struct probe_report report;
	struct local l;
	struct server s;

	open_local(&l, SOCK_STREAM);
	probe.path = l.path;
	s.pid = start_child(l.fd, c->script, NULL, PLAIN);
	report = run_one(&probe, (struct probe_options){ .deadline_ms = SHORT_MS });
	stop(&s);
	close_local(&l);
	if (strcmp(report.text, c->why ? c->why : "") != 0)
		fail_msg("%s: '%s'", c->about, report.text);
}

static void test_questions(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
		ask_local(&questions[i], "PING\n", "PONG");
	for (size_t i = 0; i < ARRAY_SIZE(hangups); i++)
		ask_local(&hangups[i], "", NULL);
}

#define MEMBER(name, value)                                                                        \
	"<member><name>" name "</name><value><string>" value "</string></value></member>"
#define PROGRAM(name, state)                                                                       \
	"<value><struct>" MEMBER("name", name) MEMBER("statename", state) "</struct></value>"

static void test_programs(void **state UNUSED)
{
	static const char body[] =
		"<?xml version='1.0'?><methodResponse><params><param><value><array><data>" PROGRAM(
			"one", "RUNNING")
			PROGRAM("two",
				"FATAL") "</data></array></value></param></params></methodResponse>";
	static const char *const names[] = { "one", "two", NULL };
	static char answer[2048];
	const char *const script[] = { "CPOST /RPC2 HTTP/1.0", answer, "HANG", NULL };
	struct service_probe probe = { .name = "programs", .kind = PROBE_PROGRAMS };
	struct probe_report report;
	struct server s;
	struct local l;

	(void)snprintf(answer, sizeof(answer), "SHTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		       sizeof(body) - 1, body);
	open_local(&l, SOCK_STREAM);
	probe.path = l.path;
	s.pid = start_child(l.fd, script, NULL, PLAIN);
	report = run_one(&probe,
			 (struct probe_options){ .deadline_ms = DEADLINE_MS, .programs = names });
	stop(&s);
	close_local(&l);
	assert_string_equal(report.text, "two is FATAL");
}

static void test_label(void **state UNUSED)
{
	const struct service_probe port = { .name = "submission", .kind = PROBE_SMTP, .port = 587 };
	const struct service_probe path = { .name = "log", .kind = PROBE_UNIX, .path = "/dev/log" };
	char label[64];

	probe_label(&port, label, sizeof(label));
	assert_string_equal(label, "submission (port 587)");
	probe_label(&path, label, sizeof(label));
	assert_string_equal(label, "log (/dev/log)");
}

/* What the relay proof says to each answer, and how it ends. */
static void test_relay_proof(void **state UNUSED)
{
	static const struct {
		const char *answers[8];
		enum talk_state end;
		bool relays;
	} proofs[] = {
		{ { "220 m", "250-m", "250 XCLIENT NAME ADDR", "220 m", "250 m", "250 ok",
		    "554 5.7.1 Relay access denied" },
		  TALK_OK,
		  false },
		{ { "220 m", "250 m", "220 m", "250 m", "250 ok", "454 4.7.1 not now" },
		  TALK_OK,
		  false },
		{ { "220 m", "250 m", "220 m", "250 m", "250 ok", "250 2.1.5 Ok" },
		  TALK_BAD,
		  true },
		{ { "220 m", "250 m", "220 m", "250 m", "452 4.3.1 no space" }, TALK_OK, false },
		{ { "220 m", "250 m", "550 5.7.0 insufficient authorization" }, TALK_BAD, false },
		{ { "421 too busy" }, TALK_BAD, false },
		{ { "2" }, TALK_BAD, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(proofs); i++) {
		enum talk_state at = TALK_MORE;
		struct talk t;
		const char *say;
		talk_init(&t, PROBE_RELAY, false, false);
		for (size_t k = 0; at == TALK_MORE && proofs[i].answers[k]; k++)
			at = talk_hear(&t, str_from(proofs[i].answers[k]), &say);
		if (at != proofs[i].end || t.relays != proofs[i].relays)
			fail_msg("proof %zu: state %d, relays %d", i, (int)at, (int)t.relays);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talks),	     cmocka_unit_test(test_silence_beside_others),
		cmocka_unit_test(test_endless_line), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_transfer),     cmocka_unit_test(test_keeps_trying),
		cmocka_unit_test(test_local),	     cmocka_unit_test(test_questions),
		cmocka_unit_test(test_programs),     cmocka_unit_test(test_label),
		cmocka_unit_test(test_relay_proof),  cmocka_unit_test(test_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
