/* SPDX-License-Identifier: MIT */
/*
 * Postfix: receives, relays for authenticated users, and submits. master(8) is started directly:
 * what the postfix(1) scripts do at each start (half a second of shell) is done here once, by the
 * directories below.
 *
 * SOURCES
 *	master(8), postfix-wrapper(5), postfix-files(5), post-install.
 */
#include "service.h"

#include "base/file.h"
#include "base/proc.h"
#include "postfix/tables.h"
#include "settings/tls_mode.h"

#define QUEUE "/var/mail-state/spool-postfix"

static const struct service_file files[] = {
	{ .dest = "postfix/main.cf", .tpl = "main.cf.tpl", .dialect = DIALECT_POSTFIX },
	{ .dest = "postfix/master.cf", .tpl = "master.cf.tpl", .dialect = DIALECT_POSTFIX },
	{ .dest = "postfix/sender_header_filter.pcre",
	  .tpl = "sender_header_filter.pcre.tpl",
	  .dialect = DIALECT_RAW }, /* no values in it */
	{ .dest = "postfix/sender_mime_header_filter.pcre",
	  .tpl = "sender_mime_header_filter.pcre.tpl",
	  .dialect = DIALECT_RAW }, /* no values in it */
	{ .dest = "postfix/openssl.cnf",
	  .tpl = "openssl.cnf.tpl",
	  .dialect = DIALECT_RAW }, /* no values in it */
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/postfix", "postfix" },
	{ NULL, NULL },
};

static const struct service_state states[] = {
	{ "/var/spool/postfix", "spool-postfix" },
	{ "/var/lib/postfix", "lib-postfix" },
	{ NULL, NULL },
};

/* SOURCE: postfix-files of Postfix 3.10. */
static const struct service_dir dirs[] = {
	{ QUEUE, NULL, NULL, 0755 },
	{ QUEUE "/active", "postfix", NULL, 0700 },
	{ QUEUE "/bounce", "postfix", NULL, 0700 },
	{ QUEUE "/corrupt", "postfix", NULL, 0700 },
	{ QUEUE "/defer", "postfix", NULL, 0700 },
	{ QUEUE "/deferred", "postfix", NULL, 0700 },
	{ QUEUE "/flush", "postfix", NULL, 0700 },
	{ QUEUE "/hold", "postfix", NULL, 0700 },
	{ QUEUE "/incoming", "postfix", NULL, 0700 },
	{ QUEUE "/private", "postfix", NULL, 0700 },
	{ QUEUE "/saved", "postfix", NULL, 0700 },
	{ QUEUE "/trace", "postfix", NULL, 0700 },
	{ QUEUE "/maildrop", "postfix", "postdrop", 0730 },
	{ QUEUE "/public", "postfix", "postdrop", 0710 },
	{ QUEUE "/pid", NULL, NULL, 0755 },
	{ "/var/mail-state/lib-postfix", "postfix", "postfix", 0755 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const pristine[] = { "postfix/dynamicmaps.cf", "postfix/postfix-files",
					"postfix/postfix-files.d", NULL };

/* postconf tells a misspelt name on stderr and ends with 0: anything it says there is a
 * complaint. */
static const char *const check_names[] = { "/usr/sbin/postconf", "-c", "@/postfix", "-n", NULL };
static const char *const check_master[] = { "/usr/sbin/postconf", "-c", "@/postfix", "-M", NULL };
/* Any Postfix program that looks something up reads all global numbers and refuses bad ones. */
static const char *const check_numbers[] = { "/usr/sbin/postmap", "-c", "@/postfix", "-q", "x",
					     "static:y",	  NULL };

static const struct service_check checks[] = {
	{ check_names, "warning:", 10000 },
	{ check_master, "warning:", 10000 },
	{ check_numbers, NULL, 10000 },
	{ NULL, NULL, 0 },
};

static const char *const reload[] = { "/usr/sbin/postfix", "reload", NULL };

static const struct service_probe probes[] = {
	{ .name = "smtp", .kind = PROBE_SMTP, .port = 25 },
	{ .name = "submission", .kind = PROBE_SMTP, .port = 587, .when = tls_starttls_ports },
	{ .name = "submissions",
	  .kind = PROBE_SMTP,
	  .port = 465,
	  .tls = true,
	  .when = tls_implicit_ports },
	{ .name = NULL },
};

/* A program that reads main.cf waits until the file is two seconds old (mail_conf_suck, "file in
 * flux"), so a fresh one would cost every start two seconds. */
static bool age_main_cf(const char *staging, struct arena *a, struct err *err)
{
	const char *path = arena_printf(a, "%s/postfix/main.cf", staging);
	struct timespec times[2];

	(void)clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= 60;
	times[1] = times[0];
	if (utimensat(AT_FDCWD, path, times, 0) < 0)
		return err_sys(err, ERR_IO, "set the time of %s", path);
	return true;
}

/* Parameters of derived images: drop-in/postfix/main.cf.d/NAME.cf, lines "parameter = value",
 * merged by Postfix's own editor so that no parameter stands twice. */
static bool merge_dropins(const char *staging, struct arena *a, struct err *err)
{
	static const char script[] =
		"cat \"$0\"/main.cf.d/*.cf 2>/dev/null | sed '/^[[:space:]]*#/d;/^[[:space:]]*$/d' | "
		"tr '\\n' '\\0' | xargs -0 -r postconf -c \"$0\" -e --";
	const char *dir = arena_printf(a, "%s/postfix", staging);
	const char *argv[] = { "/bin/sh", "-c", script, dir, NULL };
	struct proc_spec spec = { .argv = argv, .timeout_ms = 10000 };
	struct proc_result res = { 0 };
	bool ok;

	if (!dir_exists(arena_printf(a, "%s/main.cf.d", dir)))
		return true;
	if (!proc_run(&spec, &res, err))
		return false;
	ok = res.status == 0 && res.output.n == 0;
	if (!ok)
		(void)err_set(err, ERR_CONFIG, "main.cf.d: %s", res.output.p);
	buf_fini(&res.output);
	return ok;
}

static bool finish(const struct service_ctx *ctx, const char *staging, struct err *err)
{
	return age_main_cf(staging, ctx->arena, err) && merge_dropins(staging, ctx->arena, err) &&
	       age_main_cf(staging, ctx->arena, err);
}

/* smtpd of a submission port dies, and its port with it for a while, when nobody answers its
 * question about SASL. */
static const char *const after[] = { "dovecot", NULL };

const struct service service_postfix = {
	.name = "postfix",
	.after = after,
	.files = files,
	.links = links,
	.states = states,
	.dirs = dirs,
	.pristine = pristine,
	.checks = checks,
	.reload = reload,
	.reload_inputs = INPUT_TLS,
	.probes = probes,
	.live = &postfix_live,
	.finish = finish,
	.program = { .command = "/usr/lib/postfix/sbin/master",
		     .environment = "MAIL_CONFIG=\"/etc/postfix\"",
		     .stop_signal = "TERM",
		     .stop_wait_s = 5,
		     .start_s = 1,
		     .priority = 20 },
};
