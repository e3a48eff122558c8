/* SPDX-License-Identifier: MIT */
#include "plan/keep.h"

#include "base/file.h"
#include "base/log.h"

static void say(const char *why)
{
	log_warn("can't keep a copy of the good configuration: %s", why);
}

void keep_later(const struct inputs_where *where, const struct inputs *in, const char *name,
		struct str text, int apply_lock)
{
	autoclose int lock = -1;
	struct err err = ERR_INIT;

	if (!inputs_lock_last_good(where, &lock, &err)) {
		say(err.text);
		return;
	}
	pid_t pid = fork();
	if (pid < 0)
		say(strerror(errno));
	if (pid != 0)
		return; /* the child keeps the lock: it is one lock for both */
	/* Nobody shall wait for this child: not for the lock, and not for its end at a pipe. */
	(void)close(apply_lock);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd <= 1; fd++)
		(void)dup2(null, fd);
	(void)setsid();
	if (!(name ? inputs_save_text(where, name, text, &err)
		   : inputs_save_last_good(where, in, &err)))
		say(err.text);
	_exit(0);
}
