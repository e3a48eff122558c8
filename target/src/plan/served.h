/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	served - do the ports serve the certificate that they should?
 *
 *	served_read(a, &served);	what they should, from PATH_LIVE
 *	options.certs = &served.certs;	probe_run() compares
 *
 * Own settings of a daemon may give it another certificate. Which ports have one is learned when
 * the server becomes ready (served_learn()); they are left out of every comparison.
 *
 * OWNERSHIP
 *	Texts live in the arena; struct served must stay where it is while options point to it.
 */
#ifndef PLAN_SERVED_H
#define PLAN_SERVED_H

#include "plan/plan.h"
#include "plan/probe.h"

struct served {
	const char *leaf_ids[3];
	int others[PROBES_MAX + 1];
	struct probe_certs certs; /* points to the two */
};

/* False: there is no certificate to compare with. */
bool served_read(struct arena *a, struct served *served_r);

/* Writes PATH_OTHER_CERTS, and tells in the log of the ports that it names. */
void served_learn(struct arena *a, const struct probe_report *reports, size_t n);

/* After a renewal: asks every port with TLS, also for the further names, until it serves the new
 * certificate or SERVED_MS are over. What does not is an error in *p; when all do, a note. */
#define SERVED_MS 10000
void served_check(const struct plan *plan, struct problems *p);

#endif
