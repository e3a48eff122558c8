/* SPDX-License-Identifier: MIT */
/*
 * The library takes its memory from the arena. Flags toggle what pcre_table(5) has switched on
 * already: i (case does not matter) and s (a dot matches everything).
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "inputs/patterns.h"

#include <pcre2.h>

#include "base/buf.h"
#include "base/vec.h"
#include "inputs/logical.h"
#include "inputs/regexp.h"

#define DEPTH_MAX 32
#define GROUPS_MAX 100 /* $0 to $99 */

struct rule {
	enum regexp_kind kind;
	bool negated;
	pcre2_code *code;
	struct str result;
	unsigned line;
};

struct patterns {
	struct arena *arena;
	VEC(struct rule) rules;
	pcre2_general_context *memory;
	pcre2_match_data *found; /* of the last match */
};

static void *take_memory(size_t size, void *arena)
{
	return arena_alloc(arena, size);
}

static void keep_memory(void *memory UNUSED, void *arena UNUSED)
{
}

static uint32_t options_of(struct str flags)
{
	static const struct {
		char flag;
		uint32_t option;
	} known[] = {
		{ 'i', PCRE2_CASELESS }, { 'm', PCRE2_MULTILINE }, { 's', PCRE2_DOTALL },
		{ 'x', PCRE2_EXTENDED }, { 'A', PCRE2_ANCHORED },  { 'E', PCRE2_DOLLAR_ENDONLY },
		{ 'U', PCRE2_UNGREEDY },
	};
	uint32_t options = PCRE2_CASELESS | PCRE2_DOTALL;

	for (size_t i = 0; i < flags.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(known); k++)
			if (flags.p[i] == known[k].flag)
				options ^= known[k].option;
	return options;
}

static void add_rule(struct patterns *p, pcre2_compile_context *how, struct str line,
		     unsigned number)
{
	struct regexp_line parts;
	PCRE2_SIZE at;
	int code;

	if (!regexp_split(line, &parts))
		return;
	struct rule rule = {
		.kind = parts.kind, .negated = parts.negated, .result = parts.result, .line = number
	};
	if (parts.kind != REGEXP_ENDIF) {
		rule.code = pcre2_compile((PCRE2_SPTR)parts.pattern.p, parts.pattern.n,
					  options_of(parts.flags), &code, &at, how);
		if (rule.code == NULL)
			return;
	}
	*VEC_PUSH(p->arena, &p->rules) = rule;
}

struct patterns *patterns_compile(struct arena *a, struct str text)
{
	struct patterns *p = ARENA_NEW(a, struct patterns);
	pcre2_compile_context *how;
	struct logical lg;
	struct str line;

	p->arena = a;
	p->memory = pcre2_general_context_create(take_memory, keep_memory, a);
	how = p->memory ? pcre2_compile_context_create(p->memory) : NULL;
	p->found = how ? pcre2_match_data_create(GROUPS_MAX, p->memory) : NULL;
	if (p->found == NULL)
		BUG("pcre2 takes no memory from the arena");
	logical_init(&lg, a, REGEXP_FILE, text);
	while (logical_next(&lg, &line))
		if (lg.bad == NULL)
			add_rule(p, how, line, lg.line);
	return p;
}

bool patterns_are_none(const struct patterns *p)
{
	return p->rules.n == 0;
}

/* Number of a "$1", "${1}" or "$(1)" at the start of *rest, which it is taken off; -1 = none. */
static int take_number(struct str *rest)
{
	size_t n = 1, digits;
	bool closes = rest->n > 1 && (rest->p[1] == '{' || rest->p[1] == '(');
	int number = 0;

	n += closes ? 1 : 0;
	for (digits = n; n < rest->n && n < digits + 2 && isdigit((unsigned char)rest->p[n]); n++)
		number = number * 10 + (rest->p[n] - '0');
	if (n == digits)
		return -1;
	n += closes && n < rest->n ? 1 : 0;
	*rest = (struct str){ rest->p + n, rest->n - n };
	return number;
}

/* groups: how many pairs the match has set. */
static void fill_in(const struct patterns *p, struct str result, const char *address, int groups,
		    struct pattern_hit *hit_r)
{
	const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(p->found);
	autobuf struct buf out = BUF_INIT;

	hit_r->is_fixed = true;
	while (result.n > 0) {
		int number = result.p[0] == '$' ? take_number(&result) : -1;
		if (number >= 0) {
			hit_r->is_fixed = false;
			if (number < groups && pairs[2 * number] != PCRE2_UNSET)
				buf_add(&out, address + pairs[2 * number],
					pairs[2 * number + 1] - pairs[2 * number]);
			continue;
		}
		if (result.n > 1 && result.p[0] == '$' && result.p[1] == '$')
			result = (struct str){ result.p + 1, result.n - 1 };
		buf_addc(&out, result.p[0]);
		result = (struct str){ result.p + 1, result.n - 1 };
	}
	hit_r->result = buf_dup(p->arena, &out);
}

struct pattern_hit patterns_match(const struct patterns *p, const char *address)
{
	struct pattern_hit hit = { 0 };
	bool passes[DEPTH_MAX + 1] = { true };
	unsigned depth = 0;

	for (size_t i = 0; i < p->rules.n && hit.result == NULL; i++) {
		const struct rule *rule = &p->rules.v[i];
		if (rule->kind == REGEXP_ENDIF) {
			depth -= depth > 0 ? 1 : 0;
			continue;
		}
		int groups = passes[depth] ? pcre2_match(rule->code, (PCRE2_SPTR)address,
							 strlen(address), 0, 0, p->found, NULL)
					   : PCRE2_ERROR_NOMATCH;
		bool matches = passes[depth] && (groups >= 0) != rule->negated;
		if (rule->kind == REGEXP_IF) {
			if (depth < DEPTH_MAX)
				passes[++depth] = matches;
		} else if (matches) {
			hit.line = rule->line;
			fill_in(p, rule->result, address, groups, &hit);
		}
	}
	return hit;
}
