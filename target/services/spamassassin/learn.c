/* SPDX-License-Identifier: MIT */
/*
 * A file is NUMBER.CLASS, its number grows with time: SpamAssassin believes the last word about a
 * message. After the lock is given up the directory is looked at once more, for one who has found
 * it locked meanwhile.
 */
#include "spamassassin/learn.h"

#include <dirent.h>
#include <sys/file.h>
#include <time.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "spamassassin/spamd.h"

#define LEARN_MS 60000

static bool is_class(const char *word)
{
	return streq(word, "spam") || streq(word, "ham");
}

static int is_message(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return e->d_name[0] != '.' && dot && is_class(dot + 1);
}

static bool learn_one(const char *dir, const char *name, const char *socket, struct err *err)
{
	struct arena a;
	size_t n;
	char *text;

	arena_init(&a, "learn");
	const char *path = arena_printf(&a, "%s/%s", dir, name);
	bool ok = file_read(&a, path, SPAMD_MESSAGE_MAX, &text, &n, err) &&
		  spamd_learn(&a, socket, strrchr(name, '.') + 1, (struct str){ text, n }, LEARN_MS,
			      err);
	if (ok && unlink(path) < 0)
		ok = err_sys(err, ERR_IO, "remove %s", path);
	arena_fini(&a);
	return ok;
}

/* Everything that is there now; *n_r says how much that was. */
static bool learn_all(const char *dir, const char *socket, int *n_r, struct err *err)
{
	struct dirent **list = NULL;
	bool ok = true;

	*n_r = scandir(dir, &list, is_message, alphasort);
	for (int i = 0; i < *n_r; i++) {
		ok = ok && learn_one(dir, list[i]->d_name, socket, err);
		free(list[i]);
	}
	free(list);
	return ok;
}

bool learn_drain(const char *dir, const char *socket, struct err *err)
{
	int n = 1;

	while (n > 0) {
		autoclose int lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (lock < 0)
			return err_sys(err, ERR_IO, "open %s", dir);
		if (flock(lock, LOCK_EX | LOCK_NB) < 0)
			return true;
		if (!learn_all(dir, socket, &n, err))
			return false;
	}
	return true;
}

/* False: nothing to learn from (too big), or an error. */
static bool read_message(struct buf *out, struct err *err)
{
	char part[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, part, sizeof(part))) != 0) {
		if (n < 0 && errno != EINTR)
			return err_sys(err, ERR_IO, "read the message");
		if (n > 0 && out->n <= SPAMD_MESSAGE_MAX)
			buf_add(out, part, (size_t)n);
	}
	return out->n > 0 && out->n <= SPAMD_MESSAGE_MAX;
}

static bool keep(const struct buf *message, const char *class, struct err *err)
{
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct timespec now;
	char path[256];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)snprintf(path, sizeof(path), LEARN_SPOOL "/%012jd-%09ld-%d.%s", (intmax_t)now.tv_sec,
		       now.tv_nsec, (int)getpid(), class);
	return file_replace(path, message->p, message->n, &attr, FILE_DURABLE, NULL, err);
}

/* Nobody waits for the child: it holds none of our descriptors. */
static void drain_later(void)
{
	struct err err = ERR_INIT;
	pid_t pid = fork();

	if (pid < 0)
		log_warn("fork: %s", strerror(errno));
	if (pid != 0)
		return;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		(void)dup2(null, fd);
	(void)setsid();
	if (!learn_drain(LEARN_SPOOL, SPAMD_SOCKET, &err))
		log_warn("learning is put off: %s", err.text);
	_exit(0);
}

int learn_main(int argc, char **argv)
{
	autobuf struct buf message = BUF_INIT;
	struct err err = ERR_INIT;

	if (argc > 2 || (argc == 2 && !is_class(argv[1]))) {
		bool help = argc == 2 && streq(argv[1], "help");
		fprintf(help ? stdout : stderr,
			"usage: mailserver spam-learn [spam|ham]\n\n"
			"Keeps the message on standard input for SpamAssassin to learn from, and lets it learn;\n"
			"without an argument only the latter.\n");
		return help ? 0 : ERR_USAGE;
	}
	log_to_syslog("/dev/log");
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && read_message(&message, &err) && keep(&message, argv[1], &err))
		drain_later();
	else if (argc == 1)
		(void)!learn_drain(LEARN_SPOOL, SPAMD_SOCKET, &err);
	if (err.class == ERR_NONE)
		return 0;
	log_error("%s", err.text);
	return (int)err.class;
}
