/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	RFC 8461 §2, §4.1; RFC 7672 §2.2.1, §3.1.3; socketmap_table(5); mta-sts-daemon(1).
 */
#include "mta-sts/policy.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/net.h"
#include "base/unix_address.h"

#define REQUEST_MAX 1024
#define REPLY_MAX 65536
#define DNS_S 5
#define DAEMON_S 30 /* it fetches the policy meanwhile */
#define HOSTS_MAX 20

int netstring_next(struct str *rest, struct str *text_r)
{
	size_t n = 0, i = 0;

	while (i < rest->n && isdigit((unsigned char)rest->p[i])) {
		n = n * 10 + (size_t)(rest->p[i++] - '0');
		if (n > REPLY_MAX)
			return -1;
	}
	if (i == rest->n)
		return i > 6 ? -1 : 0;
	if (i == 0 || rest->p[i] != ':')
		return -1;
	if (rest->n - i - 1 < n + 1)
		return 0;
	if (rest->p[i + 1 + n] != ',')
		return -1;
	*text_r = (struct str){ rest->p + i + 1, n };
	*rest = (struct str){ rest->p + i + n + 2, rest->n - i - n - 2 };
	return 1;
}

/* Whether a mail exchanger has TLSA records that can be believed. A look-up that fails counts as one that
 * has: the MTA asks again, and puts the mail off. */
static bool host_has_dane(struct arena *a, const char *host, const struct policy_sources *sources)
{
	struct err ignored = ERR_INIT;
	struct dns_answer answer;

	if (!sources->ask_dns(a, arena_printf(a, "_25._tcp.%s", host), DNS_TLSA, &answer, &ignored))
		return true;
	return answer.secure && answer.n > 0;
}

static bool domain_has_dane(struct arena *a, const char *domain,
			    const struct policy_sources *sources, bool *has_r, struct err *err)
{
	struct dns_answer mx;

	*has_r = false;
	if (!sources->ask_dns(a, domain, DNS_MX, &mx, err))
		return false;
	if (mx.n == 0) { /* the domain is its own exchanger */
		*has_r = host_has_dane(a, domain, sources);
		return true;
	}
	for (size_t i = 0; mx.secure && !*has_r && i < mx.n && i < HOSTS_MAX; i++)
		*has_r = *mx.names[i] && host_has_dane(a, mx.names[i], sources);
	return true;
}

const char *policy_reply(struct arena *a, struct str request, const struct policy_sources *sources)
{
	struct str rest = request, map = { "", 0 }, key = { "", 0 };
	struct err err = ERR_INIT;
	const char *reply;
	bool dane = false;

	(void)str_next_word(&rest, " ", &map);
	(void)str_next_word(&rest, " ", &key);
	const char *domain = str_lower(a, key);
	if (!str_is(map, "dane") && !str_is(map, "plain"))
		return "PERM no such map";
	/* Relays in brackets, ports, addresses, and ".parent" have no policy. */
	if (!is_fqdn(domain) || is_ip_address(domain))
		return "NOTFOUND ";
	if (str_is(map, "dane") && !domain_has_dane(a, domain, sources, &dane, &err))
		return arena_printf(a, "TEMP %s", err.text);
	if (dane)
		return "OK dane";
	if (!sources->ask_daemon(a, domain, &reply, &err))
		return arena_printf(a, "TEMP MTA-STS: %s", err.text);
	return reply;
}

static bool ask_dns(struct arena *a, const char *name, enum dns_type type,
		    struct dns_answer *answer_r, struct err *err)
{
	return dns_ask(a, name, type, DNS_S, answer_r, err);
}

static bool ask_daemon(struct arena *a, const char *domain, const char **reply_r, struct err *err)
{
	const char *query = arena_printf(a, "postfix %s", domain);
	const char *request = arena_printf(a, "%zu:%s,", strlen(query), query);
	autoclose int fd = unix_connect(MTA_STS_SOCKET, DAEMON_S);
	autobuf struct buf answer = BUF_INIT;
	char part[1024];
	struct str text;

	if (fd < 0 || !write_all(fd, request, strlen(request)))
		return err_sys(err, ERR_TEMP, "ask the daemon");
	for (;;) {
		ssize_t n = read(fd, part, sizeof(part));
		if (n <= 0)
			return err_set(err, ERR_TEMP, "the daemon does not answer");
		buf_add(&answer, part, (size_t)n);
		struct str rest = { answer.p, answer.n };
		int taken = netstring_next(&rest, &text);
		if (taken < 0)
			return err_set(err, ERR_TEMP, "the daemon's answer is damaged");
		if (taken > 0)
			break;
	}
	*reply_r = str_dup(a, text);
	return true;
}

static bool answer_all(struct buf *heard, const struct policy_sources *sources)
{
	struct str rest = { heard->p, heard->n }, request;
	int taken;

	while ((taken = netstring_next(&rest, &request)) > 0) {
		struct arena a;
		arena_init(&a, "policy");
		const char *reply = policy_reply(&a, request, sources);
		const char *text = arena_printf(&a, "%zu:%s,", strlen(reply), reply);
		bool ok = write_all(STDOUT_FILENO, text, strlen(text));
		arena_fini(&a);
		if (!ok)
			return false;
	}
	memmove(heard->p, rest.p, rest.n);
	buf_truncate(heard, rest.n);
	return taken == 0 && heard->n <= REQUEST_MAX;
}

int mta_sts_policy_main(int argc, char **argv)
{
	static const struct policy_sources sources = { ask_dns, ask_daemon };
	autobuf struct buf heard = BUF_INIT;
	char part[REQUEST_MAX];
	ssize_t n;

	if (argc != 1) {
		fprintf(argc == 2 && streq(argv[1], "help") ? stdout : stderr,
			"usage: mailserver mta-sts-policy\n\n"
			"Answers the MTA's questions about TLS policies: DANE before MTA-STS. Started by the MTA.\n");
		return argc == 2 && streq(argv[1], "help") ? 0 : ERR_USAGE;
	}
	while ((n = read(STDIN_FILENO, part, sizeof(part))) > 0) {
		buf_add(&heard, part, (size_t)n);
		if (!answer_all(&heard, &sources))
			return ERR_DATA;
	}
	return 0;
}
