/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	merge - put single settings into main.cf and master.cf
 *
 * Each parameter stands once in the result: where the file has it, its value is exchanged (of
 * smtpd_restriction_classes: preceded); the others are added at the end. Comments and order stay.
 * (Postfix warns of every parameter that stands twice, in every program.)
 *
 * ERRORS
 *	The file can't be read or written. An option for a service that master.cf does not have is a
 *	finding with the names of those it has.
 *
 * SOURCES
 *	postconf(5) "main.cf file format"; master(5) "SYNTAX".
 */
#ifndef SERVICES_POSTFIX_MERGE_H
#define SERVICES_POSTFIX_MERGE_H

#include "service.h"

/* path is a rendered file; list may be empty. */
bool merge_main(struct arena *a, const char *path, const struct override_vec *list, struct err *err)
	MUST_CHECK;
bool merge_master(struct arena *a, const char *path, const struct override_vec *list,
		  struct problems *p, struct err *err) MUST_CHECK;

#endif
