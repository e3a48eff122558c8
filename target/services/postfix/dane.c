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

#define AUTO "/run/mailserver/boot/current/" DANE_AUTO_FILE
#define STATE "/var/mail-state/lib-mailserver/dane"
#define NOTE "/run/mailserver/notes/dane"
#define ADVICE                                                                                     \
	"ENABLE_RESOLVER=1 with --dns 127.0.0.1 (compose: \"dns: 127.0.0.1\") gives it one that does"
#define ASK_S 5
/* The resolver may be starting, too. One that needs longer is asked again in ten minutes. */
#define WAIT_MS 10000
#define PAUSE_MS 500
#define RENEW_MS 120000

bool dane_is_auto(const struct settings *s)
{
	return streq(s->smtp_tls_dane, "auto");
}

bool dane_is_on(const struct service_ctx *ctx)
{
	return streq(ctx->s->smtp_tls_dane, "yes") ||
	       (!ctx->on_host && dane_is_auto(ctx->s) && file_exists(STATE));
}

static int fill_policies(const struct service_ctx *svc, const void *data UNUSED, MDB_txn *txn,
			 MDB_dbi dbi)
{
	const struct tls_policy_vec *list = &svc->in->tls_policies;
	int rc = mdb_drop(txn, dbi, 0);

	for (size_t i = 0; rc == 0 && i < list->n; i++)
		rc = lmdb_table_put(txn, dbi, list->v[i].destination, list->v[i].policy);
	return rc;
}

bool tls_policy_commit(const struct live_ctx *ctx, struct err *err)
{
	return (ctx->changed & INPUT_TLS_POLICY) == 0 ||
	       lmdb_table_write(ctx, "tls-policy.lmdb", 0644, fill_policies, NULL, err);
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

/* The file is there, with the text, or it is not. */
static bool set_file(const char *path, bool there, const char *text, enum file_flags flags,
		     struct err *err)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };

	if (!there)
		return unlink(path) == 0 || errno == ENOENT ||
		       err_sys(err, ERR_IO, "remove %s", path);
	return file_replace(path, text, strlen(text), &attr, flags, NULL, err);
}

static bool update(struct arena *a, struct err *err)
{
	static const char note[] =
		"mail leaves without DANE: the resolver of the container does not validate "
		"DNSSEC; " ADVICE "\n";
	bool was = file_exists(STATE), said = file_exists(NOTE), is;

	if (!ask(a, &is, err))
		return false;
	if (was == is && (is || said))
		return true;
	if (!set_file(STATE, is, "on\n", FILE_DURABLE, err))
		return false;
	if (was != is && !proc_run_mailserver("renew", RENEW_MS, err)) {
		struct err ignored = ERR_INIT;
		(void)!set_file(STATE, was, "on\n", FILE_DURABLE, &ignored); /* tried again */
		return false;
	}
	if (!set_file(NOTE, !is, note, FILE_EPHEMERAL, err))
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
	if (!file_exists(AUTO))
		return 0;
	log_to_syslog("/dev/log");
	arena_init(&a, "dane");
	bool ok = update(&a, &err);
	if (!ok)
		log_warn("whether DANE can be used is not known: %s", err.text);
	arena_fini(&a);
	return 0; /* it has been said; cron would say it again */
}
