/* SPDX-License-Identifier: MIT */
/*
 * Variables, and the functions that translate.def names.
 *
 * SOURCES
 *	Dovecot 2.3 "Variables", "Mail Location Settings", the plugins' pages; 2.4 "Settings
 *	Variables", "Mail Location", the plugins' pages.
 */
#include "dovecot/translate.h"

static const struct {
	char letter;
	const char *name, *filter;
} short_names[] = {
	{ 'a', "local_port", NULL }, { 'b', "remote_port", NULL }, { 'c', "secured", NULL },
	{ 'd', "user", "domain" },   { 'e', "mail_pid", NULL },	   { 'h', "home", NULL },
	{ 'l', "local_ip", NULL },   { 'm', "mechanism", NULL },   { 'n', "user", "username" },
	{ 'p', "client_pid", NULL }, { 'r', "remote_ip", NULL },   { 's', "protocol", NULL },
	{ 'u', "user", NULL },	     { 'w', "password", NULL },
};

static const struct {
	const char *old, *new;
} long_names[] = {
	{ "auth_domain", "auth_user | domain" },
	{ "auth_username", "auth_user | username" },
	{ "domain", "user | domain" },
	{ "lip", "local_ip" },
	{ "login_domain", "login_user | domain" },
	{ "login_username", "login_user | username" },
	{ "lport", "local_port" },
	{ "mech", "mechanism" },
	{ "orig_domain", "original_user | domain" },
	{ "orig_user", "original_user" },
	{ "orig_username", "original_user | username" },
	{ "real_lip", "real_local_ip" },
	{ "real_lport", "real_local_port" },
	{ "real_rip", "real_remote_ip" },
	{ "real_rport", "real_remote_port" },
	{ "rip", "remote_ip" },
	{ "rport", "remote_port" },
	{ "service", "protocol" },
	{ "username", "user | username" },
};

static const char *modifier_filter(char c)
{
	switch (c) {
	case 'L':
		return "lower";
	case 'U':
		return "upper";
	case 'M':
		return "md5";
	case 'X':
		return "hex";
	case 'R':
		return "reverse";
	case 'T':
		return "rtrim";
	default:
		return NULL;
	}
}

/* "%" with modifiers and a letter, at p (behind the "%"); its length, or 0. */
static size_t add_short(struct buf *out, const char *p, const char **trouble_r)
{
	const char *filters[4];
	size_t n = 0, at = 0;

	for (; p[at] && strchr("LUMXRT", p[at]); at++)
		if (n < ARRAY_SIZE(filters))
			filters[n++] = modifier_filter(p[at]);
	for (size_t i = 0; i < ARRAY_SIZE(short_names); i++) {
		if (short_names[i].letter != p[at])
			continue;
		buf_printf(out, "%%{%s", short_names[i].name);
		if (short_names[i].filter)
			buf_printf(out, " | %s", short_names[i].filter);
		for (size_t k = 0; k < n; k++)
			buf_printf(out, " | %s", filters[k]);
		buf_addc(out, '}');
		return at + 1;
	}
	*trouble_r = "its variable has no simple new form: see \"Settings Variables\" in Dovecot's "
		     "documentation";
	return 0;
}

static size_t add_long(struct buf *out, const char *p)
{
	size_t n = strcspn(p + 1, "}");
	struct str name = { p + 1, n };

	for (size_t i = 0; i < ARRAY_SIZE(long_names); i++)
		if (str_is(name, long_names[i].old)) {
			buf_printf(out, "%%{%s}", long_names[i].new);
			return n + 2;
		}
	buf_printf(out, "%%{%.*s}", (int)n, p + 1);
	return n + 2;
}

const char *translate_variables(struct arena *a, const char *value, const char **trouble_r)
{
	autobuf struct buf out = BUF_INIT;

	for (const char *p = value; *p;) {
		if (*p != '%') {
			buf_addc(&out, *p++);
		} else if (p[1] == '%') {
			buf_adds(&out, "%%");
			p += 2;
		} else if (p[1] == '{' && strchr(p, '}')) {
			p += 1 + add_long(&out, p + 1);
		} else {
			size_t n = add_short(&out, p + 1, trouble_r);
			if (n == 0)
				return NULL;
			p += 1 + n;
		}
	}
	return buf_dup(a, &out);
}

/* --- mail_location -------------------------------------------------------------------------- */

static const struct {
	const char *old, *new;
} location_options[] = {
	{ "ALT", "mail_alt_path" },
	{ "CACHE", "mail_cache_path" },
	{ "CONTROL", "mail_control_path" },
	{ "DIRNAME", "mailbox_directory_name" },
	{ "FULLDIRNAME", "mailbox_root_directory_name" },
	{ "INBOX", "mail_inbox_path" },
	{ "INDEX", "mail_index_path" },
	{ "INDEXPVT", "mail_index_private_path" },
	{ "LAYOUT", "mailbox_list_layout" },
	{ "LISTINDEX", "mailbox_list_index_prefix" },
	{ "SUBSCRIPTIONS", "mailbox_subscriptions_filename" },
	{ "VOLATILEDIR", "mail_volatile_path" },
};

static const struct {
	const char *old, *line;
} location_flags[] = {
	{ "ITERINDEX", "mailbox_list_iter_from_index_dir = yes" },
	{ "NO-NOSELECT", "mailbox_list_drop_noselect = yes" },
	{ "UTF-8", "mailbox_list_utf8 = yes" },
};

static void location_option(struct translation *t, struct str option)
{
	struct str name, value;

	if (str_split(option, '=', &name, &value)) {
		for (size_t i = 0; i < ARRAY_SIZE(location_options); i++)
			if (str_is(name, location_options[i].old)) {
				translate_emit(t, "%s = %.*s", location_options[i].new,
					       (int)value.n, value.p);
				return;
			}
	}
	for (size_t i = 0; i < ARRAY_SIZE(location_flags); i++)
		if (str_is(option, location_flags[i].old)) {
			translate_emit(t, "%s", location_flags[i].line);
			return;
		}
	t->trouble = "write mail_driver, mail_path and the other mail_ settings: it has an unknown "
		     "option";
}

void translate_mail_location(struct translation *t)
{
	struct str rest = str_from(t->value), driver, word;
	size_t from = t->out->n;
	bool has_path = false;

	if (!str_split(rest, ':', &driver, &rest)) {
		driver = rest;
		rest = (struct str){ "", 0 };
	}
	translate_emit(t, "mail_driver = %.*s", (int)driver.n, driver.p);
	while (t->trouble == NULL && str_next_word(&rest, ":", &word)) {
		if (has_path)
			location_option(t, word);
		else
			translate_emit(t, "mail_path = %.*s", (int)word.n, word.p);
		has_path = true;
	}
	if (t->trouble)
		t->out->n = from;
}

/* --- lists of words that are blocks of switches now ------------------------------------------- */

/* Plugins with a new name, or none. */
static const struct {
	const char *old, *new;
} plugin_names[] = {
	{ "zlib", "mail_compress" }, { "imap_zlib", NULL },  { "stats", NULL },
	{ "old_stats", NULL },	     { "imap_stats", NULL }, { "imap_old_stats", NULL },
	{ "autocreate", NULL },
};

static struct str plugin_name(struct str old)
{
	for (size_t i = 0; i < ARRAY_SIZE(plugin_names); i++)
		if (str_is(old, plugin_names[i].old))
			return plugin_names[i].new ? str_from(plugin_names[i].new)
						   : (struct str){ "", 0 };
	return old;
}

/* "$mail_plugins a b" adds to the list and becomes a block; without "$" it replaces the list, which
 * 2.4 writes in the same way. */
void translate_boolean_list(struct translation *t)
{
	autobuf struct buf words = BUF_INIT;
	struct str rest = str_from(t->value), word;
	bool adds = false;

	while (str_next_word(&rest, " \t", &word)) {
		if (word.p[0] == '$') {
			adds = true;
			continue;
		}
		word = plugin_name(word);
		if (word.n > 0)
			buf_printf(&words, "%s%.*s", words.n ? " " : "", (int)word.n, word.p);
	}
	if (!adds) {
		translate_emit(t, "%s = %s", t->key, words.p);
		return;
	}
	if (words.n == 0)
		return;
	translate_emit(t, "%s {", t->key);
	rest = str_from(words.p);
	while (str_next_word(&rest, " ", &word))
		translate_emit(t, "  %.*s = yes", (int)word.n, word.p);
	translate_emit(t, "}");
}

static bool is_removed_extension(struct str name)
{
	return str_is(name, "notify") || str_is(name, "imapflags") ||
	       str_is(name, "vnd.dovecot.duplicate");
}

/* "+a -b": switches; "a b": the whole list. */
void translate_extensions(struct translation *t)
{
	autobuf struct buf words = BUF_INIT;
	struct str rest = str_from(t->value), word;
	bool is_relative = strchr("+-", t->value[0]) != NULL;

	if (is_relative)
		translate_emit(t, "%s {", t->key);
	while (str_next_word(&rest, " \t", &word)) {
		bool off = word.p[0] == '-';
		if (off || word.p[0] == '+')
			word = (struct str){ word.p + 1, word.n - 1 };
		if (is_removed_extension(word))
			continue;
		if (is_relative)
			translate_emit(t, "  %.*s = %s", (int)word.n, word.p, off ? "no" : "yes");
		else
			buf_printf(&words, "%s%.*s", words.n ? " " : "", (int)word.n, word.p);
	}
	if (is_relative)
		translate_emit(t, "}");
	else
		translate_emit(t, "%s = %s", t->key, words.p);
}

void translate_imap_id_send(struct translation *t)
{
	struct str rest = str_from(t->value), word, value;

	if (streq(t->value, "*") || strchr(t->value, '"')) {
		t->trouble = "write a block imap_id_send { name = %{…} }";
		return;
	}
	translate_emit(t, "imap_id_send {");
	while (str_next_word(&rest, " \t", &word))
		if (str_next_word(&rest, " \t", &value))
			translate_emit(t, "  %.*s = %.*s", (int)word.n, word.p, (int)value.n,
				       value.p);
	translate_emit(t, "}");
}

/* --- quota ------------------------------------------------------------------------------------ */

void translate_quota(struct translation *t)
{
	struct str driver, name;

	if (!str_split(str_from(t->value), ':', &driver, &name)) {
		driver = str_from(t->value);
		name = STR_LIT("User quota");
	}
	if (!str_is(driver, "count") && !str_is(driver, "maildir")) {
		t->trouble =
			"only the driver count is left: write a block quota NAME { driver = count }";
		return;
	}
	/* The image has the root "User quota". */
	if (str_is(name, "User quota"))
		return;
	translate_emit(t, "quota \"%.*s\" {", (int)name.n, name.p);
	translate_emit(t, "  driver = count");
	translate_emit(t, "}");
}

/* "bytes=+10%%" and the like, for one mailbox. */
static void mailbox_rule(struct translation *t, struct str mailbox, const char *setting)
{
	translate_emit(t, "namespace inbox {");
	translate_emit(t, "  mailbox \"%.*s\" {", (int)mailbox.n, mailbox.p);
	translate_emit(t, "    %s", setting);
	translate_emit(t, "  }");
	translate_emit(t, "}");
}

static void mailbox_limit(struct translation *t, struct str mailbox, struct str limit)
{
	size_t digits = 0;

	if (str_is(limit, "ignore")) {
		mailbox_rule(t, mailbox, "quota_ignore = yes");
		return;
	}
	if (limit.n < 2 || limit.p[0] != '+') {
		t->trouble = "set quota_storage_extra inside the mailbox { } block";
		return;
	}
	limit = (struct str){ limit.p + 1, limit.n - 1 };
	while (digits < limit.n && isdigit((unsigned char)limit.p[digits]))
		digits++;
	int64_t percent;
	if (digits < limit.n && limit.p[digits] == '%' &&
	    parse_int64(str_dup(t->a, (struct str){ limit.p, digits }), 0, 10000, &percent))
		mailbox_rule(
			t, mailbox,
			arena_printf(t->a, "quota_storage_percentage = %" PRId64, 100 + percent));
	else
		mailbox_rule(
			t, mailbox,
			arena_printf(t->a, "quota_storage_extra = %.*s", (int)limit.n, limit.p));
}

void translate_quota_rule(struct translation *t)
{
	struct str mailbox, limit, kind, value;

	if (!str_split(str_from(t->value), ':', &mailbox, &limit)) {
		t->trouble = "set quota_storage_size";
		return;
	}
	if (str_is(limit, "ignore")) {
		mailbox_limit(t, mailbox, limit);
		return;
	}
	if (!str_split(limit, '=', &kind, &value)) {
		t->trouble = "set quota_storage_size";
		return;
	}
	bool is_messages = str_is(kind, "messages");
	if (!is_messages && !str_is(kind, "storage") && !str_is(kind, "bytes"))
		t->trouble = "set quota_storage_size or quota_message_count";
	else if (!str_is(mailbox, "*"))
		mailbox_limit(t, mailbox, value);
	else
		translate_emit(t, "%s = %.*s",
			       is_messages ? "quota_message_count" : "quota_storage_size",
			       (int)value.n, value.p);
}

/* "storage=95%% quota-warning 95 %u", with "-" in front for falling below. */
void translate_quota_warning(struct translation *t)
{
	struct str rest = str_from(t->value), limit, script, kind, value;
	int64_t percent;

	if (!str_next_word(&rest, " \t", &limit) || !str_next_word(&rest, " \t", &script)) {
		t->trouble = "write a block warning NAME { } inside quota";
		return;
	}
	bool under = limit.p[0] == '-';
	if (under)
		limit = (struct str){ limit.p + 1, limit.n - 1 };
	size_t digits = 0;
	if (str_split(limit, '=', &kind, &value))
		while (digits < value.n && isdigit((unsigned char)value.p[digits]))
			digits++;
	if (digits == 0 || digits == value.n || value.p[digits] != '%' ||
	    !str_is(kind, "storage") ||
	    !parse_int64(str_dup(t->a, (struct str){ value.p, digits }), 1, 100, &percent)) {
		t->trouble = "write a block warning NAME { } inside quota";
		return;
	}
	struct str args = str_trim(rest);
	translate_emit(t, "quota \"User quota\" {");
	translate_emit(t, "  warning own-%s {", t->key);
	translate_emit(t, "    quota_storage_percentage = %" PRId64, percent);
	if (under)
		translate_emit(t, "    threshold = under");
	translate_emit(t, "    execute %.*s {", (int)script.n, script.p);
	translate_emit(t, "      args = %.*s", (int)args.n, args.p);
	translate_emit(t, "    }");
	translate_emit(t, "  }");
	translate_emit(t, "}");
}

/* --- Sieve ------------------------------------------------------------------------------------ */

/* sieve_before2 = /path */
void translate_sieve_script(struct translation *t)
{
	struct str type = str_from(t->key + strlen("sieve_"));

	while (type.n > 0 && isdigit((unsigned char)type.p[type.n - 1]))
		type.n--;
	translate_emit(t, "sieve_script own-%s {", t->key + strlen("sieve_"));
	translate_emit(t, "  type = %.*s", (int)type.n, type.p);
	translate_emit(t, "  path = %s", t->value);
	translate_emit(t, "}");
}

/* "file:~/sieve;active=~/.dovecot.sieve", or the path of the script itself. */
void translate_sieve_personal(struct translation *t)
{
	struct str rest = str_from(t->value), path, option;
	bool is_storage = has_prefix(t->value, "file:");

	if (is_storage)
		rest = (struct str){ rest.p + 5, rest.n - 5 };
	if (!str_next_word(&rest, ";", &path)) {
		t->trouble = "write a block sieve_script personal { }";
		return;
	}
	translate_emit(t, "sieve_script personal {");
	translate_emit(t, "  %s = %.*s", is_storage ? "path" : "active_path", (int)path.n, path.p);
	while (str_next_word(&rest, ";", &option))
		if (option.n > 7 && memcmp(option.p, "active=", 7) == 0)
			translate_emit(t, "  active_path = %.*s", (int)option.n - 7, option.p + 7);
	translate_emit(t, "}");
}

/* --- search ------------------------------------------------------------------------------------ */

void translate_fts(struct translation *t)
{
	if (!streq(t->value, "flatcurve") && !streq(t->value, "solr")) {
		t->trouble = "the image has Flatcurve: write fts flatcurve { }";
		return;
	}
	translate_emit(t, "fts %s {", t->value);
	translate_emit(t, "}");
}

/* "\Trash" is a special use, which the image's mailboxes are named after. */
void translate_fts_exclude(struct translation *t)
{
	struct str mailbox = str_from(t->value);

	if (mailbox.n > 1 && mailbox.p[0] == '\\')
		mailbox = (struct str){ mailbox.p + 1, mailbox.n - 1 };
	mailbox_rule(t, mailbox, "fts_autoindex = no");
}

void translate_fts_enforced(struct translation *t)
{
	bool body = streq(t->value, "body"), yes = streq(t->value, "yes");

	translate_emit(t, "fts_search_add_missing = %s", yes ? "yes" : "body-search-only");
	translate_emit(t, "fts_search_read_fallback = %s", yes || body ? "no" : "yes");
}

void translate_languages(struct translation *t)
{
	struct str rest = str_from(t->value), word;
	bool is_first = true;

	while (str_next_word(&rest, " ,\t", &word)) {
		translate_emit(t, "language %.*s {", (int)word.n, word.p);
		if (is_first)
			translate_emit(t, "  default = yes");
		translate_emit(t, "}");
		is_first = false;
	}
}

/* --- compression, encryption ------------------------------------------------------------------- */

void translate_zlib_save(struct translation *t)
{
	if (streq(t->value, "xz") || streq(t->value, "lzma"))
		t->trouble = "xz is gone: choose gz, zstd, bz2 or lz4";
	else
		translate_emit(t, "mail_compress_write_method = %s", t->value);
}

/* The level of the method that is used most; the others ignore it. */
void translate_zlib_level(struct translation *t)
{
	int64_t level;

	if (!parse_int64(t->value, 1, 22, &level)) {
		t->trouble = "set compress_gz_level or compress_zstd_level";
		return;
	}
	translate_emit(t, "compress_gz_level = %" PRId64, level > 9 ? 9 : level);
	translate_emit(t, "compress_zstd_level = %" PRId64, level);
}

void translate_crypt_key(struct translation *t)
{
	if (t->value[0] != '<') {
		t->trouble = "put the key into a file: crypt_global_private_key main { "
			     "crypt_private_key_file = … }";
		return;
	}
	translate_emit(t, "crypt_global_private_key main {");
	translate_emit(t, "  crypt_private_key_file = %s", t->value + 1);
	translate_emit(t, "}");
}

/* 0 writes plain mail; 1 and 2 differ in the format, of which 2.4 writes the newer. */
void translate_crypt_version(struct translation *t)
{
	translate_emit(t, "crypt_write_algorithm =%s",
		       streq(t->value, "0") ? "" : " aes-256-gcm-sha256");
}

void translate_acl(struct translation *t)
{
	struct str driver, file;

	if (str_split(str_from(t->value), ':', &driver, &file))
		t->trouble = "write the global rights as blocks acl NAME { rights = … } inside "
			     "mailbox { }";
	else
		translate_emit(t, "acl_driver = %s", t->value);
}

void translate_acl_anyone(struct translation *t)
{
	translate_emit(t, "imap_acl_allow_anyone = %s", streq(t->value, "allow") ? "yes" : "no");
}

void translate_acl_dict(struct translation *t)
{
	if (!has_prefix(t->value, "file:")) {
		t->trouble = "write a block acl_sharing_map { dict … { } }";
		return;
	}
	translate_emit(t, "acl_sharing_map {");
	translate_emit(t, "  dict file {");
	translate_emit(t, "    path = %s", t->value + 5);
	translate_emit(t, "  }");
	translate_emit(t, "}");
}

/* --- others ------------------------------------------------------------------------------------ */

void translate_prefer_ciphers(struct translation *t)
{
	translate_emit(t, "ssl_server_prefer_ciphers = %s",
		       streq(t->value, "yes") ? "server" : "client");
}

/* "!SSLv3 !TLSv1": the oldest that is not excluded. */
void translate_ssl_protocols(struct translation *t)
{
	translate_emit(t, "ssl_min_protocol = %s",
		       strstr(t->value, "!TLSv1.2") ? "TLSv1.3" : "TLSv1.2");
}

void translate_ssl_ca(struct translation *t)
{
	const char *path = t->value[0] == '<' ? t->value + 1 : t->value;

	translate_emit(t, "ssl_server_ca_file = %s", path);
	translate_emit(t, "ssl_client_ca_file = %s", path);
}

/* service_count = 0 */
void translate_unlimited(struct translation *t)
{
	translate_emit(t, "restart_request_count = %s",
		       streq(t->value, "0") ? "unlimited" : t->value);
}

void translate_worker_count(struct translation *t)
{
	translate_emit(t, "service auth-worker {");
	translate_emit(t, "  process_limit = %s", t->value);
	translate_emit(t, "}");
}

void translate_uidl_format(struct translation *t)
{
	static const struct {
		const char *old, *new;
	} forms[] = {
		{ "%08Xu%08Xv", "%{uid | hex(8)}%{uidvalidity | hex(8)}" },
		{ "%08Xv%08Xu", "%{uidvalidity | hex(8)}%{uid | hex(8)}" },
		{ "%u-%v", "%{uid}-%{uidvalidity}" },
		{ "%v.%u", "%{uidvalidity}.%{uid}" },
		{ "%Xv%Xu", "%{uidvalidity | hex}%{uid | hex}" },
		{ "%g", "%{guid}" },
		{ "%f", "%{filename}" },
		{ "%m", "%{md5}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (streq(t->value, forms[i].old)) {
			translate_emit(t, "pop3_uidl_format = %s", forms[i].new);
			return;
		}
	if (strstr(t->value, "%{"))
		translate_emit(t, "pop3_uidl_format = %s", t->value);
	else
		t->trouble = "its variables have new names: %{uid}, %{uidvalidity}, %{guid}";
}
