/* SPDX-License-Identifier: MIT */
/*
 * Names of domains are names of files as they are: tally.c lets nothing else pass, and none is longer than
 * leaves room for the name of file_replace()'s temporary file.
 */
#include "tlsrpt/store.h"

#include "base/file.h"
#include "base/log.h"
#include "base/net.h"

#define TALLY_MAX ((size_t)1 << 20)

const char *store_day_text(struct arena *a, int64_t day)
{
	time_t at = (time_t)(day * STORE_DAY_S);
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&at, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	return arena_strdup(a, text);
}

bool store_day_parse(const char *text, int64_t *day_r)
{
	struct tm tm = { 0 };
	char again[32];
	int64_t year, month, mday;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
	    strspn(text, "0123456789-") != 10)
		return false;
	if (!parse_int64((char[]){ text[0], text[1], text[2], text[3], 0 }, 1970, 9999, &year) ||
	    !parse_int64((char[]){ text[5], text[6], 0 }, 1, 12, &month) ||
	    !parse_int64((char[]){ text[8], text[9], 0 }, 1, 31, &mday))
		return false;
	tm.tm_year = (int)year - 1900;
	tm.tm_mon = (int)month - 1;
	tm.tm_mday = (int)mday;
	time_t at = timegm(&tm);
	/* The 31st of a shorter month becomes another day. */
	if (strftime(again, sizeof(again), "%Y-%m-%d", &tm) == 0 || !streq(again, text))
		return false;
	*day_r = (int64_t)at / STORE_DAY_S;
	return true;
}

static const char *day_path(struct arena *a, const char *dir, int64_t day)
{
	return arena_printf(a, "%s/%s", dir, store_day_text(a, day));
}

void store_days(struct arena *a, const char *dir, struct store_day_vec *days_r)
{
	struct text_vec names = VEC_INIT;
	int64_t day;

	*days_r = (struct store_day_vec)VEC_INIT;
	dir_names(a, dir, NULL, &names);
	for (size_t i = 0; i < names.n; i++)
		if (store_day_parse(names.v[i], &day))
			*VEC_PUSH(a, days_r) = day;
}

void store_domains(struct arena *a, const char *dir, int64_t day, struct text_vec *domains_r)
{
	*domains_r = (struct text_vec)VEC_INIT;
	dir_names(a, day_path(a, dir, day), NULL, domains_r);
}

bool store_read(struct arena *a, const char *dir, int64_t day, const char *domain,
		struct tally *tally_r, struct err *err)
{
	const char *path = arena_printf(a, "%s/%s", day_path(a, dir, day), domain);
	char *text;
	size_t n;

	if (!file_read(a, path, TALLY_MAX, &text, &n, err))
		return false;
	return tally_parse(a, (struct str){ text, n }, tally_r, err) || err_wrap(err, "%s", path);
}

bool store_write(struct arena *a, const char *dir, int64_t day, const struct tally *tally,
		 struct err *err)
{
	const struct file_attr attr = { 0640, (uid_t)-1, (gid_t)-1 },
			       dir_attr = { 0750, (uid_t)-1, (gid_t)-1 };
	const char *parent = day_path(a, dir, day);
	autobuf struct buf out = BUF_INIT;

	tally_write(tally, &out);
	if (out.n > TALLY_MAX)
		return err_set(err, ERR_DATA, "more about %s in a day than is kept", tally->domain);
	return dir_make(parent, &dir_attr, err) &&
	       file_replace(arena_printf(a, "%s/%s", parent, tally->domain), out.p, out.n, &attr,
			    FILE_EPHEMERAL, NULL, err);
}

/* What is kept of the domain; nothing, or nothing that can be read: an empty tally. */
static bool read_kept(struct arena *a, struct store *store, const char *domain,
		      struct tally *kept_r, bool *is_new_r, struct err *err)
{
	struct err why = ERR_INIT;

	*is_new_r = false;
	*kept_r = (struct tally){ .domain = domain };
	if (store_read(a, store->dir, store->day, domain, kept_r, &why))
		return true;
	*is_new_r = why.sys == ENOENT;
	if (!*is_new_r && why.class != ERR_DATA) {
		*err = why;
		return false;
	}
	if (!*is_new_r)
		log_warn("%s: it is begun anew", why.text);
	if (*is_new_r && store->domains >= STORE_DOMAINS)
		return err_set(err, ERR_TEMP, "more than %d domains in a day", STORE_DOMAINS);
	return true;
}

static void turn_to(struct arena *a, struct store *store, int64_t day)
{
	struct text_vec domains;

	if (store->day == day)
		return;
	store_domains(a, store->dir, day, &domains);
	store->day = day;
	store->domains = domains.n;
}

bool store_count(struct store *store, int64_t now, struct str datagram, struct err *err)
{
	struct tally event, kept;
	struct arena a;
	bool is_new;

	arena_init(&a, "session");
	turn_to(&a, store, now / STORE_DAY_S);
	bool ok = tally_parse_event(&a, datagram, &event, err) &&
		  read_kept(&a, store, event.domain, &kept, &is_new, err) &&
		  tally_merge(&a, &kept, &event, err) &&
		  store_write(&a, store->dir, store->day, &kept, err);
	if (ok)
		store->domains += is_new;
	arena_fini(&a);
	return ok;
}

bool store_prune(const char *dir, int64_t today, struct err *err)
{
	struct store_day_vec days;
	struct arena a;
	bool ok = true;

	arena_init(&a, "prune");
	store_days(&a, dir, &days);
	for (size_t i = 0; i < days.n && ok; i++)
		if (days.v[i] < today - STORE_KEEP_DAYS)
			ok = tree_remove(day_path(&a, dir, days.v[i]), err);
	arena_fini(&a);
	return ok;
}
