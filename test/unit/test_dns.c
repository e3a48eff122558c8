/* SPDX-License-Identifier: MIT */
/* DNS answers as they come over the network; the resolver itself is asked in test/e2e/outbound.bats. */
#include "unit.h"

#include "base/buf.h"
#include "base/dns.h"

#define AD 0x20

/* A message with one question about "x.test" and `count` records in the answer section. */
static void begin(struct buf *b, unsigned char flags2, unsigned char count)
{
	const unsigned char head[] = { 0x12, 0x34, 0x81, flags2, 0, 1, 0, count, 0, 0, 0, 0 };

	buf_reset(b);
	buf_add(b, head, sizeof(head));
	buf_add(b, "\1x\4test\0\0\x0f\0\1", 12);
}

/* The owner is the question's name. */
static void add(struct buf *b, unsigned char type, const void *data, size_t n)
{
	const unsigned char head[] = { 0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, (unsigned char)n };

	buf_add(b, head, sizeof(head));
	buf_add(b, data, n);
}

static bool parse(struct arena *a, const struct buf *b, enum dns_type type, struct dns_answer *out,
		  struct err *err)
{
	return dns_parse(a, (const unsigned char *)b->p, b->n, type, out, err);
}

static void test_damaged(void **state UNUSED)
{
	autobuf struct buf b = BUF_INIT;
	struct dns_answer out;
	struct arena a;

	arena_init(&a, "test");
	begin(&b, AD, 1);
	add(&b, DNS_MX, "\0\012\2mx\xc0\014", 7);
	for (size_t n = 0; n < b.n; n++) {
		struct err err = ERR_INIT;
		assert_false(dns_parse(&a, (const unsigned char *)b.p, n, DNS_MX, &out, &err));
		assert_int_equal(err.class, ERR_DATA);
	}
	struct err err = ERR_INIT;
	begin(&b, AD, 1);
	add(&b, DNS_MX, "\0\012\2mx\xc0\377", 7); /* points behind the end */
	assert_false(parse(&a, &b, DNS_MX, &out, &err));
	assert_non_null(strstr(err.text, "damaged"));
	begin(&b, AD, 1);
	add(&b, DNS_MX, "\0", 1);
	assert_false(parse(&a, &b, DNS_MX, &out, &err));
	arena_fini(&a);
}

static void test_mx(void **state UNUSED)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	struct dns_answer out;
	struct arena a;

	arena_init(&a, "test");
	begin(&b, AD, 3);
	add(&b, 46, "signature", 9);
	add(&b, DNS_MX, "\0\012\2MX\xc0\014", 7);
	add(&b, DNS_MX, "\0\0\0", 3); /* RFC 7505: takes no mail */
	assert_true(parse(&a, &b, DNS_MX, &out, &err));
	assert_true(out.secure);
	assert_int_equal(out.n, 2);
	assert_string_equal(out.names[0], "mx.x.test");
	assert_string_equal(out.names[1], "");
	begin(&b, 0, 0);
	assert_true(parse(&a, &b, DNS_MX, &out, &err));
	assert_false(out.secure);
	assert_int_equal(out.n, 0);
	arena_fini(&a);
}

static void test_tlsa(void **state UNUSED)
{
	static const struct {
		unsigned char data[5];
		size_t n, usable;
	} cases[] = {
		{ { 3, 1, 1, 9, 9 }, 5, 1 }, { { 2, 0, 0, 9 }, 4, 1 }, { { 1, 1, 1, 9 }, 4, 0 },
		{ { 0, 1, 1, 9 }, 4, 0 },    { { 3, 2, 1, 9 }, 4, 0 }, { { 3, 1, 3, 9 }, 4, 0 },
		{ { 3, 1, 1 }, 3, 0 },
	};
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	struct dns_answer out;
	struct arena a;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(&b, AD, 1);
		add(&b, DNS_TLSA, cases[i].data, cases[i].n);
		assert_true(parse(&a, &b, DNS_TLSA, &out, &err));
		assert_int_equal(out.n, cases[i].usable);
		assert_null(out.names);
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_mx),
		cmocka_unit_test(test_tlsa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
