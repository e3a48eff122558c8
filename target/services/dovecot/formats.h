/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	formats - in which format mail is stored, and whether that is the one of the settings
 *
 * Dovecot sees mail of one format only; what lies there in another would look like an empty mailbox.
 * So a start with such mail is refused. The format in force is noted in the state volume, and the
 * mailboxes are looked at only while the note does not agree with the settings: one stat(2) for each
 * domain and for each account of a domain that has mail, once.
 *
 *	maildir		DOMAIN/LOCAL/cur	home directory DOMAIN/LOCAL/home
 *	sdbox		DOMAIN/LOCAL/mailboxes	home directory DOMAIN/LOCAL
 *	mdbox		DOMAIN/LOCAL/storage	likewise
 */
#ifndef SERVICES_DOVECOT_FORMATS_H
#define SERVICES_DOVECOT_FORMATS_H

#include "dovecot/user_scripts.h"

#define FORMATS_NOTE SCRIPTS_STATE "/mailbox-format"

/* Adds an error when accounts have mail that could not be seen. `note` is the file that
 * formats_note() writes, `root` the directory of all mail. */
void formats_check(const struct service_ctx *ctx, const char *root, const char *note,
		   struct problems *p);
bool formats_note(const struct service_ctx *ctx, const char *note, struct err *err) MUST_CHECK;

/* The home directory of an account that has none of its own. */
const char *formats_home(struct arena *a, const struct settings *s, const char *address);

#endif
