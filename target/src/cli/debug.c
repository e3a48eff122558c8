/* SPDX-License-Identifier: MIT */
/*
 * `setup debug …`: a look into the container without knowing the engine.
 *
 * One word, or a first one with blanks or shell signs in it, is a line for the shell (the form that
 * DMS needed; further words are $0, $1 …). Several words are a program and its arguments, each as
 * it is.
 *
 * SOURCES
 *	bash(1) -c.
 */
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/say.h"

#define SHELL "/bin/bash"
#define MAIL_LOG "/var/log/mail/mail.log"
#define CHUNK ((size_t)64 << 10)

int debug_logs(const struct cmd *cmd UNUSED)
{
	autoclose int fd = open(MAIL_LOG, O_RDONLY | O_CLOEXEC);
	static char chunk[CHUNK];
	ssize_t n;

	if (fd < 0) {
		say_error(errno == ENOENT ? "'%s' does not exist: has the server been started?"
					  : "'%s' can't be read",
			  MAIL_LOG);
		return 1;
	}
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		if (!write_all(STDOUT_FILENO, chunk, (size_t)n))
			return 1;
	if (n < 0)
		say_error("'%s' can't be read: %s", MAIL_LOG, strerror(errno));
	return n < 0;
}

static bool is_shell_line(const char *word)
{
	return strpbrk(word, " \t\n|&;<>()$`\\\"'*?[#~=%{}") != NULL;
}

int debug_login(const struct cmd *cmd)
{
	static const char *argv[CMD_ARGS_MAX + 3];
	size_t n = 0;

	if (cmd->argc == 0) {
		argv[n++] = SHELL;
	} else if (cmd->argc == 1 || is_shell_line(cmd->argv[0])) {
		argv[n++] = SHELL;
		argv[n++] = "-c";
	}
	for (int i = 0; i < cmd->argc; i++)
		argv[n++] = cmd->argv[i];
	argv[n] = NULL;
	/* execvp() does not write to the words; its prototype is older than const. */
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	int why = errno;
	say_error("can't run '%s': %s", argv[0], strerror(why));
	return why == ENOENT ? 127 : 126;
}
