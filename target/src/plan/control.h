/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	control - the one question to the supervisor: are all programs running?
 *
 *	control_request(text, sizeof(text));		send it to the control socket
 *	while (!control_is_complete(answer)) read more	(or until end of file)
 *	control_judge(answer, programs, why, sizeof(why));
 *
 * SEE ALSO
 *	xmlrpc.h
 */
#ifndef PLAN_CONTROL_H
#define PLAN_CONTROL_H

#include "base/str.h"

#define CONTROL_REQUEST_MAX 512

/* The whole HTTP request. size >= CONTROL_REQUEST_MAX. Returns its length. */
size_t control_request(char *out, size_t size);
/* Header and the announced length are there. */
bool control_is_complete(struct str answer);
/* True when every program of the NULL-terminated list runs and has done so for a while, or as
 * long as the others, and no other program has failed: one that ends again and again is found
 * also in the moments in which it runs. Else why says what is wrong, all of it as far as it
 * fits, in one printable line. */
bool control_judge(struct str answer, const char *const *programs, char *why, size_t size);
/* The process id of a program that runs, else 0. */
pid_t control_pid(struct str answer, const char *program);

#endif
