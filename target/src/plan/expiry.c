/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	RFC 3834 (Auto-Submitted), RFC 5322 §3.3 (dates); sendmail(1).
 */
#include "plan/expiry.h"

#include <dirent.h>

#include "base/file.h"
#include "base/log.h"
#include "base/net.h"
#include "base/proc.h"
#include "inputs/cert_load.h"
#include "inputs/cert_make.h"
#include "plan/paths.h"
#include "plan/tls_files.h"

#define DAY_S (INT64_C(24) * 3600)
#define PEM_MAX ((size_t)1 << 20)
#define TOLD_MAX ((size_t)1 << 20)
#define TOLD_DIR PATH_STATE_OWN "/tls"
#define TOLD TOLD_DIR "/told"
#define TLS_DIR PATH_LIVE "/" TLS_FILES_DIR
#define MAIL_MS 20000

/* Days before the end, last one first; 0 = it is over. */
static const int steps[] = { 0, 1, 3, 7, EXPIRY_WARN_DAYS };

static void add(struct arena *a, const char *path, const char *name, struct expiry_vec *out)
{
	autochain struct cert_chain chain = { .n = 0 };
	struct cert cert = { 0 };
	struct err ignored = ERR_INIT;
	struct tm tm;
	char *text;

	if (!file_read(a, path, PEM_MAX, &text, NULL, &ignored))
		return;
	cert.chain_pem = text;
	cert_chain_of(&cert, &chain);
	if (chain.n == 0 || ASN1_TIME_to_tm(X509_get0_notAfter(chain.v[0]), &tm) != 1)
		return;
	*VEC_PUSH(a, out) = (struct expiry){ .name = name,
					     .leaf_id = cert_leaf_id(a, chain.v[0]),
					     .not_after = (int64_t)timegm(&tm),
					     .is_made = cert_make_is_ours(chain.v[0]) };
}

static void add_named(struct arena *a, struct expiry_vec *out)
{
	struct dirent **list = NULL;
	int n = scandir(TLS_DIR "/sni", &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *file = list[i]->d_name;
		if (has_suffix(file, ".pem")) {
			char *name = arena_strndup(a, file, strlen(file) - strlen(".pem"));
			if (has_prefix(name, "_."))
				name[0] = '*';
			add(a, arena_printf(a, TLS_DIR "/sni/%s", file), name, out);
		}
		free(list[i]);
	}
	free(list);
}

void expiry_list(struct arena *a, const struct settings *s, struct expiry_vec *certs_r)
{
	*certs_r = (struct expiry_vec)VEC_INIT;
	add(a, TLS_DIR "/cert.pem", s->hostname, certs_r);
	add(a, TLS_DIR "/alt-cert.pem", arena_printf(a, "%s (second key type)", s->hostname),
	    certs_r);
	add_named(a, certs_r);
}

int64_t expiry_days(const struct expiry *e, int64_t now)
{
	int64_t left = e->not_after - now;

	return left >= 0 ? left / DAY_S : -1 - (-1 - left) / DAY_S;
}

const char *expiry_text(struct arena *a, const struct expiry *e, int64_t now)
{
	int64_t days = expiry_days(e, now);
	time_t end = (time_t)e->not_after;
	char date[40] = "?";
	struct tm tm;

	if (gmtime_r(&end, &tm))
		(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm);
	if (days < 0)
		return arena_printf(a, "the certificate of %s expired on %s", e->name, date);
	if (days == 0)
		return arena_printf(a, "the certificate of %s expires today, on %s", e->name, date);
	return arena_printf(a, "the certificate of %s expires in %" PRId64 " day%s, on %s", e->name,
			    days, days == 1 ? "" : "s", date);
}

/* The step that has been reached, -1 = none. */
static int step_of(const struct expiry *e, int64_t now)
{
	int64_t left = e->not_after - now;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (left <= steps[i] * DAY_S)
			return steps[i];
	return -1;
}

/* The smallest step that was told of the certificate, INT_MAX = none. */
static int told_of(struct arena *a, struct str told, const char *leaf_id)
{
	struct str line, id, step;
	int64_t n;
	int least = INT_MAX;

	while (str_next_line(&told, &line))
		if (str_split(line, ' ', &id, &step) && str_is(id, leaf_id) &&
		    parse_int64(str_dup(a, step), 0, EXPIRY_WARN_DAYS, &n) && n < least)
			least = (int)n;
	return least;
}

void expiry_news(struct arena *a, const struct expiry_vec *certs, int64_t now, struct str told,
		 struct expiry_vec *news_r, struct buf *told_r)
{
	*news_r = (struct expiry_vec)VEC_INIT;
	for (size_t i = 0; i < certs->n; i++) {
		const struct expiry *e = &certs->v[i];
		int step = step_of(e, now), before = told_of(a, told, e->leaf_id);
		if (step >= 0 && step < before)
			*VEC_PUSH(a, news_r) = *e;
		if (step >= 0)
			buf_printf(told_r, "%s %d\n", e->leaf_id, step < before ? step : before);
	}
}

/* Whether somebody receives POSTMASTER_ADDRESS. Nothing is made for that: no state_dir. */
static bool has_postmaster(struct arena *a, const struct settings *s)
{
	const struct inputs_where where = { .config_dir = PATH_CONFIG,
					    .last_good_dir = PATH_LAST_GOOD,
					    .fallback = true };
	struct problems ignored;
	struct inputs in = { 0 };

	problems_init(&ignored, a);
	inputs_read(a, s, &where, &in, &ignored);
	return inputs_is_received(a, s, &in, inputs_postmaster(a, s));
}

static void write_mail(struct arena *a, const struct settings *s, const struct expiry_vec *news,
		       int64_t now, struct buf *out)
{
	const char *address = s->postmaster_address;

	buf_printf(out,
		   "From: Mail server %s <%s>\nTo: %s\nSubject: %s: %s%s\nDate: %s\n"
		   "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
		   "Content-Type: text/plain; charset=utf-8\n\n",
		   s->hostname, address, address, s->hostname, expiry_text(a, &news->v[0], now),
		   news->n > 1 ? ", and others" : "", email_date(a, now));
	for (size_t i = 0; i < news->n; i++)
		buf_printf(out, "- %s\n", expiry_text(a, &news->v[i], now));
	buf_printf(
		out,
		"\nRenew what is listed, with the program that it comes from (SSL_TYPE is '%s'). The\n"
		"server takes over changed files by itself. With an expired certificate mail programs\n"
		"refuse to connect.\n\n"
		"    docker exec mailserver mailserver healthcheck --verbose\n\n"
		"shows how long each certificate is valid. The next reminders come 7, 3 and 1 days\n"
		"before the end.\n",
		s->ssl_type);
}

static bool send_mail(const char *to, const struct buf *mail)
{
	const char *const argv[] = { "/usr/sbin/sendmail", "-i", "-f", "", "--", to, NULL };
	struct proc_spec spec = { .argv = argv, .input = mail->p, .timeout_ms = MAIL_MS };
	struct proc_result res = { 0 };
	struct err err = ERR_INIT;

	if (!proc_run(&spec, &res, &err)) {
		log_warn("the warning could not be mailed to %s: %s", to, err.text);
		return false;
	}
	bool sent = res.status == 0;
	if (!sent)
		log_warn("the warning could not be mailed to %s: status %d: %s", to, res.status,
			 res.output.p);
	buf_fini(&res.output);
	return sent;
}

static void remember(const struct buf *told)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 },
			       dir = { 0755, (uid_t)-1, (gid_t)-1 };
	struct err err = ERR_INIT;

	if (!dir_make(TOLD_DIR, &dir, &err) ||
	    !file_replace(TOLD, told->p, told->n, &attr, FILE_DURABLE, NULL, &err))
		log_warn("%s", err.text);
}

void expiry_tell(struct arena *a, const struct settings *s)
{
	autobuf struct buf told = BUF_INIT, mail = BUF_INIT;
	int64_t now = (int64_t)time(NULL);
	struct err ignored = ERR_INIT;
	struct expiry_vec certs, news;
	char *before = NULL;
	size_t n = 0;

	expiry_list(a, s, &certs);
	if (!file_read(a, TOLD, TOLD_MAX, &before, &n, &ignored))
		n = 0;
	expiry_news(a, &certs, now, (struct str){ before ? before : "", n }, &news, &told);
	if (news.n == 0) {
		if (told.n != n) /* a certificate that was told of is gone */
			remember(&told);
		return;
	}
	for (size_t i = 0; i < news.n; i++)
		log_warn("%s: renew it", expiry_text(a, &news.v[i], now));
	write_mail(a, s, &news, now, &mail);
	if (!has_postmaster(a, s))
		log_info("nobody receives %s: the warning is in this log only",
			 s->postmaster_address);
	else if (!send_mail(s->postmaster_address, &mail))
		return;
	remember(&told);
}
