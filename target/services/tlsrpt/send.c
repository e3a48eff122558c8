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
	bool forced;	       /* by hand: now, and what happens is printed */
	size_t tried, refused; /* in this run */
};

/* Into the log, and to who waits for it. */
static void PRINTF_LIKE(3, 4)
	tell(const struct sending *s, enum log_level level, const char *fmt, ...)
{
	autobuf struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	log_at(level, "%s", line.p);
	if (s->forced)
		fprintf(level <= LOG_LVL_WARN ? stderr : stdout, "%s\n", line.p);
}

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

/* About one domain and day. */
struct report {
	struct tally tally;
	int64_t day;
	struct str gzip; /* WORK_GZIP has the same; NULL: not packed yet */
};

/* Once for all places. */
static bool pack(struct arena *a, const struct sending *s, struct report *r, struct err *err)
{
	static const char *const argv[] = { "/bin/gzip", "-n", "-f", WORK, NULL };
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	autobuf struct buf text = BUF_INIT;
	char *gzip;
	size_t n;

	if (r->gzip.p)
		return true;
	reports_write(a, s->conf, r->day, &r->tally, &text);
	if (!file_replace(WORK, text.p, text.n, &attr, FILE_EPHEMERAL, NULL, err) ||
	    !run(argv, NULL, NULL, err) || !file_read(a, WORK_GZIP, GZIP_MAX, &gzip, &n, err))
		return false;
	r->gzip = (struct str){ gzip, n };
	return true;
}

static void unpack(void)
{
	(void)unlink(WORK);
	(void)unlink(WORK_GZIP);
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

static bool send_mail(struct arena *a, const struct sending *s, const struct report *r,
		      const char *to, struct err *err)
{
	const char *const argv[] = {
		"/usr/sbin/sendmail", "-i", "-f", s->conf->sender, "-N", "never", "--", to, NULL
	};
	autobuf struct buf text = BUF_INIT;
	const struct mail mail = {
		.from = s->conf->sender,
		.to = to,
		.contact = s->conf->contact,
		.domain = r->tally.domain,
		.id = reports_id(a, s->conf, r->day, r->tally.domain),
		.day = store_day_text(a, r->day),
		.start_s = r->day * STORE_DAY_S,
		.end_s = (r->day + 1) * STORE_DAY_S - 1,
		.now = s->now,
		.gzip = r->gzip,
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

static bool keep(struct arena *a, const struct report *r, struct err *err)
{
	return store_write(a, STORE_DIR, r->day, &r->tally, err);
}

/* To one place. The try is kept before it is made, as one that failed: what can't be kept, because the
 * disk is full, would be sent again and again. */
static bool send_to(struct arena *a, struct sending *s, struct report *r, const struct rua *place,
		    struct err *err)
{
	struct tally_sent *sent = find_sent(&r->tally, place->to);
	const char *day_text = store_day_text(a, r->day);
	struct err why = ERR_INIT;

	if (sent == NULL) {
		sent = VEC_PUSH(a, &r->tally.sent);
		sent->to = place->to;
	}
	s->tried++;
	sent->last = s->now;
	sent->tries++;
	sent->state = TALLY_FAILED;
	if (!keep(a, r, err))
		return false;
	if (!pack(a, s, r, &why) ||
	    !(place->https ? send_https(place->to, &why) : send_mail(a, s, r, place->to, &why))) {
		s->refused++;
		if (sent->tries == 1 || s->forced)
			tell(s, LOG_LVL_WARN,
			     "the TLS report about %s and %s is not taken by %s: %s; it is tried "
			     "again each hour until a day after it was due",
			     day_text, r->tally.domain, place->to, why.text);
		return true;
	}
	sent->state = TALLY_SENT;
	tell(s, LOG_LVL_INFO, "the TLS report about %s and %s is sent to %s", day_text,
	     r->tally.domain, place->to);
	return keep(a, r, err);
}

static bool give_up(struct arena *a, struct report *r, struct tally_sent *sent, struct err *err)
{
	sent->state = TALLY_GIVEN_UP;
	if (!keep(a, r, err))
		return false;
	log_warn("the TLS report about %s and %s was not taken by %s in a day: it is given up",
		 store_day_text(a, r->day), r->tally.domain, sent->to);
	return true;
}

static enum send_what decide(const struct sending *s, const struct tally_sent *sent, int64_t due)
{
	if (s->forced)
		return !sent || sent->state != TALLY_SENT ? SEND_TRY : SEND_NOT_NOW;
	return send_decide(sent, due, s->now);
}

static bool send_domain(struct arena *a, struct sending *s, int64_t day, const char *domain,
			struct err *err)
{
	int64_t due = send_due(s->conf->host, domain, day);
	struct report r = { .day = day, .gzip = { NULL, 0 } };
	struct err unusable = ERR_INIT;
	struct rua_vec places;
	bool ok = true;

	if (!s->forced && s->now < due)
		return true;
	if (!store_read(a, STORE_DIR, day, domain, &r.tally, err))
		return false;
	if (!rua_parse(a, r.tally.record, &places, &unusable))
		return true;
	for (size_t i = 0; i < places.n && ok; i++) {
		struct tally_sent *sent = find_sent(&r.tally, places.v[i].to);
		enum send_what what = decide(s, sent, due);
		if (what == SEND_TRY)
			ok = send_to(a, s, &r, &places.v[i], err);
		else if (what == SEND_GIVE_UP)
			ok = give_up(a, &r, sent, err);
	}
	unpack();
	return ok;
}

/* Every domain has an arena of its own; one that fails does not stop the others. */
static bool send_day(struct sending *s, int64_t day)
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
			tell(s, LOG_LVL_ERROR, "TLS reports: %s", err.text);
			ok = false;
		}
		arena_fini(&one);
	}
	if (s->forced && ok && s->tried == 0)
		printf(domains.n ? "no report about %s (UTC) is left to send\n"
				 : "nothing was counted on %s (UTC)\n",
		       store_day_text(&a, day));
	arena_fini(&a);
	return ok;
}

int send_main(const struct reports_conf *conf, const int64_t *only)
{
	struct sending s = { conf, (int64_t)time(NULL), only != NULL, 0, 0 };
	int64_t today = s.now / STORE_DAY_S;
	struct err err = ERR_INIT;
	autoclose int lock = -1;
	bool ok = true;

	log_to_syslog("/dev/log");
	if (!dir_lock(STORE_DIR, 0, &lock, &err)) {
		if (err.class == ERR_TEMP && !only)
			return 0; /* an earlier run is still at it */
		tell(&s, LOG_LVL_ERROR, "TLS reports: %s", err.text);
		return (int)err.class;
	}
	if (only)
		return send_day(&s, *only) && s.refused == 0 ? 0 : 1;
	for (int64_t day = today - DAYS_BACK; day < today; day++)
		ok = send_day(&s, day) && ok;
	return ok ? 0 : 1;
}
