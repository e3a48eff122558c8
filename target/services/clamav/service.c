/* SPDX-License-Identifier: MIT */
/*
 * clamd, the scanner. It refuses to start without a database, which a first start does not have: so `mailserver exec`
 * waits until one lies in the state volume. A database with which it ends again (half copied, broken, too big for the
 * memory) is tried again when it changes, and now and then.
 *
 * SOURCES
 *	clamd(8), clamd.conf(5); libclamav's list of file names of databases (CLI_DBEXT).
 */
#include "service.h"

#include <dirent.h>

#include "base/memory_limit.h"
#include "base/str.h"

#define DATABASE_DIR "/var/mail-state/lib-clamav"
#define CLAMD_SOCKET "/run/clamav/clamd.ctl"

#define GIB ((int64_t)1 << 30)
#define RELOAD_BYTES (3 * GIB)
/* clamd with the official database, and the server beside it. */
#define NEEDED_BYTES ((int64_t)1400000000)
/* For what a milter puts in front of the message. */
#define SCAN_SLACK 1024
#define UNPACKED_FACTOR 4

static bool is_enabled(const struct settings *s)
{
	return s->enable_clamav && s->enable_amavis;
}

static struct memory_limit limit_of(const struct service_ctx *ctx)
{
	return ctx->on_host ? (struct memory_limit){ INT64_MAX, true } : memory_limit("");
}

static const char *yes_or_no(bool yes)
{
	return yes ? "yes" : "no";
}

static struct tpl_value concurrent_reload(const struct service_ctx *ctx)
{
	return tpl_text(yes_or_no(limit_of(ctx).bytes >= RELOAD_BYTES));
}

static struct tpl_value scan_bytes(const struct service_ctx *ctx)
{
	return tpl_text(arena_printf(ctx->arena, "%" PRId64,
				     ctx->s->clamav_message_size_limit + SCAN_SLACK));
}

static struct tpl_value unpacked_bytes(const struct service_ctx *ctx)
{
	return tpl_text(arena_printf(ctx->arena, "%" PRId64,
				     ctx->s->clamav_message_size_limit * UNPACKED_FACTOR));
}

static struct tpl_value alert_encrypted(const struct service_ctx *ctx)
{
	return tpl_text(yes_or_no(streq(ctx->s->clamav_encrypted, "refuse")));
}

static struct tpl_value alert_exceeded(const struct service_ctx *ctx)
{
	return tpl_text(yes_or_no(streq(ctx->s->clamav_exceeded_limits, "refuse")));
}

static const struct fact facts[] = {
	{ "clamav_concurrent_reload", "memory for two copies of the virus database: yes or no",
	  concurrent_reload },
	{ "clamav_scan_bytes", "most of a message that is scanned, with what is put in front of it",
	  scan_bytes },
	{ "clamav_unpacked_bytes", "most that is unpacked from a message", unpacked_bytes },
	{ "clamav_alert_encrypted", "yes or no", alert_encrypted },
	{ "clamav_alert_exceeded", "yes or no", alert_exceeded },
	{ NULL, NULL, NULL },
};

static void check(const struct service_ctx *ctx, struct problems *p)
{
	struct memory_limit limit = limit_of(ctx);

	if (limit.bytes >= NEEDED_BYTES)
		return;
	problems_add(p, SEV_WARNING, SETTING_ROW(enable_clamav)->name,
		     limit.is_machine
			     ? "use a bigger machine, or turn the scanner off"
			     : "raise the limit, best to 3 GiB or more, or turn the scanner off",
		     "with the official virus database about 1.4 GB of memory are needed, and %s "
		     "%.1f GB: the scanner may be killed, and mail is put off then",
		     limit.is_machine ? "this machine has" : "the limit of the container is",
		     (double)limit.bytes / 1e9);
}

static const struct service_file files[] = {
	{ .dest = "clamav/clamd.conf", .tpl = "clamd.conf.tpl", .dialect = DIALECT_WORDS },
	{ .dest = NULL },
};

static const struct service_link links[] = {
	{ "/etc/clamav", "clamav" },
	{ NULL, NULL },
};

static const struct service_state states[] = {
	{ "/var/lib/clamav", "lib-clamav" },
	{ NULL, NULL },
};

static const struct service_dir dirs[] = {
	{ DATABASE_DIR, "clamav", "clamav", 0755 },
	{ "/run/clamav", "clamav", "clamav", 0755 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { "/run/clamav", NULL };

static const char *const check_argv[] = { "/usr/bin/clamconf", "-c", "@/clamav", NULL };

static const struct service_check checks[] = {
	{ check_argv, "ERROR", 10000 },
	{ NULL, NULL, 0 },
};

/* freshclam works in tmp.* and renames what is complete. */
static void look_at_databases(bool *any_r, bool *fetching_r)
{
	static const char *const endings[] = { ".cvd", ".cld", ".cud", ".ndb", ".ndu",
					       ".hdb", ".hdu", ".hsb", ".hsu", ".ldb",
					       ".ldu", ".mdb", ".mdu", ".msb", ".msu",
					       ".cdb", ".cbc", ".yar", ".yara" };
	DIR *d = opendir(DATABASE_DIR);
	const struct dirent *e;

	*any_r = *fetching_r = false;
	while (d && (e = readdir(d)) != NULL) {
		*fetching_r |= has_prefix(e->d_name, "tmp.");
		for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
			*any_r |= has_suffix(e->d_name, endings[i]);
	}
	if (d)
		(void)closedir(d);
}

static const char *starting(struct arena *a UNUSED)
{
	bool any, fetching;

	look_at_databases(&any, &fetching);
	if (any && access(CLAMD_SOCKET, F_OK) == 0)
		return NULL;
	if (any)
		return "virus scanner starting: the database is being loaded; mail is put off until then";
	return fetching
		       ? "virus scanner starting: the database is being fetched; mail is put off until "
			 "then"
		       : "virus scanner starting: there is no database yet; mail is put off until then";
}

static const struct service_probe probes[] = {
	{ .name = "virus scanner",
	  .kind = PROBE_UNIX,
	  .path = CLAMD_SOCKET,
	  .say = "nPING\n",
	  .expect = "PONG",
	  .late = true,
	  .watched = true,
	  .starting = starting },
	{ .name = NULL },
};

/* Names as in look_at_databases(). */
const struct service service_clamav = {
	.name = "clamav",
	.enabled = is_enabled,
	.check = check,
	.facts = facts,
	.files = files,
	.links = links,
	.states = states,
	.dirs = dirs,
	.leftovers = leftovers,
	.checks = checks,
	.probes = probes,
	.program = { .command =
			     "/usr/local/bin/mailserver exec --timeout 0 --starts /run/clamav/starts --after " DATABASE_DIR
			     "/*.{cvd,cld,cud,[nhlmc]d[bu],[hm]s[bu],cbc,yar,yara} -- "
			     "/usr/sbin/clamd --config-file=/etc/clamav/clamd.conf",
		     .stop_signal = "TERM",
		     .stop_wait_s = 2,
		     .start_s = 1,
		     .priority = 20 },
};
