/* SPDX-License-Identifier: MIT */
/*
 * One child process a processor takes every n-th password, and writes its hash into memory shared
 * with the parent. A child that ends closes its end of a pipe; the parent waits for the last one.
 *
 * SOURCES
 *	sched_getaffinity(2), mmap(2) MAP_ANONYMOUS, pipe(7).
 */
#include "cli/hashing.h"

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/proc.h"
#include "inputs/password.h"

#define SLOT 192 /* a {SHA512-CRYPT} text has 120 bytes */
#define CHILDREN_MAX 64
#define EACH_MIN 16 /* fewer passwords are not worth a process */
#define PROGRESS_MS 2000
#define STEP_MS 200

static size_t count_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

/* Fills the slots first, first + step, …; a slot that is complete gets its first byte last. */
static bool hash_share(const char *const *passwords, size_t n, size_t first, size_t step,
		       char *slots, struct err *err)
{
	struct arena a;
	const char *hash;
	bool ok = true;

	arena_init(&a, "hashing");
	for (size_t i = first; ok && i < n; i += step) {
		if (passwords[i] == NULL)
			continue;
		ok = password_hash(&a, passwords[i], &hash, err);
		if (!ok || strlen(hash) >= SLOT)
			break;
		memcpy(slots + i * SLOT + 1, hash + 1, strlen(hash));
		__atomic_store_n(slots + i * SLOT, hash[0], __ATOMIC_RELEASE);
	}
	arena_wipe(&a);
	return ok;
}

static size_t count_done(const char *slots, size_t n)
{
	size_t done = 0;

	for (size_t i = 0; i < n; i++)
		done += __atomic_load_n(slots + i * SLOT, __ATOMIC_ACQUIRE) != '\0';
	return done;
}

/* Until all children have closed their ends of the pipe. */
static void watch(int fd, const char *slots, size_t n)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t start = now_ms();
	bool shown = false;

	for (;;) {
		int rc = poll(&pfd, 1, STEP_MS);
		if (rc > 0 || (rc < 0 && errno != EINTR))
			break;
		if (now_ms() - start < PROGRESS_MS || isatty(STDERR_FILENO) != 1)
			continue;
		fprintf(stderr, "\rhashing passwords: %zu of %zu", count_done(slots, n), n);
		shown = true;
	}
	if (shown)
		fprintf(stderr, "\r\033[K");
}

static bool run_children(const char *const *passwords, size_t n, size_t children, char *slots,
			 struct err *err)
{
	pid_t pids[CHILDREN_MAX];
	struct err why = ERR_INIT;
	bool ok = true;
	int fds[2], wstatus;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, ERR_OS, "make a pipe");
	for (size_t i = 0; i < children; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(hash_share(passwords, n, i, children, slots, &why) ? 0 : 1);
	}
	(void)close(fds[1]);
	watch(fds[0], slots, n);
	(void)close(fds[0]);
	for (size_t i = 0; i < children; i++) {
		if (pids[i] < 0) /* no more processes: then here */
			ok = hash_share(passwords, n, i, children, slots, err) && ok;
		else if (waitpid(pids[i], &wstatus, 0) != pids[i] || wstatus != 0)
			ok = err_set(err, ERR_OS, "a process that hashes passwords failed");
	}
	return ok;
}

bool hashing_run(struct arena *a, const char *const *passwords, size_t n, const char **hashes_r,
		 struct err *err)
{
	size_t children = count_processors();
	size_t size = (n + 1) * SLOT;
	char *slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (slots == MAP_FAILED)
		return err_sys(err, ERR_OS, "get memory for %zu hashes", n);
	if (children > CHILDREN_MAX)
		children = CHILDREN_MAX;
	if (children > n / EACH_MIN)
		children = n / EACH_MIN;
	bool ok = children == 0 ? hash_share(passwords, n, 0, 1, slots, err)
				: run_children(passwords, n, children, slots, err);
	for (size_t i = 0; ok && i < n; i++) {
		const char *slot = slots + i * SLOT;
		hashes_r[i] = passwords[i] ? arena_strdup(a, slot) : NULL;
		if (passwords[i] && *slot == '\0')
			ok = err_set(err, ERR_INTERNAL, "no hash was made");
	}
	(void)munmap(slots, size);
	return ok;
}
