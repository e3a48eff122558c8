/* SPDX-License-Identifier: MIT */
/* cidr, netif: networks as numbers, the kernel's routes. */
#include "unit/unit.h"

#include "base/netif.h"

static struct cidr parsed(const char *text)
{
	struct cidr c;

	if (!cidr_parse(text, &c))
		fail_msg("'%s' is refused", text);
	return c;
}

static void test_parse(void **state UNUSED)
{
	static const char *const bad[] = { "",		 "1.2.3",	"1.2.3.4/33",  "1.2.3.4/",
					   "1.2.3.4/-1", "1.2.3.4/8/8", "::/129",      "[::1",
					   "x::1",	 "1.2.3.4/a",	"host.example" };
	static const struct {
		const char *in, *plain, *bracketed;
	} good[] = {
		{ "192.0.2.77/24", "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.77", "192.0.2.77/32", "192.0.2.77/32" },
		{ "10.255.0.0/9", "10.128.0.0/9", "10.128.0.0/9" },
		{ "0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0" },
		{ "2001:db8:1::5/33", "2001:db8::/33", "[2001:db8::]/33" },
		{ "[::1]/128", "::1/128", "[::1]/128" },
	};
	struct arena a;
	struct cidr c;

	arena_init(&a, "test");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (cidr_parse(bad[i], &c))
			fail_msg("'%s' passed", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		c = parsed(good[i].in);
		assert_string_equal(cidr_text(&a, &c, false), good[i].plain);
		assert_string_equal(cidr_text(&a, &c, true), good[i].bracketed);
	}
	arena_fini(&a);
}

static void test_host_bits(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool yes;
	} cases[] = {
		{ "192.0.2.7/24", true },	 { "192.0.2.0/24", false },
		{ "192.0.2.7", false },		 { "192.0.2.7/32", false },
		{ "0.0.0.1/0", true },		 { "::/0", false },
		{ "2001:db8::1/64", true },	 { "[2001:db8::1]/64", true },
		{ "[2001:db8::]/64", false },	 { "2001:db8::1", false },
		{ "192.0.2.7/33", false },	 { "", false },
		{ "no.network.example", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (cidr_has_host_bits(cases[i].text) != cases[i].yes)
			fail_msg("'%s'", cases[i].text);
}

static void test_contains(void **state UNUSED)
{
	static const struct {
		const char *outer, *inner;
		bool yes;
	} cases[] = {
		{ "172.16.0.0/12", "172.17.0.1", true }, { "172.16.0.0/12", "172.32.0.1", false },
		{ "10.0.0.0/8", "10.0.0.0/7", false },	 { "10.0.0.0/8", "10.1.0.0/16", true },
		{ "0.0.0.0/0", "198.51.100.1", true },	 { "0.0.0.0/0", "::1", false },
		{ "::/0", "2001:db8::1", true },	 { "2001:db8::/127", "2001:db8::2", false },
		{ "192.0.2.1", "192.0.2.1", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cidr outer = parsed(cases[i].outer), inner = parsed(cases[i].inner);
		if (cidr_contains(&outer, &inner) != cases[i].yes)
			fail_msg("%s, %s", cases[i].outer, cases[i].inner);
	}
	struct cidr x = parsed("10.0.0.0/8"), y = parsed("10.9.9.9/8"), z = parsed("10.0.0.0/9");
	assert_true(cidr_equal(&x, &y));
	assert_false(cidr_equal(&x, &z));
}

static void test_routes(void **state UNUSED)
{
	struct cidr_vec list = VEC_INIT;
	struct arena a;

	arena_init(&a, "test");
	/* As a little-endian machine prints it; the machine's own order is what is read. */
	netif_parse_route(&a,
			  "Iface\tDestination\tGateway \tFlags\n"
			  "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\n"
			  "eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n"
			  "eth1\t00000000\t00000000\t0001\n"
			  "broken\n",
			  &list);
	assert_int_equal(list.n, 1);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	assert_string_equal(cidr_address(&a, &list.v[0]), "172.17.0.1");
#endif
	netif_parse_ipv6_route(
		&a,
		"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		"fd000000000000000000000000000001 00000400 1 0 0003 eth0\n"
		"fd000000000000000000000000000000 40 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00000100 1 0 0001 eth0\n"
		"00000000000000000000000000000000 00 short\n",
		&list);
	assert_int_equal(list.n, 2);
	assert_string_equal(cidr_address(&a, &list.v[1]), "fd00::1");
	arena_fini(&a);
}

static void test_interfaces(void **state UNUSED)
{
	struct netif_vec list = VEC_INIT;
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a, "test");
	assert_done(netif_read(&a, &list, &err), &err);
	for (size_t i = 0; i < list.n; i++) {
		assert_true(cidr_contains(&list.v[i].network, &list.v[i].address));
		assert_int_equal(list.v[i].is_loopback, streq(list.v[i].name, "lo"));
	}
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	   cmocka_unit_test(test_host_bits),
		cmocka_unit_test(test_contains),   cmocka_unit_test(test_routes),
		cmocka_unit_test(test_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
