/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	senders - who may send as which address
 *
 *	senders_init(&sn, &arena, &settings, &inputs);
 *	senders_find(&sn, "info@example.com", &rights);
 *
 * An account may send as its own address, and as every address whose mail leads to it: through
 * aliases, patterns, role addresses and the host's own aliases, at any depth. A catch-all gives
 * nobody a right: whoever reads what is left over is not everybody. "name+tag@domain" belongs to
 * whom "name@domain" belongs to, unless it is defined itself.
 *
 * OWNERSHIP
 *	Results live in the arena. The settings and inputs are borrowed.
 *
 * LIMITS
 *	Where the target of a pattern holds $1, and the address is only known by the pattern, the
 *	targets must be accounts themselves: what a table of the MTA can't know is not promised here.
 *
 * SEE ALSO
 *	patterns.h, effective.h
 */
#ifndef INPUTS_SENDERS_H
#define INPUTS_SENDERS_H

#include "inputs/inputs.h"
#include "inputs/patterns.h"

struct senders {
	struct arena *arena;
	const struct settings *s;
	const struct inputs *in;
	struct alias_vec effective; /* aliases and role addresses */
	struct map roles;	    /* address → its entry in effective */
	struct patterns *patterns;
	struct str local_aliases;
};

/* One login that may use the address. */
struct sender_right {
	const char *login;
	/* How the address leads to the login: "postfix-virtual.cf:3: info@x → anna@x", steps
	 * separated by line feeds. */
	const char *why;
};
VEC_TYPE(sender_right_vec, struct sender_right);

void senders_init(struct senders *sn, struct arena *a, const struct settings *s,
		  const struct inputs *in);
/* Adds everyone who may send as the address (any case), each login once. Logins that do not exist
 * are among them: an account of that name may be added later. */
void senders_find(const struct senders *sn, const char *address, struct sender_right_vec *out);

/* The table smtpd_sender_login_maps needs: calls add(ctx, address, "login,login") for every address
 * that is defined; false as soon as add says so. */
bool senders_each(const struct senders *sn,
		  bool (*add)(void *ctx, const char *key, const char *value), void *ctx);
/* What goes behind it: a pcre_table(5) with the logins in place of the targets. */
void senders_patterns(const struct senders *sn, struct buf *out);

#endif
