/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	RFC 9112 (HTTP/1.1); supervisord.org "Subprocesses", process states.
 */
#include "plan/control.h"

#include "plan/xmlrpc.h"

#define PROGRAMS_MAX 64
#define ANSWER_MAX ((int64_t)256 << 10)

/* A program that runs for less than RESTARTED_S while another has run for SETTLED_S was started
 * again. */
#define RESTARTED_S 10
#define SETTLED_S 30

struct judge {
	const char *const *programs;
	bool seen[PROGRAMS_MAX];
	int64_t up_s[PROGRAMS_MAX]; /* of those that run, else -1 */
	int64_t longest_s;
	bool ok;
	char *why;
	size_t size, n;
};

size_t control_request(char *out, size_t size)
{
	int n = snprintf(out, size,
			 "POST /RPC2 HTTP/1.0\r\nHost: localhost\r\nContent-Type: text/xml\r\n"
			 "Content-Length: %zu\r\n\r\n%s",
			 strlen(xmlrpc_request), xmlrpc_request);

	if (n < 0 || (size_t)n >= size)
		BUG("control request of %d bytes", n);
	return (size_t)n;
}

/* Splits the answer at the empty line; false when there is none yet. */
static bool split_answer(struct str answer, struct str *head_r, struct str *body_r)
{
	const char *end = memmem(answer.p, answer.n, "\r\n\r\n", 4);

	if (end == NULL)
		return false;
	*head_r = (struct str){ answer.p, (size_t)(end - answer.p) + 2 };
	*body_r = (struct str){ end + 4, answer.n - head_r->n - 2 };
	return true;
}

/* The announced length, or -1. */
static int64_t content_length(struct str head)
{
	static const char field[] = "Content-Length:";
	struct str line;
	char number[16];
	int64_t n;

	while (str_next_line(&head, &line)) {
		if (line.n < sizeof(field) - 1 ||
		    strncasecmp(line.p, field, sizeof(field) - 1) != 0)
			continue;
		line = str_trim(
			(struct str){ line.p + sizeof(field) - 1, line.n - sizeof(field) + 1 });
		if (line.n >= sizeof(number))
			return -1;
		memcpy(number, line.p, line.n);
		number[line.n] = '\0';
		return parse_int64(number, 0, ANSWER_MAX, &n) ? n : -1;
	}
	return -1;
}

bool control_is_complete(struct str answer)
{
	struct str head, body;
	int64_t n;

	if (!split_answer(answer, &head, &body))
		return false;
	n = content_length(head);
	return n >= 0 && body.n >= (size_t)n;
}

static void PRINTF_LIKE(2, 3) complain(struct judge *j, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!j->ok && j->n + 2 < j->size) {
		j->why[j->n++] = ';';
		j->why[j->n++] = ' ';
	}
	j->ok = false;
	va_start(ap, fmt);
	n = vsnprintf(j->why + j->n, j->size - j->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		j->n = (size_t)n < j->size - j->n ? j->n + (size_t)n : j->size - 1;
}

static bool is_up(const struct xmlrpc_program *program)
{
	return streq(program->state, "RUNNING") || streq(program->state, "STARTING");
}

static void see_program(void *ctx, const struct xmlrpc_program *program)
{
	struct judge *j = ctx;
	const char *more = program->error[0] ? program->error : program->about;
	bool wanted = false, up = is_up(program);

	for (size_t i = 0; j->programs[i] && i < PROGRAMS_MAX; i++) {
		if (!streq(j->programs[i], program->name))
			continue;
		wanted = j->seen[i] = true;
		j->up_s[i] = up ? program->up_s : -1;
	}
	if (up && program->up_s > j->longest_s)
		j->longest_s = program->up_s;
	/* What is not ours (a drop-in's) may have ended or wait for its time, but not fail. */
	if (up || (!wanted && !streq(program->state, "FATAL") && !streq(program->state, "BACKOFF")))
		return;
	complain(j, "%s is %s%s%s%s", program->name,
		 program->state[0] ? program->state : "in no known state", more[0] ? " (" : "",
		 more, more[0] ? ")" : "");
}

/* Once all have been seen. */
static void judge_list(struct judge *j)
{
	for (size_t i = 0; j->programs[i] && i < PROGRAMS_MAX; i++) {
		if (!j->seen[i])
			complain(j, "%s is not known to the supervisor", j->programs[i]);
		else if (j->up_s[i] >= 0 && j->up_s[i] < RESTARTED_S && j->longest_s >= SETTLED_S)
			complain(j, "%s was restarted %" PRId64 " s ago", j->programs[i],
				 j->up_s[i]);
	}
}

bool control_judge(struct str answer, const char *const *programs, char *why, size_t size)
{
	struct judge j = { .programs = programs, .ok = true, .why = why, .size = size };
	struct err err = ERR_INIT;
	struct str head, body, word, line;

	why[0] = '\0';
	if (!split_answer(answer, &head, &body) || !str_next_line(&head, &line)) {
		complain(&j, "the supervisor's answer is cut off");
		return false;
	}
	if (!str_next_word(&line, " ", &word) || !str_next_word(&line, " ", &word) ||
	    !str_is(word, "200")) {
		complain(&j, "the supervisor refuses the request");
		return false;
	}
	if (!xmlrpc_programs(body, see_program, &j, &err))
		complain(&j, "%s", err.text);
	else
		judge_list(&j);
	return j.ok;
}

struct search {
	const char *name;
	pid_t pid;
};

/* about: "pid 17, uptime 0:00:12" */
static void find_program(void *ctx, const struct xmlrpc_program *program)
{
	struct search *search = ctx;
	struct str rest = str_from(program->about), word;
	char number[12];
	int64_t pid;

	if (!streq(program->name, search->name) || !is_up(program) ||
	    !str_next_word(&rest, " ,", &word) || !str_is(word, "pid") ||
	    !str_next_word(&rest, " ,", &word) || word.n >= sizeof(number))
		return;
	memcpy(number, word.p, word.n);
	number[word.n] = '\0';
	if (parse_int64(number, 2, INT32_MAX, &pid))
		search->pid = (pid_t)pid;
}

pid_t control_pid(struct str answer, const char *program)
{
	struct search search = { .name = program };
	struct err err = ERR_INIT;
	struct str head, body;

	if (!split_answer(answer, &head, &body) ||
	    !xmlrpc_programs(body, find_program, &search, &err))
		return 0;
	return search.pid;
}
