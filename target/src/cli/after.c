/* SPDX-License-Identifier: MIT */
/*
 * The findings are those of the server itself, so a command says before what the log would say
 * after.
 */
#include "cli/after.h"

#include "cli/say.h"
#include "cli/source.h"

static void read_with(struct edit *e, struct after *x, bool changed, struct inputs *in,
		      struct problems *p)
{
	struct input_text *texts = arena_array(&e->arena, e->files.n, sizeof(*texts));
	const struct inputs_where where = { .config_dir = e->dir,
					    .instead = texts,
					    .instead_n = e->files.n };

	for (size_t i = 0; i < e->files.n; i++) {
		const struct edit_file *f = &e->files.v[i];
		texts[i] = (struct input_text){ .name = f->name,
						.text = changed ? f->after : f->before };
	}
	problems_init(p, &e->arena);
	inputs_read(&e->arena, &x->s, &where, in, p);
}

void after_read(struct edit *e, struct after *x)
{
	source_settings(&e->arena, &x->s, NULL);
	read_with(e, x, false, &x->before, &x->before_p);
	read_with(e, x, true, &x->now, &x->now_p);
}

static bool was_there(const struct problems *before, const struct problem *x)
{
	for (size_t i = 0; i < before->list.n; i++)
		if (streq(before->list.v[i].text, x->text))
			return true;
	return false;
}

void after_warn(const struct after *x)
{
	for (size_t i = 0; i < x->now_p.list.n; i++) {
		const struct problem *found = &x->now_p.list.v[i];
		if (found->severity != SEV_ERROR && !was_there(&x->before_p, found))
			say_warn("%s%s%s", found->text, found->hint ? "; " : "",
				 found->hint ? found->hint : "");
	}
}
