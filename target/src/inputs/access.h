/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	access - postfix-send-access.cf, postfix-receive-access.cf: who may not send or receive
 *
 *	ben@firma.example	REJECT		one address, with all its +extensions
 *	firma.example		550 Moved	a domain and those below it
 *	ben@			REJECT		the name in every domain
 *	<>			DISCARD		the empty sender
 *
 * Keys and actions are those of access(5); lines may be continued. Of several keys that fit an
 * address the most exact one counts, in the order above.
 *
 * FINDINGS
 *	error	no action, an action that is none, a key that can't be one
 *	warning	a key twice (the first line counts), a key that fits no address
 *
 * SOURCES
 *	docs/compatibility.md; access(5) "EMAIL ADDRESS PATTERNS", "EMAIL ADDRESS EXTENSION", "ACCEPT
 *	ACTIONS", "REJECT ACTIONS", "OTHER ACTIONS"; postconf(5) check_sender_access,
 *	parent_domain_matches_subdomains.
 */
#ifndef INPUTS_ACCESS_H
#define INPUTS_ACCESS_H

#include "inputs/inputs.h"

#define SEND_ACCESS_FILE "postfix-send-access.cf"
#define RECEIVE_ACCESS_FILE "postfix-receive-access.cf"

/* classes: names that smtpd_restriction_classes adds to the actions. *out is empty. */
void access_parse(struct arena *a, const char *file, struct str text, const char *classes,
		  struct access_list *out, struct problems *p);

/* Why the text can't be a key, as a clause, or NULL. */
const char *access_key_problem(const char *key);
/* Why the text can't be an action, as a clause, or NULL. */
const char *access_action_problem(const char *action, const char *classes);
/* Whether the action refuses or puts off mail by itself: REJECT, DEFER, 4NN, 5NN. */
bool access_refuses(const char *action);

/* The rule that counts for the address (lower case), or NULL. */
const struct access_rule *access_find(struct arena *a, const struct access_list *list,
				      const char *address);
/* The same without rules for the very address. */
const struct access_rule *access_find_wider(struct arena *a, const struct access_list *list,
					    const char *address);
/* What the rule says about somebody who has logged in, whatever sender is given: the action if it
 * keeps mail from going out, else DUNNO, which leaves it to the rule for the sender. */
const char *access_login_action(const struct access_rule *rule);

/* Lines of the file as they are: the first with the key (any case); false when there is none. */
bool access_find_line(struct arena *a, struct str text, const char *key, struct str *action_r,
		      unsigned *line_r);
/* Edits; each appends the new text. The line for a new key is in the form scripts know. */
void access_edit_add(struct str text, const char *key, struct buf *out);
/* Removes every line of the key, and what continues it; false when there is none. */
bool access_edit_del(struct str text, const char *key, struct buf *out);

#endif
