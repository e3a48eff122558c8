/* SPDX-License-Identifier: MIT */
/*
 * Why curl for https: it is in the image, checks certificates, and no code of ours speaks HTTP with
 * strangers' servers. A certificate must be good: RFC 8460 lets senders overlook that, but then a record
 * could make the server talk to whatever answers within its own network.
 *
 * SOURCES
 *	RFC 8460 §3, §5.3, §5.4, §5.5; sendmail(1) -N; curl(1); gzip(1).
 */
#include "tlsrpt/send.h"

#include "base/file.h"
#include "base/log.h"
#include "base/net.h"
#include "base/proc.h"
#include "tlsrpt/mail.h"
#include "tlsrpt/rua.h"

#define WORK "/run/tlsrpt/report.json"
#define WORK_GZIP WORK ".gz"
#define GZIP_MAX ((size_t)4 << 20)
#define PROGRAM_MS 60000
#define DAYS_BACK 3

/* One run. */
struct sending {
	const struct reports_conf *conf;
	int64_t now;
	bool forced;
};

int64_t send_due(const char *host, const char *domain, int64_t day)
{
	/* Two words, so that the times of one domain's reporters differ. */
	uint64_t x = hash_bytes(host, strlen(host)) * 31 + hash_bytes(domain, strlen(domain)) +
		     (uint64_t)day * UINT64_C(0x9e3779b97f4a7c15);

	x ^= x >> 29;
	return (day + 1) * STORE_DAY_S + SEND_FIRST_S +
	       (int64_t)(x % (SEND_SPREAD_S - 2 * SEND_FIRST_S));
}

enum send_what send_decide(const struct tally_sent *sent, int64_t due, int64_t now)
{
	if (now < due || (sent && sent->state != TALLY_FAILED))
		return SEND_NOT_NOW;
	if (now >= due + SEND_TRY_S)
		return sent ? SEND_GIVE_UP : SEND_NOT_NOW;
	return !sent || now >= sent->last + SEND_AGAIN_S || now < sent->last ? SEND_TRY
									     : SEND_NOT_NOW;
}

/* Runs the program; what it says is the reason. */
static bool run(const char *const *argv, const char *input, const char *wanted, struct err *err)
{
	struct proc_spec spec = { .argv = argv, .input = input, .timeout_ms = PROGRAM_MS };
	struct proc_result res = { 0 };

	if (!proc_run(&spec, &res, err))
		return false;
	bool ok = res.status == 0 && (wanted == NULL || has_prefix(res.output.p, wanted));
	if (!ok)
		(void)err_set(err, ERR_TEMP, "%s (status %d) says '%.200s'", argv[0], res.status,
			      res.output.p);
	buf_fini(&res.output);
	return ok;
}

static bool pack(struct arena *a, const struct buf *report, struct str *gzip_r, struct err *err)
{
	static const char *const argv[] = { "/bin/gzip", "-n", "-f", WORK, NULL };
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	char *text;
	size_t n;

	if (!file_replace(WORK, report->p, report->n, &attr, FILE_EPHEMERAL, NULL, err) ||
	    !run(argv, NULL, NULL, err) || !file_read(a, WORK_GZIP, GZIP_MAX, &text, &n, err))
		return false;
	*gzip_r = (struct str){ text, n };
	return true;
}

static bool send_https(const char *url, struct err *err)
{
	const char *const argv[] = { "/usr/bin/curl",
				     "-q",
				     "--silent",
				     "--show-error",
				     "--globoff",
				     "--proto",
				     "=https",
				     "--connect-timeout",
				     "20",
				     "--max-time",
				     "50",
				     "--max-filesize",
				     "1000000",
				     "--header",
				     "Content-Type: application/tlsrpt+gzip",
				     "--user-agent",
				     "mailserver",
				     "--data-binary",
				     "@" WORK_GZIP,
				     "--output",
				     "/dev/null",
				     "--write-out",
				     "%{http_code}",
				     "--url",
				     url,
				     NULL };

	return run(argv, NULL, "2", err); /* 200, 201 … */
}

static bool send_mail(struct arena *a, const struct sending *s, const struct tally *tally,
		      int64_t day, const char *to, struct str gzip, struct err *err)
{
	const char *const argv[] = {
		"/usr/sbin/sendmail", "-i", "-f", s->conf->sender, "-N", "never", "--", to, NULL
	};
	autobuf struct buf text = BUF_INIT;
	const struct mail mail = {
		.from = s->conf->sender,
		.to = to,
		.contact = s->conf->contact,
		.domain = tally->domain,
		.id = reports_id(a, s->conf, day, tally->domain),
		.day = store_day_text(a, day),
		.start_s = day * STORE_DAY_S,
		.end_s = (day + 1) * STORE_DAY_S - 1,
		.now = s->now,
		.gzip = gzip,
	};

	mail_write(a, &mail, &text);
	return run(argv, text.p, NULL, err);
}

static struct tally_sent *find_sent(struct tally *tally, const char *to)
{
	for (size_t i = 0; i < tally->sent.n; i++)
		if (streq(tally->sent.v[i].to, to))
			return &tally->sent.v[i];
	return NULL;
}

/* To one place; what came of it is noted in the tally. */
static void send_to(struct arena *a, const struct sending *s, struct tally *tally, int64_t day,
		    const struct rua *place)
{
	struct tally_sent *sent = find_sent(tally, place->to);
	const char *day_text = store_day_text(a, day);
	autobuf struct buf report = BUF_INIT;
	struct err err = ERR_INIT;
	struct str gzip;

	if (sent == NULL) {
		sent = VEC_PUSH(a, &tally->sent);
		sent->to = place->to;
	}
	reports_write(a, s->conf, day, tally, &report);
	bool ok = pack(a, &report, &gzip, &err) &&
		  (place->https ? send_https(place->to, &err)
				: send_mail(a, s, tally, day, place->to, gzip, &err));
	(void)unlink(WORK);
	(void)unlink(WORK_GZIP);
	sent->last = s->now;
	sent->tries++;
	sent->state = ok ? TALLY_SENT : TALLY_FAILED;
	if (ok)
		log_info("the TLS report about %s and %s is sent to %s", day_text, tally->domain,
			 place->to);
	else if (sent->tries == 1)
		log_warn("the TLS report about %s and %s is not taken by %s: %s; it is tried again "
			 "each hour for a day",
			 day_text, tally->domain, place->to, err.text);
}

static enum send_what decide(const struct sending *s, const struct tally_sent *sent, int64_t due)
{
	if (s->forced)
		return !sent || sent->state != TALLY_SENT ? SEND_TRY : SEND_NOT_NOW;
	return send_decide(sent, due, s->now);
}

static bool send_domain(struct arena *a, const struct sending *s, int64_t day, const char *domain,
			struct err *err)
{
	int64_t due = send_due(s->conf->host, domain, day);
	struct err unusable = ERR_INIT;
	struct rua_vec places;
	struct tally tally;

	if (!s->forced && s->now < due)
		return true;
	if (!store_read(a, STORE_DIR, day, domain, &tally, err))
		return false;
	if (!rua_parse(a, tally.record, &places, &unusable))
		return true;
	for (size_t i = 0; i < places.n; i++) {
		struct tally_sent *sent = find_sent(&tally, places.v[i].to);
		enum send_what what = decide(s, sent, due);
		if (what == SEND_NOT_NOW)
			continue;
		if (what == SEND_TRY)
			send_to(a, s, &tally, day, &places.v[i]);
		else {
			sent->state = TALLY_GIVEN_UP;
			log_warn("the TLS report about %s and %s was not taken by %s in a day: it "
				 "is given up",
				 store_day_text(a, day), domain, places.v[i].to);
		}
		if (!store_write(a, STORE_DIR, day, &tally, err))
			return false;
	}
	return true;
}

/* Every domain has an arena of its own; one that fails does not stop the others. */
static bool send_day(const struct sending *s, int64_t day)
{
	struct text_vec domains;
	struct arena a;
	bool ok = true;

	arena_init(&a, "day");
	store_domains(&a, STORE_DIR, day, &domains);
	for (size_t i = 0; i < domains.n; i++) {
		struct err err = ERR_INIT;
		struct arena one;
		arena_init(&one, "domain");
		if (!send_domain(&one, s, day, domains.v[i], &err)) {
			log_error("TLS reports: %s", err.text);
			ok = false;
		}
		arena_fini(&one);
	}
	arena_fini(&a);
	return ok;
}

int send_main(const struct reports_conf *conf, const int64_t *only)
{
	struct sending s = { conf, (int64_t)time(NULL), only != NULL };
	int64_t today = s.now / STORE_DAY_S;
	struct err err = ERR_INIT;
	autoclose int lock = -1;
	bool ok = true;

	log_to_syslog("/dev/log");
	if (!dir_lock(STORE_DIR, 0, &lock, &err)) {
		if (err.class == ERR_TEMP && !only)
			return 0; /* an earlier run is still at it */
		log_error("TLS reports: %s", err.text);
		return (int)err.class;
	}
	if (only)
		return send_day(&s, *only) ? 0 : 1;
	for (int64_t day = today - DAYS_BACK; day < today; day++)
		ok = send_day(&s, day) && ok;
	return ok ? 0 : 1;
}
