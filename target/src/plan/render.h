/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	render - plan → a directory tree and its manifest
 *
 * The same code makes a generation in the container and the tree of `mailserver render` on a
 * laptop.
 *
 * ERRORS
 *	Template faults carry template:line.
 */
#ifndef PLAN_RENDER_H
#define PLAN_RENDER_H

#include "plan/plan.h"

struct render_where {
	const char *templates; /* directory with <daemon>/<file>.tpl */
	const char *pristine;  /* may be NULL: no pristine files (laptop) */
	const char *
		dropins; /* directory with <daemon>/… files of derived images to add, may be NULL */
	const char *out; /* made; must not exist or be empty */
	bool in_image;	 /* root in the image: groups of files are set */
};

/* Renders all files of the plan below where->out. Mistakes in the administrator's own settings are
 * findings: the tree is not to be used when there is one. */
bool render_tree(const struct plan *plan, const struct render_where *where, struct problems *p,
		 struct err *err) MUST_CHECK;
/* Sorted "mode path sha256" lines of every regular file below dir. */
bool render_manifest(struct arena *a, const char *dir, struct buf *out, struct err *err) MUST_CHECK;

#endif
