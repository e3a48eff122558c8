/* SPDX-License-Identifier: MIT */
/*
 * Names inside a list section belong to its items, so a template's names are accepted when they are
 * rows, facts or fields of the plan's lists. Use by code can't be seen from here: such rows are
 * named in `used_by_code`, and the compiler refuses a field that does not exist.
 */
#include "cli/lint.h"

#include "base/file.h"
#include "base/map.h"
#include "plan/plan.h"

static const char *const item_fields[] = {
	"name",	      "command",       "user",
	"stopsignal", "stopwaitsecs",  "startsecs",
	"priority",   "environment",   "startretries",
	"schedule",   "path",	       "mode",
	"owner",      "group",	       "reopen_command",
	"milter",     "policy_server", "line",
	"mirror",     "network",       "network_bracketed",
	"learn_spam", "learn_ham",     "pattern",
	"dnsbl_site", "dns_list",      "low",
	"high",	      "stopasgroup",   "learn_user",
	"dropin",     "policy_name",
};

/* Rows that C code reads without a template. */
static const char *const used_by_code[] = {
	"OVERRIDE_HOSTNAME",
	"DOMAINNAME",
	"LOG_LEVEL",
	"ACCOUNT_PROVISIONER",
	"TZ",
	"DMS_CONFIG_POLL",
	"SSL_TYPE",
	"SSL_DOMAIN",
	"SSL_CERT_PATH",
	"SSL_KEY_PATH",
	"SSL_ALT_CERT_PATH",
	"SSL_ALT_KEY_PATH",
	"TLS_MODE",
	"TLS_KEEP_KEY",
	"TLS_LEVEL",
	"MAIL_ACCOUNTS",
	"MAIL_ALIASES",
	"PERMIT_DOCKER",
	"PERMIT_DOCKER_TRUST_GATEWAY",
	"NETWORK_INTERFACE",
	"DMS_VMAIL_UID",
	"DMS_VMAIL_GID",
	"DMS_RELEASE",
	"SHUTDOWN_GRACE",
	"POSTMASTER_ADDRESS",
	"ENABLE_QUOTAS",
	"ENABLE_SPAMASSASSIN",
	"MOVE_SPAM_TO_JUNK",
	"ENABLE_AMAVIS",
	"ENABLE_POSTGREY",
	"ENABLE_OPENDKIM",
	"ENABLE_OPENDMARC",
	"POSTGREY_DELAY",
	"ENABLE_SRS",
	"SRS_SECRET",
	"SRS_SENDER_CLASSES",
	"DOVECOT_INET_PROTOCOLS",
	"RELAY_HOST",
	"RELAY_PORT",
	"RELAY_USER",
	"RELAY_PASSWORD",
	"ENABLE_AMAVIS",
	"ENABLE_CLAMAV",
	"CLAMAV_ON_VIRUS",
	"CLAMAV_ENCRYPTED",
	"CLAMAV_EXCEEDED_LIMITS",
	"VIRUSMAILS_DELETE_DELAY",
	"SMTP_TLS_DANE",
	"ENABLE_RESOLVER",
	"ENABLE_MTA_STS",
	"TLSRPT_SEND",
};

struct lint {
	struct arena *arena;
	struct plan *plan;
	struct map used;
	const char *label;
	unsigned findings;
};

static bool is_listed(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(list[i], name))
			return true;
	return false;
}

static void visit_name(void *ctx, const char *name, unsigned line)
{
	struct lint *l = ctx;
	struct tpl_value v;

	(void)map_add(&l->used, arena_strdup(l->arena, name), l);
	if (!plan_lookup(l->plan, name, &v) &&
	    !is_listed(item_fields, ARRAY_SIZE(item_fields), name)) {
		printf("%s:%u: unknown name '%s'\n", l->label, line, name);
		l->findings++;
	}
}

static void lint_templates(struct lint *l, const char *templates)
{
	for (int i = 0; services_all[i]; i++)
		for (const struct service_file *f = services_all[i]->files; f && f->dest; f++) {
			struct err err = ERR_INIT;
			char *text;
			const char *path = arena_printf(l->arena, "%s/%s/%s", templates,
							services_all[i]->name, f->tpl);
			l->label = path;
			if (!file_read(l->arena, path, (size_t)1 << 20, &text, NULL, &err) ||
			    !tpl_names(path, text, visit_name, l, &err)) {
				printf("%s\n", err.text);
				l->findings++;
			}
		}
}

static void lint_facts(struct lint *l)
{
	struct map seen;

	map_init(&seen, l->arena, 512);
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *r = &settings_rows[i];
		if (r->kind == KIND_SECTION || r->kind == KIND_ALIAS || r->kind == KIND_REMOVED)
			continue;
		if (!map_add(&seen, r->field, l)) {
			printf("row %s: field '%s' is defined twice\n", r->name, r->field);
			l->findings++;
		}
	}
	for (int i = 0; services_all[i]; i++)
		for (const struct fact *f = services_all[i]->facts; f && f->name; f++) {
			if (!map_add(&seen, f->name, l)) {
				printf("services/%s: fact '%s' is defined twice\n",
				       services_all[i]->name, f->name);
				l->findings++;
			}
			if (f->doc == NULL || *f->doc == '\0') {
				printf("services/%s: fact '%s' has no description\n",
				       services_all[i]->name, f->name);
				l->findings++;
			}
			if (!map_get(&l->used, f->name)) {
				printf("services/%s: fact '%s' is used by no template\n",
				       services_all[i]->name, f->name);
				l->findings++;
			}
		}
}

static void lint_rows(struct lint *l)
{
	for (size_t i = 0; i < settings_rows_n; i++) {
		const struct setting_row *r = &settings_rows[i];
		if (r->kind == KIND_SECTION || r->kind == KIND_ALIAS || r->kind == KIND_REMOVED ||
		    (r->flags & F_LATER) != 0)
			continue;
		if (!map_get(&l->used, r->field) &&
		    !is_listed(used_by_code, ARRAY_SIZE(used_by_code), r->name)) {
			printf("row %s: neither a template nor code uses it (F_LATER?)\n", r->name);
			l->findings++;
		}
	}
}

int config_lint(struct arena *a, const char *templates)
{
	static const char *const env[] = { "OVERRIDE_HOSTNAME=mail.example.com", NULL };
	struct settings_source src = { .environ = env, .nodename = "", .read_files = false };
	struct settings s;
	struct plan plan;
	struct problems p;
	struct lint l = { .arena = a, .plan = &plan };

	problems_init(&p, a);
	map_init(&l.used, a, 512);
	settings_load(a, &src, &s, &p);
	plan_make(a, &s, NULL, true, &plan, &p);
	l.findings = (unsigned)problems_errors(&p);
	for (size_t i = 0; i < p.list.n; i++)
		if (p.list.v[i].severity == SEV_ERROR)
			printf("%s: %s\n", p.list.v[i].subject, p.list.v[i].text);
	lint_templates(&l, templates);
	lint_facts(&l);
	lint_rows(&l);
	if (l.findings == 0)
		printf("lint: rows, facts and templates agree\n");
	return l.findings ? 1 : 0;
}
