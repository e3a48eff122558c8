/* SPDX-License-Identifier: MIT */
/* stand_in, pass_on: whom clients reach when, what arrives, and what is left when something dies. */
#include "unit.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/proc.h"
#include "dovecot/pass_on.h"
#include "dovecot/stand_in.h"

#define SOON_MS 5000

static struct temp t;
static const char *const names[] = { "auth", "lmtp", "absent", NULL };
static struct stand_in_place place = { .names = names };

static int open_temp(void **state UNUSED)
{
	temp_open(&t);
	place.link = temp_path(&t, "link");
	place.home = temp_path(&t, "home");
	return mkdir(place.home, 0755);
}

static int close_temp(void **state UNUSED)
{
	temp_close(&t);
	return 0;
}

static struct sockaddr_un address_of(const char *dir, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name);
	return address;
}

/* A server's socket; an older one of the name is removed, as Dovecot does. */
static int serve(const char *name, mode_t mode)
{
	struct sockaddr_un address = address_of(place.home, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(chmod(address.sun_path, mode), 0);
	return fd;
}

static int reach(const char *name)
{
	struct sockaddr_un address = address_of(place.link, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool has_something(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static int take(int listener)
{
	assert_true(has_something(listener, SOON_MS));
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void hears(int fd, const char *text)
{
	char got[64] = "";

	assert_true(has_something(fd, SOON_MS));
	assert_true(recv(fd, got, sizeof(got) - 1, 0) >= 0);
	assert_string_equal(got, text);
}

static const char *leads_to(void)
{
	static char to[PATH_MAX];
	ssize_t n = readlink(place.link, to, sizeof(to) - 1);

	assert_true(n > 0);
	to[n] = '\0';
	return to;
}

struct helper {
	pid_t pid;
	int control, report;
};

static struct helper start(void)
{
	struct err err = ERR_INIT;
	int control[2], report[2];

	assert_int_equal(pipe2(control, O_CLOEXEC), 0);
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(control[1]);
		(void)close(report[0]);
		_exit(stand_in_run(&place, control[0], report[1], &err) ? 0 : 1);
	}
	(void)close(control[0]);
	(void)close(report[1]);
	return (struct helper){ pid, control[1], report[0] };
}

static void is_told(const struct helper *h, char what)
{
	char byte = 0;

	assert_true(has_something(h->report, SOON_MS));
	assert_int_equal(read(h->report, &byte, 1), 1);
	assert_int_equal(byte, what);
}

static void has_ended(const struct helper *h)
{
	int wstatus;

	assert_int_equal(waitpid(h->pid, &wstatus, 0), h->pid);
	assert_int_equal(wstatus, 0);
	(void)close(h->report);
}

static void test_takes_and_passes_on(void **state UNUSED)
{
	struct stat st;
	int old = serve("auth", 0640), old_lmtp = serve("lmtp", 0600);
	struct helper h = start();

	is_told(&h, STAND_IN_OPEN);
	assert_string_not_equal(leads_to(), place.home);
	const char *dir = arena_strdup(&t.arena, leads_to());
	assert_int_equal(stat(arena_printf(&t.arena, "%s/auth", dir), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat(arena_printf(&t.arena, "%s/lmtp", dir), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(arena_printf(&t.arena, "%s/absent", dir), &st), -1);
	/* Nobody is led to a socket that is about to go. */
	int client = reach("auth");
	say(client, "question");
	assert_false(has_something(old, 50));
	(void)close(old);
	(void)close(old_lmtp);
	int now = serve("auth", 0640), now_lmtp = serve("lmtp", 0600);
	assert_false(has_something(now, 50));
	(void)close(h.control);
	is_told(&h, STAND_IN_HOME);
	assert_string_equal(leads_to(), place.home);
	int server = take(now);
	hears(server, "question");
	say(server, "answer");
	hears(client, "answer");
	/* It lives as long as somebody needs it; new clients don't. */
	int direct = reach("lmtp");
	assert_int_equal(close(take(now_lmtp)), 0);
	assert_int_equal(waitpid(h.pid, NULL, WNOHANG), 0);
	assert_int_equal(shutdown(client, SHUT_WR), 0);
	hears(server, "");
	say(server, "farewell");
	hears(client, "farewell");
	(void)close(server);
	hears(client, "");
	has_ended(&h);
	assert_int_equal(stat(dir, &st), -1);
	(void)close(client);
	(void)close(direct);
	(void)close(now);
	(void)close(now_lmtp);
}

/* Who reloaded has died before Dovecot made its sockets. */
static void test_waits_for_home(void **state UNUSED)
{
	int old = serve("auth", 0600);
	struct helper h = start();

	is_told(&h, STAND_IN_OPEN);
	(void)close(old);
	assert_int_equal(unlink(address_of(place.home, "auth").sun_path), 0);
	int client = reach("auth");
	(void)close(h.control);
	assert_false(has_something(h.report, 50));
	assert_string_not_equal(leads_to(), place.home);
	int now = serve("auth", 0600);
	is_told(&h, STAND_IN_HOME);
	int server = take(now);
	say(server, "welcome");
	hears(client, "welcome");
	/* A client that breaks off ends its server's connection. */
	(void)close(client);
	hears(server, "");
	(void)close(server);
	has_ended(&h);
	(void)close(now);
}

static void test_leads_home(void **state UNUSED)
{
	struct err err = ERR_INIT;

	assert_done(stand_in_lead_home(&place, &err), &err);
	assert_string_equal(leads_to(), place.home);
	assert_done(stand_in_lead_home(&place, &err), &err);
	assert_int_equal(unlink(place.link), 0);
	assert_int_equal(symlink("/nowhere", place.link), 0);
	assert_done(stand_in_lead_home(&place, &err), &err);
	assert_string_equal(leads_to(), place.home);
}

static void test_cannot_begin(void **state UNUSED)
{
	static const char *const far_names[] = {
		"a-name-that-is-too-long-for-the-address-of-a-socket-together-with-its-directory-and-so-is-refused",
		NULL
	};
	struct stand_in_place bad = { .link = temp_path(&t, "link"),
				      .home = place.home,
				      .names = far_names };
	struct err err = ERR_INIT;
	struct stat st;
	int pipe_of[2];

	assert_int_equal(pipe2(pipe_of, O_CLOEXEC), 0);
	assert_false(stand_in_run(&bad, pipe_of[0], pipe_of[1], &err));
	assert_err(&err, ERR_INTERNAL, "the path is too long");
	assert_int_equal(lstat(bad.link, &st), -1);
	bad.link = "/proc/link";
	bad.names = names;
	assert_false(stand_in_run(&bad, pipe_of[0], pipe_of[1], &err));
	assert_err(&err, ERR_IO, "/proc/link");
	(void)close(pipe_of[0]);
	(void)close(pipe_of[1]);
}

/* Half a megabyte each way at once, between ends that are read in turn. */
static void test_copies_both_ways(void **state UNUSED)
{
	enum { SIZE = 512 * 1024 };
	static char text[SIZE], got[2][SIZE];
	size_t sent[2] = { 0, 0 }, received[2] = { 0, 0 };
	int client[2], server[2];
	static struct pass_on p;

	for (size_t i = 0; i < SIZE; i++)
		text[i] = (char)(i * 7 + i / 251);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, client), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, server), 0);
	pass_on_init(&p, client[1]);
	p.server = server[1];
	int ends[2] = { client[0], server[0] };
	bool goes_on = true;
	for (int64_t until = now_ms() + SOON_MS; goes_on && now_ms() < until;) {
		struct pollfd fds[2];
		pass_on_polls(&p, fds);
		(void)poll(fds, 2, 0);
		goes_on = pass_on_step(&p);
		for (size_t i = 0; i < 2; i++) {
			ssize_t n = send(ends[i], text + sent[i], SIZE - sent[i], MSG_NOSIGNAL);
			if (n > 0 && (sent[i] += (size_t)n) == SIZE)
				(void)shutdown(ends[i], SHUT_WR);
			n = recv(ends[i], got[i] + received[i], SIZE - received[i], 0);
			if (n > 0)
				received[i] += (size_t)n;
		}
	}
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(received[i], SIZE);
		assert_memory_equal(got[i], text, SIZE);
		(void)close(ends[i]);
	}
	assert_false(goes_on);
	pass_on_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_takes_and_passes_on, open_temp, close_temp),
		cmocka_unit_test_setup_teardown(test_waits_for_home, open_temp, close_temp),
		cmocka_unit_test_setup_teardown(test_leads_home, open_temp, close_temp),
		cmocka_unit_test_setup_teardown(test_cannot_begin, open_temp, close_temp),
		cmocka_unit_test(test_copies_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
