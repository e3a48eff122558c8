/* SPDX-License-Identifier: MIT */
/*
 * Once an hour somebody looks how long the certificates are valid. No daemon of its own.
 */
#include "service.h"

static const struct service_cron crons[] = {
	{ .schedule = "23 * * * *",
	  .user = "root",
	  .command = "/usr/local/bin/mailserver certificates" },
	{ .schedule = NULL },
};

const struct service service_expiry_check = {
	.name = "expiry-check",
	.crons = crons,
};
