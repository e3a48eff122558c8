/* SPDX-License-Identifier: MIT */
/*
 * NAME
 *	password - password hashes in Dovecot's form "{SCHEME}hash"
 *
 * Hashes are made with libcrypt (SHA512-CRYPT); hashes of other schemes are accepted as they are,
 * because Dovecot checks them.
 *
 * OWNERSHIP
 *	Results live in the arena given.
 *
 * SOURCES
 *	crypt(3), crypt_gensalt(3); Dovecot "Password schemes".
 */
#ifndef INPUTS_PASSWORD_H
#define INPUTS_PASSWORD_H

#include "base/err.h"
#include "base/str.h"

struct arena;
struct problems;

/* libxcrypt hashes at most 511 bytes of a passphrase (CRYPT_MAX_PASSPHRASE_SIZE counts the NUL). */
#define PASSWORD_MAX 511

/* What `mailserver render` writes in place of a hash it must not make: matches no password. */
#define PASSWORD_PLACEHOLDER "{SHA512-CRYPT}$6$render$placeholder"

/* What a password field holds. */
enum password_form {
	PASSWORD_PLAIN,	    /* no hash */
	PASSWORD_HASHED,    /* a hash Dovecot checks */
	PASSWORD_REFUSED,   /* known, but refused as weak (auth_allow_weak_schemes = no) */
	PASSWORD_NO_SCHEME, /* {SCHEME} with a name Dovecot does not know */
	PASSWORD_NO_HASH,   /* {SCHEME} with nothing behind it */
};

/* Judges the text; *prefix_r gets what must stand before it to make it complete: "" or, for a bare
 * crypt(3) text such as $6$…, its "{SCHEME}". */
enum password_form password_judge(struct str text, const char **prefix_r);

/* Whether the text is a hash (also a refused one); *normal_r gets the form with {SCHEME}. */
bool password_is_hash(struct arena *a, const char *text, const char **normal_r) MUST_CHECK;

/* A finding unless the form is PASSWORD_HASHED: `who` has the password, `command` sets a new one.
 * False when the line can't be used. */
bool password_report(struct problems *p, const char *subject, const char *who,
		     enum password_form form, const char *command);

/* Why the text can't be a password, as a clause ("is empty"), or NULL. */
const char *password_problem(const char *password);

/* {SHA512-CRYPT} hash with a random salt and libcrypt's default rounds (5000). Fails when
 * password_problem() does, or when the system has no random bytes. */
bool password_hash(struct arena *a, const char *password, const char **hash_r, struct err *err)
	MUST_CHECK;

/* The secret from which salts of MAIL_ACCOUNTS are derived, so that the same password gives the
 * same hash as long as the container lives (and a change of something else does not look like a
 * change of every account). */
struct password_key {
	unsigned char bytes[32];
};

/* Reads the key file, or makes it (0600, random). */
bool password_key_load(const char *path, struct password_key *key_r, struct err *err) MUST_CHECK;
/* As password_hash(), salt = first 16 bytes of HMAC-SHA256(key, address NUL password). */
bool password_hash_keyed(struct arena *a, const struct password_key *key, const char *address,
			 const char *password, const char **hash_r, struct err *err) MUST_CHECK;

#endif
