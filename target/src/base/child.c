/* SPDX-License-Identifier: MIT */
#include "base/child.h"

#include "base/file.h"

bool child_begin(struct child *c, bool (*work)(void *arg, struct err *err), void *arg)
{
	struct err err = ERR_INIT;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		bool ok = work(arg, &err);
		if (!ok)
			(void)write_all(fds[1], err.text, strlen(err.text));
		_exit(ok ? 0 : 1);
	}
	(void)close(fds[1]);
	if (pid < 0) {
		(void)close(fds[0]);
		return false;
	}
	*c = (struct child){ .pid = pid, .why = fds[0] };
	return true;
}

bool child_end(struct child *c, struct err *err)
{
	char text[sizeof(err->text)] = "the process that does it died";
	int wstatus = 0;
	ssize_t n;

	while ((n = read(c->why, text, sizeof(text) - 1)) < 0 && errno == EINTR)
		;
	if (n > 0)
		text[n] = '\0';
	(void)close(c->why);
	while (waitpid(c->pid, &wstatus, 0) < 0 && errno == EINTR)
		;
	*c = (struct child){ 0 };
	return wstatus == 0 || err_set(err, ERR_IO, "%s", text);
}
