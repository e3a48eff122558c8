/* SPDX-License-Identifier: MIT */
/*
 * The memory is one line: the fingerprint and the times of the last starts, oldest first. A time in the future is of an
 * earlier life of the machine and counts for nothing.
 *
 * SOURCES
 *	glob(3) GLOB_BRACE.
 */
#include "cli/starts.h"

#include <glob.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#define STAYED_MS ((int64_t)60 * 1000)
#define WINDOW_MS ((int64_t)10 * 60 * 1000)
#define KEPT 16
/* So many starts within the window are not put off. */
#define FREE_STARTS 3
#define PAUSE_MIN_MS ((int64_t)5000)
#define PAUSE_MAX_MS ((int64_t)300000)
#define MEMORY_MAX 4096

struct memory {
	uint64_t fingerprint;
	int64_t at_ms[KEPT];
	size_t n;
};

uint64_t starts_fingerprint(const char *pattern)
{
	uint64_t h = 0;
	glob_t found;

	if (glob(pattern, GLOB_BRACE, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		struct stat st;
		if (stat(path, &st) < 0)
			continue; /* gone meanwhile */
		const uint64_t facts[] = { h,
					   hash_bytes(path, strlen(path)),
					   (uint64_t)st.st_size,
					   (uint64_t)st.st_mtim.tv_sec,
					   (uint64_t)st.st_mtim.tv_nsec,
					   (uint64_t)st.st_ino };
		h = hash_bytes(facts, sizeof(facts));
		h += h == 0;
	}
	globfree(&found);
	return h;
}

static void recall(const char *path, int64_t now_ms, struct memory *m)
{
	struct err err = ERR_INIT;
	struct arena a;
	char *text;
	struct str rest, word;

	*m = (struct memory){ 0 };
	arena_init(&a, "starts");
	if (file_read(&a, path, MEMORY_MAX, &text, NULL, &err)) {
		rest = str_from(text);
		if (str_next_word(&rest, " \n", &word))
			m->fingerprint = strtoull(str_dup(&a, word), NULL, 16);
		while (m->n < KEPT && str_next_word(&rest, " \n", &word)) {
			int64_t at;
			if (parse_int64(str_dup(&a, word), 0, INT64_MAX, &at) && at <= now_ms &&
			    at > now_ms - WINDOW_MS)
				m->at_ms[m->n++] = at;
		}
	}
	arena_fini(&a);
}

int64_t starts_pause_ms(const char *path, uint64_t fingerprint, int64_t now_ms)
{
	int64_t pause = PAUSE_MIN_MS;
	struct memory m;

	recall(path, now_ms, &m);
	if (m.n > 0 && now_ms - m.at_ms[m.n - 1] >= STAYED_MS) {
		(void)unlink(path);
		return 0;
	}
	if (m.fingerprint != fingerprint || m.n < FREE_STARTS)
		return 0;
	for (size_t i = FREE_STARTS; i < m.n && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	return pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
}

void starts_add(const char *path, uint64_t fingerprint, int64_t now_ms)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	autobuf struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct memory m;

	recall(path, now_ms, &m);
	if (m.fingerprint != fingerprint)
		m.n = 0;
	buf_printf(&out, "%016" PRIx64, fingerprint);
	for (size_t i = m.n == KEPT ? 1 : 0; i < m.n; i++)
		buf_printf(&out, " %" PRId64, m.at_ms[i]);
	buf_printf(&out, " %" PRId64 "\n", now_ms);
	if (!file_replace(path, out.p, out.n, &attr, FILE_EPHEMERAL, NULL, &err))
		log_warn("%s", err.text);
}
