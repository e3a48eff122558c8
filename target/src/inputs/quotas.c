/* SPDX-License-Identifier: MIT */
/*
 * Addresses are compared whole: "joanna@x" is not "anna@x".
 *
 * SOURCES
 *	docs/compatibility.md.
 */
#include "inputs/quotas.h"

#include "base/linefile.h"
#include "inputs/accounts.h"

#define LINE_FORM "a line is address:5G, units B k M G T, 0 for no limit: correct or remove it"

bool quota_bytes(const char *limit, int64_t *bytes_r)
{
	static const char units[] = "BkMGT";
	size_t n = strlen(limit);
	int64_t number;

	if (streq(limit, "0")) {
		*bytes_r = 0;
		return true;
	}
	if (n < 2 || n > 20 || !isdigit((unsigned char)limit[0]))
		return false;
	char unit = limit[n - 1] == 'K' ? 'k' : limit[n - 1];
	const char *at = strchr(units, unit);
	if (at == NULL)
		return false;
	char digits[24];
	(void)snprintf(digits, sizeof(digits), "%.*s", (int)(n - 1), limit);
	int64_t factor = (int64_t)1 << (10 * (at - units));
	if (!parse_int64(digits, 0, INT64_MAX / factor, &number))
		return false;
	*bytes_r = number * factor;
	return true;
}

bool quota_is_valid(const char *limit)
{
	int64_t bytes;

	return quota_bytes(limit, &bytes);
}

static bool split_line(struct str line, struct str *address_r, struct str *limit_r)
{
	if (!str_split(line, ':', address_r, limit_r))
		return false;
	*address_r = str_trim(*address_r);
	*limit_r = str_trim(*limit_r);
	return true;
}

static void parse_line(struct arena *a, const char *subject, unsigned number, struct str line,
		       struct map *seen, struct quota_vec *out, struct problems *p)
{
	struct str name, value;

	if (!split_line(line, &name, &value)) {
		problems_add(p, SEV_ERROR, subject, LINE_FORM, "the line has no ':'");
		return;
	}
	struct quota q = { .address = str_lower(a, name),
			   .limit = str_dup(a, value),
			   .line = number };
	const char *problem = account_address_problem(q.address);
	uintptr_t here = number;
	if (problem)
		problems_add(p, SEV_ERROR, subject, LINE_FORM, "address '%s' %s", q.address,
			     problem);
	else if (!quota_is_valid(q.limit))
		problems_add(p, SEV_ERROR, subject, LINE_FORM,
			     "the limit '%s' of '%s' is not 0 or a number with a unit B k M G T",
			     q.limit, q.address);
	else if (!map_add(seen, q.address, (void *)here))
		problems_add(p, SEV_WARNING, subject, "remove one of the two lines",
			     "'%s' is in line %u already: that one counts", q.address,
			     (unsigned)(uintptr_t)map_get(seen, q.address));
	else
		*VEC_PUSH(a, out) = q;
}

void quotas_parse(struct arena *a, const char *file, struct str text, struct quota_vec *out,
		  struct problems *p)
{
	struct linefile lf;
	struct str line;
	struct map seen;
	const char *bad;

	map_init(&seen, a, text.n / 40);
	linefile_init(&lf, file, text);
	while (linefile_next(&lf, &line, &bad)) {
		const char *subject = arena_printf(a, "%s:%u", file, lf.line);
		if (bad)
			problems_add(p, SEV_ERROR, subject, LINE_FORM, "the line %s", bad);
		else
			parse_line(a, subject, lf.line, line, &seen, out, p);
	}
}

struct edit {
	struct str address;
	const char *limit; /* NULL = remove */
	bool found;
};

static enum linefile_verdict edit_line(void *ctx, struct str line, struct buf *out)
{
	struct edit *e = ctx;
	struct str name, value;

	if (!split_line(line, &name, &value) || name.n != e->address.n ||
	    strncasecmp(name.p, e->address.p, name.n) != 0)
		return LINE_KEEP;
	bool is_first = !e->found;
	e->found = true;
	if (e->limit == NULL || !is_first)
		return LINE_DROP;
	buf_printf(out, "%.*s:%s", (int)name.n, name.p, e->limit);
	return LINE_REPLACE;
}

void quotas_edit_set(struct str text, const char *address, const char *limit, struct buf *out)
{
	struct edit e = { .address = str_from(address), .limit = limit };
	autobuf struct buf line = BUF_INIT, edited = BUF_INIT;

	linefile_edit(text, edit_line, &e, NULL, &edited);
	if (e.found) {
		buf_add(out, edited.p, edited.n);
		return;
	}
	buf_printf(&line, "%s:%s", address, limit);
	linefile_edit(text, edit_line, &e, line.p, out);
}

bool quotas_edit_del(struct str text, const char *address, struct buf *out)
{
	struct edit e = { .address = str_from(address) };

	linefile_edit(text, edit_line, &e, NULL, out);
	return e.found;
}

bool quota_limits(const struct settings *s, const struct account *x)
{
	if (x && x->quota)
		return !streq(x->quota, "0");
	return s->postfix_mailbox_size_limit != 0 || (x && strstr(x->extra, "quota_") != NULL);
}

bool quota_limits_any(const struct settings *s, const struct inputs *in)
{
	bool any = s->postfix_mailbox_size_limit != 0;

	for (size_t i = 0; !any && i < in->accounts.n; i++)
		any = quota_limits(s, &in->accounts.v[i]);
	return any;
}
