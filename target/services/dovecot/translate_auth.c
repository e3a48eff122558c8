/* SPDX-License-Identifier: MIT */
#include "dovecot/translate_auth.h"

#define SETTINGS_MAX 32

struct auth_setting {
	const char *key, *value;
};

struct auth_block {
	struct arena *a;
	const char *name, *indent;
	unsigned line;
	struct auth_setting list[SETTINGS_MAX];
	size_t n;
	const char *trouble;
};

struct auth_block *auth_block_begin(struct arena *a, const char *name, const char *indent,
				    unsigned line)
{
	struct auth_block *block = ARENA_NEW(a, struct auth_block);

	*block = (struct auth_block){ .a = a, .name = name, .indent = indent, .line = line };
	return block;
}

void auth_block_set(struct auth_block *block, const char *key, const char *value)
{
	if (block->n < SETTINGS_MAX)
		block->list[block->n++] = (struct auth_setting){ key, value };
	else
		block->trouble = "the section has too many settings";
}

const char *auth_block_name(const struct auth_block *block)
{
	return block->name;
}

unsigned auth_block_line(const struct auth_block *block)
{
	return block->line;
}

void auth_block_refuse(struct auth_block *block, const char *advice)
{
	block->trouble = advice;
}

static const char *find(const struct auth_block *block, const char *key)
{
	for (size_t i = 0; i < block->n; i++)
		if (streq(block->list[i].key, key))
			return block->list[i].value;
	return NULL;
}

/* "name=value name2=value2": as lines of a block `fields`. */
static void emit_fields(struct auth_block *block, struct translation *t, const char *text)
{
	struct str rest = str_from(text), word, name, value;

	translate_emit(t, "  fields {");
	while (str_next_word(&rest, " \t", &word)) {
		if (!str_split(word, '=', &name, &value)) {
			name = word;
			value = STR_LIT("yes");
		}
		const char *text_value =
			translate_variables(block->a, str_dup(block->a, value), &block->trouble);
		if (text_value)
			translate_emit(t, "    %.*s = %s", (int)name.n, name.p, text_value);
	}
	translate_emit(t, "  }");
}

/* "scheme=X username_format=Y /path" */
static void emit_passwd_file(struct auth_block *block, struct translation *t, const char *args)
{
	struct str rest = str_from(args), word, name, value;

	while (str_next_word(&rest, " \t", &word)) {
		const char *text = str_dup(block->a, word);
		if (!str_split(word, '=', &name, &value)) {
			text = translate_variables(block->a, text, &block->trouble);
			if (text)
				translate_emit(t, "  passwd_file_path = %s", text);
			continue;
		}
		const char *new_value =
			translate_variables(block->a, str_dup(block->a, value), &block->trouble);
		if (new_value == NULL)
			return;
		if (str_is(name, "scheme"))
			translate_emit(t, "  default_password_scheme = %s", new_value);
		else if (str_is(name, "username_format"))
			translate_emit(t, "  auth_username_format = %s", new_value);
		else
			block->trouble = "it has an unknown word in args";
	}
}

static void emit_pam(struct auth_block *block, struct translation *t, const char *args)
{
	struct str rest = str_from(args), word;

	while (str_next_word(&rest, " \t", &word)) {
		if (str_has_char(word, '=') || word.p[0] == '-')
			block->trouble =
				"write a block passdb pam { } with service_name and the like";
		else
			translate_emit(t, "  service_name = %.*s", (int)word.n, word.p);
	}
}

static void emit_args(struct auth_block *block, struct translation *t, const char *driver,
		      const char *args)
{
	if (streq(driver, "passwd-file"))
		emit_passwd_file(block, t, args);
	else if (streq(driver, "static"))
		emit_fields(block, t, args);
	else if (streq(driver, "pam"))
		emit_pam(block, t, args);
	else if (*args)
		block->trouble = "write its settings into the section: separate files for sql, "
				 "ldap, oauth2 and the like are gone";
}

/* Settings that have kept their name. */
static bool is_common(const char *key)
{
	static const char *const common[] = {
		"deny",		  "master",	    "pass",
		"skip",		  "mechanisms",	    "username_filter",
		"result_success", "result_failure", "result_internalfail",
		"auth_verbose"
	};

	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		if (streq(common[i], key))
			return true;
	return false;
}

static void emit_others(struct auth_block *block, struct translation *t)
{
	for (size_t i = 0; i < block->n; i++) {
		const struct auth_setting *s = &block->list[i];
		if (streq(s->key, "driver") || streq(s->key, "args"))
			continue;
		if (streq(s->key, "default_fields") || streq(s->key, "override_fields"))
			emit_fields(block, t, s->value);
		else if (is_common(s->key))
			translate_emit(t, "  %s = %s", s->key, s->value);
		else
			block->trouble = arena_printf(block->a, "'%s' is not known", s->key);
	}
}

const char *auth_block_end(struct auth_block *block, struct translated_vec *out)
{
	static const char *const gone[] = { "checkpassword", "dict", "shadow", "vpopmail", "sia" };
	const char *driver = find(block, "driver"), *args = find(block, "args");
	struct translation t = {
		.a = block->a, .out = out, .indent = block->indent, .line = block->line
	};
	size_t from = out->n;

	if (driver == NULL)
		return "it has no driver";
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
		if (streq(driver, gone[i]))
			return arena_printf(block->a, "the driver %s is gone", driver);
	/* A name of its own: the image has its sections passdb sql and userdb sql. */
	translate_emit(&t, "%s own-%s%u {", block->name, driver, block->line);
	translate_emit(&t, "  driver = %s", driver);
	emit_args(block, &t, driver, args ? args : "");
	emit_others(block, &t);
	translate_emit(&t, "}");
	if (block->trouble) {
		out->n = from;
		translate_emit(&t, "# not in Dovecot 2.4: %s { driver = %s }", block->name, driver);
	}
	return block->trouble;
}
