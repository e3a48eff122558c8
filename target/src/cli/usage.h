/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	usage - how full mailboxes are, asked from the running server
 */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include "inputs/inputs.h"

struct usage {
	int64_t used_kib;
	int64_t limit_kib; /* -1 = no limit */
	int64_t percent;
};

/* Asks for all accounts, many at a time; adds a struct usage for each that was answered. */
void usage_ask(struct arena *a, const struct account_vec *accounts, struct map *usage);
/* Reads the tab separated answer: user, name, type, value, limit, percent. */
void usage_parse(struct arena *a, const char *text, struct map *usage);
/* "0", "6.0K", "120M", "5.0G": what numfmt --to=iec prints for so many KiB. */
void usage_format(int64_t kib, char *out, size_t size);

#endif
