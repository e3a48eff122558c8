/* SPDX-License-Identifier: MIT */
/* spamassassin: what spamd's answers mean, what lint's complaints are about, the milter's configuration, and a whole
 * session with a stand-in for spamd. */
#include "unit/unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "settings/problems.h"
#include "spamassassin/milter.h"
#include "spamassassin/rules.h"
#include "spamassassin/spamd.h"

#define SPAM                                                                                       \
	"SPAMD/1.1 0 EX_OK\r\nContent-length: 90\r\nSpam: True ; 15.3 / 6.3\r\n\r\n"               \
	"X-Spam-Flag: YES\r\nX-Spam-Status: Yes, score=15.3\r\n\ttests=A,\r\n\tB\r\n"              \
	"Subject: x\r\n\r\n"
#define HAM                                                                                        \
	"SPAMD/1.1 0 EX_OK\r\nSpam: False ; -0.1 / 6.3\r\n\r\n"                                    \
	"X-Spam-Status: No, score=-0.1\r\n\r\n"

static void test_bad_answers(void **state UNUSED)
{
	static const char *const answers[] = {
		"",
		"hello\r\n",
		"SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n",
		"SPAMD/1.1 0 EX_OK\r\n\r\nX-Spam-Status: No\r\n",
		"SPAMD/1.1 0 EX_OK\r\nSpam: True ; many / 5\r\n\r\nX-Spam-Status: No\r\n",
		"SPAMD/1.1 0 EX_OK\r\nSpam: True ; nan / 5\r\n\r\nX-Spam-Status: No\r\n",
		"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 5.0 / 5\r\n\r\nX-Other: No\r\n",
	};
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct spamd_verdict v;
		struct err err = ERR_INIT;
		assert_false(spamd_parse(&a, str_from(answers[i]), &v, &err));
		assert_int_equal(err.class, ERR_TEMP);
	}
	arena_fini(&a);
}

static void test_answers(void **state UNUSED)
{
	struct spamd_verdict v;
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	assert_done(spamd_parse(&a, str_from(SPAM), &v, &err), &err);
	assert_true(v.spam);
	assert_string_equal(v.score_text, "15.3");
	assert_string_equal(v.status, "Yes, score=15.3\n\ttests=A,\n\tB");
	assert_done(spamd_parse(&a, str_from(HAM), &v, &err), &err);
	assert_false(v.spam);
	assert_true(v.score < 0);
	arena_fini(&a);
}

static void test_complaints(void **state UNUSED)
{
	static const char text[] = "header A Subject =~ /a/\nbody X2 /un(closed/\nfoo bar\n";
	struct problems p;
	struct arena a;

	arena_init(&a, "test");
	problems_init(&p, &a);
	rules_complain(
		&a, "r.cf", str_from(text),
		"Nov 27 15:32:55.865 [10] warn: config: failed to parse line in /tmp/l/rules.cf (line 3): foo bar\n"
		"Nov 27 15:32:55.866 [10] warn: config: invalid regexp for X2 '/un(closed/': Unmatched (\n"
		"Nov 27 15:32:57.153 [10] warn: lint: 2 issues detected, please rerun\n",
		&p);
	assert_int_equal(p.list.n, 2);
	assert_string_equal(p.list.v[0].subject, "r.cf:3");
	assert_string_equal(p.list.v[0].text, "failed to parse line: foo bar");
	assert_string_equal(p.list.v[1].subject, "r.cf:2");
	rules_complain(&a, "r.cf", str_from(text), "", &p);
	assert_int_equal(p.list.n, 3);
	assert_string_equal(p.list.v[2].subject, "r.cf");
	arena_fini(&a);
}

static void test_configuration(void **state UNUSED)
{
	static const char *const bad[] = { "",
					   "tag 2\n",
					   "timeout 5\n",
					   "tag x\ntimeout 5\n",
					   "tag 2\ntimeout 0\n",
					   "tag 2\ntimeout 5\nwait -1\n",
					   "tag 2\ntimeout 5\nkil 3\n",
					   "tag\n",
					   "tag 2\ntimeout 5\ntrust 10.0.0.0/33\n",
					   "tag 2\ntimeout 5\ntrust !\n" };
	struct spam_milter c;
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(spam_milter_parse(&a, "f", bad[i], &c, &err));
	assert_done(spam_milter_parse(&a, "f", "# x\ntag -1000\nkill 6.31\ntimeout 5\nwait 2\n", &c,
				      &err),
		    &err);
	assert_true(c.refuses && c.kill > 6.3 && c.kill < 6.32 && c.tag < -999);
	assert_int_equal(c.timeout_ms, 5000);
	assert_int_equal(c.wait_ms, 2000);
	arena_fini(&a);
}

/* Takes one connection and answers; what was asked goes into `asked`. Late: first the socket is not there, then it refuses. */
static pid_t answer(const char *socket_path, const char *text, const char *asked, bool late)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, socket_path, strlen(socket_path));
	pid_t pid = late ? fork() : -1;
	if (pid == 0)
		(void)poll(NULL, 0, 50);
	if (pid <= 0)
		assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)),
				 0);
	if (pid == 0)
		(void)poll(NULL, 0, 50);
	if (pid <= 0)
		assert_int_equal(listen(listener, 1), 0);
	if (!late)
		pid = fork();
	if (pid == 0) {
		FILE *out = fopen(asked, "we");
		int fd = accept(listener, NULL, NULL);
		char part[4096];
		ssize_t n;
		while ((n = read(fd, part, sizeof(part))) > 0)
			(void)fwrite(part, 1, (size_t)n, out);
		(void)fclose(out);
		(void)!write(fd, text, strlen(text));
		_exit(0);
	}
	(void)close(listener);
	return pid;
}

static pid_t answer_once(const char *socket_path, const char *text, const char *asked)
{
	return answer(socket_path, text, asked, false);
}

static void packet(struct buf *out, char command, const char *data, size_t n)
{
	uint32_t wire = htonl((uint32_t)(n + 1));

	buf_add(out, &wire, sizeof(wire));
	buf_addc(out, command);
	buf_add(out, data, n);
}
#define PACKET(out, command, text) packet(out, command, text, sizeof(text) - 1)

static void add_session(struct buf *out, size_t body)
{
	static const char options[] = { 0, 0,	       0, 6,	      0,	  0,
					1, (char)0xff, 0, (char)0x1f, (char)0xff, (char)0xff };
	autobuf struct buf big = BUF_INIT;

	packet(out, 'O', options, sizeof(options));
	PACKET(out, 'C',
	       "mx.other.test\0"
	       "4\0\0"
	       "192.0.2.1\0");
	PACKET(out, 'H', "mx.other.test\0");
	PACKET(out, 'D',
	       "Mi\0"
	       "ABC\0"
	       "j\0"
	       "mail.example.test\0");
	PACKET(out, 'M', "<bob@other.test>\0");
	PACKET(out, 'L', "Subject\0one\n two\0");
	PACKET(out, 'L', "X-Spam-Flag\0YES\0");
	for (size_t left = body; left > 0;) {
		size_t n = left < 60000 ? left : 60000;
		buf_reset(&big);
		for (size_t i = 0; i < n; i++)
			buf_addc(&big, 'x');
		packet(out, 'B', big.p, n);
		left -= n;
	}
	PACKET(out, 'E', "");
	PACKET(out, 'Q', "");
}

/* Runs a session; the commands of the milter's answers go into `commands`, their data into `all`. */
static void run_session(const struct spam_milter *conf, size_t body, char *commands,
			struct buf *all)
{
	autobuf struct buf in = BUF_INIT;
	FILE *from = tmpfile(), *to = tmpfile();
	uint32_t wire;
	size_t n = 0;

	add_session(&in, body);
	assert_int_equal(fwrite(in.p, 1, in.n, from), in.n);
	rewind(from);
	spam_milter_serve(conf, fileno(from), fileno(to));
	rewind(to);
	while (fread(&wire, sizeof(wire), 1, to) == 1) {
		size_t left = ntohl(wire);
		int c = fgetc(to);
		commands[n++] = (char)c;
		while (--left > 0) {
			c = fgetc(to);
			buf_addc(all, c ? (char)c : '|');
		}
	}
	commands[n] = '\0';
	(void)fclose(from);
	(void)fclose(to);
}

static void test_sessions(void **state UNUSED)
{
	static const struct {
		const char *answer;
		double tag;
		bool refuses;
		size_t body;
		const char *commands, *said;
	} cases[] = {
		{ SPAM, 2, false, 10, "Omhhhhc", "X-Spam-Score|15.3|" },
		{ SPAM, 2, true, 10, "Omy", "550 5.7.1 This looks like spam (score 15.3)" },
		{ HAM, 2, true, 10, "Omc", "" },
		{ HAM, -5, true, 10, "Omhhhhc", "X-Spam-Flag|NO|" },
		{ "SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n", 2, false, 10, "Omy", "451 4.7.1" },
		{ NULL, 2, false, 10, "Omy", "451 4.7.1" },
		{ NULL, 2, true, 600000, "Omhc", "No, not scanned: more than 512000 bytes" },
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct temp t;
		char commands[64] = "";
		autobuf struct buf all = BUF_INIT;
		char *asked = NULL;
		temp_open(&t);
		struct spam_milter conf = { .socket = temp_path(&t, "s"),
					    .tag = cases[i].tag,
					    .kill = 15.3,
					    .refuses = cases[i].refuses,
					    .timeout_ms = 10000 };
		pid_t pid = cases[i].answer ? answer_once(conf.socket, cases[i].answer,
							  temp_path(&t, "asked"))
					    : -1;
		run_session(&conf, cases[i].body, commands, &all);
		assert_string_equal(commands, cases[i].commands);
		buf_addc(&all, ' ');
		assert_non_null(strstr(all.p, cases[i].said));
		if (pid > 0) {
			assert_int_equal(waitpid(pid, NULL, 0), pid);
			assert_done(file_read(&t.arena, temp_path(&t, "asked"), 100000, &asked,
					      NULL, &err),
				    &err);
			assert_non_null(strstr(asked, "Return-Path: <bob@other.test>\r\n"));
			assert_non_null(strstr(
				asked,
				"Received: from mx.other.test (mx.other.test [192.0.2.1])\r\n"
				"\tby mail.example.test (Postfix) with ESMTP id ABC;"));
			assert_non_null(strstr(asked, "Subject: one\r\n two\r\n"));
		}
		temp_close(&t);
	}
}

/* The client of the session is 192.0.2.1; without spamd who is scored is put off. */
static void test_trust(void **state UNUSED)
{
	static const struct {
		const char *lines, *commands;
	} cases[] = {
		{ "", "Omy" },
		{ "trust 192.0.2.0/24\n", "Omc" },
		{ "trust !192.0.2.1/32\ntrust 192.0.2.0/24\n", "Omy" },
		{ "trust !192.0.2.2\ntrust 192.0.2.0/24\n", "Omc" },
		{ "trust 2001:db8::/32\ntrust 10.0.0.0/8\n", "Omy" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf all = BUF_INIT;
		struct err err = ERR_INIT;
		struct spam_milter conf;
		char commands[64] = "";
		struct temp t;
		temp_open(&t);
		const char *text = arena_printf(&t.arena, "tag 2\ntimeout 5\nsocket %s\n%s",
						temp_path(&t, "none"), cases[i].lines);
		assert_done(spam_milter_parse(&t.arena, "f", text, &conf, &err), &err);
		run_session(&conf, 10, commands, &all);
		assert_string_equal(commands, cases[i].commands);
		temp_close(&t);
	}
}

static void test_learning(void **state UNUSED)
{
	struct err err = ERR_INIT;
	struct temp t;
	char *asked;

	temp_open(&t);
	assert_false(
		spamd_learn(&t.arena, temp_path(&t, "none"), "ham", str_from("x"), 1000, &err));
	assert_int_equal(err.class, ERR_TEMP);
	pid_t pid = answer_once(temp_path(&t, "s"), "SPAMD/1.1 0 EX_OK\r\nDidSet: local\r\n\r\n",
				temp_path(&t, "asked"));
	assert_done(spamd_learn(&t.arena, temp_path(&t, "s"), "ham", str_from("text"), 1000, &err),
		    &err);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_done(file_read(&t.arena, temp_path(&t, "asked"), 1000, &asked, NULL, &err), &err);
	assert_string_equal(asked, "TELL SPAMC/1.5\r\nMessage-class: ham\r\nSet: local\r\n"
				   "Content-length: 4\r\n\r\ntext");
	temp_close(&t);
}

/* A spamd that is just starting. */
static void test_late(void **state UNUSED)
{
	struct spamd_verdict v;
	struct err err = ERR_INIT;
	struct temp t;

	temp_open(&t);
	assert_false(
		spamd_score(&t.arena, temp_path(&t, "none"), str_from("x"), 30, 10000, &v, &err));
	assert_int_equal(err.class, ERR_TEMP);
	pid_t pid = answer(temp_path(&t, "s"), SPAM, temp_path(&t, "asked"), true);
	assert_done(
		spamd_score(&t.arena, temp_path(&t, "s"), str_from("x"), 10000, 20000, &v, &err),
		&err);
	assert_true(v.spam);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	temp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_answers), cmocka_unit_test(test_answers),
		cmocka_unit_test(test_complaints),  cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_sessions),    cmocka_unit_test(test_trust),
		cmocka_unit_test(test_learning),    cmocka_unit_test(test_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
