/* SPDX-License-Identifier: MIT */
#include "plan/reload.h"

#include "base/log.h"
#include "base/proc.h"

#define RELOAD_MS 20000

void reload_service(const struct service *svc)
{
	struct proc_spec spec = { .argv = svc->reload, .timeout_ms = RELOAD_MS };
	struct proc_result res = { 0 };
	struct err err = ERR_INIT;

	if (!proc_run(&spec, &res, &err)) {
		log_error("%s: reload: %s", svc->name, err.text);
		return;
	}
	if (res.status != 0)
		log_error("%s: reload ended with status %d: %s", svc->name, res.status,
			  res.output.p);
	buf_fini(&res.output);
}
