/* SPDX-License-Identifier: MIT */
/*
 * Syntax only, no look-ups. Local parts must be UTF-8 when they leave ASCII. A dotted name whose
 * last label is all digits is refused as a host name: it is a mistyped address (RFC 1123 §2.1).
 *
 * SOURCES
 *	RFC 1123 §2.1; RFC 1035 §2.3.4 (63 and 253); RFC 5321 §4.1.2 (Dot-string, atext of RFC 5322
 *	§3.2.3) and §4.5.3.1.1 (64); RFC 3696 erratum 1690 (254); RFC 6531 §3.3; RFC 3629 §4;
 *	inet_pton(3).
 */
#include "base/net.h"

#include "base/arena.h"
#include "base/str.h"

#include <arpa/inet.h>

#define NAME_MAX_BYTES 253
#define LABEL_MAX_BYTES 63
#define LOCAL_MAX_BYTES 64
#define EMAIL_MAX_BYTES 254

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One label; *digits_r tells whether it is a number. */
static bool is_label(struct str s, bool *digits_r)
{
	bool digits = true;
	if (s.n == 0 || s.n > LABEL_MAX_BYTES || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
		digits = digits && is_digit(s.p[i]);
	}
	*digits_r = digits;
	return true;
}

static bool is_hostname_str(struct str s, bool want_dot)
{
	struct str label, rest = s;
	bool digits = false, dot = false;
	if (s.n > NAME_MAX_BYTES)
		return false;
	while (str_split(rest, '.', &label, &rest)) {
		dot = true;
		if (!is_label(label, &digits))
			return false;
	}
	return is_label(rest, &digits) && !(dot && digits) && (dot || !want_dot);
}

bool is_hostname(const char *s)
{
	return is_hostname_str(str_from(s), false);
}

bool is_fqdn(const char *s)
{
	return is_hostname_str(str_from(s), true);
}

/* 4, 6, or 0 when it is no address. */
static int address_family(struct str s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr a;
	if (s.n >= sizeof(text) || str_has_char(s, '\0'))
		return 0;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(AF_INET, text, &a) == 1)
		return 4;
	return inet_pton(AF_INET6, text, &a) == 1 ? 6 : 0;
}

bool is_ip_address(const char *s)
{
	return address_family(str_from(s)) != 0;
}

/* 1 to 5 digits, lo..hi, no sign, no leading zero. */
static bool is_number(struct str s, unsigned lo, unsigned hi)
{
	unsigned v = 0;
	if (s.n == 0 || s.n > 5 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return false;
		v = v * 10 + (unsigned)(s.p[i] - '0');
	}
	return v >= lo && v <= hi;
}

bool is_network(const char *s)
{
	struct str address = str_from(s), bits;
	bool has_bits = str_split(address, '/', &address, &bits);
	int family = address_family(address);
	return family != 0 && (!has_bits || is_number(bits, 0, family == 4 ? 32 : 128));
}

bool is_hostport(const char *s)
{
	struct str text = str_from(s), host, port;
	if (s[0] == '[') {
		if (!str_split((struct str){ text.p + 1, text.n - 1 }, ']', &host, &port))
			return false;
		if (address_family(host) == 0 && !is_hostname_str(host, false))
			return false;
		return port.n == 0 || (port.p[0] == ':' &&
				       is_number((struct str){ port.p + 1, port.n - 1 }, 1, 65535));
	}
	if (!str_split(text, ':', &host, &port))
		return address_family(text) == 4 || is_hostname_str(text, false);
	return is_number(port, 1, 65535) &&
	       (address_family(host) == 4 || is_hostname_str(host, false));
}

/* Length of the UTF-8 character at s (0 = not UTF-8); shortest forms only, no surrogates. */
static size_t utf8_length(struct str s)
{
	const unsigned char *c = (const unsigned char *)s.p;
	size_t n = c[0] < 0x80	 ? 1
		   : c[0] < 0xc2 ? 0
		   : c[0] < 0xe0 ? 2
		   : c[0] < 0xf0 ? 3
		   : c[0] < 0xf5 ? 4
				 : 0;
	if (n == 0 || n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if (n == 3 && ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f)))
		return 0;
	if (n == 4 && ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f)))
		return 0;
	return n;
}

static const char *local_problem(struct str s)
{
	if (s.n == 0)
		return "has nothing before the '@'";
	if (s.n > LOCAL_MAX_BYTES)
		return "has more than 64 bytes before the '@'";
	if (str_has_char(s, '@'))
		return "has more than one '@'";
	if (s.p[0] == '.' || s.p[s.n - 1] == '.')
		return "has a '.' at the start of the address or next to the '@'";
	for (size_t i = 0; i < s.n;) {
		char c = s.p[i];
		size_t n = utf8_length((struct str){ s.p + i, s.n - i });
		if (n == 0)
			return "has bytes that are not UTF-8";
		if (c == '.' && s.p[i + 1] == '.')
			return "has two dots in a row";
		if (c == ' ' || c == '\t')
			return "has a blank";
		if (n == 1 && c != '.' && !is_alnum(c) &&
		    (c == '\0' || !strchr("!#$%&'*+-/=?^_`{|}~", c)))
			return "has a character that is not allowed before the '@'";
		i += n;
	}
	return NULL;
}

static const char *domain_problem(struct str s)
{
	if (s.n == 0)
		return "has nothing behind the '@'";
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return "has a domain with letters outside ASCII (write its xn-- form)";
	if (!str_has_char(s, '.'))
		return "has a domain without a dot";
	return is_hostname_str(s, true) ? NULL : "has a domain that is not a valid host name";
}

const char *email_domain(const char *s)
{
	const char *at = strrchr(s, '@');
	return at ? at + 1 : NULL;
}

const char *email_date(struct arena *a, int64_t s)
{
	time_t clock = (time_t)s;
	char text[64] = "";
	struct tm tm;

	if (gmtime_r(&clock, &tm))
		(void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	return arena_strdup(a, text);
}

const char *email_problem(const char *s)
{
	const char *domain = email_domain(s);
	if (!domain)
		return "has no '@'";
	const char *problem = local_problem((struct str){ s, (size_t)(domain - 1 - s) });
	if (!problem)
		problem = domain_problem(str_from(domain));
	if (!problem && strlen(s) > EMAIL_MAX_BYTES)
		problem = "has more than 254 bytes";
	return problem;
}

bool is_email(const char *s)
{
	return email_problem(s) == NULL;
}
