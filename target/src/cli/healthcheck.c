/* SPDX-License-Identifier: MIT */
/*
 * The image's HEALTHCHECK. Docker knows two results: 0 healthy, 1 not.
 */
#include "base/file.h"
#include "base/proc.h"
#include "base/proc_stat.h"
#include "cli/cli.h"
#include "cli/source.h"
#include "plan/expiry.h"
#include "plan/paths.h"
#include "plan/probe.h"
#include "plan/served.h"
#include "plan/status.h"

#define DEADLINE_MS 5000
/* What is still on its way for so long after the start of the container is late: a failure. */
#define STARTING_S (30 * 60)

struct health {
	struct arena arena;
	const struct service_probe *list[PROBES_MAX];
	struct probe_report reports[PROBES_MAX];
	const char *starting[PROBES_MAX]; /* NULL, or what is still to happen */
	size_t n, failed, started;	  /* failed: for good */
	struct status status;
	struct text_vec notes;
	struct expiry_vec certs;
	int64_t took_ms;
};

struct options {
	bool verbose, json;
};

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: mailserver healthcheck [--verbose | --json]\n\n"
		"Asks every port that should be open and the supervisor. Says what fails, one line each;\n"
		"exit status 0 if nothing does, else 1. What needs time after the start of the container, and is\n"
		"on its way, is said and is no failure in the first half hour. Notes are no failures either.\n\n"
		"  --verbose  one line for every probe\n"
		"  --json     the same as one JSON object\n");
	return status;
}

/* Failures of which something is still to be expected. */
static void find_starting(struct health *h)
{
	int64_t age_s = proc_age_s(1);

	for (size_t i = 0; i < h->n; i++) {
		const struct service_probe *p = h->reports[i].probe;
		const char *text = NULL;
		if (!h->reports[i].ok && p->starting)
			text = p->starting(&h->arena);
		if (text == NULL)
			continue;
		(void)snprintf(h->reports[i].text, sizeof(h->reports[i].text), "%s", text);
		if (age_s < 0 || age_s >= STARTING_S)
			continue;
		h->starting[i] = text;
		h->started++;
		h->failed--;
	}
}

/* A certificate that ends soon is no failure: there is time. One that is over has failed the ports
 * that serve it. */
static void note_certs(struct health *h, const struct settings *s)
{
	int64_t now = (int64_t)time(NULL);

	expiry_list(&h->arena, s, &h->certs);
	for (size_t i = 0; i < h->certs.n; i++)
		if (expiry_days(&h->certs.v[i], now) < EXPIRY_WARN_DAYS)
			*VEC_PUSH(&h->arena, &h->notes) =
				expiry_text(&h->arena, &h->certs.v[i], now);
}

static void check(struct health *h, const struct settings_source *src)
{
	struct probe_options options = { .deadline_ms = DEADLINE_MS };
	struct err err = ERR_INIT;
	struct served served;
	struct settings s;
	struct problems p;
	struct plan plan;

	problems_init(&p, &h->arena);
	settings_load(&h->arena, src, &s, &p);
	plan_make(&h->arena, &s, NULL, false, &plan, &p);
	options.programs = probe_programs(&plan);
	if (served_read(&h->arena, &served))
		options.certs = &served.certs;
	h->n = probe_list(&plan, PROBE_ALL, h->list);
	h->failed = probe_run(h->list, h->n, &options, h->reports);
	find_starting(h);
	note_certs(h, &s);
	if (!status_read(&h->arena, PATH_STATUS, &h->status, &err))
		*VEC_PUSH(&h->arena, &h->status.findings) = arena_strdup(&h->arena, err.text);
	else if (h->status.accounts < 0)
		*VEC_PUSH(&h->arena, &h->status.findings) =
			"the last change could not be applied, nor could it be written down why (is /run full?)";
	status_notes(&h->arena, PATH_NOTES, &h->notes);
}

/* Those that last; of the others there is a note. */
static void print_certs(const struct health *h)
{
	int64_t now = (int64_t)time(NULL);
	struct arena a;

	arena_init(&a, "certificates");
	for (size_t i = 0; i < h->certs.n; i++)
		if (expiry_days(&h->certs.v[i], now) >= EXPIRY_WARN_DAYS)
			printf("ok      %s\n", expiry_text(&a, &h->certs.v[i], now));
	arena_fini(&a);
}

static void print_text(const struct health *h, bool verbose)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct probe_report *r = &h->reports[i];
		char label[128];
		if (r->ok && !verbose)
			continue;
		probe_label(r->probe, label, sizeof(label));
		if (r->ok)
			printf("ok      %s, %d ms\n", label, r->took_ms);
		else if (h->starting[i])
			printf("not yet %s: %s\n", label, r->text);
		else
			printf("FAILED  %s: %s\n", label, r->text);
	}
	if (verbose)
		print_certs(h);
	for (size_t i = 0; i < h->status.findings.n; i++)
		printf("FAILED  %s\n", h->status.findings.v[i]);
	for (size_t i = 0; i < h->notes.n; i++)
		printf("note    %s\n", h->notes.v[i]);
	if (h->failed == 0 && h->status.findings.n == 0)
		printf("ok: %zu probes in %" PRId64 " ms\n", h->n - h->started, h->took_ms);
}

/* A JSON string; bytes above 0x7f pass as they are. */
static void print_json_string(const char *text)
{
	putchar('"');
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if ((unsigned char)*c < 0x20)
			printf("\\u%04x", (unsigned)(unsigned char)*c);
		else
			putchar(*c);
	}
	putchar('"');
}

static void print_json_list(const char *name, const struct text_vec *list)
{
	printf("], \"%s\": [", name);
	for (size_t i = 0; i < list->n; i++) {
		printf("%s", i ? ", " : "");
		print_json_string(list->v[i]);
	}
}

static void print_json(const struct health *h)
{
	bool healthy = h->failed == 0 && h->status.findings.n == 0;

	printf("{\"healthy\": %s, \"took_ms\": %" PRId64 ", \"probes\": [",
	       healthy ? "true" : "false", h->took_ms);
	for (size_t i = 0; i < h->n; i++) {
		const struct probe_report *r = &h->reports[i];
		printf("%s{\"name\": ", i ? ", " : "");
		print_json_string(r->probe->name);
		if (r->probe->port > 0)
			printf(", \"port\": %d", r->probe->port);
		printf(", \"ok\": %s, \"took_ms\": %d", r->ok ? "true" : "false", r->took_ms);
		if (h->starting[i])
			printf(", \"starting\": true");
		if (!r->ok) {
			printf(", \"why\": ");
			print_json_string(r->text);
		}
		putchar('}');
	}
	print_json_list("findings", &h->status.findings);
	print_json_list("notes", &h->notes);
	printf("], \"certificates\": [");
	for (size_t i = 0; i < h->certs.n; i++) {
		printf("%s{\"name\": ", i ? ", " : "");
		print_json_string(h->certs.v[i].name);
		printf(", \"sha256\": \"%s\", \"days_left\": %" PRId64 "}", h->certs.v[i].leaf_id,
		       expiry_days(&h->certs.v[i], (int64_t)time(NULL)));
	}
	printf("]}\n");
}

static bool parse_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		if (streq(argv[i], "--verbose") || streq(argv[i], "-v"))
			o->verbose = true;
		else if (streq(argv[i], "--json"))
			o->json = true;
		else
			return false;
	}
	return true;
}

int cli_healthcheck(int argc, char **argv)
{
	int64_t began_ms = now_ms();
	struct options o = { false, false };
	struct settings_source src;
	struct health *h;
	bool running, healthy;

	if (argc == 2 && (streq(argv[1], "help") || streq(argv[1], "--help")))
		return usage(stdout, 0);
	if (!parse_options(argc, argv, &o))
		return usage(stderr, 1);
	h = xmalloc(sizeof(*h));
	*h = (struct health){ .status.accounts = -1 };
	arena_init(&h->arena, "health");
	source_current(&h->arena, &src, &running);
	if (running)
		check(h, &src);
	else
		*VEC_PUSH(&h->arena, &h->status.findings) =
			"the server is not running here, or is still preparing its start";
	h->took_ms = now_ms() - began_ms;
	healthy = h->failed == 0 && h->status.findings.n == 0;
	if (o.json)
		print_json(h);
	else
		print_text(h, o.verbose);
	return healthy ? 0 : 1;
}
