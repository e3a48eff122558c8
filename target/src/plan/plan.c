/* SPDX-License-Identifier: MIT */
/*
 * Order: a depth-first walk over `after`, so a service comes behind everything it names; among
 * equals the folder order decides, which keeps output stable. Descriptors are constant, so
 * gathering is only pointing.
 */
#include "plan/plan.h"

struct visit {
	const struct plan *plan;
	struct plan_service_vec *out;
	struct problems *p;
	unsigned char state[128]; /* by index in services_all: 0 unseen, 1 on the path, 2 done */
};

int plan_service_index(const char *name)
{
	for (int i = 0; services_all[i]; i++)
		if (streq(services_all[i]->name, name))
			return i;
	return -1;
}

static void visit_service(struct visit *v, int i)
{
	const struct service *svc = services_all[i];

	if (v->state[i] == 2 || !service_is_enabled(svc, v->plan->ctx.s))
		return;
	if (v->state[i] == 1) {
		problems_add(v->p, SEV_ERROR, svc->name, NULL,
			     "service waits for itself through its `after` list");
		return;
	}
	v->state[i] = 1;
	for (const char *const *dep = svc->after; dep && *dep; dep++) {
		int d = plan_service_index(*dep);
		if (d < 0)
			problems_add(v->p, SEV_ERROR, svc->name, NULL,
				     "service waits for '%s', which this image does not have",
				     *dep);
		else
			visit_service(v, d);
	}
	v->state[i] = 2;
	*VEC_PUSH(v->plan->arena, v->out) = svc;
}

/* In its place: before the first with a higher order. */
static void add_milter(struct plan *plan, const struct service_milter *m)
{
	struct plan_milter_vec *list = &plan->milters;
	size_t at = list->n;

	(void)VEC_PUSH(plan->arena, list);
	for (; at > 0 && list->v[at - 1]->order > m->order; at--)
		list->v[at] = list->v[at - 1];
	list->v[at] = m;
}

static void add_policy(struct plan *plan, const struct service_policy *x)
{
	struct plan_policy_vec *list = &plan->policies;
	size_t at = list->n;

	(void)VEC_PUSH(plan->arena, list);
	for (; at > 0 && list->v[at - 1]->order > x->order; at--)
		list->v[at] = list->v[at - 1];
	list->v[at] = x;
}

static void gather_service(struct plan *plan, const struct service *svc)
{
	const struct settings *s = plan->ctx.s;

	for (const struct service_file *f = svc->files; f && f->dest; f++)
		if (f->when == NULL || f->when(s))
			*VEC_PUSH(plan->arena, &plan->files) = (struct plan_file){ svc, f };
	for (const struct service_probe *b = svc->probes; b && b->name; b++)
		if (b->when == NULL || b->when(s))
			*VEC_PUSH(plan->arena, &plan->probes) = (struct plan_probe){ svc, b };
	for (const struct service_cron *c = svc->crons; c && c->schedule; c++)
		if (c->when == NULL || c->when(s))
			*VEC_PUSH(plan->arena, &plan->crons) = (struct plan_cron){ svc, c };
	for (const struct service_log *l = svc->logs; l && l->path; l++)
		*VEC_PUSH(plan->arena, &plan->logs) = l;
	if (svc->milter && (svc->milter->when == NULL || svc->milter->when(s)))
		add_milter(plan, svc->milter);
	if (service_policy_of(svc, s))
		add_policy(plan, service_policy_of(svc, s));
	if (svc->spawn && (svc->spawn->when == NULL || svc->spawn->when(s)))
		*VEC_PUSH(plan->arena, &plan->spawns) = svc->spawn;
	if (svc->is_supervisor)
		plan->supervisor = svc;
	else if (svc->program.command)
		*VEC_PUSH(plan->arena, &plan->programs) = (struct plan_program){ svc };
}

static void check_conflicts(const struct plan *plan, struct problems *p)
{
	for (size_t i = 0; i < plan->files.n; i++)
		for (size_t j = 0; j < i; j++)
			if (streq(plan->files.v[i].file->dest, plan->files.v[j].file->dest))
				problems_add(p, SEV_ERROR, plan->files.v[i].file->dest, NULL,
					     "written by both %s and %s",
					     plan->files.v[j].service->name,
					     plan->files.v[i].service->name);
	for (size_t i = 0; i < plan->probes.n; i++)
		for (size_t j = 0; j < i; j++) {
			const struct plan_probe *a = &plan->probes.v[j], *b = &plan->probes.v[i];
			if (a->probe->port > 0 && a->probe->port == b->probe->port)
				problems_add(p, SEV_ERROR, b->probe->name, NULL,
					     "port %d is used by both %s and %s", b->probe->port,
					     a->service->name, b->service->name);
		}
	if (plan->supervisor == NULL)
		problems_add(p, SEV_ERROR, "services", NULL, "no service is the supervisor");
}

void plan_make(struct arena *a, const struct settings *s, const struct inputs *in, bool on_host,
	       struct plan *plan, struct problems *p)
{
	static const struct inputs no_inputs;
	struct visit v = { .plan = plan, .out = &plan->services, .p = p };

	*plan = (struct plan){ .arena = a };
	plan->ctx = (struct service_ctx){
		.arena = a, .s = s, .in = in ? in : &no_inputs, .plan = plan, .on_host = on_host
	};
	for (int i = 0; services_all[i]; i++) {
		if ((size_t)i >= sizeof(v.state))
			BUG("more than %zu services", sizeof(v.state));
		visit_service(&v, i);
	}
	for (size_t i = 0; i < plan->services.n; i++)
		gather_service(plan, plan->services.v[i]);
	check_conflicts(plan, p);
}

void plan_check(const struct plan *plan, struct problems *p)
{
	for (size_t i = 0; i < plan->services.n; i++)
		if (plan->services.v[i]->check)
			plan->services.v[i]->check(&plan->ctx, p);
}

bool plan_judge(struct arena *a, const struct settings *s, const char *name, struct str text,
		struct problems *p)
{
	const struct service_ctx ctx = { .arena = a, .s = s };

	for (int i = 0; services_all[i]; i++)
		if (services_all[i]->judge && service_is_enabled(services_all[i], s) &&
		    services_all[i]->judge(&ctx, name, text, p))
			return true;
	return false;
}

void plan_print(const struct plan *plan, struct buf *out)
{
	buf_printf(out, "host %s\ndomain %s\n", plan->ctx.s->hostname, plan->ctx.s->domainname);
	for (size_t i = 0; i < plan->services.n; i++)
		buf_printf(out, "service %s\n", plan->services.v[i]->name);
	for (size_t i = 0; i < plan->files.n; i++)
		buf_printf(out, "file %s (services/%s/%s)\n", plan->files.v[i].file->dest,
			   plan->files.v[i].service->name, plan->files.v[i].file->tpl);
	for (size_t i = 0; i < plan->programs.n; i++)
		buf_printf(out, "program %s: %s\n", plan->programs.v[i].service->name,
			   plan->programs.v[i].service->program.command);
	for (size_t i = 0; i < plan->probes.n; i++) {
		const struct service_probe *b = plan->probes.v[i].probe;
		if (b->port > 0)
			buf_printf(out, "port %d %s%s\n", b->port, b->name, b->tls ? " (TLS)" : "");
		else
			buf_printf(out, "socket %s %s\n", b->path, b->name);
	}
	for (size_t i = 0; i < plan->milters.n; i++)
		buf_printf(out, "milter %s\n", plan->milters.v[i]->socket);
	for (size_t i = 0; i < plan->policies.n; i++)
		buf_printf(out, "policy server %s\n", plan->policies.v[i]->server);
	for (size_t i = 0; i < plan->crons.n; i++)
		buf_printf(out, "cron %s %s\n", plan->crons.v[i].cron->schedule,
			   plan->crons.v[i].cron->command);
}
