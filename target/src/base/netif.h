/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	netif - this machine's network interfaces and gateways, as the kernel tells them
 *
 *	netif_read(&arena, &list, &err);
 *	netif_gateways(&arena, &gateways);
 *
 * SOURCES
 *	getifaddrs(3); proc_pid_net(5) route: hexadecimal, in the machine's byte order; ipv6_route.
 */
#ifndef BASE_NETIF_H
#define BASE_NETIF_H

#include "base/cidr.h"
#include "base/err.h"
#include "base/vec.h"

struct netif {
	const char *name;
	struct cidr address; /* alone, all bits */
	struct cidr network;
	bool is_loopback, is_link_local;
};
VEC_TYPE(netif_vec, struct netif);
VEC_TYPE(cidr_vec, struct cidr);

/* One entry for each address of each interface. */
bool netif_read(struct arena *a, struct netif_vec *out, struct err *err) MUST_CHECK;
/* Addresses that default routes lead to; nothing where there is none or /proc can't be read. */
void netif_gateways(struct arena *a, struct cidr_vec *out);

/* The texts of /proc/net/route and /proc/net/ipv6_route. */
void netif_parse_route(struct arena *a, const char *text, struct cidr_vec *out);
void netif_parse_ipv6_route(struct arena *a, const char *text, struct cidr_vec *out);

#endif
