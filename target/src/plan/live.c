/* SPDX-License-Identifier: MIT */
/*
 * The fingerprint file holds INPUT_BITS hexadecimal numbers. It is removed before the first commit
 * and written after the last one, so a crash in between makes the next apply start from INPUT_ALL.
 */
#include "plan/live.h"

#include "base/file.h"
#include "plan/reload.h"
#include "plan/tls_files.h"

#define SERVICES_MAX 128

static const char *fingerprint_path(struct arena *a, const char *dir)
{
	return arena_printf(a, "%s/.fingerprints", dir);
}

unsigned live_changed(const struct plan *plan, const char *dir)
{
	struct err err = ERR_INIT;
	unsigned changed = 0;
	char *text;
	struct str rest, word;

	if (!file_read(plan->arena, fingerprint_path(plan->arena, dir), 4096, &text, NULL, &err))
		return INPUT_ALL;
	rest = str_from(text);
	for (unsigned i = 0; i < INPUT_BITS; i++) {
		char now[24];
		(void)snprintf(now, sizeof(now), "%016" PRIx64, plan->ctx.in->fingerprint[i]);
		if (!str_next_word(&rest, " \n", &word) || !str_is(word, now))
			changed |= 1u << i;
	}
	return changed;
}

static bool write_fingerprints(struct arena *a, const char *dir, const struct buf *text,
			       struct err *err)
{
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };

	return file_replace(fingerprint_path(a, dir), text->p, text->n, &attr, FILE_EPHEMERAL, NULL,
			    err);
}

static bool store_fingerprints(const struct plan *plan, const char *dir, struct err *err)
{
	autobuf struct buf out = BUF_INIT;

	for (unsigned i = 0; i < INPUT_BITS; i++)
		buf_printf(&out, "%016" PRIx64 "\n", plan->ctx.in->fingerprint[i]);
	return write_fingerprints(plan->arena, dir, &out, err);
}

bool live_forget(struct arena *a, const char *dir, unsigned inputs, struct err *err)
{
	autobuf struct buf out = BUF_INIT;
	struct str rest, word;
	char *text;

	if (!file_read(a, fingerprint_path(a, dir), 4096, &text, NULL, err))
		return err->sys == ENOENT; /* nothing is known anyway */
	rest = str_from(text);
	for (unsigned i = 0; i < INPUT_BITS && str_next_word(&rest, " \n", &word); i++)
		if ((inputs & (1u << i)) != 0)
			buf_adds(&out, "?\n");
		else
			buf_printf(&out, "%.*s\n", (int)word.n, word.p);
	return write_fingerprints(a, dir, &out, err);
}

struct prepared {
	const struct service *service;
	void *state;
	bool open; /* has begun or is prepared: to be committed or aborted */
};

struct live_run {
	struct live_ctx ctx;
	struct prepared list[SERVICES_MAX];
	size_t n;
};

struct live_run *live_begin(const struct plan *plan, const char *dir, unsigned changed)
{
	struct live_run *run = ARENA_NEW(plan->arena, struct live_run);

	run->ctx = (struct live_ctx){ .svc = &plan->ctx, .dir = dir, .changed = changed };
	for (size_t i = 0; i < plan->services.n; i++) {
		const struct service *svc = plan->services.v[i];
		if (svc->live == NULL || (svc->live->inputs & changed) == 0)
			continue;
		if (run->n == SERVICES_MAX)
			BUG("more than %d services with live tables", SERVICES_MAX);
		struct prepared *x = &run->list[run->n++];
		*x = (struct prepared){ .service = svc, .open = svc->live->begin != NULL };
		if (x->open)
			svc->live->begin(&run->ctx, &x->state);
	}
	return run;
}

void live_abort(struct live_run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		struct prepared *x = &run->list[i];
		if (x->open && x->service->live->abort)
			x->service->live->abort(&run->ctx, x->state);
		x->open = false;
	}
}

static bool prepare_all(struct live_run *run, struct err *err)
{
	for (size_t i = 0; i < run->n; i++) {
		struct prepared *x = &run->list[i];
		x->open = x->service->live->prepare(&run->ctx, &x->state, err);
		if (x->open)
			continue;
		live_abort(run);
		return err_wrap(err, "%s tables", x->service->name);
	}
	return true;
}

static bool commit(struct live_run *run, struct prepared *x, struct err *err)
{
	x->open = false;
	return x->service->live->commit(&run->ctx, x->state, err);
}

/* Service by service: its tables, then its daemon is told. One that asks another is changed after it. */
static bool commit_all(struct live_run *run, bool tell, struct err *err)
{
	const struct plan *plan = run->ctx.svc->plan;
	size_t next = 0;

	for (size_t i = 0; i < plan->services.n; i++) {
		const struct service *svc = plan->services.v[i];
		if (next < run->n && run->list[next].service == svc &&
		    !commit(run, &run->list[next++], err)) {
			live_abort(run);
			return err_wrap(err, "%s tables", svc->name);
		}
		if (tell && svc->reload && (svc->reload_inputs & run->ctx.changed) != 0)
			reload_service(svc);
	}
	return true;
}

bool live_finish(struct live_run *run, bool tell, struct err *err)
{
	const struct plan *plan = run->ctx.svc->plan;
	const char *dir = run->ctx.dir;

	if (!prepare_all(run, err))
		return false;
	if (unlink(fingerprint_path(plan->arena, dir)) < 0 && errno != ENOENT) {
		live_abort(run);
		return err_sys(err, ERR_IO, "remove %s", fingerprint_path(plan->arena, dir));
	}
	if ((run->ctx.changed & INPUT_TLS) != 0 && !tls_files_write(plan, dir, err)) {
		live_abort(run);
		return false;
	}
	return commit_all(run, tell, err) && store_fingerprints(plan, dir, err);
}

bool live_apply(const struct plan *plan, const char *dir, unsigned changed, bool tell,
		struct err *err)
{
	return live_finish(live_begin(plan, dir, changed), tell, err);
}
