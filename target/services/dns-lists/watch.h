/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	watch - tests the DNS lists at the start and now and then, and switches them off and on
 *
 * Supervised, while ENABLE_DNSBL=1. A test is two questions for each list, asked by a child process
 * through the resolver of the container, so that a list that hangs holds up nothing. When the lists
 * in use change, the configuration is rendered again and put in force (`mailserver renew`).
 *
 * All well: again after half an hour; else after five minutes; SIGHUP: now.
 */
#ifndef SERVICES_DNS_LISTS_WATCH_H
#define SERVICES_DNS_LISTS_WATCH_H

int dns_lists_main(int argc, char **argv);

#endif
