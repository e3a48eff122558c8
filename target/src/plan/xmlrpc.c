/* SPDX-License-Identifier: MIT */
/*
 * One pass over the tags with a small stack of their names; a value is the text that stood last
 * before an end tag. Only the nesting decides what the text means.
 */
#include "plan/xmlrpc.h"

#define DEPTH_MAX 16 /* a response of the wanted shape has 8 */

const char xmlrpc_request[] =
	"<?xml version=\"1.0\"?><methodCall><methodName>supervisor.getAllProcessInfo"
	"</methodName><params/></methodCall>";

struct parser {
	struct str rest;
	struct str open[DEPTH_MAX];
	size_t depth;
	struct str text; /* since the last tag, entities as written */
	char member[32]; /* name of the member being read */
	char fault[128];
	bool begun, has_fault;
	unsigned structs; /* open <struct>s */
	struct xmlrpc_program program;
	int64_t start_s, now_s; /* members of the program being read */
	xmlrpc_program_fn *see;
	void *ctx;
};

static bool fault(struct err *err, const char *text)
{
	return err_set(err, ERR_DATA, "answer of the supervisor: %s", text);
}

/* The character that the reference between "&" and ";" stands for, '?' where one byte can't say
 * it. */
static char entity(struct str ref)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {
		{ "lt", '<' }, { "gt", '>' }, { "amp", '&' }, { "quot", '"' }, { "apos", '\'' }
	};
	char number[8];
	int64_t code;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_is(ref, known[i].name))
			return known[i].c;
	if (ref.n < 2 || ref.n > sizeof(number) || ref.p[0] != '#')
		return '?';
	memcpy(number, ref.p + 1, ref.n - 1);
	number[ref.n - 1] = '\0';
	return parse_int64(number, 0x20, 0x7e, &code) ? (char)code : '?';
}

/* Text of a value into a fixed place, control characters as blanks. */
static void decode(struct str text, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n && n + 1 < size; i++) {
		const char *end = NULL;
		char c = text.p[i];
		if (c == '&')
			end = memchr(text.p + i, ';', text.n - i);
		if (end) {
			size_t at = (size_t)(end - text.p);
			c = entity((struct str){ text.p + i + 1, at - i - 1 });
			i = at;
		}
		out[n++] = (unsigned char)c < 0x20 || c == 0x7f ? ' ' : c;
	}
	out[n] = '\0';
}

static int64_t decode_number(struct str text)
{
	char number[24];
	int64_t n;

	decode(text, number, sizeof(number));
	return parse_int64(number, 0, INT64_MAX, &n) ? n : 0;
}

static void end_value(struct parser *p)
{
	struct xmlrpc_program *pr = &p->program;

	if (streq(p->member, "name"))
		decode(p->text, pr->name, sizeof(pr->name));
	else if (streq(p->member, "statename"))
		decode(p->text, pr->state, sizeof(pr->state));
	else if (streq(p->member, "spawnerr"))
		decode(p->text, pr->error, sizeof(pr->error));
	else if (streq(p->member, "description"))
		decode(p->text, pr->about, sizeof(pr->about));
	else if (streq(p->member, "start"))
		p->start_s = decode_number(p->text);
	else if (streq(p->member, "now"))
		p->now_s = decode_number(p->text);
	else if (streq(p->member, "faultString"))
		decode(p->text, p->fault, sizeof(p->fault));
	p->member[0] = '\0';
}

static bool open_tag(struct parser *p, struct str name, struct err *err)
{
	if (p->depth == DEPTH_MAX)
		return fault(err, "nested too deeply");
	if (p->depth == 0 && !str_is(name, "methodResponse"))
		return fault(err, "not a method response");
	p->begun = true;
	p->open[p->depth++] = name;
	if (str_is(name, "struct") && p->structs++ == 0) {
		p->program = (struct xmlrpc_program){ .name = "" };
		p->start_s = p->now_s = 0;
	}
	p->has_fault |= str_is(name, "fault");
	return true;
}

static void end_struct(struct parser *p)
{
	if (--p->structs > 0 || p->program.name[0] == '\0' || p->has_fault)
		return;
	p->program.up_s = p->now_s > p->start_s ? p->now_s - p->start_s : 0;
	p->see(p->ctx, &p->program);
}

static bool close_tag(struct parser *p, struct str name, struct err *err)
{
	struct str top;

	if (p->depth == 0)
		return fault(err, "an element is closed that was not opened");
	top = p->open[--p->depth];
	if (top.n != name.n || memcmp(top.p, name.p, name.n) != 0)
		return fault(err, "elements are not closed in order");
	if (str_is(name, "name")) {
		decode(p->text, p->member, sizeof(p->member));
	} else if (str_is(name, "struct")) {
		end_struct(p);
	} else if (str_is(name, "member")) {
		p->member[0] = '\0';
	} else if (p->member[0]) {
		end_value(p);
	}
	return true;
}

/* Takes the next tag, and the text before it into p->text. */
static bool next_tag(struct parser *p, struct str *tag_r, struct err *err)
{
	const char *lt = memchr(p->rest.p, '<', p->rest.n), *gt;
	size_t before;

	if (lt == NULL)
		return fault(err, "cut off");
	before = (size_t)(lt - p->rest.p);
	gt = memchr(lt, '>', p->rest.n - before);
	if (gt == NULL)
		return fault(err, "cut off");
	p->text = (struct str){ p->rest.p, before };
	*tag_r = (struct str){ lt + 1, (size_t)(gt - lt) - 1 };
	p->rest = (struct str){ gt + 1, p->rest.n - before - tag_r->n - 2 };
	if (tag_r->n == 0 || tag_r->p[0] == '!')
		return fault(err, "not plain XML-RPC");
	return true;
}

static bool take_tag(struct parser *p, struct str tag, struct err *err)
{
	if (tag.p[0] == '?')
		return true;
	if (tag.p[0] == '/')
		return close_tag(p, (struct str){ tag.p + 1, tag.n - 1 }, err);
	if (tag.p[tag.n - 1] == '/') {
		struct str name = str_trim((struct str){ tag.p, tag.n - 1 });
		p->text = (struct str){ "", 0 };
		return open_tag(p, name, err) && close_tag(p, name, err);
	}
	return open_tag(p, tag, err);
}

bool xmlrpc_programs(struct str body, xmlrpc_program_fn *see, void *ctx, struct err *err)
{
	struct parser p = { .rest = body, .see = see, .ctx = ctx };
	struct str tag = { "", 0 };

	do {
		if (!next_tag(&p, &tag, err) || !take_tag(&p, tag, err))
			return false;
	} while (p.depth > 0 || !p.begun);
	if (p.has_fault)
		return fault(err, p.fault[0] ? p.fault : "a fault without text");
	return true;
}
