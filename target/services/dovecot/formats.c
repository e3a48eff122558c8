/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	Dovecot 2.4 "Maildir", "dbox"; docs/administration.md "Mailbox formats".
 */
#include "dovecot/formats.h"

#include "base/file.h"
#include "base/map.h"

#define NOTE_MAX 64

static bool is_maildir(struct arena *a, const char *dir)
{
	return dir_exists(arena_printf(a, "%s/cur", dir));
}

static bool is_mdbox(struct arena *a, const char *dir)
{
	return dir_exists(arena_printf(a, "%s/storage", dir));
}

/* An mdbox has this directory too. */
static bool is_sdbox(struct arena *a, const char *dir)
{
	return dir_exists(arena_printf(a, "%s/mailboxes", dir)) && !is_mdbox(a, dir);
}

static const struct {
	const char *name;
	bool (*is_here)(struct arena *a, const char *dir);
} formats[] = { { "maildir", is_maildir }, { "sdbox", is_sdbox }, { "mdbox", is_mdbox } };

static bool is_noted(const struct service_ctx *ctx, const char *note)
{
	struct err ignored = ERR_INIT;
	char *text;
	size_t n;

	return file_read(ctx->arena, note, NOTE_MAX, &text, &n, &ignored) &&
	       streq(text, ctx->s->dovecot_mailbox_format);
}

static const char *mail_dir(struct arena *a, const char *root, const struct account *x)
{
	struct str local = account_local(x);

	return arena_printf(a, "%s/%s/%.*s", root, x->domain, (int)local.n, local.p);
}

/* The format of the mail in there when nothing is stored as `wanted`, else NULL. */
static const char *other_format(struct arena *a, const char *dir, const char *wanted)
{
	const char *other = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (streq(formats[i].name, wanted) && formats[i].is_here(a, dir))
			return NULL;
	if (!dir_exists(dir))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(formats) && other == NULL; i++)
		if (formats[i].is_here(a, dir))
			other = formats[i].name;
	return other;
}

/* Where an account keeps its mail is its own matter when its line says so. */
static bool has_own_place(const struct account *x)
{
	return strstr(x->extra, "mail_path=") || strstr(x->extra, "mail_driver=") ||
	       strstr(x->extra, "home=");
}

/* Whether there is a directory for mail of the domain, looked at once each: with new volumes there
 * is none, whatever the number of accounts. */
static bool has_domain(struct arena *a, struct map *known, const char *root, const char *domain)
{
	static bool yes = true, no = false;
	bool *answer = map_get(known, domain);

	if (answer == NULL) {
		answer = dir_exists(arena_printf(a, "%s/%s", root, domain)) ? &yes : &no;
		(void)map_add(known, domain, answer);
	}
	return *answer;
}

/* The format of the account's mail when nothing is stored as `wanted`, else NULL. */
static const char *account_format(struct arena *a, struct map *domains, const char *root,
				  const struct account *x, const char *wanted)
{
	if (has_own_place(x) || !has_domain(a, domains, root, x->domain))
		return NULL;
	return other_format(a, mail_dir(a, root, x), wanted);
}

void formats_check(const struct service_ctx *ctx, const char *root, const char *note,
		   struct problems *p)
{
	const char *wanted = ctx->s->dovecot_mailbox_format, *format = NULL;
	const struct account_vec *accounts = &ctx->in->accounts;
	const struct account *first = NULL;
	struct map domains;
	size_t n = 0;

	if (is_noted(ctx, note))
		return;
	map_init(&domains, ctx->arena, 16);
	for (size_t i = 0; i < accounts->n; i++) {
		const struct account *x = &accounts->v[i];
		const char *found = account_format(ctx->arena, &domains, root, x, wanted);
		if (found == NULL)
			continue;
		format = n++ == 0 ? found : format;
		first = first ? first : x;
	}
	if (n == 0)
		return;
	problems_add(p, SEV_ERROR, arena_printf(ctx->arena, "DOVECOT_MAILBOX_FORMAT='%s'", wanted),
		     arena_printf(ctx->arena,
				  "set DOVECOT_MAILBOX_FORMAT=%s, or convert the mail first: "
				  "docs/administration.md, \"Mailbox formats\"",
				  format),
		     "the mail of %s%s is stored as %s and would not be seen", first->address,
		     n == 1 ? "" : arena_printf(ctx->arena, " and %zu more", n - 1), format);
}

bool formats_note(const struct service_ctx *ctx, const char *note, struct err *err)
{
	const struct file_attr attr = { 0644, 0, 0 };
	const char *text = ctx->s->dovecot_mailbox_format;

	return is_noted(ctx, note) ||
	       file_replace(note, text, strlen(text), &attr, FILE_DURABLE, NULL, err);
}

const char *formats_home(struct arena *a, const struct settings *s, const char *address)
{
	const char *at = strrchr(address, '@');

	return arena_printf(a, "/var/mail/%s/%.*s%s", at + 1, (int)(at - address), address,
			    streq(s->dovecot_mailbox_format, "maildir") ? "/home" : "");
}
