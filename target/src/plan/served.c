/* SPDX-License-Identifier: MIT */
/*
 * With two key types it depends on client and server which of the two certificates is served, so
 * either is good.
 */
#include "plan/served.h"

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "inputs/cert_load.h"
#include "plan/paths.h"
#include "plan/tls_files.h"

#define PEM_MAX ((size_t)1 << 20)
#define LIST_MAX 4096
#define WILDCARD_LABEL "any"

static const char *leaf_id(struct arena *a, const char *path)
{
	autochain struct cert_chain chain = { .n = 0 };
	struct cert cert = { 0 };
	struct err ignored = ERR_INIT;
	char *text;

	if (!file_read(a, path, PEM_MAX, &text, NULL, &ignored))
		return NULL;
	cert.chain_pem = text;
	cert_chain_of(&cert, &chain);
	return chain.n > 0 ? cert_leaf_id(a, chain.v[0]) : NULL;
}

static void read_others(struct arena *a, int *others)
{
	struct err ignored = ERR_INIT;
	struct str rest, line;
	size_t n = 0;
	int64_t port;
	char *text;

	if (!file_read(a, PATH_OTHER_CERTS, LIST_MAX, &text, NULL, &ignored))
		return;
	rest = str_from(text);
	while (n < PROBES_MAX && str_next_line(&rest, &line))
		if (parse_int64(str_dup(a, line), 1, 65535, &port))
			others[n++] = (int)port;
}

bool served_read(struct arena *a, struct served *served_r)
{
	const char *first = leaf_id(a, PATH_LIVE "/" TLS_FILES_DIR "/cert.pem");

	*served_r = (struct served){ 0 };
	served_r->leaf_ids[0] = first;
	served_r->leaf_ids[1] = leaf_id(a, PATH_LIVE "/" TLS_FILES_DIR "/alt-cert.pem");
	read_others(a, served_r->others);
	served_r->certs =
		(struct probe_certs){ .leaf_ids = served_r->leaf_ids, .others = served_r->others };
	return first != NULL;
}

static bool is_listed(const char *const *ids, const char *id)
{
	for (; *ids; ids++)
		if (streq(*ids, id))
			return true;
	return false;
}

void served_learn(struct arena *a, const struct probe_report *reports, size_t n)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	autobuf struct buf list = BUF_INIT, shown = BUF_INIT;
	struct err err = ERR_INIT;
	struct served s;

	if (!served_read(a, &s))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!reports[i].ok || reports[i].leaf_id[0] == '\0' ||
		    is_listed(s.leaf_ids, reports[i].leaf_id))
			continue;
		buf_printf(&list, "%d\n", reports[i].probe->port);
		buf_printf(&shown, "%s%d", shown.n ? ", " : "", reports[i].probe->port);
	}
	if (shown.n > 0)
		log_info(
			"ports with a certificate from own settings of their daemon, whose renewal "
			"is not looked after: %s",
			shown.p);
	if (!file_replace(PATH_OTHER_CERTS, list.p, list.n, &attr, FILE_EPHEMERAL, NULL, &err))
		log_warn("%s", err.text);
}

struct round {
	const struct service_probe *list[PROBES_MAX];
	struct probe_report reports[PROBES_MAX];
	size_t n;
	int64_t until_ms;
};

/* One question to every port; false when one does not serve what it should. */
static bool ask_all(struct round *r, const struct probe_certs *certs, const char *name,
		    struct problems *p)
{
	int64_t left = r->until_ms - now_ms();
	const struct probe_options options = { .deadline_ms = left > 500 ? (int)left : 500,
					       .keep_trying = true,
					       .certs = certs,
					       .take_expired = true };

	if (probe_run(r->list, r->n, &options, r->reports) == 0)
		return true;
	for (size_t i = 0; i < r->n; i++) {
		char label[128];
		if (r->reports[i].ok)
			continue;
		probe_label(r->reports[i].probe, label, sizeof(label));
		problems_add(p, SEV_ERROR, arena_strdup(p->arena, label),
			     "restart the container if this lasts",
			     "the new certificate%s%s is not served: %s", *name ? " for " : "",
			     name, r->reports[i].text);
	}
	return false;
}

static bool ask_named(const struct plan *plan, const struct served *s, struct round *r,
		      struct problems *p)
{
	const struct named_cert_vec *named = &plan->ctx.in->named_certs;
	bool good = true;

	for (size_t i = 0; i < named->n; i++) {
		const char *name = named->v[i].name;
		if (i > 0 && now_ms() >= r->until_ms) {
			problems_add(p, SEV_NOTE, "certificates", NULL,
				     "only %zu of %zu further names could be asked for in time", i,
				     named->n);
			return false;
		}
		const char *const ids[] = { named->v[i].cert.leaf_id, NULL };
		const struct probe_certs certs = {
			.server_name = name[0] == '*' ? arena_printf(plan->arena,
								     WILDCARD_LABEL "%s", name + 1)
						      : name,
			.leaf_ids = ids,
			.others = s->others
		};
		good = ask_all(r, &certs, name, p) && good;
	}
	return good;
}

void served_check(const struct plan *plan, struct problems *p)
{
	struct round *r = ARENA_NEW(plan->arena, struct round);
	const struct service_probe *all[PROBES_MAX];
	size_t n = probe_list(plan, PROBE_READINESS, all);
	struct served *s = ARENA_NEW(plan->arena, struct served);

	if (!served_read(plan->arena, s))
		return;
	for (size_t i = 0; i < n; i++)
		if (all[i]->port > 0 && all[i]->kind != PROBE_UNIX)
			r->list[r->n++] = all[i];
	r->until_ms = now_ms() + SERVED_MS;
	bool good = ask_all(r, &s->certs, "", p);
	if (ask_named(plan, s, r, p) && good)
		problems_add(p, SEV_NOTE, "certificates", NULL,
			     "all %zu ports serve what is new; the server's own has SHA-256 %s",
			     r->n, s->leaf_ids[0]);
}
