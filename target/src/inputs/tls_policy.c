/* SPDX-License-Identifier: MIT */
#include "inputs/tls_policy.h"

#include "base/linefile.h"
#include "base/net.h"

static const char *const levels[] = { "none",	   "may",    "encrypt",	    "dane",
				      "dane-only", "verify", "fingerprint", "secure" };
static const char *const attributes[] = {
	"match",   "servername", "protocols",	     "ciphers",
	"exclude", "tafile",	 "connection_reuse", "enable_rpk"
};

static bool is_one_of(struct str word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(word, list[i]))
			return true;
	return false;
}

/* Why the text can't be a destination, as a clause, or NULL. */
static const char *destination_problem(const char *key)
{
	if (*key == '.')
		return is_hostname(key + 1) ? NULL : "is not a domain behind the dot";
	if (strchr(key, '@'))
		return "is an address: policies are for domains";
	return is_hostport(key) || is_hostname(key)
		       ? NULL
		       : "is neither a domain, nor .domain, nor a relay as [host]:port";
}

/* Why the text can't be a policy, as a clause about *word_r, or NULL. */
static const char *policy_problem(struct str policy, struct str *word_r)
{
	struct str name, value, word;

	*word_r = (struct str){ "", 0 };
	if (!str_next_word(&policy, " \t", word_r))
		return "has no level (none may encrypt dane dane-only verify fingerprint secure)";
	if (!is_one_of(*word_r, levels, ARRAY_SIZE(levels)))
		return "is no level (none may encrypt dane dane-only verify fingerprint secure)";
	while (str_next_word(&policy, " \t", &word)) {
		*word_r = word;
		if (!str_split(word, '=', &name, &value) || value.n == 0)
			return "is no attribute of the form name=value";
		if (!is_one_of(name, attributes, ARRAY_SIZE(attributes)))
			return "is no attribute (match servername protocols ciphers exclude tafile "
			       "connection_reuse enable_rpk)";
	}
	return NULL;
}

static void parse_line(struct arena *a, const char *subject, unsigned number, struct str line,
		       struct map *seen, struct tls_policy_vec *out, struct problems *p)
{
	struct str rest = line, key, word;

	if (!str_next_word(&rest, " \t", &key))
		return;
	struct tls_policy x = { .destination = str_lower(a, key),
				.policy = str_dup(a, str_trim(rest)),
				.line = number };
	const char *problem = destination_problem(x.destination);
	if (problem) {
		problems_add(p, SEV_ERROR, subject, "a line is: destination level [name=value …]",
			     "'%s' %s", x.destination, problem);
		return;
	}
	problem = policy_problem(str_from(x.policy), &word);
	if (problem) {
		problems_add(p, SEV_ERROR, subject, "see smtp_tls_policy_maps in postconf(5)",
			     "'%.*s' %s", word.n ? (int)word.n : (int)strlen(x.destination),
			     word.n ? word.p : x.destination, problem);
		return;
	}
	uintptr_t here = number;
	/* The cast: the map holds pointers. */
	if (map_add(seen, x.destination, (void *)here))
		*VEC_PUSH(a, out) = x;
	else
		problems_add(p, SEV_WARNING, subject, "remove one of the two",
			     "'%s' is in line %u already: that one counts", x.destination,
			     (unsigned)(uintptr_t)map_get(seen, x.destination));
}

void tls_policy_parse(struct arena *a, const char *file, struct str text,
		      struct tls_policy_vec *out, struct problems *p)
{
	struct linefile lf;
	struct map seen;
	struct str line;
	const char *bad;

	map_init(&seen, a, 8);
	linefile_init(&lf, file, text);
	while (linefile_next(&lf, &line, &bad)) {
		const char *subject = arena_printf(a, "%s:%u", file, lf.line);
		if (bad)
			problems_add(p, SEV_ERROR, subject, "correct or remove the line",
				     "the line %s", bad);
		else
			parse_line(a, subject, lf.line, line, &seen, out, p);
	}
}
