/* SPDX-License-Identifier: MIT */
/*
 * `setup tls show`: what each port offers, beside the levels of the NCSC-NL guideline.
 *
 * SOURCES
 *	NCSC-NL "ICT-beveiligingsrichtlijnen voor TLS" 2025 §3.3, §3.4, appendix B, as internet.nl tests it.
 */
#include <sys/time.h>

#include "base/arena.h"
#include "base/vec.h"
#include "cli/commands.h"
#include "cli/say.h"
#include "cli/source.h"
#include "plan/plan.h"
#include "plan/probe.h"
#include "plan/tls_scan.h"

#define DEADLINE_MS 10000

enum level { GOOD, SUFFICIENT, PHASE_OUT, INSUFFICIENT };

static const char *const level_names[] = { "good", "sufficient", "phase out", "insufficient" };

/* A line of the table. */
struct row {
	const char *what;
	const char *offers;
	enum level level;
};

#define ROWS 11

struct port {
	const struct service_probe *probe;
	struct row rows[ROWS];
	size_t n;
	bool shown;
};

static enum level protocol_level(const char *name)
{
	if (streq(name, "TLSv1.3"))
		return GOOD;
	return streq(name, "TLSv1.2") ? SUFFICIENT : INSUFFICIENT;
}

static enum level suite_level(const char *name)
{
	if (streq(name, "TLS_AES_256_GCM_SHA384") || streq(name, "TLS_CHACHA20_POLY1305_SHA256"))
		return GOOD;
	if (has_prefix(name, "TLS_AES_128_") && !has_suffix(name, "_8_SHA256"))
		return SUFFICIENT;
	bool ecdhe = has_prefix(name, "ECDHE-ECDSA-") || has_prefix(name, "ECDHE-RSA-");
	bool aes = strstr(name, "-AES128-") || strstr(name, "-AES256-");
	bool truncated = has_suffix(name, "CCM8");
	if (ecdhe && !truncated &&
	    (strstr(name, "-CHACHA20-") ||
	     (aes && (strstr(name, "-GCM-") || strstr(name, "-CCM")))))
		return SUFFICIENT;
	if ((ecdhe || has_prefix(name, "DHE-RSA-")) && !truncated && !strstr(name, "DES") &&
	    !strstr(name, "RC4") &&
	    (strstr(name, "GCM") || strstr(name, "CCM") || strstr(name, "CHACHA20") ||
	     has_suffix(name, "-SHA256") || has_suffix(name, "-SHA384")))
		return PHASE_OUT;
	return INSUFFICIENT;
}

static enum level group_level(const char *name)
{
	return has_prefix(name, "ffdhe") ? PHASE_OUT : GOOD;
}

/* "EC 256", "RSA 2048", "ED25519 …" */
static enum level key_level(const char *key)
{
	int64_t bits = 0;

	if (!has_prefix(key, "RSA") && !has_prefix(key, "EC "))
		return GOOD;
	if (!parse_int64(strchr(key, ' ') + 1, 0, 100000, &bits))
		return INSUFFICIENT;
	if (has_prefix(key, "RSA"))
		return bits >= 3072 ? GOOD : bits >= 2048 ? PHASE_OUT : INSUFFICIENT;
	return bits >= 256 ? GOOD : bits >= 224 ? PHASE_OUT : INSUFFICIENT;
}

static void add_row(struct port *port, const char *what, const char *offers, enum level level)
{
	if (port->n == ROWS)
		BUG("more than %d rows", ROWS);
	port->rows[port->n++] = (struct row){ what, offers, level };
}

/* A list has the level of its worst. */
static void add_list(struct arena *a, struct port *port, const char *what,
		     const struct tls_names *names, enum level (*judge)(const char *))
{
	autobuf struct buf text = BUF_INIT;
	enum level worst = GOOD;

	for (size_t i = 0; i < names->n; i++) {
		enum level level = judge(names->v[i]);
		worst = level > worst ? level : worst;
		buf_printf(&text, "%s%s", i ? " " : "", names->v[i]);
	}
	add_row(port, what, names->n ? buf_dup(a, &text) : "none", worst);
}

static void judge_port(struct arena *a, const struct tls_scan *scan, struct port *port)
{
	bool has_hybrid = scan->groups.n > 0 && strstr(scan->groups.v[0], "MLKEM");
	bool has_old = scan->suites12.n > 0;

	add_list(a, port, "protocols", &scan->protocols, protocol_level);
	add_list(a, port, "suites, TLS 1.3", &scan->suites, suite_level);
	add_list(a, port, "suites, TLS 1.2", &scan->suites12, suite_level);
	add_list(a, port, "groups", &scan->groups, group_level);
	add_row(port, "post-quantum", has_hybrid ? "preferred, hybrid" : "not preferred",
		has_hybrid ? GOOD : SUFFICIENT);
	add_row(port, "order of suites", scan->server_order ? "the server's" : "the client's",
		scan->server_order ? GOOD : PHASE_OUT);
	add_row(port, "SHA-1 signatures", scan->sha1_signatures ? "made" : "refused",
		scan->sha1_signatures ? INSUFFICIENT : GOOD);
	if (has_old) {
		add_row(port, "TLS 1.2",
			arena_printf(a, "extended master secret: %s, renegotiation by clients: %s",
				     scan->extended_master_secret ? "yes" : "no",
				     scan->renegotiation ? "yes" : "no"),
			!scan->extended_master_secret ? INSUFFICIENT
			: scan->renegotiation	      ? PHASE_OUT
						      : GOOD);
		add_row(port, "renegotiation", scan->secure_renegotiation ? "secure" : "insecure",
			scan->secure_renegotiation ? GOOD : INSUFFICIENT);
	}
	add_row(port, "early data", scan->early_data ? "taken" : "refused",
		scan->early_data ? INSUFFICIENT : GOOD);
	add_row(port, "certificate", arena_printf(a, "%s, %s", scan->key, scan->signature),
		strcasestr(scan->signature, "sha1") ? INSUFFICIENT : key_level(scan->key));
}

static bool is_same(const struct port *x, const struct port *y)
{
	for (size_t i = 0; i < x->n || i < y->n; i++)
		if (x->n != y->n || !streq(x->rows[i].offers, y->rows[i].offers))
			return false;
	return true;
}

/* Words of the text in lines of at most 60 signs, the later ones under the first. */
static void print_wrapped(const char *what, const char *text, const char *level)
{
	struct str rest = str_from(text), word;
	autobuf struct buf line = BUF_INIT;

	while (str_next_word(&rest, " ", &word)) {
		if (line.n > 0 && line.n + 1 + word.n > 60) {
			printf("  %-17s %-60s %s\n", what, line.p, level);
			what = level = "";
			buf_reset(&line);
		}
		buf_printf(&line, "%s%.*s", line.n ? " " : "", (int)word.n, word.p);
	}
	if (*level)
		printf("  %-17s %-60s %s\n", what, line.p, level);
	else
		printf("  %-17s %s\n", what, line.p);
}

/* Ports that offer the same are one table. */
static void print_text(struct port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *sep = "";
		if (ports[i].shown)
			continue;
		printf("%sport ", i ? "\n" : "");
		for (size_t k = i; k < n; k++) {
			if (ports[k].shown || !is_same(&ports[i], &ports[k]))
				continue;
			ports[k].shown = true;
			printf("%s%d", sep, ports[k].probe->port);
			sep = ", ";
		}
		printf("\n");
		for (size_t k = 0; k < ports[i].n; k++)
			print_wrapped(ports[i].rows[k].what, ports[i].rows[k].offers,
				      level_names[ports[i].rows[k].level]);
	}
}

static void print_json(const struct port *ports, size_t n)
{
	autobuf struct buf out = BUF_INIT;

	buf_addc(&out, '[');
	for (size_t i = 0; i < n; i++) {
		buf_printf(&out, "%s{\"port\": %d, \"starttls\": %s, \"rows\": [", i ? ",\n " : "",
			   ports[i].probe->port, ports[i].probe->tls ? "false" : "true");
		for (size_t k = 0; k < ports[i].n; k++) {
			const struct row *row = &ports[i].rows[k];
			buf_printf(&out, "%s\n  {\"row\": ", k ? "," : "");
			json_add_text(&out, row->what);
			buf_adds(&out, ", \"offers\": ");
			json_add_text(&out, row->offers);
			buf_adds(&out, ", \"level\": ");
			json_add_text(&out, level_names[row->level]);
			buf_addc(&out, '}');
		}
		buf_adds(&out, "]}");
	}
	buf_adds(&out, "]");
	puts(out.p);
}

/* The mail ports of the running server, in their order. */
static size_t list_ports(struct arena *a, const struct settings_source *src, struct port *ports)
{
	const struct service_probe *list[PROBES_MAX];
	struct settings s;
	struct problems p;
	struct plan plan;
	size_t n = 0;

	problems_init(&p, a);
	settings_load(a, src, &s, &p);
	plan_make(a, &s, NULL, false, &plan, &p);
	size_t probes = probe_list(&plan, PROBE_ALL, list);
	for (size_t i = 0; i < probes; i++) {
		size_t at = n;
		if (!probe_is_mail_port(list[i]))
			continue;
		for (; at > 0 && ports[at - 1].probe->port > list[i]->port; at--)
			ports[at] = ports[at - 1];
		ports[at] = (struct port){ .probe = list[i] };
		n++;
	}
	return n;
}

int tls_show(const struct cmd *cmd)
{
	struct settings_source src;
	struct port ports[PROBES_MAX];
	struct err err = ERR_INIT;
	size_t n, answered = 0;
	struct arena a;
	bool running;

	arena_init(&a, "tls show");
	source_current(&a, &src, &running);
	if (!running) {
		say_error("the server is not running here: type it in its container");
		arena_fini(&a);
		return 1;
	}
	n = list_ports(&a, &src, ports);
	for (size_t i = 0; i < n; i++) {
		struct tls_scan *scan = ARENA_NEW(&a, struct tls_scan);
		if (!tls_scan_port(ports[i].probe, DEADLINE_MS, scan, &err)) {
			say_error("%s", err.text);
			continue;
		}
		judge_port(&a, scan, &ports[i]);
		ports[answered++] = ports[i];
	}
	if (cmd_has_flag(cmd, 'j'))
		print_json(ports, answered);
	else
		print_text(ports, answered);
	arena_fini(&a);
	return answered == n ? 0 : 1;
}
