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

bool service_fact(const struct service_ctx *ctx, const char *name, struct tpl_value *value_r)
{
	for (int i = 0; services_all[i]; i++)
		for (const struct fact *f = services_all[i]->facts; f && f->name; f++)
			if (streq(f->name, name)) {
				*value_r = f->get(ctx);
				return true;
			}
	return false;
}

const struct service_applet *service_find_applet(const char *name)
{
	for (int i = 0; services_all[i]; i++)
		for (const struct service_applet *x = services_all[i]->applets; x && x->name; x++)
			if (streq(x->name, name))
				return x;
	return NULL;
}
