/* SPDX-License-Identifier: MIT */
/*
 * Input: a KeyTable; also read as SigningTable, TrustedHosts, key, record and selector. What is accepted
 * has no byte that would mean something else to the signer's own parser.
 */
#include "base/buf.h"
#include "inputs/dkim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const char *word, const char *forbidden)
{
	if (*word == '\0' || strpbrk(word, forbidden))
		BUG("accepted the word '%s'", word);
	for (const char *p = word; *p; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f)
			BUG("accepted a control character");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct dkim_key_vec keys = VEC_INIT;
	struct dkim_rule_vec rules = VEC_INIT;
	struct text_vec hosts = VEC_INIT;
	struct dkim_facts facts;
	struct err err = ERR_INIT;
	struct problems p;
	struct arena a;

	arena_init(&a, "fuzz");
	problems_init(&p, &a);
	dkim_parse_keys(&a, "k", text, &keys, &p);
	for (size_t i = 0; i < keys.n; i++) {
		check_word(keys.v[i].name, "#:");
		check_word(keys.v[i].domain, "#:/");
		check_word(keys.v[i].selector, "#:/");
		check_word(keys.v[i].source, "#");
	}
	dkim_parse_rules(&a, "r", text, &rules, &p);
	for (size_t i = 0; i < rules.n; i++) {
		check_word(rules.v[i].pattern, "#");
		check_word(rules.v[i].value, "#");
	}
	dkim_parse_hosts(&a, "h", text, &hosts, &p);
	for (size_t i = 0; i < hosts.n; i++)
		check_word(hosts.v[i], "#");
	if (dkim_key_read(&a, text, &facts, &err) && *facts.public_key == '\0')
		BUG("a key without a public key");
	const char *published = dkim_record_public_key(&a, text);
	if (strpbrk(published, " \t\r\n\";"))
		BUG("a public key with blanks");
	if (size < 400)
		(void)dkim_is_selector(str_dup(&a, text));
	arena_fini(&a);
	return 0;
}
