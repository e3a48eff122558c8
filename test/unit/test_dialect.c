/* SPDX-License-Identifier: MIT */
/*
 * dialect: what is refused, what is written, and that a reader of the format gets the value back: sh itself for
 * shell, the documented rules of the others.
 */
#include "unit.h"

#include "base/dialect.h"
#include "base/proc.h"

static const enum dialect all[] = { DIALECT_POSTFIX, DIALECT_DOVECOT, DIALECT_DOVECOT_PLAIN,
				    DIALECT_INI,     DIALECT_SHELL,   DIALECT_CRON,
				    DIALECT_WORDS,   DIALECT_RAW };

static void test_refused(void **state UNUSED)
{
	static const struct {
		enum dialect dialect;
		const char *value, *part;
	} cases[] = {
		{ DIALECT_INI, "a ;b", "';'" },	       { DIALECT_INI, "a\t;b", "';'" },
		{ DIALECT_INI, ";b", "';'" },	       { DIALECT_INI, "a #b", "'#'" },
		{ DIALECT_INI, "\xc2\xa0;b", "';'" },  { DIALECT_CRON, "a\\b", "backslash" },
		{ DIALECT_WORDS, "", "empty" },	       { DIALECT_WORDS, "a b", "blank" },
		{ DIALECT_WORDS, "a\tb", "blank" },    { DIALECT_WORDS, "a\"b", "quote (\")" },
		{ DIALECT_WORDS, "a'b", "quote (')" }, { DIALECT_WORDS, "a`b", "quote (`)" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf b = BUF_INIT;
		struct err err = ERR_INIT;
		buf_adds(&b, "before");
		assert_false(dialect_write(cases[i].dialect, &b, cases[i].value, &err));
		assert_err(&err, ERR_CONFIG, cases[i].part);
		assert_string_equal(b.p, "before");
	}
}

static void test_control_characters_refused(void **state UNUSED)
{
	for (size_t d = 0; d < ARRAY_SIZE(all); d++) {
		for (int c = 1; c <= 0x7f; c++) {
			if ((c >= 0x20 && c < 0x7f) || c == '\t')
				continue;
			char value[] = { 's', 'e', 'c', 'r', 'e', 't', (char)c, 'x', '\0' };
			autobuf struct buf b = BUF_INIT;
			struct err err = ERR_INIT;
			assert_false(dialect_write(all[d], &b, value, &err));
			assert_err(&err, ERR_CONFIG,
				   c == '\n' || c == '\r' ? "line break" : "control");
			assert_null(strstr(err.text, "secret"));
			assert_int_equal(b.n, 0);
		}
	}
}

static void test_written(void **state UNUSED)
{
	static const struct {
		enum dialect dialect;
		const char *value, *want;
	} cases[] = {
		{ DIALECT_POSTFIX, "", "" },
		{ DIALECT_DOVECOT_PLAIN, "50% \"x\" ", "\"50% \\\"x\\\" \"" },
		{ DIALECT_POSTFIX, "a $b  c\td", "a $$b  c\td" },
		{ DIALECT_POSTFIX, "$$", "$$$$" },
		{ DIALECT_DOVECOT, "", "\"\"" },
		{ DIALECT_DOVECOT, "/var/mail", "/var/mail" },
		{ DIALECT_DOVECOT, "imap pop3", "\"imap pop3\"" },
		{ DIALECT_DOVECOT, "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ DIALECT_DOVECOT, "100%", "\"100%%\"" },
		{ DIALECT_DOVECOT, "$ENV:X", "\"$ENV:X\"" },
		{ DIALECT_DOVECOT, "#x", "\"#x\"" },
		{ DIALECT_DOVECOT, "</etc/passwd", "\"</etc/passwd\"" },
		{ DIALECT_DOVECOT, "a{", "\"a{\"" },
		{ DIALECT_DOVECOT, "\xc3\xa4", "\"\xc3\xa4\"" },
		{ DIALECT_INI, "50% a;b#c", "50%% a;b#c" },
		{ DIALECT_SHELL, "", "''" },
		{ DIALECT_SHELL, "it's $x", "'it'\\''s $x'" },
		{ DIALECT_CRON, "date +%F", "date +\\%F" },
		{ DIALECT_WORDS, "user@example.com", "user@example.com" },
		{ DIALECT_RAW, "a \"$%\\'b", "a \"$%\\'b" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autobuf struct buf b = BUF_INIT;
		struct err err = ERR_INIT;
		assert_done(dialect_write(cases[i].dialect, &b, cases[i].value, &err), &err);
		assert_string_equal(b.p, cases[i].want);
	}
}

/* Takes one `mark` away before each byte of `set`; a lone one is a failure. */
static void unescape(const char *text, char mark, const char *set, struct buf *out)
{
	for (const char *p = text; *p; p++) {
		if (*p == mark) {
			p++;
			assert_true(*p != '\0' && strchr(set, *p));
		}
		buf_addc(out, *p);
	}
}

/* Reads a value as the dialect's program does. */
static void read_back(enum dialect d, const char *text, struct buf *out)
{
	struct err err = ERR_INIT;
	autobuf struct buf inner = BUF_INIT;
	switch (d) {
	case DIALECT_POSTFIX:
		unescape(text, '$', "$", out);
		return;
	case DIALECT_INI:
		unescape(text, '%', "%", out);
		return;
	case DIALECT_CRON:
		unescape(text, '\\', "%", out);
		return;
	case DIALECT_DOVECOT:
	case DIALECT_DOVECOT_PLAIN:
		if (text[0] == '"') {
			assert_true(has_suffix(text, "\""));
			autobuf struct buf cut = BUF_INIT;
			buf_add(&cut, text + 1, strlen(text) - 2);
			unescape(cut.p, '\\', "\"\\", &inner);
		} else {
			buf_adds(&inner, text);
		}
		if (d == DIALECT_DOVECOT)
			unescape(inner.p, '%', "%", out);
		else
			buf_adds(out, inner.p);
		return;
	case DIALECT_SHELL: {
		buf_printf(&inner, "printf %%s %s", text);
		const char *const argv[] = { "/bin/sh", "-c", inner.p, NULL };
		const struct proc_spec spec = { .argv = argv, .timeout_ms = 10000 };
		struct proc_result result;
		assert_done(proc_run(&spec, &result, &err), &err);
		assert_int_equal(result.status, 0);
		buf_adds(out, result.output.p);
		buf_fini(&result.output);
		return;
	}
	case DIALECT_WORDS:
	case DIALECT_RAW:
		buf_adds(out, text);
		return;
	}
}

static void test_round_trip(void **state UNUSED)
{
	static const char *const values[] = { "",
					      "plain",
					      "two words",
					      "$x ${y} $(z) `w`",
					      "it's \"quoted\"",
					      "back\\slash\\\\",
					      "100% %{user} %%",
					      "a;b#c",
					      "tab\there",
					      "\xe2\x82\xac uro",
					      "{ } < > | & ! * ? [ ]",
					      "'",
					      "\"",
					      "\\",
					      "%",
					      "$" };
	for (size_t d = 0; d < ARRAY_SIZE(all); d++) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			autobuf struct buf b = BUF_INIT;
			autobuf struct buf back = BUF_INIT;
			struct err err = ERR_INIT;
			if (!dialect_write(all[d], &b, values[i], &err))
				continue; /* no way to write it: see test_refused */
			read_back(all[d], b.p, &back);
			assert_string_equal(back.p, values[i]);
		}
	}
}

static void test_names(void **state UNUSED)
{
	static const char *const want[] = { "postfix", "dovecot", "dovecot-plain", "ini",
					    "shell",   "cron",	  "words",	   "raw" };
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		assert_string_equal(dialect_name(all[i]), want[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_control_characters_refused),
		cmocka_unit_test(test_written), cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
