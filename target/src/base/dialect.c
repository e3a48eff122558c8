/* SPDX-License-Identifier: MIT */
/*
 * One writer per dialect. A writer says first whether the value can be written at all and only then
 * appends, so that `out` is unchanged on failure. Messages name the character, never the value: it
 * may be a secret.
 *
 * SOURCES
 *	postconf(5) "$$"; Dovecot 2.4 "Settings Syntax" and "Settings Variables" (%% is a percent
 *	sign); Python configparser, inline_comment_prefixes (supervisord uses ";" and "#" behind
 *	white space); POSIX.1-2017 XCU 2.2.2 (single quotes); crontab(5) "%". cron(8) also eats a
 *	backslash before a backslash, so a backslash has no form that is read back the same
 *	everywhere and is refused there.
 */
#include "base/dialect.h"

static bool is_control(unsigned char c)
{
	return (c < 0x20 && c != '\t') || c == 0x7f;
}

/* Common to all dialects: fails at the first control character other than TAB. */
static bool check_control(const char *value, struct err *err)
{
	for (const char *p = value; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '\n' || c == '\r')
			return err_set(err, ERR_CONFIG, "the value has a line break");
		if (is_control(c))
			return err_set(err, ERR_CONFIG,
				       "the value has a control character (0x%02x)", c);
	}
	return true;
}

/* Appends value with `prefix` put before each byte that is in set. */
static void add_escaped(struct buf *out, const char *value, const char *set, char prefix)
{
	for (const char *p = value; *p; p++) {
		if (strchr(set, *p))
			buf_addc(out, prefix);
		buf_addc(out, *p);
	}
}

/* Bytes of a Dovecot word that mean nothing but themselves. */
static bool is_dovecot_plain(unsigned char c)
{
	return isalnum(c) || strchr("_-./:@+,", c);
}

static void write_dovecot(struct buf *out, const char *value, bool expanded)
{
	bool plain = *value != '\0';
	for (const char *p = value; *p && plain; p++)
		plain = is_dovecot_plain((unsigned char)*p);
	if (plain) {
		buf_adds(out, value);
		return;
	}
	buf_addc(out, '"');
	for (const char *p = value; *p; p++) {
		if (*p == '"' || *p == '\\')
			buf_addc(out, '\\');
		if (*p == '%' && expanded)
			buf_addc(out, '%');
		buf_addc(out, *p);
	}
	buf_addc(out, '"');
}

/* A comment sign counts at the start and behind white space; Python's idea of that includes
 * characters outside ASCII, so those count as blanks here. */
static bool write_ini(struct buf *out, const char *value, struct err *err)
{
	unsigned char before = ' ';
	for (const char *p = value; *p; p++) {
		if ((*p == ';' || *p == '#') && (before == ' ' || before == '\t' || before >= 0x80))
			return err_set(err, ERR_CONFIG,
				       "the value has a '%c' at its start or behind a blank", *p);
		before = (unsigned char)*p;
	}
	add_escaped(out, value, "%", '%');
	return true;
}

static void write_shell(struct buf *out, const char *value)
{
	buf_addc(out, '\'');
	for (const char *p = value; *p; p++) {
		if (*p == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *p);
	}
	buf_addc(out, '\'');
}

static bool write_cron(struct buf *out, const char *value, struct err *err)
{
	if (strchr(value, '\\'))
		return err_set(err, ERR_CONFIG, "the value has a backslash");
	add_escaped(out, value, "%", '\\');
	return true;
}

static bool write_words(struct buf *out, const char *value, struct err *err)
{
	if (*value == '\0')
		return err_set(err, ERR_CONFIG, "the value is empty where a word is needed");
	for (const char *p = value; *p; p++) {
		if (*p == ' ' || *p == '\t')
			return err_set(err, ERR_CONFIG,
				       "the value has a blank where one word is needed");
		if (strchr("\"'`", *p))
			return err_set(err, ERR_CONFIG,
				       "the value has a quote (%c) where one word is needed", *p);
	}
	buf_adds(out, value);
	return true;
}

bool dialect_write(enum dialect d, struct buf *out, const char *value, struct err *err)
{
	if (!check_control(value, err))
		return false;
	switch (d) {
	case DIALECT_POSTFIX:
		add_escaped(out, value, "$", '$');
		return true;
	case DIALECT_DOVECOT:
		write_dovecot(out, value, true);
		return true;
	case DIALECT_DOVECOT_PLAIN:
		write_dovecot(out, value, false);
		return true;
	case DIALECT_INI:
		return write_ini(out, value, err);
	case DIALECT_SHELL:
		write_shell(out, value);
		return true;
	case DIALECT_CRON:
		return write_cron(out, value, err);
	case DIALECT_WORDS:
		return write_words(out, value, err);
	case DIALECT_RAW:
		buf_adds(out, value);
		return true;
	}
	BUG("dialect %d", (int)d);
}

const char *dialect_name(enum dialect d)
{
	switch (d) {
	case DIALECT_POSTFIX:
		return "postfix";
	case DIALECT_DOVECOT:
		return "dovecot";
	case DIALECT_DOVECOT_PLAIN:
		return "dovecot-plain";
	case DIALECT_INI:
		return "ini";
	case DIALECT_SHELL:
		return "shell";
	case DIALECT_CRON:
		return "cron";
	case DIALECT_WORDS:
		return "words";
	case DIALECT_RAW:
		return "raw";
	}
	BUG("dialect %d", (int)d);
}
