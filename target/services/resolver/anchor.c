/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	unbound.conf(5) auto-trust-anchor-file; RFC 4034 §2.2, §5.3 (presentation format); RFC 5011.
 */
#include "resolver/anchor.h"

#include "base/file.h"
#include "base/log.h"

#define ANCHOR_MAX ((size_t)1 << 16)

/* States in which a key is trusted, as unbound notes them behind the record: ";;state=2 [  VALID  ]". */
static bool is_trusted(struct str comment)
{
	static const char mark[] = ";;state=";
	const char *state = memmem(comment.p, comment.n, mark, strlen(mark));
	size_t at = state ? (size_t)(state - comment.p) + strlen(mark) : 0;

	return state == NULL || (at < comment.n && (comment.p[at] == '2' || comment.p[at] == '3'));
}

static bool is_number(struct str word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!isdigit((unsigned char)word.p[i]))
			return false;
	return word.n > 0;
}

/* ". [TTL] [IN] DNSKEY|DS" and four or more words; *trusted_r: it counts. */
static bool is_record(struct str line, bool *trusted_r)
{
	const char *comment = memchr(line.p, ';', line.n);
	size_t used = comment ? (size_t)(comment - line.p) : line.n;
	struct str rest = { line.p, used }, word;
	size_t words = 0;

	if (!str_next_word(&rest, " \t", &word) || !str_is(word, ".") ||
	    !str_next_word(&rest, " \t", &word))
		return false;
	if (is_number(word) && !str_next_word(&rest, " \t", &word))
		return false;
	if (str_is(word, "IN") && !str_next_word(&rest, " \t", &word))
		return false;
	if (!str_is(word, "DNSKEY") && !str_is(word, "DS"))
		return false;
	for (; str_next_word(&rest, " \t", &word); words++)
		if (words < 3 && !is_number(word))
			return false;
	*trusted_r = is_trusted((struct str){ line.p + used, line.n - used });
	return words >= 4;
}

bool anchor_is_sound(struct str text)
{
	bool any = false;
	struct str line;

	while (str_next_line(&text, &line)) {
		bool trusted = false;
		struct str trimmed = str_trim(line);
		if (trimmed.n == 0 || trimmed.p[0] == ';')
			continue;
		if (!is_record(trimmed, &trusted))
			return false;
		any |= trusted;
	}
	return any;
}

bool anchor_seed(struct arena *a, const char *dir, const char *package, struct err *err)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	const char *key = arena_printf(a, "%s/root.key", dir);
	const char *seed = arena_printf(a, "%s/seed", dir);
	struct err why = ERR_INIT;
	char *keys, *have;
	size_t n, have_n;

	if (!file_read(a, package, ANCHOR_MAX, &keys, &n, err))
		return false;
	if (file_holds(seed, (struct str){ keys, n })) {
		bool readable = file_read(a, key, ANCHOR_MAX, &have, &have_n, &why);
		if (readable && anchor_is_sound((struct str){ have, have_n }))
			return true;
		if (readable || why.sys != ENOENT)
			log_warn("%s is damaged: the resolver begins with the root's keys of the "
				 "image again",
				 key);
	}
	/* The seed comes last: without it the next start does this again. */
	return file_replace(key, keys, n, &attr, FILE_DURABLE, NULL, err) &&
	       file_replace(seed, keys, n, &attr, FILE_DURABLE, NULL, err);
}
