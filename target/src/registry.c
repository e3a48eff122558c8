/* SPDX-License-Identifier: MIT */
/*
 * The list of services is the list of folders that have a service.c: build/gen/services.list holds
 * one SERVICE(name) line each, written by the Makefile.
 */
#include "service.h"

#define SERVICE(name) extern const struct service service_##name;
#include "gen/services.list"
#undef SERVICE

#define SERVICE(name) &service_##name,
const struct service *const services_all[] = {
#include "gen/services.list"
	NULL,
};
#undef SERVICE
