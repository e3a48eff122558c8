/* SPDX-License-Identifier: MIT */
/*
 * mailserver exec [--after PATH [--timeout MS]] [--arguments FILE] -- PROGRAM ARGUMENT…
 *
 * --arguments: each line of FILE becomes one more argument, as it is; empty lines and those that begin with
 * "#" do not. For values that may hold blanks and signs that mean something to others.
 *
 * For programs that need a file or socket of another one: waits until PATH exists, and, where it is
 * a socket, until somebody listens; then becomes PROGRAM. The appearance of PATH is an event of its
 * directory; that a socket is listened to is told by nobody, so one that refuses is tried again
 * after RETRY_MS.
 */
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/vec.h"
#include "cli/cli.h"

#define RETRY_MS 10
#define TIMEOUT_MS 10000
#define TIMEOUT_MAX_MS 600000
#define ARGUMENTS_MAX ((size_t)64 << 10)

enum presence { PRESENT, ABSENT, REFUSING };

struct wait_options {
	const char *path;      /* NULL = wait for nothing */
	const char *arguments; /* NULL = no file */
	int64_t timeout_ms;
	char *const *program;
};

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: mailserver exec [--after PATH [--timeout MS]] [--arguments FILE] -- PROGRAM [ARGUMENT…]\n\n"
		"Waits until PATH exists and, if it is a socket, is listened to; then runs PROGRAM, with\n"
		"each line of FILE as one more argument.\n"
		"Exit status 75 if that takes longer than MS milliseconds (%d).\n",
		TIMEOUT_MS);
	return status;
}

static bool is_listened_to(const char *path)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return true; /* can't be asked */
	memcpy(address.sun_path, path, strlen(path));
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
		return ABSENT;
	return S_ISSOCK(st.st_mode) && !is_listened_to(path) ? REFUSING : PRESENT;
}

static bool watch_directory_of(const char *path, int fd)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t n = slash > path ? (size_t)(slash - path) : 1;

	if (n >= sizeof(directory))
		return false;
	memcpy(directory, path, n);
	directory[n] = '\0';
	return inotify_add_watch(fd, directory, IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR) >=
	       0;
}

static bool wait_for(const struct wait_options *o)
{
	autoclose int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int64_t until = now_ms() + o->timeout_ms;
	char events[4096];

	if (fd < 0 || !watch_directory_of(o->path, fd)) {
		log_error("can't wait for %s: %s", o->path, strerror(errno));
		return false;
	}
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		enum presence presence = look(o->path);
		int64_t left = until - now_ms();
		if (presence == PRESENT)
			return true;
		if (left <= 0)
			break;
		if (presence == REFUSING && left > RETRY_MS)
			left = RETRY_MS;
		if (poll(&p, 1, (int)left) > 0)
			while (read(fd, events, sizeof(events)) > 0)
				;
	}
	log_error("%s did not come within %" PRId64 " ms", o->path, o->timeout_ms);
	return false;
}

static bool parse_arguments(int argc, char **argv, struct wait_options *o)
{
	int i = 1;

	for (; i + 1 < argc && !streq(argv[i], "--"); i += 2) {
		if (streq(argv[i], "--after"))
			o->path = argv[i + 1];
		else if (streq(argv[i], "--arguments"))
			o->arguments = argv[i + 1];
		else if (!streq(argv[i], "--timeout") ||
			 !parse_int64(argv[i + 1], 1, TIMEOUT_MAX_MS, &o->timeout_ms))
			return false;
	}
	if (i + 1 >= argc || !streq(argv[i], "--") || (!o->path && !o->arguments) ||
	    (o->path && o->path[0] != '/'))
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

int cli_exec(int argc, char **argv)
{
	struct wait_options o = { .timeout_ms = TIMEOUT_MS };
	struct word_vec words = VEC_INIT;
	struct err err = ERR_INIT;
	struct arena a;

	if (argc == 2 && (streq(argv[1], "help") || streq(argv[1], "--help")))
		return usage(stdout, 0);
	if (!parse_arguments(argc, argv, &o))
		return usage(stderr, ERR_USAGE);
	if (o.path && !wait_for(&o))
		return ERR_TEMP;
	arena_init(&a, "arguments");
	if (!gather_words(&a, &o, &words, &err)) {
		log_error("%s", err.text);
		return (int)err.class;
	}
	(void)execvp(o.program[0], words.v);
	log_error("can't run %s: %s", o.program[0], strerror(errno));
	return ERR_UNAVAILABLE;
}
