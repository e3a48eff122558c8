/* SPDX-License-Identifier: MIT */
/*
 * The list of schemes and which of them are refused was taken from a running Dovecot 2.4.1
 * (`doveadm pw -l`, and a login with each). A scheme name may carry an encoding (".HEX", ".B64",
 * ".BASE64").
 *
 * WHY SALTS OF MAIL_ACCOUNTS ARE DERIVED
 *	The environment is read again for each change of a file. A random salt would give every
 *	account of MAIL_ACCOUNTS a new hash each time, and every change would rewrite all tables.
 *	The salt is therefore an HMAC of address and password under a key that was random when the
 *	container first needed it and that never leaves it: equal passwords of two accounts or two
 *	containers still have different salts, and without the key the salt says nothing about the
 *	password.
 *
 * SOURCES
 *	crypt(3), crypt_gensalt(3), getrandom(2); Dovecot "Password schemes",
 *	auth_allow_weak_schemes.
 */
#include "inputs/password.h"

#include <crypt.h>
#include <sys/random.h>

#include <openssl/hmac.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "settings/problems.h"

#define SALT_BYTES 16
#define USUAL "{SHA512-CRYPT}"

struct scheme {
	const char *name;
	bool refused;
};

/* The usual one first: the search is linear. */
static const struct scheme schemes[] = {
	{ "SHA512-CRYPT", false }, { "BLF-CRYPT", false },     { "SHA256-CRYPT", false },
	{ "CRYPT", false },	   { "ARGON2ID", false },      { "ARGON2I", false },
	{ "ARGON2", false },	   { "PBKDF2", false },	       { "SSHA512", false },
	{ "SSHA256", false },	   { "SSHA", false },	       { "SHA512", false },
	{ "SHA256", false },	   { "SHA1", false },	       { "SHA", false },
	{ "PLAIN", false },	   { "CLEAR", false },	       { "CLEARTEXT", false },
	{ "SCRAM-SHA-1", false },  { "SCRAM-SHA-256", false }, { "CRAM-MD5", false },
	{ "DIGEST-MD5", false },   { "OTP", false },	       { "PLAIN-TRUNC", false },
	{ "MD5-CRYPT", true },	   { "DES-CRYPT", true },      { "MD5", true },
	{ "SMD5", true },	   { "LDAP-MD5", true },       { "PLAIN-MD5", true },
	{ "PLAIN-MD4", true },	   { "HMAC-MD5", true },
};

/* Bare texts of crypt(3) and their scheme. */
static const struct {
	const char *start, *prefix;
	bool refused;
} bare_texts[] = {
	{ "$6$", "{SHA512-CRYPT}", false },  { "$5$", "{SHA256-CRYPT}", false },
	{ "$2a$", "{BLF-CRYPT}", false },    { "$2b$", "{BLF-CRYPT}", false },
	{ "$2y$", "{BLF-CRYPT}", false },    { "$argon2id$", "{ARGON2ID}", false },
	{ "$argon2i$", "{ARGON2I}", false }, { "$y$", "{CRYPT}", false },
	{ "$gy$", "{CRYPT}", false },	     { "$7$", "{CRYPT}", false },
	{ "$1$", "{MD5-CRYPT}", true },
};

static bool ends_with_nocase(struct str s, const char *tail)
{
	size_t n = strlen(tail);

	return s.n > n && strncasecmp(s.p + s.n - n, tail, n) == 0;
}

/* The name without its encoding. */
static struct str scheme_base(struct str name)
{
	static const char *const encodings[] = { ".HEX", ".B64", ".BASE64" };

	for (size_t i = 0; i < ARRAY_SIZE(encodings); i++)
		if (ends_with_nocase(name, encodings[i]))
			return (struct str){ name.p, name.n - strlen(encodings[i]) };
	return name;
}

static const struct scheme *find_scheme(struct str name)
{
	struct str base = scheme_base(name);

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (strlen(schemes[i].name) == base.n &&
		    strncasecmp(schemes[i].name, base.p, base.n) == 0)
			return &schemes[i];
	return NULL;
}

/* "{NAME}" at the start, where NAME is made of the characters scheme names have. */
static bool take_scheme(struct str text, struct str *name_r)
{
	size_t n = 1;

	if (text.n < 3 || text.p[0] != '{')
		return false;
	while (n < text.n &&
	       (isalnum((unsigned char)text.p[n]) || text.p[n] == '-' || text.p[n] == '.'))
		n++;
	if (n == 1 || n == text.n || text.p[n] != '}')
		return false;
	*name_r = (struct str){ text.p + 1, n - 1 };
	return true;
}

enum password_form password_judge(struct str text, const char **prefix_r)
{
	struct str name;

	*prefix_r = "";
	/* What nearly every line has. */
	if (text.n > sizeof(USUAL) - 1 && memcmp(text.p, USUAL, sizeof(USUAL) - 1) == 0)
		return PASSWORD_HASHED;
	if (take_scheme(text, &name)) {
		const struct scheme *scheme = find_scheme(name);
		if (scheme == NULL)
			return PASSWORD_NO_SCHEME;
		if (text.n == name.n + 2)
			return PASSWORD_NO_HASH;
		return scheme->refused ? PASSWORD_REFUSED : PASSWORD_HASHED;
	}
	for (size_t i = 0; i < ARRAY_SIZE(bare_texts); i++) {
		size_t n = strlen(bare_texts[i].start);
		if (text.n > n && memcmp(text.p, bare_texts[i].start, n) == 0) {
			*prefix_r = bare_texts[i].prefix;
			return bare_texts[i].refused ? PASSWORD_REFUSED : PASSWORD_HASHED;
		}
	}
	return PASSWORD_PLAIN;
}

bool password_is_hash(struct arena *a, const char *text, const char **normal_r)
{
	const char *prefix;

	switch (password_judge(str_from(text), &prefix)) {
	case PASSWORD_HASHED:
	case PASSWORD_REFUSED:
		*normal_r = arena_printf(a, "%s%s", prefix, text);
		return true;
	case PASSWORD_PLAIN:
	case PASSWORD_NO_SCHEME:
	case PASSWORD_NO_HASH:
		break;
	}
	return false;
}

bool password_report(struct problems *p, const char *subject, const char *who,
		     enum password_form form, const char *command)
{
	const char *again = arena_printf(p->arena, "set a new password: %s", command);

	switch (form) {
	case PASSWORD_PLAIN:
		problems_add(p, SEV_ERROR, subject, again,
			     "the password of '%s' is not a hash such as {SHA512-CRYPT}$6$…", who);
		return false;
	case PASSWORD_NO_SCHEME:
		problems_add(p, SEV_ERROR, subject, again,
			     "the password of '%s' has a {SCHEME} that Dovecot does not know", who);
		return false;
	case PASSWORD_NO_HASH:
		problems_add(p, SEV_ERROR, subject, again,
			     "the password of '%s' has a {SCHEME} but no hash", who);
		return false;
	case PASSWORD_REFUSED:
		problems_add(p, SEV_WARNING, subject, again,
			     "'%s' can't log in: Dovecot refuses its weak password scheme", who);
		return true;
	case PASSWORD_HASHED:
		return true;
	}
	BUG("password form %d", (int)form);
}

const char *password_problem(const char *password)
{
	if (*password == '\0')
		return "is empty";
	if (strlen(password) > PASSWORD_MAX)
		return "is longer than 511 bytes";
	for (const char *c = password; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return "has a control character";
	return NULL;
}

static bool random_bytes(unsigned char *out, size_t n, struct err *err)
{
	/* Up to 256 bytes come in one piece (getrandom(2)). */
	if (getrandom(out, n, 0) != (ssize_t)n)
		return err_sys(err, ERR_OS, "getrandom");
	return true;
}

static bool hash_with_salt(struct arena *a, const char *password, const unsigned char *salt,
			   const char **hash_r, struct err *err)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data data = { 0 };
	const char *problem = password_problem(password), *hash;

	if (problem)
		return err_set(err, ERR_DATA, "the password %s", problem);
	/* The cast: the parameter is char, random bytes are unsigned. */
	if (!crypt_gensalt_rn("$6$", 0, (const char *)salt, SALT_BYTES, setting, sizeof(setting)))
		return err_sys(err, ERR_OS, "crypt_gensalt");
	hash = crypt_rn(password, setting, &data, (int)sizeof(data));
	bool ok = hash != NULL && hash[0] != '*';
	if (ok)
		*hash_r = arena_printf(a, USUAL "%s", hash);
	explicit_bzero(&data, sizeof(data));
	return ok ? true : err_sys(err, ERR_OS, "crypt");
}

bool password_hash(struct arena *a, const char *password, const char **hash_r, struct err *err)
{
	unsigned char salt[SALT_BYTES];

	return random_bytes(salt, sizeof(salt), err) &&
	       hash_with_salt(a, password, salt, hash_r, err);
}

bool password_hash_keyed(struct arena *a, const struct password_key *key, const char *address,
			 const char *password, const char **hash_r, struct err *err)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct buf text = BUF_INIT;

	buf_add(&text, address, strlen(address) + 1);
	buf_adds(&text, password);
	/* The cast: the parameter is unsigned bytes, our texts are char. */
	bool ok = HMAC(EVP_sha256(), key->bytes, (int)sizeof(key->bytes),
		       (const unsigned char *)text.p, text.n, mac, &n) != NULL;
	buf_wipe(&text);
	if (!ok || n < SALT_BYTES)
		return err_set(err, ERR_INTERNAL, "HMAC-SHA256 failed");
	return hash_with_salt(a, password, mac, hash_r, err);
}

bool password_key_load(const char *path, struct password_key *key_r, struct err *err)
{
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct password_key key;
	struct err ignored = ERR_INIT;
	struct arena a;
	char *text;
	size_t n;

	arena_init(&a, "salt key");
	bool found = file_read(&a, path, sizeof(key.bytes), &text, &n, &ignored) &&
		     n == sizeof(key.bytes);
	if (found)
		memcpy(key.bytes, text, sizeof(key.bytes));
	arena_wipe(&a);
	if (!found &&
	    (!random_bytes(key.bytes, sizeof(key.bytes), err) ||
	     !file_replace(path, key.bytes, sizeof(key.bytes), &attr, FILE_EPHEMERAL, NULL, err)))
		return false;
	*key_r = key;
	explicit_bzero(&key, sizeof(key));
	return true;
}
