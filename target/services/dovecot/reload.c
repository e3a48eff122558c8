/* SPDX-License-Identifier: MIT */
/*
 * `doveadm reload` sends a signal and returns. The master process then removes all UNIX sockets, and
 * makes them again (service-listen.c: services_listen_using()); ports stay open. When all are there,
 * with their owners, it answers on its own socket again: it does one thing at a time.
 *
 * Connections that wait in a socket's queue are lost with it. So the stand-in takes new ones before
 * the signal, and those from before are waited for: a queue is taken in order, and who comes last is
 * greeted last.
 *
 * SOURCES
 *	doveadm(1) reload; inotify(7).
 */
#include "dovecot/reload.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/unix_address.h"
#include "dovecot/stand_in.h"

#define SOCKET_DIR "/run/dovecot"
#define RELOAD_WAIT_MS 2000
#define QUEUE_WAIT_MS 1000
#define CONNECT_S 1
#define RETRY_MS 5

/* Those that are always there and that greet. */
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

/* true: something can be read, or has ended. */
static bool wait_readable(int fd, int64_t until_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left_ms;

	while ((left_ms = until_ms - now_ms()) > 0)
		if (poll(&p, 1, (int)left_ms) > 0)
			return true;
	return false;
}

/* Connects to one of Dovecot's sockets and waits for the first byte it says. */
static bool is_greeted(const char *name, int64_t until_ms)
{
	char path[sizeof(SOCKET_DIR) + 32], byte;

	(void)snprintf(path, sizeof(path), SOCKET_DIR "/%s", name);
	autoclose int fd = unix_connect(path, CONNECT_S);
	return fd >= 0 && wait_readable(fd, until_ms) && recv(fd, &byte, 1, MSG_DONTWAIT) == 1;
}

static bool wait_for_sockets(int fd, struct err *err)
{
	int64_t until_ms = now_ms() + RELOAD_WAIT_MS;
	unsigned seen = 0;

	while (seen != ALL_WANTED) {
		if (!wait_readable(fd, until_ms))
			return err_set(err, ERR_TEMP,
				       "the configuration was not taken up within %d s",
				       RELOAD_WAIT_MS / 1000);
		seen |= read_names(fd);
	}
	/* That its own socket is listened on is no event. */
	while (!is_greeted("master", until_ms) && now_ms() < until_ms)
		if (wait_readable(fd, now_ms() + RETRY_MS))
			(void)read_names(fd);
	return true;
}

static bool tell_dovecot(struct err *err)
{
	static const char *const argv[] = { "/usr/bin/doveadm", "reload", NULL };
	const struct proc_spec spec = { .argv = argv, .timeout_ms = 5000 };
	struct proc_result res = { 0 };

	if (!proc_run(&spec, &res, err))
		return false;
	if (res.status != 0)
		(void)err_set(err, ERR_TEMP, "doveadm reload ended with status %d: %s", res.status,
			      res.output.p);
	buf_fini(&res.output);
	return res.status == 0;
}

/* Our ends of the pipes to the stand-in; -1 when there is none. */
struct relief {
	int control, report;
};

static bool is_told(const struct relief *r, char what)
{
	char byte;

	return wait_readable(r->report, now_ms() + STAND_IN_WAIT_MS) &&
	       read(r->report, &byte, 1) == 1 && byte == what;
}

static bool begin_relief(struct relief *r, struct err *err)
{
	static const char *const argv[] = { "/usr/local/bin/mailserver", "dovecot-stand-in", NULL };
	int control[2], report[2];

	if (pipe2(control, O_CLOEXEC) < 0)
		return err_sys(err, ERR_OS, "make a pipe");
	autoclose int control_in = control[0];
	autoclose int control_out = control[1];
	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(err, ERR_OS, "make a pipe");
	autoclose int report_in = report[0];
	autoclose int report_out = report[1];
	if (!proc_spawn(argv, control_in, report_out, err))
		return false;
	(void)close(steal_fd(&report_out));
	*r = (struct relief){ control_out, report_in };
	if (!is_told(r, STAND_IN_OPEN))
		return err_set(err, ERR_TEMP, "no stand-in for Dovecot's sockets");
	(void)steal_fd(&control_out);
	(void)steal_fd(&report_in);
	return true;
}

/* Should it have died, the link is led home here. */
static void end_relief(const struct relief *r)
{
	struct err err = ERR_INIT;

	(void)close(r->control);
	if (!is_told(r, STAND_IN_HOME) && !stand_in_lead_home(&stand_in_dovecot, &err))
		log_error("dovecot: %s", err.text);
	(void)close(r->report);
}

static void wait_for_queues(void)
{
	int64_t until_ms = now_ms() + QUEUE_WAIT_MS;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		(void)is_greeted(wanted[i], until_ms);
}

static bool reload(struct err *err)
{
	autoclose int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct relief relief;
	struct err why = ERR_INIT;

	if (fd < 0 || inotify_add_watch(fd, SOCKET_DIR, IN_CREATE) < 0)
		return err_sys(err, ERR_OS, "watch " SOCKET_DIR);
	bool relieved = begin_relief(&relief, &why);
	if (relieved)
		wait_for_queues();
	else
		log_warn("dovecot: who comes during the reload is sent away: %s", why.text);
	bool ok = tell_dovecot(err) && wait_for_sockets(fd, err);
	if (relieved)
		end_relief(&relief);
	return ok;
}

int dovecot_reload_main(int argc UNUSED, char **argv UNUSED)
{
	struct err err = ERR_INIT;

	if (reload(&err))
		return 0;
	(void)fprintf(stderr, "%s\n", err.text);
	return (int)err.class;
}
