/* SPDX-License-Identifier: MIT */
/*
 * Boot makes generation N+1 beside whatever is there and flips the link last, so a kill at any
 * moment leaves either nothing or a complete generation; the next boot begins by wiping PATH_BOOT
 * and PATH_LIVE, because /run of a restarted container may hold those of an earlier life (Docker's
 * /run is no tmpfs by default).
 *
 * SOURCES
 *	proc_pid_mountinfo(5).
 */
#include "plan/apply.h"

#include "base/file.h"
#include "base/log.h"
#include "inputs/certs.h"
#include "plan/check.h"
#include "plan/generation.h"
#include "plan/keep.h"
#include "plan/live.h"
#include "plan/patches.h"
#include "plan/paths.h"
#include "plan/provision.h"
#include "plan/served.h"
#include "plan/stamp.h"
#include "plan/status.h"
#include "plan/tls_files.h"
#include "settings/host.h"

#define LOCK_WAIT_MS 60000
#define SNAPSHOT_MAX ((size_t)4 << 20)

#define SERVER_WHERE                                                                               \
	.config_dir = PATH_CONFIG, .last_good_dir = PATH_LAST_GOOD, .fallback = true,              \
	.state_dir = PATH_STATE, .judge = plan_judge

static const struct inputs_where server_where = { SERVER_WHERE };
/* While the server runs it has certificates that are good. */
static const struct inputs_where running_where = { SERVER_WHERE,
						   .tls_dir = PATH_LIVE "/" TLS_FILES_DIR };

struct work {
	struct arena arena;
	struct settings s;
	struct inputs in;
	struct plan plan;
	const char *stamp; /* of the files, made before they were read */
};

static int fail(struct problems *p, const struct err *err, const char *subject)
{
	problems_add(p, SEV_ERROR, subject, NULL, "%s", err->text);
	return err->class == ERR_NONE ? ERR_INTERNAL : (int)err->class;
}

/* Whether the finding is about a file whose last good copy is in use: "NAME" or "NAME:LINE". */
static bool is_about_fallen(const struct work *w, const char *subject)
{
	for (size_t i = 0; i < w->in.fallen.n; i++)
		if (has_prefix(subject, w->in.fallen.v[i]))
			return true;
	return w->in.fallen.n > 0 && streq(subject, PATH_CONFIG);
}

/* PATH_STATUS tells the health check why the server is not as its files say. */
static void write_status(struct work *w, struct problems *p)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	struct err err = ERR_INIT;
	struct status before;
	autobuf struct buf out = BUF_INIT;

	for (size_t i = 0; i < p->list.n; i++) {
		const struct problem *x = &p->list.v[i];
		if (x->severity == SEV_ERROR ||
		    (x->severity == SEV_WARNING && is_about_fallen(w, x->subject)))
			buf_printf(&out, "finding %s: %s (the last good state is in use)\n",
				   x->subject, x->text);
	}
	if (out.n == 0 && status_read(&w->arena, PATH_STATUS, &before, &err) &&
	    before.findings.n > 0)
		problems_add(p, SEV_NOTE, PATH_CONFIG, NULL, "everything is accepted again");
	buf_printf(&out, "accounts %zu\n", w->in.accounts.n);
	if (!file_replace(PATH_STATUS, out.p, out.n, &attr, FILE_EPHEMERAL, NULL, &err)) {
		/* No space for it: a missing status is a bad one, and takes none. */
		(void)unlink(PATH_STATUS);
		log_warn("%s", err.text);
	}
}

/* A file bind-mounted to /etc/postfix/… lands inside our generation link and hides it from
 * rendering. */
static void check_mounts(struct work *w, struct problems *p)
{
	struct err err = ERR_INIT;
	struct str rest, line, word;
	char *text;

	if (!file_read(&w->arena, "/proc/self/mountinfo", (size_t)4 << 20, &text, NULL, &err))
		return;
	rest = str_from(text);
	while (str_next_line(&rest, &line)) {
		struct str fields = line;
		const char *at = NULL;
		for (int i = 0; i < 5 && str_next_word(&fields, " ", &word); i++)
			at = i == 4 ? str_dup(&w->arena, word) : at;
		if (at && has_prefix(at, PATH_BOOT "/"))
			problems_add(
				p, SEV_ERROR, at,
				"take the mount away; own settings go to the daemon's drop-in directory "
				"(docs/administration.md, \"Derived images\")",
				"something is mounted over a rendered configuration file or directory");
	}
}

static void load_settings(struct work *w, const struct settings_source *src, struct problems *p)
{
	settings_load(&w->arena, src, &w->s, p);
	w->stamp = stamp_make(&w->arena, &w->s, &server_where);
}

static void check_zone(struct work *w, struct problems *p)
{
	const char *zone = w->s.tz;

	if (*zone && !file_exists(arena_printf(&w->arena, "/usr/share/zoneinfo/%s", zone)))
		problems_add(p, SEV_ERROR, arena_printf(&w->arena, "TZ='%s'", zone),
			     "write a name such as Europe/Berlin", "no such time zone");
}

static void load_files(struct work *w, const struct inputs_where *where, struct problems *p)
{
	inputs_read(&w->arena, &w->s, where, &w->in, p);
	plan_make(&w->arena, &w->s, &w->in, false, &w->plan, p);
	plan_check(&w->plan, p);
	check_zone(w, p);
}

static bool wipe_earlier_life(struct err *err)
{
	const struct file_attr attr = { 0755, 0, 0 };

	(void)unlink(PATH_STATUS);
	if (unlink(PATH_SNAPSHOT) < 0 && errno != ENOENT && errno != ENOTDIR)
		return err_sys(err, ERR_IO, "remove %s", PATH_SNAPSHOT);
	return tree_remove(PATH_BOOT, err) && tree_remove(PATH_LIVE, err) &&
	       dir_make(PATH_BOOT, &attr, err) && dir_make(PATH_LIVE, &attr, err);
}

static bool write_text(const char *path, mode_t mode, const struct buf *b, struct err *err)
{
	const struct file_attr attr = { mode, (uid_t)-1, (gid_t)-1 };

	return file_replace(path, b->p, b->n, &attr, FILE_EPHEMERAL, NULL, err);
}

/* A file of the config directory may be a link: then the directory it leads to is watched too. */
static void list_linked_dirs(struct work *w, struct text_vec *dirs)
{
	struct text_vec files = VEC_INIT;
	char real[PATH_MAX];
	struct stat st;

	inputs_list_files(&w->arena, PATH_CONFIG, &files);
	for (size_t i = 0; i < files.n; i++)
		if (lstat(files.v[i], &st) == 0 && S_ISLNK(st.st_mode) &&
		    realpath(files.v[i], real))
			*VEC_PUSH(&w->arena, dirs) =
				arena_strndup(&w->arena, real, (size_t)(strrchr(real, '/') - real));
}

/* What init is to watch; a link may lead elsewhere than at the start. */
static bool write_watch_list(struct work *w, struct err *err)
{
	autobuf struct buf watch = BUF_INIT;
	struct text_vec dirs = VEC_INIT;

	*VEC_PUSH(&w->arena, &dirs) = PATH_CONFIG;
	list_linked_dirs(w, &dirs);
	*VEC_PUSH(&w->arena, &dirs) = PATH_CONFIG "/" PIPE_DIR;
	*VEC_PUSH(&w->arena, &dirs) = PATH_CONFIG "/" FILTER_DIR;
	inputs_watch_dirs(&w->arena, &w->s, &server_where, &dirs);
	for (size_t i = 0; i < dirs.n; i++)
		buf_printf(&watch, "%s\n", dirs.v[i]);
	return write_text(PATH_WATCH, 0644, &watch, err);
}

static bool write_run_files(struct work *w, struct err *err)
{
	autobuf struct buf snapshot = BUF_INIT;

	/* Plain passwords of MAIL_ACCOUNTS are never written anywhere. */
	struct settings shown = w->s;
	shown.mail_accounts = inputs_hashed_env_accounts(&w->arena, &w->s, &server_where);
	settings_snapshot(&w->arena, &shown, &snapshot);
	bool ok = write_watch_list(w, err) && write_text(PATH_SNAPSHOT, 0600, &snapshot, err);
	explicit_bzero(snapshot.p, snapshot.n);
	return ok;
}

/* The checkers look at it and at the certificate files, but at no table. */
static bool make_first_generation(struct work *w, const struct settings_source *src,
				  const char *gen, struct problems *p, struct err *err)
{
	if (!generation_make(&w->plan, gen, p, err) || !tls_files_write(&w->plan, PATH_LIVE, err))
		return false;
	if (!patches_exist(PATH_CONFIG))
		return true;
	/* The script reaches the files by their usual names. */
	if (!link_flip(PATH_BOOT_CURRENT, "1", err))
		return false;
	patches_run(&w->arena, PATH_CONFIG, gen, src->environ, p);
	return true;
}

static int boot_locked(struct work *w, const struct settings_source *src, struct problems *p)
{
	const char *gen = PATH_BOOT "/1";
	struct check_run checks;
	struct err err = ERR_INIT;

	check_mounts(w, p);
	load_settings(w, src, p);
	load_files(w, &server_where, p);
	if (problems_errors(p) > 0)
		return ERR_CONFIG;
	if (!wipe_earlier_life(&err) || !provision_dirs(&w->plan, "", &err))
		return fail(p, &err, "start");
	struct live_run *live = live_begin(&w->plan, PATH_LIVE, INPUT_ALL);
	if (!make_first_generation(w, src, gen, p, &err)) {
		live_abort(live);
		return fail(p, &err, "start");
	}
	check_begin(&checks, &w->plan, gen, p);
	bool done = live_finish(live, false, &err);
	check_finish(&checks, p);
	if (!done)
		return fail(p, &err, "start");
	if (problems_errors(p) > 0)
		return ERR_CONFIG;
	if (!link_flip(PATH_BOOT_CURRENT, "1", &err) || !write_run_files(w, &err) ||
	    !certs_remember(&w->arena, &server_where, &w->in, &err))
		return fail(p, &err, "start");
	if (w->in.fallen.n == 0 && !stamp_store(&w->arena, PATH_LIVE, w->stamp, &err))
		return fail(p, &err, "start");
	write_status(w, p);
	keep_later(&server_where, &w->in, NULL, (struct str){ "", 0 });
	return 0;
}

int apply_boot(const struct settings_source *src, struct problems *p)
{
	const struct file_attr attr = { 0755, 0, 0 };
	struct work *w = xmalloc(sizeof(*w));
	struct err err = ERR_INIT;
	autoclose int lock = -1;
	int status;

	*w = (struct work){ 0 };
	arena_init(&w->arena, "boot");
	if (!dir_make(PATH_APPLY_LOCK, &attr, &err) || !dir_make(PATH_STATE_OWN, &attr, &err) ||
	    !dir_lock(PATH_APPLY_LOCK, LOCK_WAIT_MS, &lock, &err))
		status = fail(p, &err, "start");
	else
		status = boot_locked(w, src, p);
	return status;
}

/* Not the files' fault: init tries again, and until then the server is not healthy. */
static int live_failed(struct work *w, struct problems *p, const struct err *err)
{
	struct err ignored = ERR_INIT;
	int status = fail(p, err, "tables");

	write_status(w, p);
	(void)!stamp_store(w->plan.arena, PATH_LIVE, "", &ignored);
	return status == ERR_DATA ? ERR_IO : status;
}

/* The daemons' own settings go into a new generation. False: they are not in force. */
static bool renew_generation(struct work *w, struct problems *p)
{
	struct err err = ERR_INIT;

	if (w->in.override_errors > 0)
		return false;
	if (patches_exist(PATH_CONFIG)) {
		problems_add(p, SEV_WARNING, PATH_CONFIG, "restart the container",
			     "changed settings of the daemons come into force with the next start, "
			     "because what " PATCHES_FILE " does can't be done again now");
		return true;
	}
	if (generation_renew(&w->plan, p, &err))
		return true;
	if (err.class != ERR_NONE)
		(void)fail(p, &err, "settings of the daemons");
	return false;
}

/* What of `changed` may be applied. Errors in one place leave the others: the daemons' own settings
 * stay what they were. (A certificate that can't be used has been replaced by the one in use.) */
static unsigned may_change(struct work *w, unsigned changed, struct problems *p, bool *overrides_ok)
{
	if (problems_errors(p) > w->in.cert_errors + w->in.override_errors)
		changed = 0;
	*overrides_ok = w->in.override_errors == 0;
	if ((changed & INPUT_OVERRIDES) != 0)
		*overrides_ok = renew_generation(w, p);
	return *overrides_ok ? changed : changed & ~(unsigned)INPUT_OVERRIDES;
}

static void finish_renewal(struct work *w, struct problems *p)
{
	struct err err = ERR_INIT;

	tls_files_sweep(&w->plan, PATH_LIVE);
	if (!certs_remember(&w->arena, &server_where, &w->in, &err))
		(void)fail(p, &err, "certificates");
	served_check(&w->plan, p);
}

/* A bad file leaves the others in force: its last good copy is taken. Then the stamp is not stored,
 * so that the files are read again next time. */
static int live_locked(struct work *w, const struct settings_source *src, struct problems *p,
		       struct apply_result *result_r)
{
	struct err err = ERR_INIT;
	bool overrides_ok;
	unsigned changed;

	load_settings(w, src, p);
	result_r->applied =
		streq(w->stamp, stamp_stored(&w->arena, PATH_LIVE)) && file_exists(PATH_STATUS);
	if (result_r->applied)
		return 0;
	load_files(w, &running_where, p);
	result_r->applied = problems_errors(p) <= w->in.cert_errors + w->in.override_errors;
	changed = may_change(w, live_changed(&w->plan, PATH_LIVE), p, &overrides_ok);
	write_status(w, p);
	bool sound = problems_errors(p) == 0 && w->in.fallen.n == 0;
	result_r->fallen = w->in.fallen;
	if ((changed && !live_apply(&w->plan, PATH_LIVE, changed, true, &err)) ||
	    (!overrides_ok && !live_forget(&w->arena, PATH_LIVE, INPUT_OVERRIDES, &err)) ||
	    !stamp_store(&w->arena, PATH_LIVE, sound ? w->stamp : "", &err) ||
	    !write_watch_list(w, &err)) {
		result_r->applied = false;
		return live_failed(w, p, &err);
	}
	if ((changed & INPUT_TLS) != 0)
		finish_renewal(w, p);
	result_r->changed = changed != 0;
	result_r->changed_inputs = changed;
	if (result_r->applied && overrides_ok)
		keep_later(&server_where, &w->in, NULL, (struct str){ "", 0 });
	return sound ? 0 : ERR_DATA;
}

int apply_live(const struct settings_source *src, struct problems *p, struct apply_result *result_r)
{
	struct work *w = xmalloc(sizeof(*w));
	struct err err = ERR_INIT;
	autoclose int lock = -1;
	int status;

	*w = (struct work){ 0 };
	*result_r = (struct apply_result){ 0 };
	arena_init(&w->arena, "live");
	if (!dir_lock(PATH_APPLY_LOCK, LOCK_WAIT_MS, &lock, &err))
		status = fail(p, &err, "tables");
	else
		status = live_locked(w, src, p, result_r);
	return status;
}

static int renew_locked(struct work *w, const struct settings_source *src, struct problems *p)
{
	struct problems known; /* told when the files changed */
	struct err err = ERR_INIT;

	problems_init(&known, &w->arena);
	load_settings(w, src, &known);
	load_files(w, &running_where, &known);
	if (problems_errors(&known) > 0)
		problems_add(p, SEV_ERROR, PATH_CONFIG, "correct its files first",
			     "the configuration has errors");
	else if (patches_exist(PATH_CONFIG))
		problems_add(p, SEV_ERROR, PATCHES_FILE, "restart the container",
			     "what the script did can't be done again now: the change comes into "
			     "force with the next start");
	else if (!generation_renew(&w->plan, p, &err) && err.class != ERR_NONE)
		return fail(p, &err, "settings of the daemons");
	return problems_errors(p) == 0 ? 0 : ERR_CONFIG;
}

int apply_renew(const struct settings_source *src, struct problems *p)
{
	struct work *w = xmalloc(sizeof(*w));
	struct err err = ERR_INIT;
	autoclose int lock = -1;

	*w = (struct work){ 0 };
	arena_init(&w->arena, "renew");
	if (!dir_lock(PATH_APPLY_LOCK, LOCK_WAIT_MS, &lock, &err))
		return fail(p, &err, "settings of the daemons");
	return renew_locked(w, src, p);
}

bool apply_running_source(struct arena *a, struct settings_source *src_r)
{
	struct err err = ERR_INIT;
	const char *const *snapshot;
	char *text;

	if (!file_read(a, PATH_SNAPSHOT, SNAPSHOT_MAX, &text, NULL, &err) ||
	    !settings_snapshot_read(a, text, &snapshot, &err))
		return false;
	*src_r = (struct settings_source){ .environ = snapshot, .nodename = host_system_fqdn(a) };
	return true;
}

bool apply_is_running(void)
{
	return file_exists(PATH_SNAPSHOT) && dir_exists(PATH_BOOT_CURRENT);
}
