/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	check_table - which checks of a sender or recipient have something to say
 *
 *	checks.lmdb		send	DUNNO
 *				receive	ask_receive
 *				quota	ask_quota
 *
 * "send" and "receive" are the tables of access_tables, the others policy servers that have a name (service_policy).
 * The value is the restriction class of main.cf, or DUNNO while there is nothing to ask.
 *
 * Each look-up in an lmdb table costs two locks and a transaction, and a table of addresses is asked four or five times for
 * each recipient: address, domain, domains above it, local part. This one is asked once, because it always has an answer.
 */
#ifndef SERVICES_POSTFIX_CHECK_TABLE_H
#define SERVICES_POSTFIX_CHECK_TABLE_H

#include "service.h"

/* The access files, and what policy servers may ask of the others. */
#define CHECK_TABLE_INPUTS (INPUT_ACCESS | INPUT_ACCOUNTS | INPUT_QUOTAS | INPUT_OVERRIDES)

/* To be called when the tables that it speaks of are in place. */
bool check_table_commit(const struct live_ctx *ctx, struct err *err) MUST_CHECK;

#endif
