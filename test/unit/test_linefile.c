/* SPDX-License-Identifier: MIT */
/* linefile: forbidden bytes, comments, line ends, and edits that leave everything else as it is. */
#include "unit.h"

#include "base/linefile.h"

static void test_bad_lines(void **state UNUSED)
{
	static const struct {
		const char *text;
		size_t n;
		const char *part;
	} cases[] = {
		{ "a\0b\n", 4, "NUL" },	   { "# a\0b\n", 6, "NUL" },
		{ "\0", 1, "NUL" },	   { "a\x01\n", 3, "control" },
		{ "a\x7f", 2, "control" }, { "a\rb\n", 4, "control" },
		{ "a\r", 2, "control" },   { "a\x1b[0m\n", 6, "control" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct linefile lf;
		struct str line;
		const char *bad = NULL;
		linefile_init(&lf, "f", (struct str){ cases[i].text, cases[i].n });
		assert_true(linefile_next(&lf, &line, &bad));
		assert_non_null(bad);
		assert_non_null(strstr(bad, cases[i].part));
		assert_int_equal(lf.line, 1);
		assert_false(linefile_next(&lf, &line, &bad));
	}
}

static void test_too_long(void **state UNUSED)
{
	autobuf struct buf b = BUF_INIT;
	struct linefile lf;
	struct str line;
	const char *bad;
	for (size_t i = 0; i < LINEFILE_LINE_MAX; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\n#");
	for (size_t i = 0; i < LINEFILE_LINE_MAX + 1; i++)
		buf_addc(&b, 'x');
	buf_addc(&b, '\n');
	for (size_t i = 0; i < LINEFILE_LINE_MAX + 1; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\nnext");
	linefile_init(&lf, "f", (struct str){ b.p, b.n });
	assert_true(linefile_next(&lf, &line, &bad));
	assert_null(bad);
	assert_int_equal(line.n, LINEFILE_LINE_MAX);
	assert_true(linefile_next(&lf, &line, &bad));
	assert_non_null(bad);
	assert_non_null(strstr(bad, "64 KiB"));
	assert_int_equal(lf.line, 3);
	assert_true(linefile_next(&lf, &line, &bad));
	assert_null(bad);
	assert_true(str_is(line, "next"));
}

static void test_reading(void **state UNUSED)
{
	static const struct {
		const char *line;
		unsigned number;
	} want[] = {
		{ "first  x", 2 }, { "  indented", 6 }, { "tab\tin # no comment", 7 }, { "last", 9 }
	};
	const char *text =
		"# comment\nfirst  x \t\r\n\n   \r\n \t# comment\n  indented\ntab\tin # no comment\n#\x01\nlast";
	struct linefile lf;
	struct str line;
	const char *bad = "unset";
	linefile_init(&lf, "f", str_from(text));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(linefile_next(&lf, &line, &bad));
		assert_null(bad);
		if (!str_is(line, want[i].line))
			fail_msg("line %u: '%.*s'", lf.line, (int)line.n, line.p);
		assert_int_equal(lf.line, want[i].number);
	}
	assert_false(linefile_next(&lf, &line, &bad));
	assert_false(linefile_next(&lf, &line, &bad));
	linefile_init(&lf, "f", STR_LIT("\xef\xbb\xbfkey"));
	assert_true(linefile_next(&lf, &line, &bad));
	assert_true(str_is(line, "key"));
	linefile_init(&lf, "f", (struct str){ NULL, 0 });
	assert_false(linefile_next(&lf, &line, &bad));
}

/* "drop…" goes, "new…" becomes "NEW"; the rest stays, whatever was appended. */
static enum linefile_verdict edit_by_name(void *ctx, struct str line, struct buf *out)
{
	int *calls = ctx;
	(*calls)++;
	buf_adds(out, "NEW");
	if (line.n >= 4 && memcmp(line.p, "drop", 4) == 0)
		return LINE_DROP;
	if (line.n >= 3 && memcmp(line.p, "new", 3) == 0)
		return LINE_REPLACE;
	return LINE_KEEP;
}

static void test_edit(void **state UNUSED)
{
	static const struct {
		const char *text, *append, *want;
		int calls;
	} cases[] = {
		{ "", NULL, "", 0 },
		{ "", "x", "x\n", 0 },
		{ "a", NULL, "a", 1 },
		{ "a", "x", "a\nx\n", 1 },
		{ "a\n", "x", "a\nx\n", 1 },
		{ "#c \r\n\n a \t\r\ndrop me\n", NULL, "#c \r\n\n a \t\r\n", 2 },
		{ "new a  \r\nnew b\nnew c", NULL, "NEW\r\nNEW\nNEW", 3 },
		{ "a\ndrop", "x", "a\nx\n", 2 },
		{ "drop", "x", "x\n", 1 },
		{ "# drop\ndrop", NULL, "# drop\n", 1 },
		{ "drop\x01\n", NULL, "drop\x01\n", 0 },
		{ "\xef\xbb\xbfnew\n", NULL, "\xef\xbb\xbfNEW\n", 1 },
		{ "\xef\xbb\xbf", "x", "\xef\xbb\xbfx\n", 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf out = BUF_INIT;
		int calls = 0;
		linefile_edit(str_from(cases[i].text), edit_by_name, &calls, cases[i].append, &out);
		assert_string_equal(out.p, cases[i].want);
		assert_int_equal(calls, cases[i].calls);
	}
}

static void test_append(void **state UNUSED)
{
	static const struct {
		const char *text, *lines, *result;
	} cases[] = {
		{ "", "a", "a\n" },
		{ "x\n", "a\nb", "x\na\nb\n" },
		{ "x", "a", "x\na\n" },
		{ "x\r\n", "a\nb", "x\r\na\r\nb\r\n" },
		{ "x\r\ny", "a", "x\r\ny\r\na\r\n" },
		{ "x\r\ny\n", "a", "x\r\ny\na\n" },
		{ "\n", "a", "\na\n" },
		{ "\xef\xbb\xbf", "a",
		  "\xef\xbb\xbf"
		  "a\n" },
	};
	autobuf struct buf out = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		buf_reset(&out);
		buf_adds(&out, cases[i].text);
		linefile_tail(str_from(cases[i].text), cases[i].lines, &out);
		assert_string_equal(out.p, cases[i].result);
	}
}

/* What a power failure leaves of a line that was being added is no line; anything else stays, to be reported. */
static void test_trim(void **state UNUSED)
{
	static const struct {
		const char *text;
		size_t n, left;
	} cases[] = {
		{ "", 0, 0 },	     { "a\n", 2, 2 },  { "a\n\0\0", 4, 2 },
		{ "a\n#b\0", 5, 4 }, { "#b\0", 3, 2 }, { "a\nb\0", 4, 4 }, /* a piece of a line */
		{ "\0\0\0", 3, 3 },					   /* a file that is lost */
		{ "a\n\0\n", 4, 4 }, /* somebody has written on */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(linefile_trim((struct str){ cases[i].text, cases[i].n }).n,
				 cases[i].left);
	struct arena a;
	arena_init(&a, "nuls");
	char *text = arena_alloc(&a, LINEFILE_LINE_MAX + 3);
	memcpy(text, "a\n", 2);
	assert_int_equal(linefile_trim((struct str){ text, LINEFILE_LINE_MAX + 2 }).n, 2);
	assert_int_equal(linefile_trim((struct str){ text, LINEFILE_LINE_MAX + 3 }).n,
			 LINEFILE_LINE_MAX + 3);
	arena_fini(&a);
}

static void test_tail(void **state UNUSED)
{
	autobuf struct buf out = BUF_INIT;

	linefile_tail(STR_LIT("x\r\ny"), "a\nb", &out);
	assert_string_equal(out.p, "\r\na\r\nb\r\n");
	buf_reset(&out);
	linefile_tail((struct str){ NULL, 0 }, "a", &out);
	assert_string_equal(out.p, "a\n");
}

static void test_may_have(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool has;
	} cases[] = {
		{ "", false },
		{ "an", false },
		{ "x\nann@x", false },
		{ "# anna", false },
		{ "x anna", false },
		{ "x\nanna", true },
		{ "x\n \tAnNa@x|y", true },
		{ "\xef\xbb\xbf"
		  "anna",
		  true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (linefile_may_have(str_from(cases[i].text), STR_LIT("anna")) != cases[i].has)
			fail_msg("'%s'", cases[i].text);
	assert_false(linefile_may_have((struct str){ NULL, 0 }, STR_LIT("anna")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trim),	 cmocka_unit_test(test_trim),
		cmocka_unit_test(test_tail),	 cmocka_unit_test(test_may_have),
		cmocka_unit_test(test_append),	 cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_too_long), cmocka_unit_test(test_reading),
		cmocka_unit_test(test_edit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
