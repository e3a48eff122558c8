/* SPDX-License-Identifier: MIT */
/*
 * mailserver certificates
 *
 * Run by cron once an hour: time passes without any file being changed. One of our own certificates
 * that ends soon is made anew by applying the files once more, and of all others there are
 * warnings.
 */
#include "base/file.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/source.h"
#include "inputs/certs.h"
#include "plan/apply.h"
#include "plan/expiry.h"
#include "plan/paths.h"
#include "plan/stamp.h"

#define LOG_SOCKET "/dev/log"

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: mailserver certificates\n\n"
		"Warns, in the log and by mail to the postmaster, of certificates that end soon (14, 7, 3 and 1\n"
		"days before), and makes the server's own anew in time. Run by cron once an hour.\n"
		"`mailserver healthcheck --verbose` shows how long each certificate is valid.\n");
	return status;
}

/* Whether one of our own in use is to be made anew. */
static bool is_due(struct arena *a, const struct settings *s)
{
	int64_t now = (int64_t)time(NULL);
	struct expiry_vec certs;

	expiry_list(a, s, &certs);
	for (size_t i = 0; i < certs.n; i++)
		if (certs.v[i].is_made && expiry_days(&certs.v[i], now) < CERT_RENEW_DAYS &&
		    (*s->ssl_type == '\0' || streq(s->ssl_type, "self-signed")))
			return true;
	return false;
}

/* Reads everything again, though no file has changed. */
static void renew(struct arena *a, const struct settings_source *src)
{
	struct apply_result result;
	struct err err = ERR_INIT;
	struct problems p;

	problems_init(&p, a);
	if (!stamp_store(a, PATH_LIVE, "", &err)) {
		log_warn("%s", err.text);
		return;
	}
	(void)apply_live(src, &p, &result);
	problems_log(&p);
}

int cli_certificates(int argc, char **argv)
{
	struct settings_source src;
	struct settings s;
	struct problems p;
	struct arena a;
	int status;

	if (!source_chore(argc, argv, usage, &a, &src, &status))
		return status;
	problems_init(&p, &a);
	settings_load(&a, &src, &s, &p);
	log_to_syslog(LOG_SOCKET); /* cron would send what is printed by mail */
	if (is_due(&a, &s))
		renew(&a, &src);
	expiry_tell(&a, &s);
	arena_wipe(&a);
	return 0;
}
