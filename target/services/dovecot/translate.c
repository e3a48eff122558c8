/* SPDX-License-Identifier: MIT */
/*
 * One pass over logical lines (a "\" at the end joins the next). A stack of section names tells the
 * place; of a plugin section the content stays and the braces go. passdb and userdb sections without
 * a name are gathered until their end, because their form depends on their driver
 * (translate_auth.c).
 *
 * SOURCES
 *	Dovecot 2.3 "Config File Syntax", 2.4 "Settings Syntax".
 */
#include "dovecot/translate.h"

#include "dovecot/translate_auth.h"

#define DEPTH_MAX 32

enum place { PLACE_ANY, PLACE_SERVICE, PLACE_INET_LISTENER, PLACE_NAMESPACE };
enum kind { RENAMED, FILE_PATH, INVERTED, SWITCH, SPECIAL, DROPPED, GONE };

static const struct row {
	enum place place;
	enum kind kind;
	const char *old;
	const char *text; /* new name, line, reason or advice */
	translate_fn *special;
} rows[] = {
#define ANY PLACE_ANY
#define SERVICE PLACE_SERVICE
#define INET_LISTENER PLACE_INET_LISTENER
#define NAMESPACE PLACE_NAMESPACE
#define RENAMED(place, old, new) { place, RENAMED, #old, #new, NULL },
#define FILE(place, old, new) { place, FILE_PATH, #old, #new, NULL },
#define INVERTED(place, old, new) { place, INVERTED, #old, #new, NULL },
#define SWITCH(place, old, line) { place, SWITCH, #old, line, NULL },
#define SPECIAL(place, old, function) { place, SPECIAL, #old, NULL, translate_##function },
#define DROPPED(place, old, why) { place, DROPPED, #old, why, NULL },
#define GONE(place, old, advice) { place, GONE, #old, advice, NULL },
#include "dovecot/translate.def"
#undef ANY
#undef SERVICE
#undef INET_LISTENER
#undef NAMESPACE
#undef RENAMED
#undef FILE
#undef INVERTED
#undef SWITCH
#undef SPECIAL
#undef DROPPED
#undef GONE
};

/* Values that hold "%" for other reasons than Dovecot's variables. */
static const char *const without_variables[] = { "log_timestamp", "query", "user_query",
						 "password_query" };

/* Sections of 2.4 whose keys are names, not settings: "quota = yes" in mail_plugins { }. */
static const char *const lists_of_names[] = { "mail_plugins",	   "protocols",
					      "sieve_extensions",  "sieve_global_extensions",
					      "sieve_plugins",	   "imap_capability",
					      "imap_id_send",	   "fields",
					      "import_environment" };

struct section {
	const char *name;
	bool is_plugin; /* its braces go */
};

struct state {
	struct arena *a;
	const char *file;
	struct problems *p;
	struct translated_vec *out;
	struct section stack[DEPTH_MAX];
	size_t depth;
	struct auth_block *auth; /* being gathered */
	size_t auth_depth;	 /* of the stack outside of it */
	unsigned unnamed;	 /* namespaces named so far */
	size_t translated, failed;
};

static void put(struct state *st, unsigned line, const char *text)
{
	*VEC_PUSH(st->a, st->out) = (struct translated){ text, line };
}

void translate_emit(struct translation *t, const char *fmt, ...)
{
	autobuf struct buf line = BUF_INIT;
	va_list ap;

	buf_adds(&line, t->indent);
	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	*VEC_PUSH(t->a, t->out) = (struct translated){ buf_dup(t->a, &line), t->line };
}

static bool is_secret(const char *key)
{
	return strstr(key, "password") || strstr(key, "secret") || streq(key, "passdb") ||
	       streq(key, "userdb");
}

/* What has been written since `from`, on one line. */
static const char *new_form(const struct state *st, size_t from)
{
	autobuf struct buf all = BUF_INIT;

	for (size_t i = from; i < st->out->n; i++) {
		struct str line = str_trim(str_from(st->out->v[i].text));
		buf_printf(&all, "%s%.*s", all.n ? " " : "", (int)line.n, line.p);
	}
	return buf_dup(st->a, &all);
}

static void tell_new_form(struct state *st, unsigned line, const char *key, const char *old,
			  size_t from)
{
	const char *subject = arena_printf(st->a, "%s:%u", st->file, line);

	st->translated++;
	if (is_secret(key))
		problems_add(st->p, SEV_NOTE, subject, NULL, "'%s' has a new form", key);
	else if (from == st->out->n)
		problems_add(st->p, SEV_NOTE, subject, NULL, "'%s' is left out", old);
	else
		problems_add(st->p, SEV_NOTE, subject, NULL, "'%s' is now '%s'", old,
			     new_form(st, from));
}

static void tell_trouble(struct state *st, unsigned line, const char *key, const char *advice)
{
	st->failed++;
	problems_add(st->p, SEV_ERROR, arena_printf(st->a, "%s:%u", st->file, line), advice,
		     "'%s' is a setting of Dovecot 2.3 that can't be translated", key);
}

static bool fits(const struct state *st, enum place place)
{
	static const char *const names[] = { [PLACE_ANY] = "",
					     [PLACE_SERVICE] = "service",
					     [PLACE_INET_LISTENER] = "inet_listener",
					     [PLACE_NAMESPACE] = "namespace" };

	return place == PLACE_ANY ||
	       (st->depth > 0 && streq(st->stack[st->depth - 1].name, names[place]));
}

/* "quota_rule2" is a quota_rule. */
static bool is_numbered(const char *key, const char *base)
{
	size_t n = strlen(base);

	return strncmp(key, base, n) == 0 && key[n] != '\0' &&
	       strspn(key + n, "0123456789") == strlen(key + n);
}

static const struct row *find_row(const struct state *st, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (streq(rows[i].old, key) && fits(st, rows[i].place))
			return &rows[i];
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].kind == SPECIAL && is_numbered(key, rows[i].old))
			return &rows[i];
	/* Whole families of settings: imapsieve_mailbox1_name and so on. */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].kind == GONE && streq(rows[i].old, "imapsieve_mailbox") &&
		    has_prefix(key, rows[i].old))
			return &rows[i];
	return NULL;
}

static bool is_yes(const char *value)
{
	return strcasecmp(value, "yes") == 0 || strcasecmp(value, "y") == 0 ||
	       strcmp(value, "1") == 0;
}

static void apply_row(const struct row *row, struct translation *t)
{
	switch (row->kind) {
	case RENAMED:
		translate_emit(t, "%s = %s", row->text, t->value);
		break;
	case FILE_PATH:
		translate_emit(t, "%s = %s", row->text,
			       t->value[0] == '<' ? t->value + 1 : t->value);
		break;
	case INVERTED:
		translate_emit(t, "%s = %s", row->text, is_yes(t->value) ? "no" : "yes");
		break;
	case SWITCH:
		if (is_yes(t->value))
			translate_emit(t, "%s", row->text);
		break;
	case SPECIAL:
		row->special(t);
		break;
	case DROPPED:
		break;
	case GONE:
		t->trouble = row->text;
		break;
	}
}

static bool has_variables(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(without_variables); i++)
		if (streq(without_variables[i], key))
			return false;
	return true;
}

static bool is_in_list_of_names(const struct state *st)
{
	for (size_t i = 0; st->depth > 0 && i < ARRAY_SIZE(lists_of_names); i++)
		if (streq(st->stack[st->depth - 1].name, lists_of_names[i]))
			return true;
	return false;
}

/* "key = value", raw being the line as it stands. */
static void set(struct state *st, unsigned line, const char *raw, const char *indent,
		struct str key_text, struct str value_text)
{
	struct translation t = { .a = st->a,
				 .out = st->out,
				 .indent = indent,
				 .key = str_dup(st->a, key_text),
				 .value = str_dup(st->a, value_text),
				 .line = line };
	const struct row *row = find_row(st, t.key);
	size_t from = st->out->n;
	const char *old = arena_printf(st->a, "%s = %s", t.key, t.value);

	/* The ways to write message identifiers have letters of their own. */
	bool is_final = row && (row->kind == GONE || row->special == translate_uidl_format);
	if (has_variables(t.key) && !is_final) {
		const char *value = translate_variables(st->a, t.value, &t.trouble);
		t.value = value ? value : t.value;
	}
	if (t.trouble == NULL && row)
		apply_row(row, &t);
	else if (t.trouble == NULL && strcmp(t.value, old + strlen(t.key) + 3) != 0)
		translate_emit(&t, "%s = %s", t.key, t.value);
	else if (t.trouble == NULL) {
		put(st, line, raw);
		return;
	}
	if (t.trouble) {
		put(st, line, arena_printf(st->a, "%s# not in Dovecot 2.4: %s", indent, t.key));
		tell_trouble(st, line, t.key, t.trouble);
	} else if (st->out->n == from + 1 &&
		   streq(st->out->v[from].text, arena_printf(st->a, "%s%s", indent, old))) {
		st->out->v[from].text = raw; /* good as it was */
	} else {
		tell_new_form(st, line, t.key, old, from);
	}
}

static void push(struct state *st, const char *name, bool is_plugin)
{
	if (st->depth < DEPTH_MAX)
		st->stack[st->depth++] = (struct section){ name, is_plugin };
}

/* "name {", "name argument {" */
static void open_section(struct state *st, unsigned line, const char *raw, const char *indent,
			 struct str head)
{
	struct str rest = head, word = { "", 0 };
	size_t from = st->out->n;

	(void)str_next_word(&rest, " \t", &word);
	const char *name = str_dup(st->a, word);
	struct str argument = str_trim(rest);
	if (streq(name, "plugin") && st->auth == NULL) {
		push(st, name, true);
		tell_new_form(st, line, name, "plugin {", from);
		return;
	}
	if (st->auth) {
		auth_block_refuse(st->auth, "it has a section inside: give the section a name");
		push(st, name, false);
		return;
	}
	if (argument.n == 0 && (streq(name, "passdb") || streq(name, "userdb"))) {
		st->auth = auth_block_begin(st->a, name, indent, line);
		st->auth_depth = st->depth;
		push(st, name, false);
		return;
	}
	push(st, name, false);
	if (argument.n == 0 && (streq(name, "namespace") || streq(name, "inet_listener"))) {
		put(st, line, arena_printf(st->a, "%s%s unnamed%u {", indent, name, ++st->unnamed));
		tell_new_form(st, line, name, arena_printf(st->a, "%s {", name), from);
		return;
	}
	put(st, line, raw);
}

static void end_auth_block(struct state *st)
{
	struct auth_block *block = st->auth;
	size_t from = st->out->n;
	const char *trouble = auth_block_end(block, st->out);

	st->auth = NULL;
	if (trouble)
		tell_trouble(st, auth_block_line(block),
			     arena_printf(st->a, "%s { }", auth_block_name(block)), trouble);
	else
		tell_new_form(st, auth_block_line(block), auth_block_name(block),
			      arena_printf(st->a, "%s {", auth_block_name(block)), from);
}

static void close_section(struct state *st, unsigned line, const char *raw)
{
	bool is_plugin = st->depth > 0 && st->stack[st->depth - 1].is_plugin;

	if (st->depth > 0)
		st->depth--;
	if (st->auth && st->depth <= st->auth_depth)
		end_auth_block(st);
	else if (!is_plugin && st->auth == NULL)
		put(st, line, raw);
}

static void statement(struct state *st, unsigned line, const char *raw)
{
	struct str text = str_trim(str_from(raw)), key, value;
	const char *indent = arena_strndup(st->a, raw, strspn(raw, " \t"));

	if (text.n == 0 || text.p[0] == '#') {
		/* Comments of a section that is being gathered stand before it. */
		put(st, st->auth ? auth_block_line(st->auth) : line, raw);
	} else if (text.n == 1 && text.p[0] == '}') {
		close_section(st, line, raw);
	} else if (text.p[text.n - 1] == '{' && !str_has_char(text, '=')) {
		open_section(st, line, raw, indent, (struct str){ text.p, text.n - 1 });
	} else if (str_split(text, '=', &key, &value)) {
		key = str_trim(key);
		value = str_trim(value);
		if (st->auth)
			auth_block_set(st->auth, str_dup(st->a, key), str_dup(st->a, value));
		else if (is_in_list_of_names(st))
			put(st, line, raw);
		else
			set(st, line, raw, indent, key, value);
	} else if (st->auth) {
		auth_block_refuse(st->auth, "it has a line that is no setting");
	} else {
		put(st, line, raw);
	}
}

static void check_text(struct state *st)
{
	if (st->auth)
		tell_trouble(st, auth_block_line(st->auth), auth_block_name(st->auth),
			     "the section has no end");
	if (st->translated > 0)
		problems_add(st->p, SEV_WARNING, st->file,
			     arena_printf(st->a,
					  "`mailserver config translate-dovecot %s` prints it in "
					  "the language of 2.4: put that in its place",
					  st->file),
			     "the file has settings of Dovecot 2.3: %zu were translated",
			     st->translated);
}

void translate_text(struct arena *a, const char *file, struct str text, struct translated_vec *out,
		    struct problems *p)
{
	struct state st = { .a = a, .file = file, .p = p, .out = out };
	autobuf struct buf joined = BUF_INIT;
	struct str rest = text, line;
	unsigned number = 0, first = 1;

	while (str_next_line(&rest, &line)) {
		number++;
		bool continues = line.n > 0 && line.p[line.n - 1] == '\\';
		if (joined.n == 0)
			first = number;
		buf_add(&joined, line.p, continues ? line.n - 1 : line.n);
		if (continues)
			continue;
		statement(&st, first, arena_strndup(a, joined.p, joined.n));
		buf_reset(&joined);
	}
	if (joined.n > 0)
		statement(&st, first, arena_strndup(a, joined.p, joined.n));
	check_text(&st);
}
