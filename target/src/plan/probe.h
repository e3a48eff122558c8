/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	probe - asks every port and the supervisor whether they really serve, all at the same time
 *
 *	n = probe_list(&plan, kinds, list, ARRAY_SIZE(list));
 *	failed = probe_run(list, n, &options, reports);
 *
 * A port is asked at the loopback addresses, 127.0.0.1 first, then ::1 where that refuses. TLS
 * is a real handshake; the certificate is not verified (its name and issuer are the
 * administrator's affair) but an expired one fails, and so does one that is not among those that
 * the caller expects. A daemon that is being told of a new one gets some time.
 *
 * OWNERSHIP
 *	list and reports are arrays of the caller. Reports point to the descriptors' probes.
 *
 * ERRORS
 *	None of its own: a probe that can't be made has failed, and its report says why.
 *
 * LIMITS
 *	PROBES_MAX probes; answers of at most 256 KiB. SIGPIPE is set to be ignored.
 *
 * SEE ALSO
 *	talk.h (what is asked), xmlrpc.h
 */
#ifndef PLAN_PROBE_H
#define PLAN_PROBE_H

#include "plan/plan.h"

#define PROBES_MAX 64

struct probe_options {
	int deadline_ms; /* for all of them together */
	/* Wait for services that are still starting: a probe that failed is made again until the
	 * deadline. */
	bool keep_trying;
	/* PROBE_PROGRAMS: NULL-terminated names of the programs that must run (control.h). */
	const char *const *programs;
	/* Which certificates may be served; NULL = any. See served.h. */
	const struct probe_certs *certs;
	bool take_expired; /* being ready does not mean that the certificate is good */
};

struct probe_certs {
	const char *server_name;     /* to ask for (SNI), NULL = none */
	const char *const *leaf_ids; /* NULL-terminated: SHA-256, hexadecimal */
	const int *others;	     /* ports that may serve any, 0-terminated; NULL = none */
};

struct probe_report {
	const struct service_probe *probe;
	bool ok;
	bool relays; /* PROBE_RELAY: a stranger may relay */
	int took_ms;
	char leaf_id[65]; /* of the certificate, "" without TLS */
	char text[512];	  /* why not; one line, printable */
};

enum probe_choice {
	PROBE_ALL,	/* without PROBE_RELAY, which is asked once */
	PROBE_READINESS /* without the late ones */
};

/* The plan's probes; at most PROBES_MAX. */
size_t probe_list(const struct plan *plan, enum probe_choice choice,
		  const struct service_probe **list);
/* The plan's program names, NULL-terminated, in its arena. */
const char *const *probe_programs(const struct plan *plan);
/* Fills reports_r[0..n-1], in the order of list; returns how many failed. */
size_t probe_run(const struct service_probe *const *list, size_t n,
		 const struct probe_options *options, struct probe_report *reports_r);
/* A port of one of the mail protocols. */
bool probe_is_mail_port(const struct service_probe *probe);
/* "submission (port 587)", "programs (/run/x.sock)" into out. */
void probe_label(const struct service_probe *probe, char *out, size_t size);

#endif
