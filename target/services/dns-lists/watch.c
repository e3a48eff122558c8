/* SPDX-License-Identifier: MIT */
/*
 * A list is in use until it has failed a test: so a start needs no second rendering when all is
 * well. What failed is remembered over restarts, and tested again at once.
 *
 * SOURCES
 *	getaddrinfo(3); RFC 5782 §2.1 (the name that is asked).
 */
#include "dns-lists/watch.h"

#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "dns-lists/lists.h"

#define LISTS_MAX 65536
#define WHY_MAX 256
#define TEST_MS 25000
#define WELL_S 1800
#define AGAIN_S 300
#define RENEW_MS 120000
#define NOBODY 65534

struct child {
	pid_t pid;
	int fd; /* says why the list is not to be believed; nothing: it is */
};

/* What is in force, over the rounds. */
struct state {
	struct arena arena;
	struct dns_list_off_vec off;
	bool renewed; /* the configuration in force agrees with it */
	bool told;    /* since the start, what is switched off */
};

static void ask(const char *domain, const char *entry, struct dns_answer *out)
{
	const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char name[NI_MAXHOST];

	*out = (struct dns_answer){ 0 };
	/* The dot at the end: no domain of resolv.conf is tried behind it. */
	(void)snprintf(name, sizeof(name), "%s.%s.", entry, domain);
	out->error = getaddrinfo(name, NULL, &hints, &list);
	if (out->error != 0)
		return;
	for (const struct addrinfo *x = list; x && out->n < DNS_ANSWERS_MAX; x = x->ai_next) {
		struct sockaddr_in in;
		memcpy(&in, x->ai_addr, sizeof(in));
		out->address[out->n++] = in.sin_addr;
	}
	freeaddrinfo(list);
}

/* In the child. Answers of strangers are read without the rights of root. */
static void test(const struct dns_list *list, int fd)
{
	struct dns_answer listed, unlisted;
	char why[WHY_MAX];

	(void)alarm(TEST_MS / 1000 + 5); /* should the parent be gone */
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		_exit(1);
	ask(list->domain, "2.0.0.127", &listed);
	ask(list->domain, "1.0.0.127", &unlisted);
	dns_list_judge(list, &listed, &unlisted, why, sizeof(why));
	_exit(write_all(fd, why, strlen(why)) ? 0 : 1);
}

static bool start(const struct dns_list *list, struct child *child_r, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, ERR_OS, "pipe");
	pid_t pid = fork();
	if (pid == 0)
		test(list, fds[1]);
	(void)close(fds[1]);
	if (pid < 0) {
		(void)close(fds[0]);
		return err_sys(err, ERR_OS, "fork");
	}
	*child_r = (struct child){ pid, fds[0] };
	return true;
}

/* Until the end of what the child says, or until the deadline. */
static void finish(const struct child *c, int64_t until_ms, char *why_r, size_t size)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	size_t n = 0;
	ssize_t got = -1;
	int status = 0;

	while (got != 0 && now_ms() < until_ms) {
		if (poll(&p, 1, (int)(until_ms - now_ms())) <= 0)
			continue;
		got = read(c->fd, why_r + n, size - 1 - n);
		n += got > 0 ? (size_t)got : 0;
		if (n == size - 1)
			break;
	}
	why_r[n] = '\0';
	(void)close(c->fd);
	(void)kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (n == 0 && got != 0)
		(void)snprintf(why_r, size, "it does not answer within %d s", TEST_MS / 1000);
	else if (n == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		(void)snprintf(why_r, size, "it could not be tested (status %d)",
			       proc_exit_status(status));
}

/* All lists at the same time. */
static void test_all(struct arena *a, const struct dns_list_vec *lists,
		     struct dns_list_off_vec *off)
{
	struct child *children = arena_array(a, lists->n, sizeof(*children));
	int64_t until_ms = now_ms() + TEST_MS;
	struct err err = ERR_INIT;
	char why[WHY_MAX];
	size_t n = 0;

	while (n < lists->n && start(&lists->v[n], &children[n], &err))
		n++;
	if (n < lists->n)
		log_warn("DNS lists can't be tested: %s", err.text);
	for (size_t i = 0; i < n; i++) {
		finish(&children[i], until_ms, why, sizeof(why));
		if (why[0] != '\0')
			*VEC_PUSH(a, off) =
				(struct dns_list_off){ lists->v[i].domain, arena_strdup(a, why) };
	}
}

static void tell(const struct state *s, const struct dns_list_vec *lists,
		 const struct dns_list_off_vec *now)
{
	for (size_t i = 0; i < lists->n; i++) {
		const char *domain = lists->v[i].domain;
		const char *was = dns_lists_off_why(&s->off, domain);
		const char *is = dns_lists_off_why(now, domain);
		if (is && (!was || !s->told))
			log_warn("the DNS list %s is switched off: %s; it is tested again every %d "
				 "minutes",
				 domain, is, AGAIN_S / 60);
		else if (is && !streq(is, was))
			log_warn("the DNS list %s stays switched off: %s", domain, is);
		else if (was && !is)
			log_info("the DNS list %s is switched on again: its test entries are right",
				 domain);
	}
}

static bool write_list(const char *path, const char *format_off, const struct dns_list_off_vec *off,
		       enum file_flags flags, struct err *err)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	autobuf struct buf out = BUF_INIT;

	for (size_t i = 0; i < off->n; i++)
		buf_printf(&out, "%s%s%s %s\n", format_off, off->v[i].domain,
			   *format_off ? " is switched off:" : "", off->v[i].why);
	return file_replace(path, out.p, out.n, &attr, flags, NULL, err);
}

static bool same_domains(const struct dns_list_off_vec *x, const struct dns_list_off_vec *y)
{
	for (size_t i = 0; i < x->n; i++)
		if (dns_lists_off_why(y, x->v[i].domain) == NULL)
			return false;
	return x->n == y->n;
}

static void keep(struct state *s, const struct dns_list_off_vec *off)
{
	struct arena fresh;

	arena_init(&fresh, "off");
	struct dns_list_off_vec copy = VEC_INIT;
	for (size_t i = 0; i < off->n; i++)
		*VEC_PUSH(&fresh, &copy) =
			(struct dns_list_off){ arena_strdup(&fresh, off->v[i].domain),
					       arena_strdup(&fresh, off->v[i].why) };
	arena_fini(&s->arena);
	s->arena = fresh;
	s->off = copy;
}

static bool round_with(struct state *s, struct arena *a, struct err *err)
{
	struct dns_list_vec lists = VEC_INIT;
	struct dns_list_off_vec off = VEC_INIT;
	char *text;

	if (!file_read(a, DNS_LISTS_TESTED, LISTS_MAX, &text, NULL, err) ||
	    !dns_lists_parse(a, str_from(text), &lists, err))
		return err_wrap(err, DNS_LISTS_TESTED);
	test_all(a, &lists, &off);
	tell(s, &lists, &off);
	s->told = true;
	s->renewed = s->renewed && same_domains(&s->off, &off);
	if (!write_list(DNS_LISTS_NOTES, "DNS list ", &off, FILE_EPHEMERAL, err) ||
	    !write_list(DNS_LISTS_OFF, "", &off, FILE_DURABLE, err))
		return false;
	keep(s, &off);
	if (!s->renewed)
		s->renewed = proc_run_mailserver("renew", RENEW_MS, err);
	return s->renewed ||
	       err_wrap(err, "the lists in use could not be changed, which is tried again");
}

static int usage(FILE *to, int status)
{
	fprintf(to,
		"usage: mailserver dns-lists\n\n"
		"Tests the DNS lists of ENABLE_DNSBL through the resolver in use: 127.0.0.2 is listed, 127.0.0.1\n"
		"is not. One that fails is switched off until it does not. Run by the supervisor;\n"
		"'supervisorctl signal HUP dns-lists' has it test at once.\n");
	return status;
}

int dns_lists_main(int argc, char **argv)
{
	struct state s = { .off = VEC_INIT, .renewed = true };
	struct err err, last = ERR_INIT; /* one that lasts is said once */
	sigset_t hup;

	if (argc == 2 && streq(argv[1], "help"))
		return usage(stdout, 0);
	if (argc != 1)
		return usage(stderr, ERR_USAGE);
	log_to_syslog("/dev/log");
	(void)sigemptyset(&hup);
	(void)sigaddset(&hup, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &hup, NULL);
	arena_init(&s.arena, "off");
	dns_lists_off_read(&s.arena, DNS_LISTS_OFF, &s.off);
	for (;;) {
		struct timespec pause = { WELL_S, 0 };
		struct arena a;
		err = (struct err)ERR_INIT;
		arena_init(&a, "round");
		if (!round_with(&s, &a, &err) && !streq(err.text, last.text))
			log_error("DNS lists: %s", err.text);
		last = err;
		if (err.class != ERR_NONE || s.off.n > 0)
			pause.tv_sec = AGAIN_S;
		arena_fini(&a);
		(void)sigtimedwait(&hup, NULL, &pause);
	}
}
