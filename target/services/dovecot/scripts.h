/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	scripts - Sieve scripts and their programs from the config directory, as Dovecot reads them
 *
 *	<live>/sieve/before.dovecot.sieve, after.…	for everybody, compiled here: Dovecot could not
 *							write the result
 *	<live>/sieve/before.conf, after.conf		tell Dovecot of them, see service.reload_inputs
 *	mail_home/.dovecot.sieve			script of one account, or what that link leads to
 *	lib-dovecot/sieve-pipe/, sieve-filter/		programs, executable (a tmpfs on /run often
 *							is mounted noexec); with another mail user than
 *							vmail: wrappers of those in programs/
 *
 * An account's script is put in place when it is new or differs from what was put there last
 * (lib-dovecot/user-sieve keeps that). So what a user changes through ManageSieve stays until the
 * administrator's file changes. A file that is removed takes its script with it, unless the user
 * has changed it.
 *
 * LIMITS
 *	An account with a home directory of its own in its extra fields is not served.
 */
#ifndef SERVICES_DOVECOT_SCRIPTS_H
#define SERVICES_DOVECOT_SCRIPTS_H

#include "service.h"

#define SCRIPTS_INPUTS (INPUT_SCRIPTS | INPUT_GLOBAL_SCRIPTS | INPUT_ACCOUNTS)

/* Whether the mail user has a name in the image. Dovecot takes a user of a service by name, and LMTP
 * runs as the mail user, so that what scripts call does too. With another number LMTP stays root: the
 * programs are wrapped then, and become the mail user first. */
bool scripts_have_mail_user(const struct settings *s);
bool scripts_judge(const struct service_ctx *ctx, const char *name, struct str text,
		   struct problems *p);
bool scripts_commit(const struct live_ctx *ctx, struct err *err) MUST_CHECK;

#endif
