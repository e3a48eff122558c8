/* SPDX-License-Identifier: MIT */
/*
 * One process, one poll(2). Clients are taken at once, so that they do not wait in a queue that
 * closes; those without a server are tried every few milliseconds: that a socket was made is an
 * event, that it is listened on is none.
 *
 * SOURCES
 *	unix(7): connect(2) follows links; a queue is lost with its socket.
 */
#include "dovecot/stand_in.h"

#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/unix_address.h"
#include "dovecot/pass_on.h"

#define RETRY_MS 5
/* Who had looked up the link before it was led home has connected by then. */
#define LINGER_MS 1000

static const char *const dovecot_names[] = { "auth-postfix", "lmtp", "quota-status", NULL };
const struct stand_in_place stand_in_dovecot = { .link = "/run/mailserver/live/dovecot",
						 .home = "/run/dovecot",
						 .names = dovecot_names };

struct client {
	struct pass_on way;
	size_t name; /* whose socket it came to */
};

struct stand_in {
	const struct stand_in_place *place;
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int listeners[STAND_IN_NAMES]; /* -1 = none */
	size_t n_names, n_clients;
	int64_t told_ms, home_ms; /* when control ended, and the link led home; 0 = not yet */
	struct client clients[STAND_IN_CLIENTS];
};

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Its owner and mode are those of the socket that it stands for. */
static bool listen_at(const char *path, const struct sockaddr_un *address, const struct stat *like,
		      int *fd_r, struct err *err)
{
	autoclose int fd = unix_socket();

	/* The type that all sockets share. */
	if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return err_sys(err, ERR_OS, "listen at %s", path);
	if (lchown(path, like->st_uid, like->st_gid) < 0 || chmod(path, like->st_mode & 0777) < 0)
		return err_sys(err, ERR_OS, "give %s its owner", path);
	*fd_r = steal_fd(&fd);
	return true;
}

static bool open_listeners(struct stand_in *s, struct err *err)
{
	const char *const *names = s->place->names;

	for (; names[s->n_names]; s->n_names++) {
		struct sockaddr_un home, own;
		struct stat st;
		s->listeners[s->n_names] = -1;
		if (!unix_address(&home, "%s/%s", s->place->home, names[s->n_names]) ||
		    !unix_address(&own, "%s/%s", s->dir, names[s->n_names]))
			return err_set(err, ERR_INTERNAL, "%s: the path is too long", s->dir);
		if (lstat(home.sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
		    !listen_at(own.sun_path, &own, &st, &s->listeners[s->n_names], err))
			return false;
	}
	return true;
}

static void close_all(struct stand_in *s)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < s->n_clients; i++)
		pass_on_fini(&s->clients[i].way);
	for (size_t i = 0; i < s->n_names; i++)
		if (s->listeners[i] >= 0)
			(void)close(s->listeners[i]);
	(void)!tree_remove(s->dir, &ignored); /* the next start removes it */
}

bool stand_in_lead_home(const struct stand_in_place *place, struct err *err)
{
	return link_flip(place->link, place->home, err);
}

static void tell(int report, char what)
{
	(void)!write(report, &what, 1); /* who asked may be gone */
}

/* Whether every socket that we stand for is there again. */
static bool is_home_whole(const struct stand_in *s)
{
	struct sockaddr_un home;
	struct stat st;

	for (size_t i = 0; i < s->n_names; i++)
		if (s->listeners[i] >= 0 &&
		    (!unix_address(&home, "%s/%s", s->place->home, s->place->names[i]) ||
		     lstat(home.sun_path, &st) < 0))
			return false;
	return true;
}

/* Connects a client without a server; false: the client is to be given up. Not before we are told that
 * the sockets are the new ones: the old ones may be gone before they have taken the client. */
static bool find_server(const struct stand_in *s, struct client *c)
{
	struct sockaddr_un home;

	if (s->told_ms == 0)
		return true;
	autoclose int fd = unix_socket();
	if (fd < 0 || !unix_address(&home, "%s/%s", s->place->home, s->place->names[c->name]))
		return false;
	/* The type that all sockets share. */
	if (connect(fd, (const struct sockaddr *)&home, sizeof(home)) == 0)
		c->way.server = steal_fd(&fd);
	return c->way.server >= 0 || now_ms() - s->told_ms < STAND_IN_WAIT_MS;
}

static void accept_from(struct stand_in *s, size_t name)
{
	while (s->n_clients < STAND_IN_CLIENTS) {
		struct client *c = &s->clients[s->n_clients];
		int fd = accept4(s->listeners[name], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		pass_on_init(&c->way, fd);
		c->name = name;
		s->n_clients++;
	}
}

static void serve_clients(struct stand_in *s)
{
	for (size_t i = 0; i < s->n_clients;) {
		struct client *c = &s->clients[i];
		bool stays = c->way.server >= 0 || find_server(s, c);
		if (stays && c->way.server >= 0)
			stays = pass_on_step(&c->way);
		if (stays) {
			i++;
			continue;
		}
		pass_on_fini(&c->way);
		*c = s->clients[--s->n_clients];
	}
}

/* Control, listeners, two for each client. */
struct polls {
	struct pollfd v[1 + STAND_IN_NAMES + 2 * STAND_IN_CLIENTS];
	nfds_t n;
	int timeout_ms;
};

static void make_polls(const struct stand_in *s, int control, struct polls *p)
{
	bool full = s->n_clients == STAND_IN_CLIENTS, has_orphans = s->home_ms == 0;

	p->n = 0;
	p->v[p->n++] = (struct pollfd){ .fd = s->told_ms ? -1 : control, .events = POLLIN };
	for (size_t i = 0; i < s->n_names; i++)
		p->v[p->n++] =
			(struct pollfd){ .fd = full ? -1 : s->listeners[i], .events = POLLIN };
	for (size_t i = 0; i < s->n_clients; i++) {
		has_orphans = has_orphans || s->clients[i].way.server < 0;
		pass_on_polls(&s->clients[i].way, p->v + p->n);
		p->n += 2;
	}
	if (s->told_ms != 0 && has_orphans)
		p->timeout_ms = RETRY_MS;
	else
		p->timeout_ms = s->home_ms != 0 && s->n_clients == 0 ? LINGER_MS : -1;
}

/* The link leads home once home is whole, or there is no more sense in waiting. */
static void consider_home(struct stand_in *s, int report)
{
	struct err err = ERR_INIT;

	if (s->told_ms == 0 || s->home_ms != 0 ||
	    (!is_home_whole(s) && now_ms() - s->told_ms < STAND_IN_WAIT_MS))
		return;
	if (!stand_in_lead_home(s->place, &err))
		log_error("dovecot: %s", err.text);
	s->home_ms = now_ms();
	tell(report, STAND_IN_HOME);
}

static void serve(struct stand_in *s, int control, int report)
{
	struct polls p;

	while (s->home_ms == 0 || s->n_clients > 0 || now_ms() - s->home_ms < LINGER_MS) {
		make_polls(s, control, &p);
		if (poll(p.v, p.n, p.timeout_ms) < 0 && errno != EINTR)
			return;
		if (p.v[0].revents != 0)
			s->told_ms = now_ms();
		for (size_t i = 0; i < s->n_names; i++)
			if (p.v[1 + i].revents != 0)
				accept_from(s, i);
		serve_clients(s);
		consider_home(s, report);
	}
}

bool stand_in_run(const struct stand_in_place *place, int control, int report, struct err *err)
{
	/* Its buffers are touched when they are used only: a start of the process that needs none is
	 * cheap. */
	static struct stand_in s;
	const struct file_attr attr = { 0755, (uid_t)-1, (gid_t)-1 };

	s.place = place;
	s.n_names = s.n_clients = 0;
	s.told_ms = s.home_ms = 0;
	(void)snprintf(s.dir, sizeof(s.dir), "%s.%d", place->link, (int)getpid());
	bool ok = dir_make(s.dir, &attr, err) && open_listeners(&s, err) &&
		  link_flip(place->link, s.dir, err);
	if (ok) {
		tell(report, STAND_IN_OPEN);
		serve(&s, control, report);
	}
	close_all(&s);
	return ok;
}

int stand_in_main(int argc UNUSED, char **argv UNUSED)
{
	struct err err = ERR_INIT;

	log_init("mailserver/dovecot-stand-in", LOG_LVL_INFO);
	log_to_syslog("/dev/log");
	(void)signal(SIGPIPE, SIG_IGN);
	if (stand_in_run(&stand_in_dovecot, STDIN_FILENO, STDOUT_FILENO, &err))
		return 0;
	log_error("dovecot: %s", err.text);
	return (int)err.class;
}
