/* SPDX-License-Identifier: MIT */
/*
 * "17 (na) me) S 1 17 …": the name may hold anything, so it ends at the last parenthesis.
 */
#include "base/proc_stat.h"

#include "base/arena.h"
#include "base/file.h"

#define STAT_MAX 4096
/* Fields behind the name, counted from 0 = state (proc_pid_stat(5) counts that one as 3). */
#define FIELD_UTIME 11
#define FIELD_STIME 12
#define FIELD_STARTTIME 19

static bool parse_number(struct str word, int64_t *n_r)
{
	char text[24];

	if (word.n >= sizeof(text))
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	return parse_int64(text, 0, INT64_MAX, n_r);
}

bool proc_stat_parse(struct str text, struct proc_stat *stat_r)
{
	const char *open = memchr(text.p, '(', text.n), *close = memrchr(text.p, ')', text.n);
	struct proc_stat stat = { .state = '?' };
	struct str rest, word;
	int64_t user = 0, kernel = 0;
	size_t n;

	if (open == NULL || close == NULL || close < open)
		return false;
	n = (size_t)(close - open) - 1;
	memcpy(stat.name, open + 1, n < sizeof(stat.name) ? n : sizeof(stat.name) - 1);
	rest = (struct str){ close + 1, text.n - (size_t)(close + 1 - text.p) };
	for (int i = 0; i <= FIELD_STARTTIME; i++) {
		if (!str_next_word(&rest, " \n", &word))
			return false;
		if (i == 0)
			stat.state = word.p[0];
		else if ((i == FIELD_UTIME && !parse_number(word, &user)) ||
			 (i == FIELD_STIME && !parse_number(word, &kernel)) ||
			 (i == FIELD_STARTTIME && !parse_number(word, &stat.started_ticks)))
			return false;
	}
	stat.cpu_ticks = user + kernel;
	*stat_r = stat;
	return true;
}

bool proc_stat_read(pid_t pid, struct proc_stat *stat_r)
{
	char path[40], text[STAT_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (n = read(fd, text, sizeof(text))) <= 0)
		return false;
	return proc_stat_parse((struct str){ text, (size_t)n }, stat_r);
}

int64_t proc_age_s(pid_t pid)
{
	long per_s = sysconf(_SC_CLK_TCK);
	struct proc_stat stat;
	struct timespec now;

	if (per_s <= 0 || !proc_stat_read(pid, &stat) || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return -1;
	return now.tv_sec - stat.started_ticks / per_s;
}
