/* SPDX-License-Identifier: MIT */
/*
 * Meaning across rows. A row whose own value was refused holds its default although it is set;
 * conclusions from it would only confuse, so every check that starts from "this is empty" asks
 * settings_is_set() first. In PID 1 values of NAME__FILE are set but not read: the same rule covers
 * them.
 *
 * SOURCES
 *	transport(5) "RESULT FORMAT"; tzset(3); netdevice(7) IFNAMSIZ; postconf(5)
 *	message_size_limit, mailbox_size_limit, canonical_classes.
 */
#include "settings/settings.h"

#include "base/net.h"
#include "base/str.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define INTERFACE_MAX 15   /* IFNAMSIZ - 1 */
#define MESSAGE_MIN 100000 /* a limit below is more likely a wrong unit */

static const char *text_of(const struct settings *s, const struct setting_row *row,
			   struct problems *p)
{
	return settings_text(p->arena, s, row);
}

static void add(const struct settings *s, struct problems *p, enum severity severity,
		const struct setting_row *row, const char *hint, const char *text)
{
	const char *value = text_of(s, row, p);
	const char *about = row->flags & F_SECRET || !*value
				    ? row->name
				    : arena_printf(p->arena, "%s='%s'", row->name, value);
	problems_add(p, severity, about, hint, "%s", text);
}

/* True when the row is empty because nobody set it. */
static bool is_left_out(const struct settings *s, const struct setting_row *row, struct problems *p)
{
	return !settings_is_set(s, row) && !*text_of(s, row, p);
}

static bool is_zone_name(const char *s)
{
	return strspn(s, LETTERS DIGITS "_+-/") == strlen(s) && *s != '/' && !strstr(s, "//") &&
	       !has_suffix(s, "/");
}

static bool is_transport(const char *s)
{
	size_t n = strspn(s, LETTERS DIGITS "_-");
	return n > 0 && (s[n] == '\0' || s[n] == ':') && !strpbrk(s, " \"'$");
}

static bool is_certificate_name(const char *s)
{
	return is_fqdn(has_prefix(s, "*.") ? s + 2 : s);
}

static bool is_interface(const char *s)
{
	return strlen(s) <= INTERFACE_MAX && !strpbrk(s, " /:") && !streq(s, ".") &&
	       !streq(s, "..");
}

static bool has_no_colon(const char *s)
{
	return !strchr(s, ':');
}

static bool is_relay_name(const char *s)
{
	return is_hostname(s) || is_ip_address(s);
}

static bool is_uri_list(const char *s)
{
	struct str rest = str_from(s);
	struct str word;
	while (str_next_word(&rest, " ", &word)) {
		bool ldap = strncmp(word.p, "ldap://", 7) == 0 ||
			    strncmp(word.p, "ldaps://", 8) == 0 ||
			    strncmp(word.p, "ldapi://", 8) == 0;
		if (!ldap)
			return false;
	}
	return true;
}

static bool is_class_list(const char *s)
{
	struct str rest = str_from(s);
	struct str word;
	while (str_next_word(&rest, " ", &word))
		if (!str_is(word, "envelope_sender") && !str_is(word, "header_sender"))
			return false;
	return true;
}

/* Values of a form that belongs to one row only. */
static void check_forms(const struct settings *s, struct problems *p)
{
	static const struct {
		size_t offset;
		bool (*is_good)(const char *s);
		const char *wrong;
	} forms[] = {
#define FORM(field, is_good, wrong) { offsetof(struct settings, field), is_good, wrong }
		FORM(tz, is_zone_name, "not the name of a time zone such as Europe/Berlin"),
		FORM(ssl_domain, is_certificate_name,
		     "not a domain such as example.com or *.example.com"),
		FORM(postfix_dagent, is_transport,
		     "not a transport such as lmtp:inet:store.example.com:24"),
		FORM(network_interface, is_interface, "not the name of a network interface"),
		FORM(relay_host, is_relay_name,
		     "not a host name; it takes neither brackets nor a port"),
		FORM(relay_user, has_no_colon, "holds a colon, which ends a user name"),
		FORM(srs_sender_classes, is_class_list,
		     "not one or both of envelope_sender and header_sender"),
		FORM(ldap_server_host, is_uri_list, "not a URI such as ldaps://host"),
		FORM(dovecot_uris, is_uri_list, "not a URI such as ldaps://host"),
		FORM(saslauthd_ldap_server, is_uri_list, "not a URI such as ldaps://host"),
#undef FORM
	};
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct setting_row *row = settings_row_at(forms[i].offset);
		const char *text = text_of(s, row, p);
		if (settings_is_set(s, row) && *text && !forms[i].is_good(text))
			add(s, p, SEV_ERROR, row, "correct the value or leave it empty",
			    forms[i].wrong);
	}
}

/* What other images of this kind can do and this one can't yet, where going on would do harm. */
static void check_abilities(const struct settings *s, struct problems *p)
{
	if (!streq(s->account_provisioner, "FILE"))
		add(s, p, SEV_ERROR, SETTING_ROW(account_provisioner),
		    "use FILE: accounts from postfix-accounts.cf",
		    "known, not in this image yet: the server would have no accounts");
}

/* The four paths of SSL_TYPE=manual, and SSL_DOMAIN for letsencrypt. */
static void check_certificates(const struct settings *s, struct problems *p)
{
	const struct setting_row *type = SETTING_ROW(ssl_type);
	const struct setting_row *const paths[] = {
		SETTING_ROW(ssl_cert_path),
		SETTING_ROW(ssl_key_path),
		SETTING_ROW(ssl_alt_cert_path),
		SETTING_ROW(ssl_alt_key_path),
	};
	const struct setting_row *domain = SETTING_ROW(ssl_domain);
	bool known = *s->ssl_type || !settings_is_set(s, type);
	bool manual = streq(s->ssl_type, "manual");
	const char *needed = arena_printf(p->arena, "needed by %s=manual", type->name);

	for (size_t i = 0; i < 2 && manual; i++)
		if (is_left_out(s, paths[i], p))
			add(s, p, SEV_ERROR, paths[i], "name the PEM file inside the container",
			    needed);
	for (size_t i = 2; i < 4 && manual; i++) {
		const struct setting_row *other = paths[i ^ 1];
		if (is_left_out(s, paths[i], p) && !is_left_out(s, other, p))
			add(s, p, SEV_ERROR, paths[i], "set both or none",
			    arena_printf(p->arena, "needed because %s is set", other->name));
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths) && known && !manual; i++)
		if (settings_is_set(s, paths[i]))
			add(s, p, SEV_WARNING, paths[i],
			    arena_printf(p->arena, "set %s=manual to use the files", type->name),
			    arena_printf(p->arena, "has no effect without %s=manual", type->name));
	if (known && settings_is_set(s, domain) && !streq(s->ssl_type, "letsencrypt"))
		add(s, p, SEV_WARNING, domain, NULL,
		    arena_printf(p->arena, "has no effect without %s=letsencrypt", type->name));
}

static void check_tls_mode(const struct settings *s, struct problems *p)
{
	const struct setting_row *type = SETTING_ROW(ssl_type);
	bool implicit = streq(s->tls_mode, "both") || streq(s->tls_mode, "implicit");
	if (implicit && is_left_out(s, type, p))
		add(s, p, SEV_NOTE, SETTING_ROW(tls_mode),
		    arena_printf(p->arena, "set %s when you have a certificate", type->name),
		    arena_printf(p->arena,
				 "with %s empty these ports show a self-made certificate, which "
				 "mail programs ask about",
				 type->name));
}

static void check_sizes(const struct settings *s, struct problems *p)
{
	const struct setting_row *message = SETTING_ROW(postfix_message_size_limit);
	const struct setting_row *mailbox = SETTING_ROW(postfix_mailbox_size_limit);
	int64_t message_max = s->postfix_message_size_limit;
	int64_t mailbox_max = s->postfix_mailbox_size_limit;
	if (mailbox_max > 0 && (message_max == 0 || message_max > mailbox_max))
		add(s, p, SEV_ERROR, mailbox,
		    arena_printf(p->arena, "raise it, or lower %s", message->name),
		    arena_printf(p->arena,
				 "smaller than a single message may be (%s='%" PRId64 "')",
				 message->name, message_max));
	if (message_max > 0 && message_max < MESSAGE_MIN)
		add(s, p, SEV_WARNING, message,
		    "the number counts bytes; write 25M for 25 megabytes",
		    "hardly any message is that small");
	if (mailbox_max > 0 && !s->enable_quotas)
		add(s, p, SEV_WARNING, mailbox,
		    arena_printf(p->arena, "set %s=1", SETTING_ROW(enable_quotas)->name),
		    "has no effect on mailboxes while quotas are off");
}

/* Pairs of relay settings that only make sense in a certain way. */
static void check_relay(const struct settings *s, struct problems *p)
{
	const struct setting_row *user = SETTING_ROW(relay_user);
	const struct setting_row *password = SETTING_ROW(relay_password);
	const struct setting_row *relay = SETTING_ROW(relay_host);
	const struct setting_row *def = SETTING_ROW(default_relay_host);
	if (settings_is_set(s, user) != settings_is_set(s, password))
		add(s, p, SEV_WARNING, settings_is_set(s, user) ? password : user,
		    "set both or none",
		    "the user name and the password for the relay belong together");
	if (settings_is_set(s, relay) && settings_is_set(s, def))
		add(s, p, SEV_WARNING, relay, "remove one of the two, unless that is what you want",
		    arena_printf(p->arena,
				 "%s is set too: that one takes only mail of senders outside the "
				 "hosted domains, and %s belongs to it",
				 def->name, user->name));
	if (settings_is_set(s, user) && settings_is_set(s, password) && is_left_out(s, relay, p) &&
	    is_left_out(s, def, p))
		add(s, p, SEV_WARNING, user, arena_printf(p->arena, "set %s", def->name),
		    arena_printf(p->arena, "has no effect without %s or %s", def->name,
				 relay->name));
	if (settings_is_set(s, SETTING_ROW(relay_port)) && !settings_is_set(s, relay))
		add(s, p, SEV_WARNING, SETTING_ROW(relay_port),
		    arena_printf(p->arena, "write the port into %s as [host]:port", def->name),
		    arena_printf(p->arena, "has no effect without %s", relay->name));
}

void settings_check(const struct settings *s, struct problems *p)
{
	check_forms(s, p);
	check_abilities(s, p);
	check_certificates(s, p);
	check_tls_mode(s, p);
	check_sizes(s, p);
	check_relay(s, p);
}
