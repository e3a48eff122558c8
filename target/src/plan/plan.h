/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	plan - settings + inputs + descriptors turned into one inspectable value
 *
 *	plan_make(&arena, &settings, &inputs, on_host, &plan, &problems);
 *	plan_print(&plan, &buf);			mailserver config plan
 *
 * Gathers from every enabled service: files, directories, programs, checks, probes, crons, milters,
 * policy servers, in an order in which `after` holds. Conflicts are findings: two writers of one file, two listeners on
 * one port, a dependency that is missing or circular, two facts or rows with one name.
 *
 * OWNERSHIP
 *	Arrays live in the arena; elements point into the constant descriptors.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "service.h"

struct plan_file {
	const struct service *service;
	const struct service_file *file;
};
struct plan_program {
	const struct service *service;
};
struct plan_probe {
	const struct service *service;
	const struct service_probe *probe;
};
struct plan_cron {
	const struct service *service;
	const struct service_cron *cron;
};

VEC_TYPE(plan_service_vec, const struct service *);
VEC_TYPE(plan_file_vec, struct plan_file);
VEC_TYPE(plan_program_vec, struct plan_program);
VEC_TYPE(plan_probe_vec, struct plan_probe);
VEC_TYPE(plan_cron_vec, struct plan_cron);
VEC_TYPE(plan_log_vec, const struct service_log *);
VEC_TYPE(plan_milter_vec, const struct service_milter *);
VEC_TYPE(plan_policy_vec, const struct service_policy *);
VEC_TYPE(plan_spawn_vec, const struct service_spawn *);

struct plan {
	struct arena *arena;
	struct service_ctx ctx;		  /* ctx.plan points back here */
	struct plan_service_vec services; /* enabled, ordered */
	struct plan_file_vec files;
	struct plan_program_vec programs; /* without the supervisor's own */
	struct plan_probe_vec probes;
	struct plan_cron_vec crons;
	struct plan_log_vec logs;	 /* to rotate */
	struct plan_milter_vec milters;	 /* by their order */
	struct plan_policy_vec policies; /* by their order */
	struct plan_spawn_vec spawns;
	const struct service *supervisor;
};

void plan_make(struct arena *a, const struct settings *s, const struct inputs *in, bool on_host,
	       struct plan *plan, struct problems *p);
void plan_print(const struct plan *plan, struct buf *out);

/* Position in services_all, -1 = no such service. */
int plan_service_index(const char *name);

/* Template names: rows, facts of all services, and the plan's own lists (plan/lists.c). For tpl; ctx
 * is a struct plan *. */
bool plan_lookup(void *ctx, const char *name, struct tpl_value *value_r);

/* Runs the services' check hooks. */
void plan_check(const struct plan *plan, struct problems *p);
/* For inputs_where.judge: asks the service that reads the file. */
bool plan_judge(struct arena *a, const struct settings *s, const char *name, struct str text,
		struct problems *p);

#endif
