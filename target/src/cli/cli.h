/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	cli - the administrator's commands
 *
 * Only main.c, init/ and cli/ print and choose exit codes.
 *
 * SEE ALSO
 *	pattern.h (rows of `setup`), docs/compatibility.md
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* Applets; argv[0] is the applet's name. Return the exit status. */
int cli_setup(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_render(int argc, char **argv);
int cli_healthcheck(int argc, char **argv);
int cli_man(int argc, char **argv);
int cli_exec(int argc, char **argv);
int cli_certificates(int argc, char **argv);
int cli_watchdog(int argc, char **argv);
int cli_mark(int argc, char **argv);
int cli_renew(int argc, char **argv);
int cli_image_setup(int argc, char **argv);

/* Whether name is one of the old sub-program names that stand for `setup` words (addmailuser =
 * email add …); cli_setup() called with it as argv[0] knows what to do. */
bool cli_is_setup_name(const char *name);

#endif
