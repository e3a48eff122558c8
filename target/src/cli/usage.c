/* SPDX-License-Identifier: MIT */
/*
 * doveadm reads the users of one run from a file that it wants to seek in, so a pipe won't do. What
 * it prints for a user is two lines (STORAGE, MESSAGE) with the user's name and little else.
 *
 * SOURCES
 *	doveadm(1) -f tab, doveadm-quota(1); numfmt(1): values below ten of a unit with one decimal,
 *	rounded away from zero.
 */
#include "cli/usage.h"

#include "base/file.h"
#include "base/proc.h"

#define ANSWER_MAX ((size_t)60 << 10)
#define LINE_EXTRA 80 /* of one answer line beside the user's name */
#define ASK_MS 60000

void usage_parse(struct arena *a, const char *text, struct map *usage)
{
	struct str rest = str_from(text), line, field[6];
	int64_t value, limit, percent;

	while (str_next_line(&rest, &line)) {
		int n = 0;
		while (n < 5 && str_split(line, '\t', &field[n], &line))
			n++;
		field[n++] = line;
		if (n != 6 || !str_is(field[2], "STORAGE") ||
		    !parse_int64(str_dup(a, field[3]), 0, INT64_MAX >> 10, &value))
			continue;
		if (!parse_int64(str_dup(a, field[4]), 1, INT64_MAX >> 10, &limit))
			limit = -1;
		if (!parse_int64(str_dup(a, field[5]), 0, INT64_MAX, &percent))
			percent = 0;
		struct usage *u = ARENA_NEW(a, struct usage);
		*u = (struct usage){ .used_kib = value, .limit_kib = limit, .percent = percent };
		(void)map_add(usage, str_lower(a, field[0]), u);
	}
}

static bool ask(struct arena *a, const struct buf *users, struct map *usage)
{
	char path[] = "/tmp/mailserver-users-XXXXXX";
	autoclose int fd = mkostemp(path, O_CLOEXEC);
	const char *argv[] = { "/usr/bin/doveadm", "-f", "tab", "quota", "get", "-F", path, NULL };
	struct proc_spec spec = { .argv = argv, .timeout_ms = ASK_MS };
	struct proc_result result = { 0 };
	struct err err = ERR_INIT;

	if (fd < 0)
		return false;
	bool ok = write_all(fd, users->p, users->n) && proc_run(&spec, &result, &err);
	(void)unlink(path);
	if (ok) {
		usage_parse(a, result.output.p, usage);
		buf_fini(&result.output);
	}
	return ok;
}

void usage_ask(struct arena *a, const struct account_vec *accounts, struct map *usage)
{
	autobuf struct buf users = BUF_INIT;
	size_t answer = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < accounts->n; i++) {
		size_t more = 2 * (strlen(accounts->v[i].address) + LINE_EXTRA);
		if (users.n > 0 && answer + more > ANSWER_MAX) {
			ok = ask(a, &users, usage);
			buf_reset(&users);
			answer = 0;
		}
		buf_printf(&users, "%s\n", accounts->v[i].address);
		answer += more;
	}
	if (ok && users.n > 0)
		(void)ask(a, &users, usage);
}

void usage_format(int64_t kib, char *out, size_t size)
{
	static const char units[] = "KMGTPE";
	uint64_t tenths, unit = 1;
	size_t i = 0;

	if (kib <= 0) {
		(void)snprintf(out, size, "0");
		return;
	}
	uint64_t n = (uint64_t)kib;
	/* Up to 1024 of a unit, rounded up, is the next unit. */
	while (i + 2 < sizeof(units) && (n + unit - 1) / unit >= 1024) {
		unit *= 1024;
		i++;
	}
	tenths = n / unit * 10 + ((n % unit) * 10 + unit - 1) / unit;
	if (tenths < 100)
		(void)snprintf(out, size, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10,
			       units[i]);
	else
		(void)snprintf(out, size, "%" PRIu64 "%c", (n + unit - 1) / unit, units[i]);
}
