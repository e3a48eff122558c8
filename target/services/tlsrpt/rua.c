/* SPDX-License-Identifier: MIT */
/* The record is a stranger's: an address goes to sendmail, an URL to curl, both as one argument. */
#include "tlsrpt/rua.h"

#include "base/net.h"
#include "base/str.h"

#define VERSION "v=TLSRPTv1"
#define URL_MAX 1000

/* What stands behind the scheme, whose letters may be large or small; false: another scheme. */
static bool has_scheme(struct str uri, const char *scheme, struct str *rest_r)
{
	size_t n = strlen(scheme);

	if (uri.n <= n || strncasecmp(uri.p, scheme, n) != 0)
		return false;
	*rest_r = (struct str){ uri.p + n, uri.n - n };
	return true;
}

static int hex_value(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "%40" is a sign; NULL: a bad one, or one that the MTA would not take. What stands behind "?" are fields of a message. */
static const char *decode(struct arena *a, struct str text)
{
	char *out = arena_alloc(a, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n && text.p[i] != '?'; i++) {
		if (text.p[i] != '%') {
			out[n++] = text.p[i];
			continue;
		}
		int high = i + 2 < text.n ? hex_value(text.p[i + 1]) : -1;
		int low = high >= 0 ? hex_value(text.p[i + 2]) : -1;
		if (low < 0 || high * 16 + low <= ' ')
			return NULL;
		out[n++] = (char)(high * 16 + low);
		i += 2;
	}
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)out[i] >= 0x7f)
			return NULL;
	return out;
}

static bool is_url(struct str rest)
{
	if (rest.n > URL_MAX || rest.p[0] == '/')
		return false;
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] <= ' ' || rest.p[i] >= 0x7f || strchr("\"<>\\^`{|}", rest.p[i]))
			return false;
	return true;
}

static void take_places(struct arena *a, struct str list, struct rua_vec *out)
{
	struct str uri, rest;

	while (out->n < RUA_MAX && str_next_word(&list, ",", &uri)) {
		uri = str_trim(uri);
		if (has_scheme(uri, "https://", &rest) && is_url(rest)) {
			*VEC_PUSH(a, out) =
				(struct rua){ arena_printf(a, "https://%.*s", (int)rest.n, rest.p),
					      true };
		} else if (has_scheme(uri, "mailto:", &rest)) {
			const char *address = decode(a, rest);
			if (address && is_email(address) && address[0] != '-')
				*VEC_PUSH(a, out) = (struct rua){ address, false };
		}
	}
}

bool rua_parse(struct arena *a, const char *record, struct rua_vec *places_r, struct err *err)
{
	struct str rest = str_from(record), field, name, value;
	struct rua_vec places = VEC_INIT;

	if (!str_next_word(&rest, ";", &field) || !str_is(str_trim(field), VERSION))
		return err_set(err, ERR_DATA, "no record that begins with " VERSION);
	while (places.n == 0 && str_next_word(&rest, ";", &field))
		if (str_split(field, '=', &name, &value) && str_is(str_trim(name), "rua"))
			take_places(a, value, &places);
	if (places.n == 0)
		return err_set(err, ERR_DATA, "no place for reports that can be used");
	*places_r = places;
	return true;
}
