/* SPDX-License-Identifier: MIT */
/* log: where a line goes, what it looks like, and that nobody can forge one. */
#include "unit.h"

#include "base/log.h"

#include <regex.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct temp temp;

/* The state of the log belongs to the process; each case starts from the same. */
static void reset(void)
{
	log_init("mailserver", LOG_LVL_INFO);
	log_set_plain(false);
}

/* Runs fn with stderr in a file and gives what was written. */
static const char *stderr_of(void (*fn)(void))
{
	const char *path = temp_path(&temp, "stderr");
	char *text = NULL;
	struct err err = ERR_INIT;
	int saved = dup(STDERR_FILENO);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && fd >= 0);
	(void)dup2(fd, STDERR_FILENO);
	fn();
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	(void)close(fd);
	assert_done(file_read(&temp.arena, path, 1 << 20, &text, NULL, &err), &err);
	return text;
}

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;
	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("'%s' does not match %s", text, pattern);
	regfree(&re);
}

#define HEAD                                                                                       \
	"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{6}[+-][0-9]{2}:[0-9]{2} [^ .]+ mailserver\\[[0-9]+\\]: "

static void say_forged(void)
{
	log_error("user '%s'", "x\n2026-01-01 fake\r\x1b[2J\x7f");
}

static void say_long(void)
{
	autobuf struct buf b = BUF_INIT;
	while (b.n < 5000)
		buf_adds(&b, "\xe2\x82\xac");
	log_error("%s", b.p);
	log_error("x%s", b.p);
	log_error("xx%s", b.p);
}

static void test_one_clean_line(void **state UNUSED)
{
	reset();
	assert_matches(stderr_of(say_forged), HEAD "error: user 'x 2026-01-01 fake  \\[2J '\n$");
	const char *text = stderr_of(say_long);
	struct str rest = str_from(text), line;
	int lines = 0;
	while (str_next_line(&rest, &line)) {
		lines++;
		assert_true(line.n > 2000 && line.n < 2048);
		assert_memory_equal(line.p + line.n - 3, "...", 3);
		assert_int_equal((unsigned char)line.p[line.n - 4], 0xac);
	}
	assert_int_equal(lines, 3);
	assert_true(has_suffix(text, "\n"));
}

static void say_all(void)
{
	errno = E2BIG;
	log_error("e");
	log_warn("w");
	log_info("i");
	log_debug("d");
	log_at(LOG_LVL_TRACE, "t");
	assert_int_equal(errno, E2BIG);
}

static void test_levels(void **state UNUSED)
{
	static const struct {
		enum log_level threshold;
		const char *want;
	} cases[] = {
		{ LOG_LVL_ERROR, "ERROR e\n" },
		{ LOG_LVL_WARN, "ERROR e\nWARN  w\n" },
		{ LOG_LVL_INFO, "ERROR e\nWARN  w\nINFO  i\n" },
		{ LOG_LVL_DEBUG, "ERROR e\nWARN  w\nINFO  i\nDEBUG d\n" },
		{ LOG_LVL_TRACE, "ERROR e\nWARN  w\nINFO  i\nDEBUG d\nTRACE t\n" },
	};
	reset();
	log_set_plain(true);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		log_set_threshold(cases[i].threshold);
		assert_string_equal(stderr_of(say_all), cases[i].want);
	}
	reset();
	assert_matches(stderr_of(say_all), HEAD "error: e\n.*: warning: w\n.*\\]: i\n$");
}

static void test_level_parse(void **state UNUSED)
{
	static const char *const bad[] = { "", "warning", "ERROR", "err", "5" };
	static const char *const good[] = { "error", "warn", "info", "debug", "trace" };
	enum log_level level = LOG_LVL_TRACE;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(log_level_parse(bad[i], &level));
	assert_int_equal(level, LOG_LVL_TRACE);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(log_level_parse(good[i], &level));
		assert_int_equal(level, i);
	}
}

static void say_warning(void)
{
	log_warn("to %s", "syslog");
}

static void test_syslog(void **state UNUSED)
{
	const char *path = temp_path(&temp, "log");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char line[4096] = "";
	reset();
	/* Nobody listens: stderr. */
	log_to_syslog(path);
	assert_matches(stderr_of(say_warning), HEAD "warning: to syslog\n$");
	/* Somebody does. */
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_string_equal(stderr_of(say_warning), "");
	ssize_t n = recv(fd, line, sizeof(line) - 1, 0);
	assert_true(n > 0);
	/* mail is facility 2, warning severity 4. */
	assert_matches(
		line,
		"^<20>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} mailserver\\[[0-9]+\\]: warning: to syslog$");
	/* The receiver does not keep up: the line is not lost and we do not wait. */
	int taken = 0;
	while (taken < 100000 && *stderr_of(say_warning) == '\0')
		taken++;
	assert_true(taken < 100000);
	/* It comes back under the same name. */
	(void)close(steal_fd(&fd));
	assert_int_equal(unlink(path), 0);
	assert_matches(stderr_of(say_warning), HEAD "warning: to syslog\n$");
}

static void test_syslog_path_too_long(void **state UNUSED)
{
	int wstatus = 0;
	pid_t pid = fork();
	if (pid == 0) {
		char path[200];
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(null, STDERR_FILENO);
		memset(path, 'x', sizeof(path) - 1);
		path[sizeof(path) - 1] = '\0';
		log_to_syslog(path);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_true(WIFSIGNALED(wstatus));
}

static int open_temp(void **state UNUSED)
{
	temp_open(&temp);
	return 0;
}

static int close_temp(void **state UNUSED)
{
	temp_close(&temp);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_clean_line),	     cmocka_unit_test(test_levels),
		cmocka_unit_test(test_level_parse),	     cmocka_unit_test(test_syslog),
		cmocka_unit_test(test_syslog_path_too_long),
	};
	return cmocka_run_group_tests(tests, open_temp, close_temp);
}
