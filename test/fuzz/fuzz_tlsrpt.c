/* SPDX-License-Identifier: MIT */
/*
 * Input: a datagram of the MTA, what was kept, or a domain's record. What is read can be written and read again, and is the
 * same then; added to itself it has twice the counts.
 */
#include "base/arena.h"
#include "base/net.h"
#include "tlsrpt/rua.h"
#include "tlsrpt/tally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t sum(const struct tally *t)
{
	int64_t n = 0;

	for (size_t i = 0; i < t->policies.n; i++)
		n += t->policies.v[i].successes + t->policies.v[i].failures;
	return n;
}

static void check(struct arena *a, struct tally *t)
{
	const struct tally_head head = { "example.com", "a@example.com", "id", "2026-11-28" };
	autobuf struct buf one = BUF_INIT, two = BUF_INIT, report = BUF_INIT;
	struct err err = ERR_INIT;
	struct tally again;

	tally_write(t, &one);
	if (!tally_parse(a, (struct str){ one.p, one.n }, &again, &err))
		BUG("what was written can't be read: %s", err.text);
	tally_write(&again, &two);
	if (!streq(one.p, two.p))
		BUG("written again it differs");
	tally_write_report(t, &head, &report);
}

static void check_record(struct arena *a, const char *record)
{
	struct err err = ERR_INIT;
	struct rua_vec places;

	if (!rua_parse(a, record, &places, &err))
		return;
	if (places.n == 0 || places.n > RUA_MAX)
		BUG("%zu places", places.n);
	for (size_t i = 0; i < places.n; i++) {
		const char *to = places.v[i].to;
		if (*to == '-' || strpbrk(to, " \t\r\n") ||
		    (places.v[i].https ? !has_prefix(to, "https://") : !is_email(to)))
			BUG("a place '%s'", to);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct err err = ERR_INIT;
	struct tally t, event;
	struct arena a;

	arena_init(&a, "fuzz");
	if (tally_parse_event(&a, text, &t, &err)) {
		int64_t n = sum(&t);
		check(&a, &t);
		if (!tally_parse_event(&a, text, &event, &err) ||
		    !tally_merge(&a, &t, &event, &err) || sum(&t) != 2 * n)
			BUG("twice is not double");
		check(&a, &t);
	} else if (err.class != ERR_DATA) {
		BUG("no class");
	}
	if (tally_parse(&a, text, &t, &err))
		check(&a, &t);
	check_record(&a, str_dup(&a, text));
	arena_fini(&a);
	return 0;
}
