/* SPDX-License-Identifier: MIT */
/*
 * What templates can name: rows, facts, and the lists below, which the plan has gathered.
 *
 *	programs	name command user stopsignal stopwaitsecs startsecs priority environment startretries
 *			stopasgroup
 *	crons		schedule user command
 *	rotated_logs	path mode owner group reopen_command
 *	milters_incoming, milters_submission, milters_local
 *			milter: socket and options as Postfix takes them
 *	policies_early, policies
 *			policy_server: likewise; policy_name: empty if it is always asked
 *	named_policies	the others, the same fields
 *	spawns		name user command
 *	watches		true if a program is watched (`mailserver watchdog`)
 *	learners	learn_user, and learn_spam learn_ham: "script COMMAND", as a service's executable in Dovecot;
 *			at most one
 */
#include "plan/plan.h"

static struct tpl_field text_field(const char *name, const char *text)
{
	return (struct tpl_field){ name, tpl_text(text ? text : "") };
}

/* The command behind waits for what the services in `after` have to offer. */
static const char *program_command(const struct plan *plan, const struct service *svc)
{
	autobuf struct buf out = BUF_INIT;

	for (const char *const *dep = svc->after; dep && *dep; dep++) {
		int d = plan_service_index(*dep);
		if (d >= 0 && service_is_enabled(services_all[d], plan->ctx.s) &&
		    services_all[d]->program.ready)
			buf_printf(&out, "/usr/local/bin/mailserver exec --after %s -- ",
				   services_all[d]->program.ready);
	}
	buf_adds(&out, svc->program.command);
	return buf_dup(plan->arena, &out);
}

static struct tpl_value program_list(const struct plan *plan)
{
	size_t n = plan->programs.n;
	struct tpl_item *items = arena_array(plan->arena, n, sizeof(*items));
	enum { FIELDS = 10 };

	for (size_t i = 0; i < n; i++) {
		const struct service *svc = plan->programs.v[i].service;
		const struct service_program *pr = &svc->program;
		struct tpl_field *f = arena_array(plan->arena, FIELDS, sizeof(*f));
		f[0] = text_field("name", svc->name);
		f[1] = text_field("command", program_command(plan, svc));
		f[2] = text_field("user", pr->user);
		f[3] = text_field("stopsignal", pr->stop_signal ? pr->stop_signal : "TERM");
		f[4] = text_field("stopwaitsecs", arena_printf(plan->arena, "%u", pr->stop_wait_s));
		f[5] = text_field("startsecs", arena_printf(plan->arena, "%u", pr->start_s));
		f[6] = text_field("priority", arena_printf(plan->arena, "%u", pr->priority));
		f[7] = text_field("environment", pr->environment);
		f[8] = text_field("startretries", "3");
		f[9] = (struct tpl_field){ "stopasgroup", tpl_bool(pr->stop_group) };
		items[i] = (struct tpl_item){ f, FIELDS };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, n } };
}

static struct tpl_value cron_list(const struct plan *plan)
{
	size_t n = plan->crons.n;
	struct tpl_item *items = arena_array(plan->arena, n, sizeof(*items));
	enum { FIELDS = 3 };

	for (size_t i = 0; i < n; i++) {
		const struct service_cron *c = plan->crons.v[i].cron;
		struct tpl_field *f = arena_array(plan->arena, FIELDS, sizeof(*f));
		f[0] = text_field("schedule", c->schedule);
		f[1] = text_field("user", c->user ? c->user : "root");
		f[2] = text_field("command", c->command);
		items[i] = (struct tpl_item){ f, FIELDS };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, n } };
}

static struct tpl_value log_list(const struct plan *plan)
{
	size_t n = plan->logs.n;
	struct tpl_item *items = arena_array(plan->arena, n, sizeof(*items));
	enum { FIELDS = 5 };

	for (size_t i = 0; i < n; i++) {
		const struct service_log *l = plan->logs.v[i];
		struct tpl_field *f = arena_array(plan->arena, FIELDS, sizeof(*f));
		f[0] = text_field("path", l->path);
		f[1] = text_field("mode", l->mode);
		f[2] = text_field("owner", l->owner);
		f[3] = text_field("group", l->group);
		f[4] = text_field("reopen_command", l->reopen_command);
		items[i] = (struct tpl_item){ f, FIELDS };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, n } };
}

/* "SERVER", or "{ SERVER, OPTIONS }". */
static const char *with_options(struct arena *a, const char *server, const char *options)
{
	return options ? arena_printf(a, "{ %s, %s }", server, options) : server;
}

static struct tpl_item one_field(struct arena *a, const char *name, const char *text)
{
	struct tpl_field *f = arena_array(a, 1, sizeof(*f));

	f[0] = text_field(name, text);
	return (struct tpl_item){ f, 1 };
}

static bool is_incoming(const struct service_milter *m)
{
	return m->incoming;
}

static bool is_submission(const struct service_milter *m)
{
	return m->submission;
}

static bool is_local(const struct service_milter *m)
{
	return m->local;
}

static bool is_early(const struct service_policy *x)
{
	return x->early;
}

static bool is_late(const struct service_policy *x)
{
	return !x->early;
}

static bool is_named(const struct service_policy *x)
{
	return x->name != NULL;
}

static struct tpl_value milter_list(const struct plan *plan,
				    bool (*wanted)(const struct service_milter *m))
{
	struct tpl_item *items = arena_array(plan->arena, plan->milters.n, sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; i < plan->milters.n; i++) {
		const struct service_milter *m = plan->milters.v[i];
		if (wanted(m))
			items[n++] = one_field(plan->arena, "milter",
					       with_options(plan->arena, m->socket, m->options));
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, n } };
}

/* The name is empty for one that is always asked. */
static struct tpl_value policy_list(const struct plan *plan,
				    bool (*wanted)(const struct service_policy *x))
{
	struct tpl_item *items = arena_array(plan->arena, plan->policies.n, sizeof(*items));
	size_t n = 0;
	enum { FIELDS = 2 };

	for (size_t i = 0; i < plan->policies.n; i++) {
		const struct service_policy *x = plan->policies.v[i];
		if (!wanted(x))
			continue;
		struct tpl_field *f = arena_array(plan->arena, FIELDS, sizeof(*f));
		f[0] = text_field("policy_server",
				  with_options(plan->arena, x->server, x->options));
		f[1] = text_field("policy_name", x->name ? x->name : "");
		items[n++] = (struct tpl_item){ f, FIELDS };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, n } };
}

static struct tpl_value spawn_list(const struct plan *plan)
{
	size_t n = plan->spawns.n;
	struct tpl_item *items = arena_array(plan->arena, n, sizeof(*items));
	enum { FIELDS = 3 };

	for (size_t i = 0; i < n; i++) {
		const struct service_spawn *x = plan->spawns.v[i];
		struct tpl_field *f = arena_array(plan->arena, FIELDS, sizeof(*f));
		f[0] = text_field("name", x->name);
		f[1] = text_field("user", x->user);
		f[2] = text_field("command", x->command);
		items[i] = (struct tpl_item){ f, FIELDS };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, n } };
}

static bool has_watched(const struct plan *plan)
{
	for (size_t i = 0; i < plan->probes.n; i++)
		if (plan->probes.v[i].probe->watched)
			return true;
	return false;
}

static struct tpl_value learner_list(const struct plan *plan)
{
	struct tpl_field *f = arena_array(plan->arena, 3, sizeof(*f));
	struct tpl_item *item = arena_array(plan->arena, 1, sizeof(*item));
	size_t n = 0;

	for (size_t i = 0; i < plan->services.n && n == 0; i++) {
		const struct service_learner *x = plan->services.v[i]->learner;
		if (x == NULL)
			continue;
		f[0] = text_field("learn_spam", arena_printf(plan->arena, "script %s", x->spam));
		f[1] = text_field("learn_ham", arena_printf(plan->arena, "script %s", x->ham));
		f[2] = text_field("learn_user", x->user);
		item[n++] = (struct tpl_item){ f, 3 };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { item, n } };
}

static bool plan_list(const struct plan *plan, const char *name, struct tpl_value *value_r)
{
	if (streq(name, "programs"))
		*value_r = program_list(plan);
	else if (streq(name, "crons"))
		*value_r = cron_list(plan);
	else if (streq(name, "rotated_logs"))
		*value_r = log_list(plan);
	else if (streq(name, "milters_incoming"))
		*value_r = milter_list(plan, is_incoming);
	else if (streq(name, "milters_submission"))
		*value_r = milter_list(plan, is_submission);
	else if (streq(name, "milters_local"))
		*value_r = milter_list(plan, is_local);
	else if (streq(name, "policies_early"))
		*value_r = policy_list(plan, is_early);
	else if (streq(name, "policies"))
		*value_r = policy_list(plan, is_late);
	else if (streq(name, "named_policies"))
		*value_r = policy_list(plan, is_named);
	else if (streq(name, "spawns"))
		*value_r = spawn_list(plan);
	else if (streq(name, "watches"))
		*value_r = tpl_bool(has_watched(plan));
	else if (streq(name, "learners"))
		*value_r = learner_list(plan);
	else
		return false;
	return true;
}

bool plan_lookup(void *ctx, const char *name, struct tpl_value *value_r)
{
	const struct plan *plan = ctx;

	return plan_list(plan, name, value_r) ||
	       settings_lookup(plan->arena, plan->ctx.s, name, value_r) ||
	       service_fact(&plan->ctx, name, value_r);
}
