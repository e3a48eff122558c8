/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	RFC 8460 §4.4.
 */
#include "tlsrpt/reports.h"

#include <grp.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "tlsrpt/collect.h"
#include "tlsrpt/send.h"

#define CONF_MAX 65536

bool reports_conf_parse(struct arena *a, struct str text, struct reports_conf *conf_r,
			struct err *err)
{
	struct reports_conf conf = { NULL, NULL, NULL, NULL };
	struct str line, name, value;

	while (str_next_line(&text, &line)) {
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (!str_split(line, ' ', &name, &value) || value.n == 0)
			return err_set(err, ERR_DATA, "bad line '%.*s'", (int)line.n, line.p);
		if (str_is(name, "organization"))
			conf.organization = str_dup(a, value);
		else if (str_is(name, "host"))
			conf.host = str_dup(a, value);
		else if (str_is(name, "contact"))
			conf.contact = str_dup(a, value);
		else if (str_is(name, "sender"))
			conf.sender = str_dup(a, value);
		else
			return err_set(err, ERR_DATA, "bad line '%.*s'", (int)line.n, line.p);
	}
	if (!conf.organization || !conf.host || !conf.contact || !conf.sender)
		return err_set(err, ERR_DATA, "a line is missing");
	*conf_r = conf;
	return true;
}

const char *reports_id(struct arena *a, const struct reports_conf *conf, int64_t day,
		       const char *domain)
{
	return arena_printf(a, "%s.%s@%s", store_day_text(a, day), domain, conf->host);
}

void reports_write(struct arena *a, const struct reports_conf *conf, int64_t day,
		   const struct tally *tally, struct buf *out)
{
	const struct tally_head head = {
		.organization = conf->organization,
		.contact = conf->contact,
		.day = store_day_text(a, day),
		.id = reports_id(a, conf, day, tally->domain),
	};

	tally_write_report(tally, &head, out);
}

static bool read_conf(struct arena *a, struct reports_conf *conf_r, struct err *err)
{
	char *text;
	size_t n;

	if (!file_read(a, REPORTS_CONF, CONF_MAX, &text, &n, err))
		return err->sys == ENOENT ? err_set(err, ERR_UNAVAILABLE,
						    "nothing is counted here: set ENABLE_TLSRPT=1")
					  : false;
	return reports_conf_parse(a, (struct str){ text, n }, conf_r, err) ||
	       err_wrap(err, REPORTS_CONF);
}

static int fail(const struct err *err)
{
	log_error("%s", err->text);
	return 1;
}

static bool day_of(const char *word, int64_t *day_r)
{
	int64_t today = (int64_t)time(NULL) / STORE_DAY_S;

	if (streq(word, "today") || streq(word, "yesterday")) {
		*day_r = today - (word[0] == 'y');
		return true;
	}
	return store_day_parse(word, day_r);
}

/* Of all domains as an array, of one as it is. */
static int show(const char *day_word, const char *only)
{
	autobuf struct buf out = BUF_INIT;
	struct text_vec domains = VEC_INIT;
	struct reports_conf conf;
	struct err err = ERR_INIT;
	struct tally tally;
	struct arena a;
	int64_t day;

	arena_init(&a, "show");
	bool ok = day_of(day_word, &day) ||
		  err_set(&err, ERR_USAGE, "'%.40s' is no day such as 2026-11-28", day_word);
	ok = ok && read_conf(&a, &conf, &err);
	if (ok && only)
		*VEC_PUSH(&a, &domains) = str_lower(&a, str_from(only));
	else if (ok)
		store_domains(&a, STORE_DIR, day, &domains);
	if (ok && domains.n == 0)
		ok = err_set(&err, ERR_DATA, "nothing was counted on %s (UTC)",
			     store_day_text(&a, day));
	for (size_t i = 0; i < domains.n && ok; i++) {
		buf_adds(&out, only ? "" : i ? "," : "[");
		ok = store_read(&a, STORE_DIR, day, domains.v[i], &tally, &err);
		if (ok)
			reports_write(&a, &conf, day, &tally, &out);
		else if (err.sys == ENOENT)
			(void)err_set(&err, ERR_DATA, "nothing was counted for %s on %s (UTC)",
				      domains.v[i], store_day_text(&a, day));
	}
	if (ok)
		printf("%s%s", out.p, only ? "" : "]\n");
	arena_fini(&a);
	return ok ? 0 : fail(&err);
}

static void list_one(struct arena *a, int64_t day, const char *domain, bool json, const char *sep)
{
	int64_t successes = 0, failures = 0, sent = 0;
	struct err err = ERR_INIT;
	struct tally tally;

	if (!store_read(a, STORE_DIR, day, domain, &tally, &err)) {
		log_error("%s", err.text);
		return;
	}
	for (size_t i = 0; i < tally.policies.n; i++) {
		successes += tally.policies.v[i].successes;
		failures += tally.policies.v[i].failures;
	}
	for (size_t i = 0; i < tally.sent.n; i++)
		sent += tally.sent.v[i].state == TALLY_SENT;
	/* No sign in a name of a domain needs to be escaped. */
	printf(json ? "%s{\"day\": \"%s\", \"domain\": \"%s\", \"successes\": %" PRId64
		      ", \"failures\": %" PRId64 ", \"sent\": %" PRId64 "}"
		    : "%s* %s %s: %" PRId64 " sessions with TLS, %" PRId64
		      " failed; sent to %" PRId64 "\n",
	       sep, store_day_text(a, day), domain, successes, failures, sent);
}

static int list(bool json)
{
	struct store_day_vec days;
	struct reports_conf conf;
	struct err err = ERR_INIT;
	const char *sep = "";
	struct arena a;

	arena_init(&a, "list");
	bool ok = read_conf(&a, &conf, &err);
	if (ok && json)
		printf("[");
	if (ok)
		store_days(&a, STORE_DIR, &days);
	for (size_t i = 0; ok && i < days.n; i++) {
		struct text_vec domains;
		store_domains(&a, STORE_DIR, days.v[i], &domains);
		for (size_t k = 0; k < domains.n; k++) {
			list_one(&a, days.v[i], domains.v[k], json, sep);
			sep = json ? ",\n " : "";
		}
	}
	if (ok && json)
		printf("]\n");
	arena_fini(&a);
	return ok ? 0 : fail(&err);
}

/* Root would leave files that the collector can't read. */
static bool become_owner(struct err *err)
{
	struct stat st;

	if (geteuid() != 0)
		return true;
	return (stat(STORE_DIR, &st) == 0 && setgroups(0, NULL) == 0 && setgid(st.st_gid) == 0 &&
		setuid(st.st_uid) == 0) ||
	       err_sys(err, ERR_OS, "become the owner of " STORE_DIR);
}

/* One day, whether its reports are due or not, or what is due. */
static int send_reports(const char *day_word)
{
	struct reports_conf conf;
	struct err err = ERR_INIT;
	struct arena a;
	int64_t day = 0;

	arena_init(&a, "send");
	bool ok = day_word == NULL || day_of(day_word, &day) ||
		  err_set(&err, ERR_USAGE, "'%.40s' is no day such as 2026-11-28", day_word);
	if (ok && day_word && day >= (int64_t)time(NULL) / STORE_DAY_S)
		ok = err_set(&err, ERR_USAGE, "the day is not over: its report would not be whole");
	int status = ok && read_conf(&a, &conf, &err) && become_owner(&err)
			     ? send_main(&conf, day_word ? &day : NULL)
			     : fail(&err);
	arena_fini(&a);
	return status;
}

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: mailserver tls-reports collect\n"
		"       mailserver tls-reports send [DAY]\n"
		"       mailserver tls-reports show [DAY [DOMAIN]]\n"
		"       mailserver tls-reports list [--json]\n\n"
		"collect: keeps count of TLS sessions that the MTA tells of; run by the supervisor.\n"
		"send: sends the reports that are due; run by cron. With a day that is over, at once those of it\n"
		"that have not been sent.\n"
		"show, list: what 'setup tls report' prints.\n");
	return status;
}

int reports_main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (argc == 2 && streq(word, "collect"))
		return collect_main();
	log_set_plain(true);
	if (argc <= 3 && streq(word, "send"))
		return send_reports(argc > 2 ? argv[2] : NULL);
	if (argc <= 4 && streq(word, "show"))
		return show(argc > 2 ? argv[2] : "today", argc > 3 ? argv[3] : NULL);
	if (streq(word, "list") && (argc == 2 || (argc == 3 && streq(argv[2], "--json"))))
		return list(argc == 3);
	if (argc == 2 && streq(word, "help"))
		return usage(stdout, 0);
	return usage(stderr, ERR_USAGE);
}
