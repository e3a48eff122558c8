/* SPDX-License-Identifier: MIT */
/* How a row is put into words: kind, allowed values, default. For the generated files and for
 * findings. */
#include "settings/settings.h"

#include "base/str.h"

const char *setting_kind_word(enum setting_kind kind)
{
	switch (kind) {
	case KIND_SECTION:
		return "section";
	case KIND_BOOL:
		return "switch";
	case KIND_INT:
	case KIND_FLOAT:
		return "number";
	case KIND_SIZE:
		return "size";
	case KIND_TIME:
		return "time";
	case KIND_ENUM:
		return "word";
	case KIND_TEXT:
		return "text";
	case KIND_FQDN:
		return "host name";
	case KIND_HOSTPORT:
		return "host and port";
	case KIND_EMAIL:
		return "address";
	case KIND_EMAILS:
		return "addresses";
	case KIND_DOMAINS:
		return "domains";
	case KIND_WORDS:
		return "words";
	case KIND_PATH:
		return "path";
	case KIND_URL:
		return "URL";
	case KIND_NETWORKS:
		return "networks";
	case KIND_ALIAS:
		return "old name";
	case KIND_REMOVED:
		return "removed";
	}
	BUG("kind %d", (int)kind);
}

/* "a | b | c" */
static void add_words(const char *words, struct buf *out)
{
	struct str rest = str_from(words);
	struct str word;
	const char *between = "";
	while (str_next_word(&rest, " ", &word)) {
		buf_printf(out, "%s%.*s", between, (int)word.n, word.p);
		between = " | ";
	}
}

/* A limit with the largest unit that divides it: 86400 -> "1d". */
static void add_limit(const struct setting_row *row, int64_t v, struct buf *out)
{
	static const struct {
		int64_t factor;
		const char *unit;
	} sizes[] = { { 1000000000000, "T" },
		      { 1000000000, "G" },
		      { 1000000, "M" },
		      { 1000, "k" } },
	  times[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };
	for (size_t i = 0; i < ARRAY_SIZE(sizes) && v > 0; i++) {
		int64_t factor = row->kind == KIND_SIZE ? sizes[i].factor : times[i].factor;
		if (row->kind != KIND_INT && v % factor == 0) {
			buf_printf(out, "%" PRId64 "%s", v / factor,
				   row->kind == KIND_SIZE ? sizes[i].unit : times[i].unit);
			return;
		}
	}
	buf_printf(out, "%" PRId64, v);
}

static void add_range(const struct setting_row *row, const char *what, struct buf *out)
{
	buf_adds(out, what);
	add_limit(row, row->lo, out);
	buf_adds(out, " to ");
	add_limit(row, row->hi, out);
}

void setting_allowed(const struct setting_row *row, struct buf *out)
{
	switch (row->kind) {
	case KIND_BOOL:
		buf_adds(out, "0 | 1");
		break;
	case KIND_INT:
		if (row->hi == INT32_MAX)
			buf_printf(out, "a number from %" PRId64 " on", row->lo);
		else
			add_range(row, "", out);
		break;
	case KIND_SIZE:
		add_range(row, "bytes, or with k, M, G, T (thousands); ", out);
		break;
	case KIND_TIME:
		add_range(row, "seconds, or with s, m, h, d; ", out);
		break;
	case KIND_FLOAT:
		buf_adds(out, "a number with or without a decimal point");
		break;
	case KIND_ENUM:
		add_words(row->words, out);
		break;
	case KIND_TEXT:
		buf_adds(out, "text");
		break;
	case KIND_FQDN:
		buf_adds(out, "a host name with a dot");
		break;
	case KIND_HOSTPORT:
		buf_adds(out, "host, host:port, [host] or [host]:port");
		break;
	case KIND_EMAIL:
		buf_adds(out, "an e-mail address");
		break;
	case KIND_EMAILS:
		buf_adds(out, "e-mail addresses, separated by commas or blanks");
		break;
	case KIND_DOMAINS:
		buf_adds(out, "domains, separated by commas or blanks");
		break;
	case KIND_WORDS:
		buf_adds(out, "words, separated by commas or blanks");
		break;
	case KIND_PATH:
		buf_adds(out, "an absolute path inside the container");
		break;
	case KIND_URL:
		buf_adds(out, "a URL");
		break;
	case KIND_NETWORKS:
		buf_adds(out, "networks, separated by commas or blanks");
		break;
	case KIND_SECTION:
	case KIND_ALIAS:
	case KIND_REMOVED:
		break;
	}
}

/* The environment name of a field, or a phrase for a fact. */
static void add_reference(const char *field, size_t n, struct buf *out)
{
	for (size_t i = 0; i < settings_rows_n; i++) {
		const char *known = settings_rows[i].field;
		if (settings_rows[i].kind != KIND_ALIAS && strlen(known) == n &&
		    strncmp(known, field, n) == 0) {
			buf_adds(out, settings_rows[i].name);
			return;
		}
	}
	if (n == strlen("hostname") && strncmp(field, "hostname", n) == 0)
		buf_adds(out, "host name");
	else if (n == strlen("domainname") && strncmp(field, "domainname", n) == 0)
		buf_adds(out, "mail domain");
	else
		BUG("default refers to '%.*s', which is neither row nor fact", (int)n, field);
}

void setting_default_phrase(const struct setting_row *row, struct buf *out)
{
	const char *p = row->def;
	for (const char *open = strstr(p, "{{"); open; open = strstr(p, "{{")) {
		const char *close = strstr(open, "}}");
		if (!close)
			BUG("default of %s: '{{' without '}}'", row->name);
		buf_add(out, p, (size_t)(open - p));
		buf_addc(out, '<');
		add_reference(open + 2, (size_t)(close - open - 2), out);
		buf_addc(out, '>');
		p = close + 2;
	}
	buf_adds(out, p);
}
