/* SPDX-License-Identifier: MIT */
/*
 * One parser for each kind of row. All of them pass the edge first: what is not clean text is
 * refused there, so that behind it every value is valid UTF-8 without control characters. Values
 * come out in one spelling (switches as flags, sizes as bytes, host names in lower case, lists with
 * one separator), and that spelling is accepted again: dump -> load -> dump changes nothing.
 *
 * SOURCES
 *	RFC 3629 §4 (UTF-8); RFC 3986 §3.1 (URI scheme).
 */
#include "settings/settings.h"

#include "base/cidr.h"
#include "base/net.h"
#include "base/str.h"

#define PATH_LENGTH_MAX 4095 /* PATH_MAX without the terminator */
#define FLOAT_LENGTH_MAX 32

/* Length of the UTF-8 character at p (1..4), 0 if it is not one. */
static size_t utf8_length(const unsigned char *p)
{
	size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : *p >= 0xe0 && *p < 0xf0 ? 3 : 4;
	if (n == 1)
		return 1;
	if (*p < 0xc2 || *p > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (*p == 0xe0 && p[1] < 0xa0) || (*p == 0xf0 && p[1] < 0x90);
	bool beyond = (*p == 0xf4 && p[1] > 0x8f) || (*p == 0xed && p[1] > 0x9f);
	return overlong || beyond ? 0 : n;
}

/* Refuses control characters and what is not UTF-8. */
static bool check_edge(const char *text, bool lines, struct err *err)
{
	const unsigned char *p = (const unsigned char *)text;
	while (*p) {
		size_t n = utf8_length(p);
		if (n == 0)
			return err_set(err, ERR_CONFIG, "is not UTF-8 text");
		bool space = *p == '\n' || *p == '\t' || (*p == '\r' && p[1] == '\n');
		bool control = *p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0);
		if (control && !(lines && space))
			return err_set(err, ERR_CONFIG, "holds %s, which is not allowed here",
				       *p == '\n'   ? "a line feed"
				       : *p == '\t' ? "a tab"
						    : "a control character");
		p += n;
	}
	return true;
}

static bool parse_bool(const char *text, bool *flag_r, struct err *err)
{
	static const char *const on[] = { "1", "true", "yes", "on" };
	static const char *const off[] = { "0", "false", "no", "off" };
	for (size_t i = 0; i < ARRAY_SIZE(on); i++) {
		if (strcasecmp(text, on[i]) == 0 || strcasecmp(text, off[i]) == 0) {
			*flag_r = strcasecmp(text, on[i]) == 0;
			return true;
		}
	}
	return err_set(err, ERR_CONFIG, "not a switch (0 or 1)");
}

/* Puts the limits of a row into words that fit the kind. */
static bool range_error(const struct setting_row *row, const char *unit, struct err *err)
{
	return err_set(err, ERR_CONFIG, "must be between %" PRId64 " and %" PRId64 "%s", row->lo,
		       row->hi, unit);
}

static bool parse_int(const struct setting_row *row, const char *text, int64_t *v_r,
		      struct err *err)
{
	int64_t v;
	if (!parse_int64(text, INT64_MIN, INT64_MAX, &v))
		return err_set(err, ERR_CONFIG, "not a whole number");
	if (v < row->lo || v > row->hi)
		return range_error(row, "", err);
	*v_r = v;
	return true;
}

struct unit {
	char letter;
	int64_t factor;
};

static const struct unit size_units[] = {
	{ 'k', 1000 }, { 'K', 1000 }, { 'M', 1000000 }, { 'G', 1000000000 }, { 'T', 1000000000000 },
};
static const struct unit time_units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };

/* Digits and an optional unit letter. */
static bool parse_scaled(const char *text, const struct unit *units, size_t n, int64_t *v_r)
{
	size_t digits = strspn(text, "0123456789");
	int64_t number = 0;
	int64_t factor = text[digits] ? 0 : 1;
	if (digits == 0 || (text[digits] && text[digits + 1]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (text[digits] == units[i].letter)
			factor = units[i].factor;
	for (size_t i = 0; i < digits; i++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, text[i] - '0', &number))
			number = INT64_MAX; /* stays there: every limit is below */
	if (factor == 0)
		return false;
	if (__builtin_mul_overflow(number, factor, &number))
		number = INT64_MAX;
	*v_r = number;
	return true;
}

static bool parse_size(const struct setting_row *row, const char *text, int64_t *v_r,
		       struct err *err)
{
	int64_t v;
	if (!parse_scaled(text, size_units, ARRAY_SIZE(size_units), &v))
		return err_set(err, ERR_CONFIG, "not a size such as 25000000, 500k, 25M or 2G");
	if (v < row->lo || v > row->hi)
		return range_error(row, " bytes", err);
	*v_r = v;
	return true;
}

static bool parse_time(const struct setting_row *row, const char *text, int64_t *v_r,
		       struct err *err)
{
	int64_t v;
	if (!parse_scaled(text, time_units, ARRAY_SIZE(time_units), &v))
		return err_set(err, ERR_CONFIG, "not a time such as 300, 30s, 5m, 12h or 1d");
	if (v < row->lo || v > row->hi)
		return range_error(row, " seconds", err);
	*v_r = v;
	return true;
}

/* Optional minus, digits, optional point and digits. The text stays as written. */
static bool parse_float(const struct setting_row *row, const char *text, struct err *err)
{
	const char *p = text + (*text == '-');
	size_t whole = strspn(p, "0123456789");
	size_t part = p[whole] == '.' ? strspn(p + whole + 1, "0123456789") : 0;
	size_t end = whole + (p[whole] == '.' ? 1 + part : 0);
	if (whole == 0 || p[end] || (p[whole] == '.' && part == 0) ||
	    strlen(text) > FLOAT_LENGTH_MAX)
		return err_set(err, ERR_CONFIG, "not a number such as 5 or 6.31");
	double v = strtod(text, NULL);
	if (v < (double)row->lo || v > (double)row->hi)
		return range_error(row, "", err);
	return true;
}

static bool parse_enum(struct arena *a, const struct setting_row *row, const char *text,
		       const char **text_r, struct err *err)
{
	struct str rest = str_from(row->words);
	struct str word;
	while (str_next_word(&rest, " ", &word)) {
		if (strlen(text) == word.n && strncasecmp(text, word.p, word.n) == 0) {
			*text_r = str_dup(a, word);
			return true;
		}
	}
	autobuf struct buf list = BUF_INIT;
	rest = str_from(row->words);
	while (str_next_word(&rest, " ", &word))
		buf_printf(&list, "%s%.*s", list.n ? ", " : "", (int)word.n, word.p);
	return err_set(err, ERR_CONFIG, "not one of %s", list.p);
}

/* TEXT with F_LINES: line ends become single line feeds, those at the end go. */
static const char *unix_lines(struct arena *a, const char *text)
{
	autobuf struct buf b = BUF_INIT;
	for (const char *p = text; *p; p++)
		if (*p != '\r')
			buf_addc(&b, *p);
	while (b.n > 0 && b.p[b.n - 1] == '\n')
		buf_truncate(&b, b.n - 1);
	return buf_dup(a, &b);
}

static bool is_plain_fqdn(const char *s)
{
	return is_fqdn(s) && !is_ip_address(s);
}

/* One item of DOMAINS: a leading dot stands for the names below. */
static bool is_domain_pattern(const char *s)
{
	return is_plain_fqdn(*s == '.' ? s + 1 : s);
}

static bool is_url(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789+.-");
	return n > 0 && *s >= 'a' && *s <= 'z' && has_prefix(s + n, "://") && s[n + 3] &&
	       !strpbrk(s, " \"'<>\\");
}

/* With bits behind the prefix nobody knows whether the network or the host is meant; Postfix refuses
 * them in mynetworks, too. */
static bool is_exact_network(const char *s)
{
	return is_network(s) && !cidr_has_host_bits(s);
}

static bool is_any(const char *s)
{
	return *s != '\0';
}

/* How the kinds that are text are checked: alone, or item by item. */
struct text_rule {
	bool (*is_item)(const char *s);
	const char *separator; /* between the items of a list, NULL = one value */
	bool lower;
	const char *wrong;
};

static bool text_rule(enum setting_kind kind, struct text_rule *rule_r)
{
	static const struct text_rule rules[] = {
		[KIND_FQDN] = { is_plain_fqdn, NULL, true,
				"not a full host name such as mail.example.com" },
		[KIND_HOSTPORT] = { is_hostport, NULL, false,
				    "not a host such as relay.example.com or "
				    "[relay.example.com]:587" },
		[KIND_EMAIL] = { is_email, NULL, false,
				 "not an e-mail address such as user@example.com" },
		[KIND_EMAILS] = { is_email, ",", false,
				  "not a list of e-mail addresses such as user@example.com" },
		[KIND_DOMAINS] = { is_domain_pattern, ",", true,
				   "not a list of domains such as example.com or .example.com" },
		[KIND_WORDS] = { is_any, " ", false, "not a list of words" },
		[KIND_URL] = { is_url, NULL, false, "not a URL such as https://example.com/path" },
		[KIND_NETWORKS] = { is_exact_network, " ", true,
				    "not a list of networks such as 192.0.2.0/24 or 192.0.2.7, without "
				    "bits behind the prefix (192.0.2.7/24)" },
	};
	if ((size_t)kind >= ARRAY_SIZE(rules) || !rules[kind].is_item)
		return false;
	*rule_r = rules[kind];
	return true;
}

static bool parse_items(struct arena *a, const struct text_rule *rule, const char *text,
			const char **text_r, struct err *err)
{
	autobuf struct buf list = BUF_INIT;
	struct str rest = str_from(text);
	struct str word;
	while (str_next_word(&rest, " ,", &word)) {
		const char *item = rule->lower ? str_lower(a, word) : str_dup(a, word);
		if (!rule->is_item(item))
			return err_set(err, ERR_CONFIG, "%s", rule->wrong);
		buf_printf(&list, "%s%s", list.n ? rule->separator : "", item);
	}
	if (list.n == 0 && *text)
		return err_set(err, ERR_CONFIG, "%s", rule->wrong);
	*text_r = buf_dup(a, &list);
	return true;
}

static bool parse_text(struct arena *a, const struct setting_row *row, const char *text,
		       const char **text_r, struct err *err)
{
	struct text_rule rule;
	if (row->kind == KIND_PATH) {
		if (*text && (*text != '/' || strlen(text) > PATH_LENGTH_MAX))
			return err_set(err, ERR_CONFIG, "not an absolute path such as /etc/file");
		*text_r = text;
		return true;
	}
	if (row->kind == KIND_TEXT) {
		*text_r = row->flags & F_LINES ? unix_lines(a, text) : text;
		return true;
	}
	if (!text_rule(row->kind, &rule))
		BUG("row %s has no parser", row->name);
	if (rule.separator)
		return parse_items(a, &rule, text, text_r, err);
	const char *item = rule.lower ? str_lower(a, str_from(text)) : text;
	if (*item && !rule.is_item(item))
		return err_set(err, ERR_CONFIG, "%s", rule.wrong);
	*text_r = item;
	return true;
}

bool setting_parse(struct arena *a, const struct setting_row *row, const char *text,
		   struct setting_value *v_r, struct err *err)
{
	struct setting_value v = { .text = "" };
	bool ok = false;
	if (!check_edge(text, row->flags & F_LINES, err))
		return false;
	text = row->kind == KIND_TEXT ? arena_strdup(a, text)
				      : str_dup(a, str_trim(str_from(text)));

	switch (row->kind) {
	case KIND_BOOL:
		ok = parse_bool(text, &v.flag, err);
		break;
	case KIND_INT:
		ok = parse_int(row, text, &v.number, err);
		break;
	case KIND_SIZE:
		ok = parse_size(row, text, &v.number, err);
		break;
	case KIND_TIME:
		ok = parse_time(row, text, &v.number, err);
		break;
	case KIND_FLOAT:
		v.text = text;
		ok = parse_float(row, text, err);
		break;
	case KIND_ENUM:
		ok = (!*text && !*row->def) || parse_enum(a, row, text, &v.text, err);
		break;
	case KIND_TEXT:
	case KIND_FQDN:
	case KIND_HOSTPORT:
	case KIND_EMAIL:
	case KIND_EMAILS:
	case KIND_DOMAINS:
	case KIND_WORDS:
	case KIND_PATH:
	case KIND_URL:
	case KIND_NETWORKS:
		ok = parse_text(a, row, text, &v.text, err);
		break;
	case KIND_SECTION:
	case KIND_ALIAS:
	case KIND_REMOVED:
		BUG("row %s has no value", row->name);
	}
	if (ok)
		*v_r = v;
	return ok;
}
