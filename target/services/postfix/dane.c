/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	RFC 7672 §1.3; postconf(5) smtp_tls_policy_maps, dnssec_probe (which asks the same question).
 */
#include "postfix/dane.h"

#include "base/dns.h"
#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "postfix/lmdb_table.h"

#define LIVE "/run/mailserver/live"
#define TABLE "tls-default.lmdb"
#define NOTE "/run/mailserver/notes/dane"
#define KEY "default"
#define ADVICE                                                                                     \
	"ENABLE_RESOLVER=1 with --dns 127.0.0.1 (compose: \"dns: 127.0.0.1\") gives it one that does"
#define ASK_S 5
/* The resolver may be starting, too. */
#define WAIT_MS 60000
#define PAUSE_MS 500

static int fill(const struct service_ctx *svc UNUSED, const void *data, MDB_txn *txn, MDB_dbi dbi)
{
	const bool *on = data;
	int rc = mdb_drop(txn, dbi, 0);

	return rc == 0 && *on ? lmdb_table_put(txn, dbi, KEY, "dane") : rc;
}

bool dane_tables_commit(const struct live_ctx *ctx, struct err *err)
{
	const char *path = arena_printf(ctx->svc->arena, "%s/" TABLE, ctx->dir);
	const bool off = false;

	return !streq(ctx->svc->s->smtp_tls_dane, "auto") || file_exists(path) ||
	       lmdb_table_write(ctx, TABLE, 0644, fill, &off, err);
}

/* Whether the resolver validates; asks until it answers, or time is up. */
static bool ask(struct arena *a, bool *validates_r, struct err *err)
{
	static const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	int64_t until_ms = now_ms() + WAIT_MS;
	struct dns_answer answer;

	while (!dns_ask(a, ".", DNS_NS, ASK_S, &answer, err)) {
		if (now_ms() > until_ms)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	*validates_r = answer.n > 0 && answer.secure;
	return true;
}

/* What the health check shows. */
static bool note(bool on, struct err *err)
{
	static const char off[] =
		"mail leaves without DANE: the resolver of the container does not validate DNSSEC; " ADVICE
		"\n";
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };

	if (on)
		return unlink(NOTE) == 0 || errno == ENOENT || err_sys(err, ERR_IO, "remove " NOTE);
	return file_replace(NOTE, off, sizeof(off) - 1, &attr, FILE_EPHEMERAL, NULL, err);
}

static bool update(struct arena *a, struct err *err)
{
	const struct inputs none = { 0 };
	const struct service_ctx svc = { .arena = a, .in = &none };
	const struct live_ctx ctx = { .svc = &svc, .dir = LIVE };
	bool was = lmdb_table_has(&ctx, TABLE, KEY), said = file_exists(NOTE), is;

	if (!ask(a, &is, err))
		return false;
	if (was == is && (is || said))
		return true;
	if (!lmdb_table_write(&ctx, TABLE, 0644, fill, &is, err) || !note(is, err))
		return false;
	if (is)
		log_info("DANE is on for mail that leaves: the resolver validates DNSSEC");
	else
		log_info("DANE is off for mail that leaves: the resolver does not validate DNSSEC "
			 "(" ADVICE ")");
	return true;
}

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: mailserver dane-check\n\n"
		"With SMTP_TLS_DANE=auto: asks whether the resolver in use validates DNSSEC, and turns DANE for\n"
		"mail that leaves on or off. Run by cron at the start and every ten minutes.\n");
	return status;
}

int dane_check_main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct arena a;

	if (argc == 2 && streq(argv[1], "help"))
		return usage(stdout, 0);
	if (argc != 1)
		return usage(stderr, ERR_USAGE);
	if (!file_exists(LIVE "/" TABLE))
		return 0; /* not auto */
	log_to_syslog("/dev/log");
	arena_init(&a, "dane");
	bool ok = update(&a, &err);
	if (!ok)
		log_warn("whether DANE can be used is not known: %s", err.text);
	arena_fini(&a);
	return 0; /* it has been said; cron would say it again */
}
