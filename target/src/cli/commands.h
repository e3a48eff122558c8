/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	commands - the functions behind the rows of `setup`
 *
 * Each returns the exit status: 0 done, 1 refused or failed (said on stderr).
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/pattern.h"

int email_add(const struct cmd *cmd);
int email_add_from(const struct cmd *cmd);
int email_update(const struct cmd *cmd);
int email_del(const struct cmd *cmd);
int email_list(const struct cmd *cmd);
int alias_add(const struct cmd *cmd);
int alias_del(const struct cmd *cmd);
int alias_list(const struct cmd *cmd);
int quota_set(const struct cmd *cmd);
int quota_del(const struct cmd *cmd);
int quota_list(const struct cmd *cmd);
int master_add(const struct cmd *cmd);
int master_update(const struct cmd *cmd);
int master_del(const struct cmd *cmd);
int master_list(const struct cmd *cmd);
int restrict_add(const struct cmd *cmd);
int restrict_del(const struct cmd *cmd);
int restrict_list(const struct cmd *cmd);
int restrict_none(const struct cmd *cmd);
int completion_print(const struct cmd *cmd);
int relay_add_domain(const struct cmd *cmd);
int relay_add_auth(const struct cmd *cmd);
int relay_exclude_domain(const struct cmd *cmd);
int relay_del_domain(const struct cmd *cmd);
int relay_del_auth(const struct cmd *cmd);
int relay_list(const struct cmd *cmd);
int config_dkim(const struct cmd *cmd);
int config_dkim_list(const struct cmd *cmd);
int tls_show(const struct cmd *cmd);
int tls_dane(const struct cmd *cmd);
int tls_report(const struct cmd *cmd);
int tls_report_list(const struct cmd *cmd);
int debug_logs(const struct cmd *cmd);
int debug_login(const struct cmd *cmd);
int debug_who_may_send_as(const struct cmd *cmd);

#endif
