/* SPDX-License-Identifier: MIT */
/*
 * DNS lists that are asked about clients (ENABLE_DNSBL): the table of them, and a program that tests
 * each at the start and now and then. One that can't be believed is left out of the MTA's
 * configuration until it can be believed again.
 *
 * SOURCES
 *	postconf(5) postscreen_dnsbl_sites; the lists' own pages about their answers.
 */
#include "service.h"

#include "dns-lists/lists.h"
#include "dns-lists/watch.h"

#define OWN_LISTS "postscreen_dnsbl_sites"

#define SITES_MAX 3

/* As the MTA takes them: the domain, then one of `sites`. */
static const struct {
	struct dns_list list;
	const char *sites[SITES_MAX];
} table[] = {
	{ { "zen.spamhaus.org", 2, 11 }, { "=127.0.0.[2..11]*3" } },
	{ { "bl.mailspike.net", 2, 14 }, { "=127.0.0.[2;14;13;12;11;10]" } },
	{ { "b.barracudacentral.org", 1, 255 }, { "*2" } },
	{ { "bl.spameatingmonkey.net", 2, 2 }, { "=127.0.0.2" } },
	{ { "psbl.surriel.com", 1, 255 }, { "" } },
	/* It speaks for clients; the last number says how much it trusts them. */
	{ { "list.dnswl.org", 0, 3 },
	  { "=127.0.[0..255].0*-2", "=127.0.[0..255].1*-3", "=127.0.[0..255].[2..3]*-4" } },
};

static bool enabled(const struct settings *s)
{
	return s->enable_dnsbl;
}

static const struct override *own_lists(const struct service_ctx *ctx)
{
	for (size_t i = 0; i < ctx->in->main_cf.n; i++)
		if (streq(ctx->in->main_cf.v[i].name, OWN_LISTS))
			return &ctx->in->main_cf.v[i];
	return NULL;
}

static void check(const struct service_ctx *ctx, struct problems *p)
{
	const struct override *x = own_lists(ctx);

	if (x)
		problems_add(p, SEV_NOTE, arena_printf(ctx->arena, "%s:%u", x->file, x->line), NULL,
			     "these DNS lists are used as they are: only the server's own are "
			     "tested, and switched off when they list everybody or nobody");
}

/* Those in use, as they stand in the MTA's configuration. */
static struct tpl_value sites(const struct service_ctx *ctx)
{
	struct arena *a = ctx->arena;
	struct tpl_item *items = arena_array(a, ARRAY_SIZE(table) * SITES_MAX, sizeof(*items));
	struct dns_list_off_vec off = VEC_INIT;
	size_t n = 0;

	if (!ctx->on_host)
		dns_lists_off_read(a, DNS_LISTS_OFF, &off);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (dns_lists_off_why(&off, table[i].list.domain))
			continue;
		for (size_t k = 0; k < SITES_MAX && table[i].sites[k]; k++) {
			struct tpl_field *f = arena_array(a, 1, sizeof(*f));
			f[0] = (struct tpl_field){
				"dnsbl_site", tpl_text(arena_printf(a, "%s%s", table[i].list.domain,
								    table[i].sites[k]))
			};
			items[n++] = (struct tpl_item){ f, 1 };
		}
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, n } };
}

/* Those to be tested. */
static struct tpl_value lists(const struct service_ctx *ctx)
{
	struct arena *a = ctx->arena;
	struct tpl_item *items = arena_array(a, ARRAY_SIZE(table), sizeof(*items));
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table) && own_lists(ctx) == NULL; i++) {
		const struct dns_list *x = &table[i].list;
		struct tpl_field *f = arena_array(a, 3, sizeof(*f));
		f[0] = (struct tpl_field){ "dns_list", tpl_text(x->domain) };
		f[1] = (struct tpl_field){ "low", tpl_text(arena_printf(a, "%" PRId64, x->low)) };
		f[2] = (struct tpl_field){ "high", tpl_text(arena_printf(a, "%" PRId64, x->high)) };
		items[n++] = (struct tpl_item){ f, 3 };
	}
	return (struct tpl_value){ .kind = TPL_LIST, .list = { items, n } };
}

static const struct fact facts[] = {
	{ "dnsbl_sites", "list: DNS lists in use, dnsbl_site as postscreen takes it", sites },
	{ "dns_lists", "list: DNS lists that are tested: dns_list, low, high", lists },
	{ NULL, NULL, NULL },
};

static const struct service_file files[] = {
	{ .dest = "dns-lists/lists", .tpl = "lists.tpl", .dialect = DIALECT_WORDS },
	{ .dest = NULL },
};

static const struct service_dir dirs[] = {
	{ DNS_LISTS_STATE, NULL, NULL, 0755 },
	{ "/run/mailserver/notes", NULL, NULL, 0755 },
	{ NULL, NULL, NULL, 0 },
};

static const char *const leftovers[] = { DNS_LISTS_NOTES, NULL };

static const struct service_applet applets[] = {
	{ "dns-lists", dns_lists_main },
	{ NULL, NULL },
};

const struct service service_dns_lists = {
	.name = "dns-lists",
	.enabled = enabled,
	.check = check,
	.facts = facts,
	.files = files,
	.dirs = dirs,
	.leftovers = leftovers,
	.applets = applets,
	.program = { .command = "/usr/local/bin/mailserver dns-lists",
		     .stop_signal = "TERM",
		     .stop_wait_s = 2,
		     .start_s = 1,
		     .priority = 30 },
};
