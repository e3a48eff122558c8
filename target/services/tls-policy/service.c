/* SPDX-License-Identifier: MIT */
/*
 * Ports and TLS: one definition, which every daemon's template writes in its own dialect. No daemon
 * of its own.
 *
 * modern: no row that the NCSC-NL guideline of 2025 calls "phase out": TLS 1.2 with ECDHE and AEAD,
 * TLS 1.3; no finite field groups. intermediate adds TLS 1.2 suites with CBC and SHA-2 for old
 * clients. TLS 1.3 suites are the library's.
 *
 * Groups are in the language of SSL_CTX_set1_groups_list(3): "*" makes a client send a key share for
 * the group at once, so that a server without the hybrid group needs no second round; "/" ends a
 * class, and a server takes a group of an earlier class even if that costs a round.
 *
 * SOURCES
 *	NCSC-NL "ICT-beveiligingsrichtlijnen voor TLS" 2025; RFC 9325; openssl-ciphers(1ssl).
 */
#include "service.h"

#include "settings/tls_mode.h"

#define SUITES_MODERN                                                                              \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define SUITES_OLD                                                                                 \
	"ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"                                       \
	"ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384"

static struct tpl_value ciphers(const struct service_ctx *ctx)
{
	return tpl_text(streq(ctx->s->tls_level, "intermediate") ? SUITES_MODERN ":" SUITES_OLD
								 : SUITES_MODERN);
}

static struct tpl_value groups(const struct service_ctx *ctx UNUSED)
{
	return tpl_text("*X25519MLKEM768/*X25519:prime256v1:secp384r1");
}

static struct tpl_value alt_cert(const struct service_ctx *ctx)
{
	return tpl_bool(*ctx->s->ssl_alt_cert_path != '\0' && streq(ctx->s->ssl_type, "manual"));
}

static struct tpl_value starttls_ports(const struct service_ctx *ctx)
{
	return tpl_bool(tls_starttls_ports(ctx->s));
}

static struct tpl_value implicit_ports(const struct service_ctx *ctx)
{
	return tpl_bool(tls_implicit_ports(ctx->s));
}

static const struct fact facts[] = {
	{ "tls_ciphers", "TLS 1.2 suites of TLS_LEVEL, best first", ciphers },
	{ "tls_groups", "key exchange groups, best first", groups },
	{ "tls_alt_cert", "a second certificate is configured", alt_cert },
	{ "port_587", "submission with STARTTLS is open", starttls_ports },
	{ "port_143", "IMAP with STARTTLS is open", starttls_ports },
	{ "port_110", "POP3 with STARTTLS is open (if POP3 is on)", starttls_ports },
	{ "port_465", "submission with implicit TLS is open", implicit_ports },
	{ "port_993", "IMAP with implicit TLS is open", implicit_ports },
	{ "port_995", "POP3 with implicit TLS is open (if POP3 is on)", implicit_ports },
	{ NULL, NULL, NULL },
};

const struct service service_tls_policy = {
	.name = "tls-policy",
	.facts = facts,
};
