/* SPDX-License-Identifier: MIT */
/*
 * The generation before the one in force is kept for going back; older ones are removed.
 */
#include "plan/generation.h"

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "plan/check.h"
#include "plan/paths.h"
#include "plan/probe.h"
#include "plan/reload.h"
#include "plan/render.h"

#define RENDERED_MAX ((size_t)16 << 20)
#define PROBE_BEFORE_MS 2000
#define PROBE_AFTER_MS 10000
/* A daemon that is told takes the new settings when it gets to it. Until then the old ones answer. */
#define SETTLE_S 1

bool generation_make(const struct plan *plan, const char *gen, struct problems *p, struct err *err)
{
	const struct render_where to = { .templates = PATH_TEMPLATES,
					 .pristine = PATH_PRISTINE,
					 .dropins = PATH_DROPINS,
					 .out = gen,
					 .in_image = true };

	return render_tree(plan, &to, p, err);
}

static bool current_number(int64_t *n_r, struct err *err)
{
	char target[32];
	ssize_t n = readlink(PATH_BOOT_CURRENT, target, sizeof(target) - 1);

	if (n < 0)
		return err_sys(err, ERR_IO, "read the link %s", PATH_BOOT_CURRENT);
	target[n] = '\0';
	return parse_int64(target, 1, INT32_MAX, n_r) ||
	       err_set(err, ERR_INTERNAL, "%s leads to '%s'", PATH_BOOT_CURRENT, target);
}

static const char *path_of(const struct plan *plan, int64_t n)
{
	return arena_printf(plan->arena, PATH_BOOT "/%" PRId64, n);
}

static bool same_file(struct arena *a, const char *x, const char *y)
{
	struct err ignored = ERR_INIT;
	char *left, *right;
	size_t left_n, right_n;

	return file_read(a, x, RENDERED_MAX, &left, &left_n, &ignored) &&
	       file_read(a, y, RENDERED_MAX, &right, &right_n, &ignored) && left_n == right_n &&
	       memcmp(left, right, left_n) == 0;
}

static bool has_changed(const struct plan *plan, const struct service *svc, int64_t from,
			int64_t to)
{
	struct arena *a = plan->arena;

	for (size_t i = 0; i < plan->files.n; i++) {
		const char *dest = plan->files.v[i].file->dest;
		if (plan->files.v[i].service == svc &&
		    !same_file(a, arena_printf(a, "%s/%s", path_of(plan, from), dest),
			       arena_printf(a, "%s/%s", path_of(plan, to), dest)))
			return true;
	}
	return false;
}

/* Puts `to` in force; the daemons whose files differ from those of `from` are told. */
static bool flip(const struct plan *plan, int64_t from, int64_t to, struct err *err)
{
	if (!link_flip(PATH_BOOT_CURRENT, arena_printf(plan->arena, "%" PRId64, to), err))
		return false;
	for (size_t i = 0; i < plan->services.n; i++)
		if (plan->services.v[i]->reload && has_changed(plan, plan->services.v[i], from, to))
			reload_service(plan->services.v[i]);
	return true;
}

static size_t probe_all(const struct plan *plan, bool keep_trying, struct probe_report *reports,
			size_t *n_r)
{
	const struct probe_options options = {
		.deadline_ms = keep_trying ? PROBE_AFTER_MS : PROBE_BEFORE_MS,
		.keep_trying = keep_trying,
	};
	const struct service_probe *list[PROBES_MAX];

	*n_r = probe_list(plan, PROBE_READINESS, list);
	return probe_run(list, *n_r, &options, reports);
}

/* Every port that answered before must answer now; names the first that does not. */
static bool all_answer(const struct plan *plan, const struct probe_report *before,
		       struct problems *p)
{
	struct probe_report now[PROBES_MAX];
	char label[128];
	size_t n;

	(void)probe_all(plan, true, now, &n);
	for (size_t i = 0; i < n; i++) {
		if (now[i].ok || !before[i].ok)
			continue;
		probe_label(now[i].probe, label, sizeof(label));
		problems_add(p, SEV_ERROR, PATH_CONFIG, "look into the log, correct the settings",
			     "with the new settings %s did not answer (%s): they were taken back",
			     label, now[i].text);
		return false;
	}
	return true;
}

/* Now, and when the daemons have had the time to take the new settings. */
static bool still_answers(const struct plan *plan, const struct probe_report *before,
			  struct problems *p)
{
	const struct timespec pause = { SETTLE_S, 0 };

	if (!all_answer(plan, before, p))
		return false;
	(void)nanosleep(&pause, NULL);
	return all_answer(plan, before, p);
}

bool generation_renew(const struct plan *plan, struct problems *p, struct err *err)
{
	struct probe_report before[PROBES_MAX];
	struct check_run checks;
	size_t errors = problems_errors(p), n;
	int64_t old;

	if (!current_number(&old, err))
		return false;
	const char *gen = path_of(plan, old + 1);
	if (!tree_remove(gen, err) || !generation_make(plan, gen, p, err))
		return false;
	check_begin(&checks, plan, gen, p);
	check_finish(&checks, p);
	if (problems_errors(p) > errors) {
		(void)!tree_remove(gen, err);
		return false;
	}
	(void)probe_all(plan, false, before, &n);
	if (!flip(plan, old, old + 1, err))
		return false;
	if (!still_answers(plan, before, p)) {
		(void)!flip(plan, old + 1, old, err);
		return false;
	}
	return old < 2 || tree_remove(path_of(plan, old - 1), err);
}
