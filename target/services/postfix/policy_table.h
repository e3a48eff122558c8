/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	policy_table - which policy servers have something to say
 *
 *	policies.lmdb		quota	ask_quota
 *
 * A policy server that has a name (service_policy) is asked only while the name is here. The value is the restriction
 * class of main.cf.
 */
#ifndef SERVICES_POSTFIX_POLICY_TABLE_H
#define SERVICES_POSTFIX_POLICY_TABLE_H

#include "service.h"

/* What servers may ask of the files. */
#define POLICY_TABLE_INPUTS (INPUT_ACCOUNTS | INPUT_QUOTAS | INPUT_OVERRIDES)

bool policy_table_commit(const struct live_ctx *ctx, struct err *err) MUST_CHECK;

#endif
