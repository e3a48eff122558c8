/* SPDX-License-Identifier: MIT */
/*
 * `doveadm reload` sends a signal and returns. The master process then removes all UNIX sockets, and
 * makes them again (service-listen.c: services_listen_using()); ports stay open.
 *
 * SOURCES
 *	doveadm(1) reload; inotify(7).
 */
#include "dovecot/reload.h"

#include <poll.h>
#include <sys/inotify.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"

#define SOCKET_DIR "/run/dovecot"

/* Those that Postfix connects to and that are always there. */
static const char *const wanted[] = { "auth-postfix", "lmtp" };
#define ALL_WANTED ((1u << ARRAY_SIZE(wanted)) - 1)

/* The wanted ones among the names that were made. */
static unsigned read_names(int fd)
{
	_Alignas(struct inotify_event) char part[4096];
	ssize_t n = read(fd, part, sizeof(part));
	unsigned seen = 0;

	for (ssize_t at = 0; at < n;) {
		/* The cast: events lie aligned in the buffer. */
		const struct inotify_event *e =
			(const struct inotify_event *)(const void *)(part + at);
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
			if (e->len > 0 && streq(e->name, wanted[i]))
				seen |= 1u << i;
		at += (ssize_t)(sizeof(*e) + e->len);
	}
	return seen;
}

static bool wait_for_sockets(int fd, struct err *err)
{
	int64_t until_ms = now_ms() + RELOAD_WAIT_MS;
	unsigned seen = 0;

	while (seen != ALL_WANTED) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left_ms = until_ms - now_ms();
		if (left_ms <= 0)
			return err_set(err, ERR_TEMP,
				       "the configuration was not taken up within %d s",
				       RELOAD_WAIT_MS / 1000);
		if (poll(&p, 1, (int)left_ms) > 0)
			seen |= read_names(fd);
	}
	return true;
}

bool dovecot_reload(struct err *err)
{
	static const char *const argv[] = { "/usr/bin/doveadm", "reload", NULL };
	const struct proc_spec spec = { .argv = argv, .timeout_ms = 5000 };
	struct proc_result res = { 0 };
	autoclose int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0 || inotify_add_watch(fd, SOCKET_DIR, IN_CREATE) < 0)
		return err_sys(err, ERR_OS, "watch " SOCKET_DIR);
	if (!proc_run(&spec, &res, err))
		return false;
	if (res.status != 0)
		(void)err_set(err, ERR_TEMP, "doveadm reload ended with status %d: %s", res.status,
			      res.output.p);
	buf_fini(&res.output);
	return res.status == 0 && wait_for_sockets(fd, err);
}

int dovecot_reload_main(int argc UNUSED, char **argv UNUSED)
{
	struct err err = ERR_INIT;

	if (dovecot_reload(&err))
		return 0;
	(void)fprintf(stderr, "%s\n", err.text);
	return (int)err.class;
}
