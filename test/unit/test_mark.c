/* SPDX-License-Identifier: MIT */
/* mark: conversations with the MTA's side of the milter protocol, played over pipes. */
#include "unit.h"

#include "base/proc.h"
#include "cli/cli.h"

static struct temp t;
static const char *file;

#define OFFER "\0\0\0\015O\0\0\0\006\0\0\001\377\0\037\377\377"
#define AGREED "\0\0\0\015O\0\0\0\006\0\0\0\021\0\010\163\317"
#define PROCEED "\0\0\0\001c"
#define CHANGED "\0\0\0\033m\0\0\0\001X-Size\0bigger than 20\0"
#define HEADER "\0\0\0\007LA\0bcd\0" /* 8 bytes as a line */
#define TEN_BYTES "\0\0\0\013B0123456789"
#define END "\0\0\0\001E"
#define QUIT "\0\0\0\001Q"

static int open_temp(void **state UNUSED)
{
	temp_open(&t);
	file = temp_path(&t, "mark.conf");
	temp_write(file, "# a comment\n\nover 20\nheader X-Size\nvalue bigger than 20\n");
	return 0;
}

static int close_temp(void **state UNUSED)
{
	temp_close(&t);
	return 0;
}

/* Runs `mark PATH` with that on standard input; what it wrote goes into out. Returns its exit status. */
static int talk(const char *path, const char *say, size_t n, struct buf *out)
{
	int to[2], from[2], wstatus = 0;
	char part[512], copy[200], *argv[] = { (char[]){ "mark" }, copy, NULL };
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	(void)snprintf(copy, sizeof(copy), "%s", path);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(to[0], STDIN_FILENO);
		(void)dup2(from[1], STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		(void)close(to[1]);
		_exit(cli_mark(2, argv));
	}
	(void)close(to[0]);
	(void)close(from[1]);
	assert_true(write_all(to[1], say, n));
	(void)close(to[1]);
	buf_reset(out);
	while ((got = read(from[0], part, sizeof(part))) > 0)
		buf_add(out, part, (size_t)got);
	(void)close(from[0]);
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	return proc_exit_status(wstatus);
}

static void test_files(void **state UNUSED)
{
	static const char *const wrong[] = {
		"",
		"over 20\nheader X\n",
		"over 20\nvalue y\n",
		"header X\nvalue y\n",
		"over many\nheader X\nvalue y\n",
		"over 0\nheader X\nvalue y\n",
		"size 20\nheader X\nvalue y\n",
	};
	autobuf struct buf out = BUF_INIT;
	char *none[] = { (char[]){ "mark" }, NULL };

	assert_int_equal(cli_mark(1, none), ERR_USAGE);
	assert_int_equal(talk("/nonexistent/x", "", 0, &out), ERR_IO);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		temp_write(temp_path(&t, "wrong"), wrong[i]);
		assert_int_equal(talk(temp_path(&t, "wrong"), "", 0, &out), ERR_CONFIG);
	}
}

struct talk_case {
	const char *about, *say;
	size_t say_n;
	const char *hear;
	size_t hear_n;
};

#define TEXT(s) s, sizeof(s) - 1

/* clang-format off */
static const struct talk_case cases[] = {
	{ "nothing", TEXT(""), TEXT("") },
	{ "negotiation", TEXT(OFFER QUIT), TEXT(AGREED) },
	{ "an MTA that is too old", TEXT("\0\0\0\015O\0\0\0\002\0\0\001\377\0\037\377\377" END), TEXT("") },
	{ "an MTA that lets nobody change headers", TEXT("\0\0\0\015O\0\0\0\006\0\0\0\001\0\037\377\377" END), TEXT("") },
	{ "a negotiation cut short", TEXT("\0\0\0\005O\0\0\0\006" END), TEXT("") },
	{ "an MTA that wants every answer",
	  TEXT("\0\0\0\015O\0\0\0\006\0\0\001\377\0\0\0\0" "\0\0\0\001C" HEADER TEN_BYTES END QUIT),
	  TEXT("\0\0\0\015O\0\0\0\006\0\0\0\021\0\0\0\0" PROCEED PROCEED PROCEED PROCEED) },
	{ "a small message", TEXT(OFFER HEADER TEN_BYTES END QUIT), TEXT(AGREED PROCEED) },
	{ "as many bytes as may be", TEXT(OFFER TEN_BYTES TEN_BYTES END QUIT), TEXT(AGREED PROCEED) },
	{ "more by what comes with the end", TEXT(OFFER TEN_BYTES TEN_BYTES "\0\0\0\002Ex" QUIT), TEXT(AGREED CHANGED PROCEED) },
	{ "headers count", TEXT(OFFER HEADER TEN_BYTES HEADER END QUIT), TEXT(AGREED CHANGED PROCEED) },
	{ "each message by itself", TEXT(OFFER TEN_BYTES TEN_BYTES HEADER END TEN_BYTES END QUIT),
	  TEXT(AGREED CHANGED PROCEED PROCEED) },
	{ "an aborted message does not count", TEXT(OFFER TEN_BYTES TEN_BYTES "\0\0\0\001A" TEN_BYTES END QUIT),
	  TEXT(AGREED PROCEED) },
	{ "macros are not answered", TEXT(OFFER "\0\0\0\003DEx" TEN_BYTES END), TEXT(AGREED PROCEED) },
	{ "a packet of no bytes", TEXT(OFFER "\0\0\0\0B" END), TEXT(AGREED) },
	{ "a packet that is too big", TEXT(OFFER "\177\0\0\0B" END), TEXT(AGREED) },
	{ "a packet cut off", TEXT(OFFER TEN_BYTES TEN_BYTES "\0\0\0\013Bab"), TEXT(AGREED) },
};
/* clang-format on */

static void test_talks(void **state UNUSED)
{
	autobuf struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct talk_case *c = &cases[i];
		assert_int_equal(talk(file, c->say, c->say_n, &out), 0);
		if (out.n != c->hear_n || memcmp(out.p, c->hear, out.n) != 0)
			fail_msg("%s: %zu bytes instead of %zu, or others", c->about, out.n,
				 c->hear_n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, open_temp, close_temp),
		cmocka_unit_test_setup_teardown(test_talks, open_temp, close_temp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
