/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	smtp_only - what accounts are without mailboxes (SMTP_ONLY=1)
 *
 * With POSTFIX_DAGENT they are recipients, whose mailboxes are elsewhere. Without it they are nobody:
 * their domains stay hosted, and mail for them is refused unless an alias leads elsewhere.
 */
#ifndef INPUTS_SMTP_ONLY_H
#define INPUTS_SMTP_ONLY_H

#include "inputs/inputs.h"

/* After domains and quotas were gathered. Adds findings for what has no effect. */
void smtp_only_apply(struct arena *a, const struct settings *s, struct inputs *in,
		     struct problems *p);

#endif
