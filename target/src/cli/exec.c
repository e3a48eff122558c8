/* SPDX-License-Identifier: MIT */
/*
 * mailserver exec [--after PATH [--timeout MS] [--starts FILE]] [--arguments FILE] [--as UID:GID] -- PROGRAM ARGUMENT…
 *
 * --arguments: each line of FILE becomes one more argument, as it is; empty lines and those that begin with
 * "#" do not. For values that may hold blanks and signs that mean something to others.
 *
 * For programs that need a file or socket of another one: waits until PATH exists, and, where it is
 * a socket, until somebody listens; then becomes PROGRAM. PATH may be a pattern (glob(7), with braces), of which one
 * match is enough. The appearance of PATH is an event of its directory; that a socket is listened to is told by nobody,
 * so one that refuses is tried again after RETRY_MS.
 *
 * --starts is for programs that end at once with some contents of PATH: see starts.h.
 *
 * --as: for a user without a name. Whoever calls may have root as its real user only (seteuid(2)): for good.
 */
#include <grp.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/unix_address.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "cli/starts.h"

#define LOG_SOCKET "/dev/log"
#define RETRY_MS 10
#define TIMEOUT_MS 10000
#define TIMEOUT_MAX_MS 600000
#define ARGUMENTS_MAX ((size_t)64 << 10)
/* More than a month at a time is never slept. */
#define FOREVER_MS ((int64_t)INT_MAX)

enum presence { PRESENT, ABSENT, REFUSING };

struct wait_options {
	const char *path;      /* NULL = wait for nothing */
	const char *starts;    /* NULL = not remembered */
	const char *arguments; /* NULL = no file */
	int64_t uid, gid;      /* -1 = as we are */
	int64_t timeout_ms;
	char *const *program;
};

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: mailserver exec [--after PATH [--timeout MS] [--starts FILE]] [--arguments FILE]\n"
		"                       [--as UID:GID] -- PROGRAM [ARGUMENT…]\n\n"
		"Waits until PATH exists and, if it is a socket, is listened to; then runs PROGRAM, with\n"
		"each line of the --arguments FILE as one more argument. PATH may be a pattern, such as\n"
		"'/srv/*.{db,cdb}'. Exit status 75 if that takes longer than MS milliseconds (%d; 0: wait for\n"
		"ever). --starts: FILE remembers when PROGRAM was started; if that happens often the next start\n"
		"is put off until what matches PATH changes, or for a time that doubles up to five minutes.\n"
		"--as: PROGRAM runs with these numbers, and in no other group.\n",
		TIMEOUT_MS);
	return status;
}

static bool is_listened_to(const char *path)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct sockaddr_un address;

	if (!unix_address(&address, "%s", path))
		return true; /* can't be asked */
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		autoclose int fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return true;
		if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
		    errno == EAGAIN)
			return true;
	}
	return false;
}

static enum presence look(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return starts_fingerprint(path) != 0 ? PRESENT : ABSENT;
	return S_ISSOCK(st.st_mode) && !is_listened_to(path) ? REFUSING : PRESENT;
}

/* A descriptor that is readable after something in the directory of path has changed; -1: can't. */
static int watch_directory_of(const char *path)
{
	autoclose int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t n = slash > path ? (size_t)(slash - path) : 1;

	if (n >= sizeof(directory) || fd < 0)
		return -1;
	memcpy(directory, path, n);
	directory[n] = '\0';
	if (inotify_add_watch(fd, directory,
			      IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE |
				      IN_ONLYDIR) < 0)
		return -1;
	return steal_fd(&fd);
}

/* Sleeps until something changes, at most timeout_ms. */
static void wait_for_event(int fd, int64_t timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char events[4096];

	if (poll(&p, 1, timeout_ms < FOREVER_MS ? (int)timeout_ms : INT_MAX) > 0)
		while (read(fd, events, sizeof(events)) > 0)
			;
}

static bool wait_for(const struct wait_options *o, int fd)
{
	int64_t until = now_ms() + o->timeout_ms;

	for (;;) {
		enum presence presence = look(o->path);
		int64_t left = o->timeout_ms > 0 ? until - now_ms() : FOREVER_MS;
		if (presence == PRESENT)
			return true;
		if (left <= 0)
			break;
		wait_for_event(fd, presence == REFUSING && left > RETRY_MS ? RETRY_MS : left);
	}
	log_error("%s did not come within %" PRId64 " ms", o->path, o->timeout_ms);
	return false;
}

/* A program that does not stay gets its next chance when its files change, or after a pause. False: now they are gone. */
static bool put_off(const struct wait_options *o, int fd)
{
	uint64_t fingerprint = starts_fingerprint(o->path);
	int64_t pause_ms = starts_pause_ms(o->starts, fingerprint, now_ms());
	int64_t until = now_ms() + pause_ms;

	log_to_syslog(LOG_SOCKET);
	if (pause_ms > 0)
		log_warn(
			"%s was started several times and did not stay: the next start comes when %s "
			"changes, or in %" PRId64 " s",
			o->program[0], o->path, pause_ms / 1000);
	while (pause_ms > 0 && starts_fingerprint(o->path) == fingerprint) {
		wait_for_event(fd, pause_ms);
		pause_ms = until - now_ms();
	}
	fingerprint = starts_fingerprint(o->path);
	if (fingerprint == 0)
		return false;
	starts_add(o->starts, fingerprint, now_ms());
	return true;
}

static bool parse_ids(const char *text, struct wait_options *o)
{
	char uid[16];
	const char *colon = strchr(text, ':');

	if (colon == NULL || (size_t)(colon - text) >= sizeof(uid))
		return false;
	memcpy(uid, text, (size_t)(colon - text));
	uid[colon - text] = '\0';
	return parse_int64(uid, 1, INT32_MAX, &o->uid) &&
	       parse_int64(colon + 1, 1, INT32_MAX, &o->gid);
}

/* No way back: real, effective and saved. */
static bool become(uid_t uid, gid_t gid)
{
	if (getuid() == uid && geteuid() == uid && getgid() == gid && getegid() == gid)
		return true;
	return (geteuid() == 0 || seteuid(0) == 0) && setgroups(0, NULL) == 0 &&
	       setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

static bool parse_arguments(int argc, char **argv, struct wait_options *o)
{
	int i = 1;

	for (; i + 1 < argc && !streq(argv[i], "--"); i += 2) {
		if (streq(argv[i], "--after"))
			o->path = argv[i + 1];
		else if (streq(argv[i], "--starts"))
			o->starts = argv[i + 1];
		else if (streq(argv[i], "--arguments"))
			o->arguments = argv[i + 1];
		else if (streq(argv[i], "--as")) {
			if (!parse_ids(argv[i + 1], o))
				return false;
		} else if (!streq(argv[i], "--timeout") ||
			   !parse_int64(argv[i + 1], 0, TIMEOUT_MAX_MS, &o->timeout_ms))
			return false;
	}
	if (i + 1 >= argc || !streq(argv[i], "--") || (!o->path && !o->arguments && o->uid < 0) ||
	    (o->path && o->path[0] != '/') || (o->starts && !o->path))
		return false;
	o->program = argv + i + 1;
	return true;
}

VEC_TYPE(word_vec, char *);

/* The program's words, and behind them those of the file. */
static bool gather_words(struct arena *a, const struct wait_options *o, struct word_vec *out,
			 struct err *err)
{
	struct str rest, line;
	char *text = NULL;

	for (char *const *word = o->program; *word; word++)
		*VEC_PUSH(a, out) = *word;
	if (o->arguments && !file_read(a, o->arguments, ARGUMENTS_MAX, &text, NULL, err))
		return false;
	rest = str_from(text ? text : "");
	while (str_next_line(&rest, &line))
		if (line.n > 0 && line.p[0] != '#')
			*VEC_PUSH(a, out) = str_dup(a, line);
	*VEC_PUSH(a, out) = NULL;
	return true;
}

/* Until the program may be run. */
static bool wait_and_put_off(const struct wait_options *o)
{
	autoclose int fd = watch_directory_of(o->path);

	if (fd < 0) {
		log_error("can't wait for %s: %s", o->path, strerror(errno));
		return false;
	}
	do
		if (!wait_for(o, fd))
			return false;
	while (o->starts && !put_off(o, fd));
	return true;
}

int cli_exec(int argc, char **argv)
{
	struct wait_options o = { .timeout_ms = TIMEOUT_MS, .uid = -1, .gid = -1 };
	struct word_vec words = VEC_INIT;
	struct err err = ERR_INIT;
	struct arena a;

	if (argc == 2 && (streq(argv[1], "help") || streq(argv[1], "--help")))
		return usage(stdout, 0);
	if (!parse_arguments(argc, argv, &o))
		return usage(stderr, ERR_USAGE);
	if (o.path && !wait_and_put_off(&o))
		return ERR_TEMP;
	arena_init(&a, "arguments");
	if (!gather_words(&a, &o, &words, &err)) {
		log_error("%s", err.text);
		return (int)err.class;
	}
	if (o.uid >= 0 && !become((uid_t)o.uid, (gid_t)o.gid)) {
		log_error("can't become user %" PRId64 ": %s", o.uid, strerror(errno));
		return ERR_OS;
	}
	(void)execvp(o.program[0], words.v);
	log_error("can't run %s: %s", o.program[0], strerror(errno));
	return ERR_UNAVAILABLE;
}
