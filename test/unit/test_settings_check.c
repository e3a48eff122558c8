/* SPDX-License-Identifier: MIT */
#include "../fixtures/settings_fixture.h"

#define MAX_ENV 5

struct check {
	const char *const env[MAX_ENV];
	enum severity severity;
	const char *subject; /* NULL: nothing is found */
	const char *says;
};

static const struct check checks[] = {
	/* What this image can't do yet */
	{ { "ACCOUNT_PROVISIONER=LDAP" },
	  SEV_ERROR,
	  "ACCOUNT_PROVISIONER='LDAP'",
	  "not in this image" },
	{ { "ACCOUNT_PROVISIONER=oidc" },
	  SEV_ERROR,
	  "ACCOUNT_PROVISIONER='OIDC'",
	  "not in this image" },
	{ { "ACCOUNT_PROVISIONER=FILE" }, SEV_ERROR, NULL, NULL },
	{ { "DOVECOT_MAILBOX_FORMAT=sdbox" }, SEV_ERROR, NULL, NULL },
	{ { "PERMIT_DOCKER=network" }, SEV_WARNING, NULL, NULL },
	{ { "PERMIT_DOCKER=none" }, SEV_WARNING, NULL, NULL },
	/* Certificates */
	{ { "SSL_TYPE=manual" }, SEV_ERROR, "SSL_CERT_PATH", "needed by SSL_TYPE=manual" },
	{ { "SSL_TYPE=manual", "SSL_CERT_PATH=/c" }, SEV_ERROR, "SSL_KEY_PATH", "needed by" },
	{ { "SSL_TYPE=manual", "SSL_CERT_PATH=/c", "SSL_KEY_PATH=/k" }, SEV_ERROR, NULL, NULL },
	{ { "SSL_TYPE=manual", "SSL_CERT_PATH=/c", "SSL_KEY_PATH=/k", "SSL_ALT_CERT_PATH=/a" },
	  SEV_ERROR,
	  "SSL_ALT_KEY_PATH",
	  "needed because SSL_ALT_CERT_PATH is set" },
	{ { "SSL_TYPE=manual", "SSL_CERT_PATH=/c", "SSL_KEY_PATH=/k", "SSL_ALT_KEY_PATH=/a" },
	  SEV_ERROR,
	  "SSL_ALT_CERT_PATH",
	  "needed because SSL_ALT_KEY_PATH is set" },
	{ { "SSL_CERT_PATH=/c" },
	  SEV_WARNING,
	  "SSL_CERT_PATH='/c'",
	  "no effect without SSL_TYPE=manual" },
	{ { "SSL_TYPE=letsencrypt", "SSL_KEY_PATH=/c" },
	  SEV_WARNING,
	  "SSL_KEY_PATH='/c'",
	  "no effect" },
	{ { "SSL_TYPE=manuel", "SSL_KEY_PATH=/c" }, SEV_ERROR, "SSL_TYPE='manuel'", "not one of" },
	{ { "SSL_TYPE=manual", "SSL_CERT_PATH=c", "SSL_KEY_PATH=/k" },
	  SEV_ERROR,
	  "SSL_CERT_PATH='c'",
	  "not an absolute path" },
	{ { "SSL_TYPE=letsencrypt", "SSL_DOMAIN=*.example.com" }, SEV_ERROR, NULL, NULL },
	{ { "SSL_TYPE=letsencrypt", "SSL_DOMAIN=*example.com" },
	  SEV_ERROR,
	  "SSL_DOMAIN='*example.com'",
	  "not a domain" },
	{ { "SSL_TYPE=custom", "SSL_DOMAIN=example.com" },
	  SEV_WARNING,
	  "SSL_DOMAIN='example.com'",
	  "without SSL_TYPE=letsencrypt" },
	{ { "TLS_MODE=both" }, SEV_NOTE, "TLS_MODE='both'", "self-made certificate" },
	{ { "TLS_MODE=implicit" }, SEV_NOTE, "TLS_MODE='implicit'", "self-made certificate" },
	{ { "TLS_MODE=starttls" }, SEV_NOTE, NULL, NULL },
	{ { "TLS_MODE=implicit", "SSL_TYPE=self-signed" }, SEV_NOTE, NULL, NULL },
	/* Sizes */
	{ { "POSTFIX_MAILBOX_SIZE_LIMIT=5M" },
	  SEV_ERROR,
	  "POSTFIX_MAILBOX_SIZE_LIMIT='5000000'",
	  "smaller than a single message" },
	{ { "POSTFIX_MAILBOX_SIZE_LIMIT=5G", "POSTFIX_MESSAGE_SIZE_LIMIT=0" },
	  SEV_ERROR,
	  "POSTFIX_MAILBOX_SIZE_LIMIT",
	  "smaller than" },
	{ { "POSTFIX_MAILBOX_SIZE_LIMIT=10240000" }, SEV_ERROR, NULL, NULL },
	{ { "POSTFIX_MESSAGE_SIZE_LIMIT=0" }, SEV_ERROR, NULL, NULL },
	{ { "POSTFIX_MESSAGE_SIZE_LIMIT=25" },
	  SEV_WARNING,
	  "POSTFIX_MESSAGE_SIZE_LIMIT='25'",
	  "hardly any message" },
	{ { "POSTFIX_MAILBOX_SIZE_LIMIT=1G", "ENABLE_QUOTAS=0" },
	  SEV_WARNING,
	  "POSTFIX_MAILBOX_SIZE_LIMIT",
	  "quotas are off" },
	/* Forms */
	{ { "TZ=Europe/Berlin" }, SEV_ERROR, NULL, NULL },
	{ { "TZ=Etc/GMT+1" }, SEV_ERROR, NULL, NULL },
	{ { "TZ=/etc/passwd" }, SEV_ERROR, "TZ='/etc/passwd'", "time zone" },
	{ { "TZ=../../etc/passwd" }, SEV_ERROR, "TZ=", "time zone" },
	{ { "TZ=Mars Phobos" }, SEV_ERROR, "TZ=", "time zone" },
	{ { "POSTFIX_DAGENT=lmtp:inet:store.example.com:24" }, SEV_ERROR, NULL, NULL },
	{ { "POSTFIX_DAGENT=lmtp:unix:/run/lmtp" }, SEV_ERROR, NULL, NULL },
	{ { "POSTFIX_DAGENT=virtual" }, SEV_ERROR, NULL, NULL },
	{ { "POSTFIX_DAGENT=:24" }, SEV_ERROR, "POSTFIX_DAGENT=", "not a transport" },
	{ { "POSTFIX_DAGENT=lmtp:$x" }, SEV_ERROR, "POSTFIX_DAGENT=", "not a transport" },
	{ { "POSTFIX_DAGENT=lmtp:a b" }, SEV_ERROR, "POSTFIX_DAGENT=", "not a transport" },
	{ { "NETWORK_INTERFACE=a/b" }, SEV_ERROR, "NETWORK_INTERFACE=", "interface" },
	{ { "RELAY_HOST=[relay.example.com]" }, SEV_ERROR, "RELAY_HOST=", "brackets" },
	{ { "RELAY_HOST=relay.example.com:587" }, SEV_ERROR, "RELAY_HOST=", "port" },
	{ { "RELAY_USER=a:b", "RELAY_PASSWORD=x" }, SEV_ERROR, "RELAY_USER=", "colon" },
	{ { "SRS_SENDER_CLASSES=envelope_sender,header_sender" }, SEV_ERROR, NULL, NULL },
	{ { "SRS_SENDER_CLASSES=envelope" }, SEV_ERROR, "SRS_SENDER_CLASSES=", "not one or both" },
	{ { "LDAP_SERVER_HOST=ldap.example.com" }, SEV_ERROR, "LDAP_SERVER_HOST=", "not a URI" },
	{ { "DOVECOT_URIS=ldaps://a ldapi://%2frun%2fldapi" }, SEV_ERROR, NULL, NULL },
	/* Relay */
	{ { "RELAY_USER=anna" }, SEV_WARNING, "RELAY_PASSWORD", "belong together" },
	{ { "RELAY_PASSWORD=x" }, SEV_WARNING, "RELAY_USER", "belong together" },
	{ { "RELAY_HOST=a.example", "DEFAULT_RELAY_HOST=b.example" },
	  SEV_WARNING,
	  "RELAY_HOST='a.example'",
	  "DEFAULT_RELAY_HOST is set too" },
	{ { "RELAY_USER=anna", "RELAY_PASSWORD=x" },
	  SEV_WARNING,
	  "RELAY_USER='anna'",
	  "without DEFAULT_RELAY_HOST or RELAY_HOST" },
	{ { "DEFAULT_RELAY_HOST=[[b.example]]:587" },
	  SEV_ERROR,
	  "DEFAULT_RELAY_HOST='[[b.example]]:587'",
	  "not a host" },
	{ { "RELAY_PORT=70000", "RELAY_HOST=b.example" },
	  SEV_ERROR,
	  "RELAY_PORT='70000'",
	  "between 1 and 65535" },
	{ { "RELAY_PORT=587", "DEFAULT_RELAY_HOST=b.example" },
	  SEV_WARNING,
	  "RELAY_PORT='587'",
	  "without RELAY_HOST" },
};

static void test_checks(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		const struct check *c = &checks[i];
		const char *env[MAX_ENV + 1] = { NULL };
		struct loaded l;
		for (size_t k = 0; k < MAX_ENV && c->env[k]; k++)
			env[k] = c->env[k];
		load(&l, env);
		if (c->subject && !finding(&l, c->severity, c->subject, c->says))
			fail_msg("%s: expected %s, %s\n%s", c->env[0], c->subject, c->says,
				 told(&l));
		if (!c->subject && problems_count(&l.problems, c->severity) > 0)
			fail_msg("%s: %s", c->env[0], told(&l));
		unload(&l);
	}
}

/* One cause, one finding: a refused value starts no further ones. */
static void test_no_second_finding(void **state UNUSED)
{
	static const char *const single[] = { "SSL_TYPE=manuel", "TLS_MODE=all",
					      "ACCOUNT_PROVISIONER=SQL",
					      "DOVECOT_MAILBOX_FORMAT=mbox", "PERMIT_DOCKER=all" };
	for (size_t i = 0; i < ARRAY_SIZE(single); i++) {
		struct loaded l;
		load(&l, ENV(single[i]));
		assert_int_equal(findings(&l), 1);
		assert_int_equal(problems_errors(&l.problems), 1);
		unload(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_no_second_finding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
