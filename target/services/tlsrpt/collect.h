/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	collect - listens to what the MTA tells of TLS sessions, and keeps count
 *
 * Supervised, while ENABLE_TLSRPT=1. The MTA sends a datagram for each session and does not wait: while
 * nobody listens, or when the kernel's queue (net.unix.max_dgram_qlen) is full, sessions are not
 * counted, and mail leaves as ever.
 *
 * LIMITS
 *	A datagram of more than COLLECT_MAX bytes is not counted.
 */
#ifndef SERVICES_TLSRPT_COLLECT_H
#define SERVICES_TLSRPT_COLLECT_H

#define COLLECT_SOCKET "/run/tlsrpt/collector.sock"
#define COLLECT_MAX 65535

int collect_main(void);

#endif
