/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	secret - passwords and answers from a person or a pipe
 *
 * On a terminal: a prompt, without echo for passwords. Otherwise lines of standard input, without
 * prompt.
 */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include "base/buf.h"
#include "base/err.h"

struct cmd;

/* The command's password into *out (wipe it): the argument, which is wiped from the process list at
 * once, or asked for twice. Fails when it is empty, differs from its repetition, or input ended. */
bool secret_get(const struct cmd *cmd, struct buf *out, struct err *err) MUST_CHECK;
/* A line that may be seen, with a prompt on a terminal; false at the end of input. */
bool secret_ask_open(const char *prompt, struct buf *out);
/* A yes/no question, default no. End of input is no. */
bool secret_confirm(const char *question);

#endif
