/* SPDX-License-Identifier: MIT */
/*
 * The event is what libtlsrpt sends: {"d": domain, "pr": record, "policies": [{"policy-type": 1, 2 or 9,
 * "policy-domain", "policy-string": […], "mx-host": […], "failure-details": [{"c": code, "s", "n",
 * "h", "r", "a", "f"}], "f": 0 or 1 = the session failed}]}. All of it, but for the numbers, comes from
 * other people's servers.
 *
 * SOURCES
 *	RFC 8460 §4.3 (types of failures), §4.4 (the report); tlsrpt_add_delivery_request_failure(3),
 *	tlsrpt.h of libtlsrpt 0.5; jansson's API reference.
 */
#include "tlsrpt/tally.h"

#include <jansson.h>

#include "base/net.h"

#define STRINGS_MAX 64
#define STRING_MAX 8192
#define DETAIL_MAX 255
#define RECORD_MAX 4096
#define COUNT_MAX (INT64_MAX / 4)

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define autojson __attribute__((cleanup(json_cleanup)))

static const struct {
	int code;
	const char *name;
} policy_types[] = { { 1, "tlsa" }, { 2, "sts" }, { 9, "no-policy-found" } };

static const struct {
	int code;
	const char *name;
} failure_types[] = {
	{ 201, "starttls-not-supported" },
	{ 202, "certificate-host-mismatch" },
	{ 203, "certificate-not-trusted" },
	{ 204, "certificate-expired" },
	{ 205, "validation-failure" },
	{ 301, "sts-policy-fetch-error" },
	{ 302, "sts-policy-invalid" },
	{ 303, "sts-webpki-invalid" },
	{ 304, "tlsa-invalid" },
	{ 305, "dnssec-invalid" },
	{ 306, "dane-required" },
};
static const char *const states[] = { "failed", "sent", "given up" }; /* as enum tally_state */

#define FAILURE_OTHER "validation-failure" /* "a general failure" */

/* Names in the event and in the report, in the order of struct tally_failure. */
static const struct {
	const char *event, *report;
} detail_names[TALLY_DETAILS] = {
	{ "s", "sending-mta-ip" },	   { "n", "receiving-mx-hostname" },
	{ "h", "receiving-mx-helo" },	   { "r", "receiving-ip" },
	{ "a", "additional-information" }, { "f", "failure-reason-code" },
};
#define DETAIL_HELO 2

static const char *text_of(const json_t *j)
{
	return json_is_string(j) ? json_string_value(j) : NULL;
}

/* At most max bytes, no part of a sign; NULL for none. */
static const char *copy_text(struct arena *a, const char *text, size_t max)
{
	if (text == NULL || *text == '\0')
		return NULL;
	size_t n = strlen(text);
	if (n > max)
		for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			;
	return arena_strndup(a, text, n);
}

/* Of the whole answer to EHLO, "250-mx.example.com at your service\r\n250-…", the name. */
static const char *helo_name(struct arena *a, const char *answer)
{
	struct str rest, word;

	if (answer == NULL)
		return NULL;
	if (strspn(answer, "0123456789") == 3 && (answer[3] == '-' || answer[3] == ' '))
		answer += 4;
	rest = str_from(answer);
	return str_next_word(&rest, " \t\r\n", &word) ? copy_text(a, str_dup(a, word), DETAIL_MAX)
						      : NULL;
}

static bool take_texts(struct arena *a, const json_t *list, struct text_vec *out, struct err *err)
{
	size_t n = json_array_size(list);

	if (n > STRINGS_MAX)
		return err_set(err, ERR_DATA, "a list of %zu texts", n);
	for (size_t i = 0; i < n; i++) {
		const char *text = copy_text(a, text_of(json_array_get(list, i)), STRING_MAX);
		if (text)
			*VEC_PUSH(a, out) = text;
	}
	return true;
}

static bool same_text(const char *x, const char *y)
{
	return x == y || (x && y && streq(x, y));
}

static bool same_texts(const struct text_vec *x, const struct text_vec *y)
{
	for (size_t i = 0; i < x->n && i < y->n; i++)
		if (!streq(x->v[i], y->v[i]))
			return false;
	return x->n == y->n;
}

static bool same_failure(const struct tally_failure *x, const struct tally_failure *y)
{
	for (size_t i = 0; i < TALLY_DETAILS; i++)
		if (!same_text(x->detail[i], y->detail[i]))
			return false;
	return streq(x->type, y->type);
}

static struct tally_failure *find_failure(const struct tally_failure_vec *list,
					  const struct tally_failure *x)
{
	for (size_t i = 0; i < list->n; i++)
		if (same_failure(&list->v[i], x))
			return &list->v[i];
	return NULL;
}

static void add_failure(struct arena *a, struct tally_failure_vec *list,
			const struct tally_failure *x)
{
	struct tally_failure bare = { .type = x->type, .n = x->n };
	struct tally_failure *known = find_failure(list, x);

	/* The last places are for those without details. */
	if (!known && list->n >= TALLY_FAILURES) {
		x = &bare;
		known = find_failure(list, x);
	}
	if (known)
		known->n += x->n;
	else
		*VEC_PUSH(a, list) = *x;
}

static struct tally_policy *find_policy(const struct tally *tally, const struct tally_policy *x)
{
	for (size_t i = 0; i < tally->policies.n; i++) {
		struct tally_policy *p = &tally->policies.v[i];
		if (streq(p->type, x->type) && streq(p->domain, x->domain) &&
		    same_texts(&p->strings, &x->strings) && same_texts(&p->mx, &x->mx))
			return p;
	}
	return NULL;
}

bool tally_merge(struct arena *a, struct tally *tally, const struct tally *event, struct err *err)
{
	size_t fresh = 0;

	for (size_t i = 0; i < event->policies.n; i++)
		fresh += find_policy(tally, &event->policies.v[i]) == NULL;
	if (tally->policies.n + fresh > TALLY_POLICIES)
		return err_set(err, ERR_DATA, "%s has more than %d policies in a day",
			       event->domain, TALLY_POLICIES);
	tally->domain = event->domain;
	tally->record = event->record;
	for (size_t i = 0; i < event->policies.n; i++) {
		const struct tally_policy *x = &event->policies.v[i];
		struct tally_policy *p = find_policy(tally, x);
		if (p == NULL) {
			p = VEC_PUSH(a, &tally->policies);
			*p = *x;
			continue;
		}
		p->successes += x->successes;
		p->failures += x->failures;
		for (size_t k = 0; k < x->details.n; k++)
			add_failure(a, &p->details, &x->details.v[k]);
	}
	return true;
}

/* --- the event ------------------------------------------------------------------------------- */

static const char *failure_type(const json_t *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(failure_types); i++)
		if (json_is_integer(code) && json_integer_value(code) == failure_types[i].code)
			return failure_types[i].name;
	return FAILURE_OTHER;
}

static void take_event_failures(struct arena *a, const json_t *list, struct tally_policy *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *j = json_array_get(list, i);
		struct tally_failure x = { .type = failure_type(json_object_get(j, "c")), .n = 1 };
		for (size_t k = 0; k < TALLY_DETAILS; k++) {
			const char *text = text_of(json_object_get(j, detail_names[k].event));
			x.detail[k] = k == DETAIL_HELO ? helo_name(a, text)
						       : copy_text(a, text, DETAIL_MAX);
		}
		add_failure(a, &out->details, &x);
	}
}

static bool take_event_policy(struct arena *a, const json_t *j, const char *domain,
			      struct tally_policy *out, struct err *err)
{
	const json_t *type = json_object_get(j, "policy-type"), *failed = json_object_get(j, "f");
	const char *own = copy_text(a, text_of(json_object_get(j, "policy-domain")), DETAIL_MAX);

	for (size_t i = 0; i < ARRAY_SIZE(policy_types); i++)
		if (json_is_integer(type) && json_integer_value(type) == policy_types[i].code)
			out->type = policy_types[i].name;
	if (out->type == NULL)
		return err_set(err, ERR_DATA, "a policy of no known type");
	if (!json_is_integer(failed))
		return err_set(err, ERR_DATA, "a policy without its result");
	out->domain = own ? str_lower(a, str_from(own)) : domain;
	out->failures = json_integer_value(failed) != 0;
	out->successes = !out->failures;
	if (!take_texts(a, json_object_get(j, "policy-string"), &out->strings, err) ||
	    !take_texts(a, json_object_get(j, "mx-host"), &out->mx, err))
		return false;
	/* TLSA records come in any order. */
	if (streq(out->type, "tlsa"))
		text_vec_sort(&out->strings);
	take_event_failures(a, json_object_get(j, "failure-details"), out);
	return true;
}

static json_t *load(struct str text, struct err *err)
{
	json_error_t why;
	json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &why);

	if (root == NULL)
		(void)err_set(err, ERR_DATA, "is no JSON (%s)", why.text);
	return root;
}

static bool take_names(struct arena *a, const json_t *domain, const json_t *record,
		       struct tally *out, struct err *err)
{
	const char *name = text_of(domain), *text = text_of(record);

	out->domain = name ? str_lower(a, str_from(name)) : "";
	if (!is_fqdn(out->domain) || strlen(out->domain) > TALLY_DOMAIN_MAX)
		return err_set(err, ERR_DATA, "'%.60s' is no domain", out->domain);
	out->record = text && strlen(text) <= RECORD_MAX ? arena_strdup(a, text) : "";
	return true;
}

bool tally_parse_event(struct arena *a, struct str datagram, struct tally *event_r, struct err *err)
{
	autojson json_t *root = load(datagram, err);
	const json_t *policies = json_object_get(root, "policies");
	struct tally event = { .domain = NULL }, whole = { .domain = NULL };

	if (root == NULL ||
	    !take_names(a, json_object_get(root, "d"), json_object_get(root, "pr"), &event, err))
		return false;
	size_t n = json_array_size(policies);
	if (n == 0 || n > TALLY_POLICIES)
		return err_set(err, ERR_DATA, "%s: %zu policies", event.domain, n);
	for (size_t i = 0; i < n; i++)
		if (!take_event_policy(a, json_array_get(policies, i), event.domain,
				       VEC_PUSH(a, &event.policies), err))
			return err_wrap(err, "%s", event.domain);
	/* Twice the same policy becomes one. */
	for (size_t i = 0; i < n; i++) {
		struct tally one = event;
		one.policies.v = &event.policies.v[i];
		one.policies.n = 1;
		if (!tally_merge(a, &whole, &one, err))
			return false;
	}
	*event_r = whole;
	return true;
}

/* --- what is kept, and the report -------------------------------------------------------------- */

static bool take_count(const json_t *j, const char *name, int64_t *out, struct err *err)
{
	const json_t *n = json_object_get(j, name);

	if (!json_is_integer(n) || json_integer_value(n) < 0 || json_integer_value(n) > COUNT_MAX)
		return err_set(err, ERR_DATA, "no number '%s'", name);
	*out = json_integer_value(n);
	return true;
}

static bool take_failures(struct arena *a, const json_t *list, struct tally_policy *out,
			  struct err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *j = json_array_get(list, i);
		struct tally_failure x = {
			.type = copy_text(a, text_of(json_object_get(j, "result-type")), DETAIL_MAX)
		};
		if (x.type == NULL || !take_count(j, "failed-session-count", &x.n, err))
			return err_set(err, ERR_DATA, "a failure without type or number");
		for (size_t k = 0; k < TALLY_DETAILS; k++)
			x.detail[k] = copy_text(
				a, text_of(json_object_get(j, detail_names[k].report)), DETAIL_MAX);
		*VEC_PUSH(a, &out->details) = x;
	}
	return true;
}

static bool take_policy(struct arena *a, const json_t *j, struct tally_policy *out, struct err *err)
{
	const json_t *policy = json_object_get(j, "policy"),
		     *summary = json_object_get(j, "summary");

	out->type = copy_text(a, text_of(json_object_get(policy, "policy-type")), DETAIL_MAX);
	out->domain = copy_text(a, text_of(json_object_get(policy, "policy-domain")), DETAIL_MAX);
	if (out->type == NULL || out->domain == NULL)
		return err_set(err, ERR_DATA, "a policy without type or domain");
	return take_texts(a, json_object_get(policy, "policy-string"), &out->strings, err) &&
	       take_texts(a, json_object_get(policy, "mx-host"), &out->mx, err) &&
	       take_count(summary, "total-successful-session-count", &out->successes, err) &&
	       take_count(summary, "total-failure-session-count", &out->failures, err) &&
	       take_failures(a, json_object_get(j, "failure-details"), out, err);
}

static bool take_sent(struct arena *a, const json_t *list, struct tally *out, struct err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *j = json_array_get(list, i);
		const char *state = text_of(json_object_get(j, "state"));
		struct tally_sent x = { .to = copy_text(a, text_of(json_object_get(j, "to")),
							RECORD_MAX) };
		if (x.to == NULL || state == NULL || !take_count(j, "tries", &x.tries, err) ||
		    !take_count(j, "last", &x.last, err))
			return err_set(err, ERR_DATA, "a place without its state");
		for (size_t k = 0; k < ARRAY_SIZE(states); k++)
			if (streq(state, states[k]))
				x.state = (enum tally_state)k; /* the order is the same */
		*VEC_PUSH(a, &out->sent) = x;
	}
	return true;
}

bool tally_parse(struct arena *a, struct str text, struct tally *tally_r, struct err *err)
{
	autojson json_t *root = load(text, err);
	const json_t *policies = json_object_get(root, "policies");
	struct tally tally = { .domain = NULL };

	if (root == NULL || !take_names(a, json_object_get(root, "domain"),
					json_object_get(root, "record"), &tally, err))
		return false;
	for (size_t i = 0; i < json_array_size(policies); i++)
		if (!take_policy(a, json_array_get(policies, i), VEC_PUSH(a, &tally.policies), err))
			return false;
	if (!take_sent(a, json_object_get(root, "sent"), &tally, err))
		return false;
	*tally_r = tally;
	return true;
}

static json_t *texts_json(const struct text_vec *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		(void)json_array_append_new(array, json_string(list->v[i]));
	return array;
}

static json_t *failures_json(const struct tally_failure_vec *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct tally_failure *x = &list->v[i];
		json_t *j = json_object();
		(void)json_object_set_new(j, "result-type", json_string(x->type));
		for (size_t k = 0; k < TALLY_DETAILS; k++)
			if (x->detail[k])
				(void)json_object_set_new(j, detail_names[k].report,
							  json_string(x->detail[k]));
		(void)json_object_set_new(j, "failed-session-count", json_integer(x->n));
		(void)json_array_append_new(array, j);
	}
	return array;
}

static json_t *policies_json(const struct tally *tally)
{
	json_t *array = json_array();

	for (size_t i = 0; i < tally->policies.n; i++) {
		const struct tally_policy *p = &tally->policies.v[i];
		json_t *policy = json_object(), *summary = json_object(), *j = json_object();
		(void)json_object_set_new(policy, "policy-type", json_string(p->type));
		if (p->strings.n > 0)
			(void)json_object_set_new(policy, "policy-string", texts_json(&p->strings));
		(void)json_object_set_new(policy, "policy-domain", json_string(p->domain));
		if (p->mx.n > 0)
			(void)json_object_set_new(policy, "mx-host", texts_json(&p->mx));
		(void)json_object_set_new(summary, "total-successful-session-count",
					  json_integer(p->successes));
		(void)json_object_set_new(summary, "total-failure-session-count",
					  json_integer(p->failures));
		(void)json_object_set_new(j, "policy", policy);
		(void)json_object_set_new(j, "summary", summary);
		if (p->details.n > 0)
			(void)json_object_set_new(j, "failure-details", failures_json(&p->details));
		(void)json_array_append_new(array, j);
	}
	return array;
}

static json_t *sent_json(const struct tally_sent_vec *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct tally_sent *x = &list->v[i];
		json_t *j = json_object();
		(void)json_object_set_new(j, "to", json_string(x->to));
		(void)json_object_set_new(j, "state", json_string(states[x->state]));
		(void)json_object_set_new(j, "tries", json_integer(x->tries));
		(void)json_object_set_new(j, "last", json_integer(x->last));
		(void)json_array_append_new(array, j);
	}
	return array;
}

static int add_part(const char *part, size_t n, void *out)
{
	buf_add(out, part, n);
	return 0;
}

static void dump(const json_t *root, struct buf *out)
{
	if (json_dump_callback(root, add_part, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0)
		BUG("a text that was read can't be written");
	buf_addc(out, '\n');
}

void tally_write(const struct tally *tally, struct buf *out)
{
	autojson json_t *root = json_object();

	(void)json_object_set_new(root, "domain", json_string(tally->domain));
	(void)json_object_set_new(root, "record", json_string(tally->record));
	(void)json_object_set_new(root, "policies", policies_json(tally));
	if (tally->sent.n > 0)
		(void)json_object_set_new(root, "sent", sent_json(&tally->sent));
	dump(root, out);
}

void tally_write_report(const struct tally *tally, const struct tally_head *head, struct buf *out)
{
	autojson json_t *root = json_object(), *range = json_object();
	char start[32], end[32];

	(void)snprintf(start, sizeof(start), "%.10sT00:00:00Z", head->day);
	(void)snprintf(end, sizeof(end), "%.10sT23:59:59Z", head->day);
	(void)json_object_set_new(range, "start-datetime", json_string(start));
	(void)json_object_set_new(range, "end-datetime", json_string(end));
	(void)json_object_set_new(root, "organization-name", json_string(head->organization));
	(void)json_object_set(root, "date-range", range);
	(void)json_object_set_new(root, "contact-info", json_string(head->contact));
	(void)json_object_set_new(root, "report-id", json_string(head->id));
	(void)json_object_set_new(root, "policies", policies_json(tally));
	dump(root, out);
}
