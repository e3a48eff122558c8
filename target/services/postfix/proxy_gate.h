/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	proxy_gate - lets only named proxies speak to a service that believes PROXY headers
 *
 *	mailserver proxy-gate SOCKET NETWORK…		started by spawn(8) for each connection,
 *							which is its standard input
 *
 * Postfix takes a PROXY header from everybody who connects. So nobody connects to the services that
 * take one: they are of type "pass", and get connections from here, when the peer is in one of the
 * networks. Others are closed, with a line in the log. Nothing of the connection is read here.
 */
#ifndef SERVICES_POSTFIX_PROXY_GATE_H
#define SERVICES_POSTFIX_PROXY_GATE_H

#include "base/err.h"

int proxy_gate_main(int argc, char **argv);

/* The two halves of it. *peer_r is the address for the log, in the caller's buffer. */
bool proxy_gate_is_trusted(int fd, char *const *networks, char *peer_r, size_t size);
/* Hands fd over to the service that listens at path. */
bool proxy_gate_pass(int fd, const char *path, struct err *err) MUST_CHECK;

#endif
