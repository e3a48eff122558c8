/* SPDX-License-Identifier: MIT */
/*
 * The template is parsed once into a flat array of nodes; a section node knows the index of its end
 * node, so that rendering and skipping need no second look at the text. Nodes point into the
 * template.
 *
 * Standalone rule (mustache(5)): a section, end or note tag that shares its line with nothing but
 * blanks takes the line with it. Line numbers are those of the template, also behind a note of
 * several lines.
 *
 * Names are [a-z0-9_]+ without blanks around them: one spelling, so that a search finds every use.
 *
 * LIMITS
 *	Sections nest at most DEPTH_MAX deep.
 */
#include "base/tpl.h"

#include "base/str.h"
#include "base/vec.h"

#define DEPTH_MAX 32
#define NAME_MAX_BYTES ((size_t)64)

enum node_kind { NODE_TEXT, NODE_VALUE, NODE_SECTION, NODE_INVERTED, NODE_END };

struct node {
	enum node_kind kind;
	struct str text;  /* NODE_TEXT */
	const char *name; /* all others */
	unsigned line;
	size_t end; /* sections: index of the NODE_END */
};

VEC_TYPE(node_vec, struct node);

struct parser {
	struct arena *arena;
	const char *label;
	const char *start; /* of the template */
	const char *p;	   /* not yet parsed */
	unsigned line;	   /* of p */
	struct node_vec nodes;
	size_t open[DEPTH_MAX]; /* indices of the open sections */
	size_t depth;
};

/* The names of the list items around us, innermost first. */
struct scope {
	const struct tpl_item *item;
	const struct scope *outer;
};

struct renderer {
	const struct tpl_spec *spec;
	const struct node_vec *nodes;
	struct buf *out;
	struct err *err;
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static void add_text(struct parser *ps, const char *from, const char *to)
{
	if (to == from)
		return;
	struct node *n = VEC_PUSH(ps->arena, &ps->nodes);
	n->kind = NODE_TEXT;
	n->text = (struct str){ from, (size_t)(to - from) };
	n->line = ps->line;
}

static void count_lines(struct parser *ps, const char *from, const char *to)
{
	for (const char *p = from; p < to; p++)
		ps->line += *p == '\n';
}

/* If the tag from..to stands alone: *from back to the line's start, *to behind its end. */
static void take_line(const struct parser *ps, const char **from, const char **to)
{
	const char *a = *from, *b = *to;
	while (a > ps->start && (a[-1] == ' ' || a[-1] == '\t'))
		a--;
	while (*b == ' ' || *b == '\t')
		b++;
	if ((a > ps->start && a[-1] != '\n') || (*b != '\n' && *b != '\0'))
		return;
	*from = a;
	*to = *b == '\n' ? b + 1 : b;
}

static bool close_section(struct parser *ps, const char *name, struct err *err)
{
	if (ps->depth == 0)
		return err_set(err, ERR_CONFIG, "%s:%u: {{/%s}} closes a section that is not open",
			       ps->label, ps->line, name);
	size_t open = ps->open[ps->depth - 1];
	const struct node *n = &ps->nodes.v[open];
	if (!streq(n->name, name))
		return err_set(err, ERR_CONFIG, "%s:%u: {{/%s}} closes the section '%s' of line %u",
			       ps->label, ps->line, name, n->name, n->line);
	ps->nodes.v[open].end = ps->nodes.n - 1;
	ps->depth--;
	return true;
}

/* Adds the node of a tag with its name; keeps the stack of open sections. */
static bool add_tag(struct parser *ps, enum node_kind kind, const char *name, struct err *err)
{
	struct node *n = VEC_PUSH(ps->arena, &ps->nodes);
	n->kind = kind;
	n->name = name;
	n->line = ps->line;
	if (kind == NODE_END)
		return close_section(ps, name, err);
	if (kind == NODE_VALUE)
		return true;
	if (ps->depth == DEPTH_MAX)
		return err_set(err, ERR_CONFIG, "%s:%u: more than %d sections inside each other",
			       ps->label, ps->line, DEPTH_MAX);
	ps->open[ps->depth++] = ps->nodes.n - 1;
	return true;
}

/* The name in the tag body (sigil taken off), or NULL and err. */
static const char *tag_name(const struct parser *ps, const char *p, const char *end,
			    struct err *err)
{
	size_t n = (size_t)(end - p);
	bool good = n > 0 && n <= NAME_MAX_BYTES;
	for (size_t i = 0; i < n && good; i++)
		good = is_name_char(p[i]);
	if (good)
		return arena_strndup(ps->arena, p, n);
	(void)err_set(err, ERR_CONFIG,
		      "%s:%u: '%.*s' is not a name (a-z 0-9 _, no blanks, at most 64)", ps->label,
		      ps->line, (int)(n > NAME_MAX_BYTES ? NAME_MAX_BYTES : n), p);
	return NULL;
}

/* One tag; open points at its "{{". The text before it starts at ps->p. */
static bool parse_tag(struct parser *ps, const char *open, struct err *err)
{
	const char *body = open + 2;
	const char *end = strstr(body, "}}");
	if (!end)
		return err_set(err, ERR_CONFIG, "%s:%u: '{{' without '}}'", ps->label, ps->line);
	char sigil = *body;
	const char *from = open, *to = end + 2;
	bool note = sigil == '!', section = sigil == '#' || sigil == '^' || sigil == '/';
	if (note || section)
		take_line(ps, &from, &to);
	add_text(ps, ps->p, from);
	if (!note) {
		const char *name = tag_name(ps, section ? body + 1 : body, end, err);
		enum node_kind kind = sigil == '#'   ? NODE_SECTION
				      : sigil == '^' ? NODE_INVERTED
				      : sigil == '/' ? NODE_END
						     : NODE_VALUE;
		if (!name || !add_tag(ps, kind, name, err))
			return false;
	}
	count_lines(ps, open, to);
	ps->p = to;
	return true;
}

static bool parse(struct parser *ps, struct err *err)
{
	const char *open;
	while ((open = strstr(ps->p, "{{")) != NULL) {
		count_lines(ps, ps->p, open);
		if (!parse_tag(ps, open, err))
			return false;
	}
	add_text(ps, ps->p, ps->p + strlen(ps->p));
	if (ps->depth > 0) {
		const struct node *n = &ps->nodes.v[ps->open[ps->depth - 1]];
		return err_set(err, ERR_CONFIG, "%s:%u: section '%s' is not closed", ps->label,
			       n->line, n->name);
	}
	return true;
}

static struct parser parser_for(struct arena *a, const char *label, const char *text)
{
	return (struct parser){ .arena = a, .label = label, .start = text, .p = text, .line = 1 };
}

static bool lookup(const struct renderer *r, const struct scope *scope, const struct node *n,
		   struct tpl_value *value_r)
{
	for (; scope; scope = scope->outer) {
		for (size_t i = 0; i < scope->item->n; i++) {
			if (streq(scope->item->fields[i].name, n->name)) {
				*value_r = scope->item->fields[i].value;
				return true;
			}
		}
	}
	if (r->spec->lookup && r->spec->lookup(r->spec->ctx, n->name, value_r))
		return true;
	return err_set(r->err, ERR_CONFIG, "%s:%u: unknown name '%s'", r->spec->label, n->line,
		       n->name);
}

static bool render_value(const struct renderer *r, const struct scope *scope, const struct node *n)
{
	struct tpl_value v = { .kind = TPL_TEXT };
	if (!lookup(r, scope, n, &v))
		return false;
	if (v.kind != TPL_TEXT)
		return err_set(r->err, ERR_CONFIG, "%s:%u: '%s' is a %s, not a text",
			       r->spec->label, n->line, n->name,
			       v.kind == TPL_LIST ? "list" : "condition");
	if (!v.text)
		return err_set(r->err, ERR_CONFIG, "%s:%u: '%s' has no value", r->spec->label,
			       n->line, n->name);
	if (!dialect_write(r->spec->dialect, r->out, v.text, r->err))
		return err_wrap(r->err, "%s:%u: '%s' can't be written in the %s dialect",
				r->spec->label, n->line, n->name, dialect_name(r->spec->dialect));
	return true;
}

static bool is_true(const struct tpl_value *v)
{
	switch (v->kind) {
	case TPL_TEXT:
		return v->text && *v->text;
	case TPL_BOOL:
		return v->truth;
	case TPL_LIST:
		return v->list.n > 0;
	}
	BUG("value kind %d", (int)v->kind);
}

static bool render_range(const struct renderer *r, const struct scope *scope, size_t from,
			 size_t to);

/* The section node at index i. */
static bool render_section(const struct renderer *r, const struct scope *scope, size_t i)
{
	const struct node *n = &r->nodes->v[i];
	struct tpl_value v = { .kind = TPL_TEXT };
	if (!lookup(r, scope, n, &v))
		return false;
	if (is_true(&v) == (n->kind == NODE_INVERTED))
		return true;
	if (v.kind != TPL_LIST || n->kind == NODE_INVERTED)
		return render_range(r, scope, i + 1, n->end);
	for (size_t k = 0; k < v.list.n; k++) {
		struct scope inner = { .item = &v.list.items[k], .outer = scope };
		if (!render_range(r, &inner, i + 1, n->end))
			return false;
	}
	return true;
}

/* Recursion is bounded by DEPTH_MAX. */
static bool render_range(const struct renderer *r, const struct scope *scope, size_t from,
			 size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct node *n = &r->nodes->v[i];
		bool done = true;
		switch (n->kind) {
		case NODE_TEXT:
			buf_add(r->out, n->text.p, n->text.n);
			break;
		case NODE_VALUE:
			done = render_value(r, scope, n);
			break;
		case NODE_SECTION:
		case NODE_INVERTED:
			done = render_section(r, scope, i);
			i = n->end;
			break;
		case NODE_END:
			BUG("end of '%s' outside its section", n->name);
		}
		if (!done)
			return false;
	}
	return true;
}

bool tpl_render(const struct tpl_spec *spec, struct buf *out, struct err *err)
{
	struct arena a;
	arena_init(&a, "template");
	struct parser ps = parser_for(&a, spec->label, spec->text);
	bool done = parse(&ps, err);
	if (done) {
		struct renderer r = { .spec = spec, .nodes = &ps.nodes, .out = out, .err = err };
		done = render_range(&r, NULL, 0, ps.nodes.n);
	}
	arena_fini(&a);
	return done;
}

bool tpl_names(const char *label, const char *text, tpl_visit_fn *visit, void *ctx, struct err *err)
{
	struct arena a;
	arena_init(&a, "template");
	struct parser ps = parser_for(&a, label, text);
	bool done = parse(&ps, err);
	for (size_t i = 0; i < ps.nodes.n && done; i++) {
		const struct node *n = &ps.nodes.v[i];
		if (n->kind != NODE_TEXT && n->kind != NODE_END)
			visit(ctx, n->name, n->line);
	}
	arena_fini(&a);
	return done;
}

struct tpl_value tpl_text(const char *text)
{
	return (struct tpl_value){ .kind = TPL_TEXT, .text = text };
}

struct tpl_value tpl_bool(bool truth)
{
	return (struct tpl_value){ .kind = TPL_BOOL, .truth = truth };
}
