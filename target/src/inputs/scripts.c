/* SPDX-License-Identifier: MIT */
/*
 * Entries are taken in the order of their names, so that findings and fingerprints do not depend on
 * the file system.
 *
 * SOURCES
 *	Pigeonhole "Sieve extprograms": names of programs.
 */
#include "inputs/scripts.h"

#include "base/file.h"
#include "base/linefile.h"
#include "inputs/inputs.h"

#define PROGRAM_NAME_MAX 128

static const char *const program_dirs[] = { PIPE_DIR, FILTER_DIR };

void scripts_check_text(struct arena *a, const char *file, struct str text, struct problems *p)
{
	const char *nul = text.n > 0 ? memchr(text.p, '\0', text.n) : NULL;
	unsigned line = 1;

	for (const char *at = text.p; nul && at < nul; at++)
		line += *at == '\n';
	if (nul)
		problems_add(p, SEV_ERROR, arena_printf(a, "%s:%u", file, line),
			     "write it as plain text", "the line has a NUL byte");
}

static bool is_user_script(const char *name)
{
	return name[0] != '.' && strchr(name, '@') && has_suffix(name, SCRIPT_SUFFIX);
}

/* The last good copy has been judged. */
static bool is_known_good(struct arena *a, const struct inputs_where *where, const char *name,
			  struct str text)
{
	struct err err = ERR_INIT;
	char *copy;
	size_t n;

	return where->last_good_dir &&
	       file_read(a, arena_printf(a, "%s/%s", where->last_good_dir, name), LINEFILE_MAX,
			 &copy, &n, &err) &&
	       n == text.n && memcmp(copy, text.p, n) == 0;
}

bool inputs_judge(struct arena *a, const struct settings *s, const struct inputs_where *where,
		  const char *name, struct str text, struct problems *p)
{
	return where->judge &&
	       (is_known_good(a, where, name, text) || where->judge(a, s, name, text, p));
}

static void read_user_script(struct arena *a, const struct settings *s,
			     const struct inputs_where *where, struct user_script *x,
			     struct problems *found)
{
	struct err err = ERR_INIT;
	char *text;

	if (!file_read(a, arena_printf(a, "%s/%s", where->config_dir, x->name), LINEFILE_MAX, &text,
		       &x->text.n, &err)) {
		problems_add(found, SEV_ERROR, x->name, "make it a readable text file", "%s",
			     err.text);
		return;
	}
	x->text.p = text;
	scripts_check_text(a, x->name, x->text, found);
	x->judged =
		problems_errors(found) == 0 && inputs_judge(a, s, where, x->name, x->text, found);
	x->good = problems_errors(found) == 0;
}

static void add_user_script(struct arena *a, const struct settings *s,
			    const struct inputs_where *where, const char *name, struct inputs *in,
			    struct problems *p)
{
	struct user_script *x = VEC_PUSH(a, &in->user_scripts);
	struct problems found;

	problems_init(&found, a);
	*x = (struct user_script){ .name = name, .text = { "", 0 } };
	x->address = str_lower(a, (struct str){ name, strlen(name) - strlen(SCRIPT_SUFFIX) });
	read_user_script(a, s, where, x, &found);
	for (size_t i = 0; i < found.list.n; i++)
		problems_add(p, SEV_WARNING, found.list.v[i].subject,
			     "correct it; until then the account's present script stays", "%s",
			     found.list.v[i].text);
	if (!x->good)
		*VEC_PUSH(a, &in->fallen) = name;
	if (inputs_find_account(in, x->address) == NULL)
		problems_add(p, SEV_WARNING, name, "remove the file, or add the account",
			     "there is no account '%s'", x->address);
}

static bool is_program_name(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] <= 0x20 || name[i] == 0x7f)
			return false;
	return n <= PROGRAM_NAME_MAX;
}

static void add_program(struct arena *a, const char *dir, const char *name, const char *path,
			struct inputs *in, struct problems *p)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (!is_program_name(name)) {
		problems_add(p, SEV_WARNING, arena_printf(a, "%s/%s", dir, name),
			     "give it a name without blanks, at most 128 characters",
			     "a script can't call a program with this name");
		return;
	}
	*VEC_PUSH(a, &in->programs) = (struct program){
		.dir = dir,
		.name = name,
		.path = path,
		.stamp = arena_printf(a, "%ju %jd.%09ld", (uintmax_t)st.st_ino,
				      (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec),
	};
}

void scripts_read(struct arena *a, const struct settings *s, const struct inputs_where *where,
		  struct inputs *in, struct problems *p)
{
	struct text_vec names = VEC_INIT;

	if (where->config_dir == NULL)
		return;
	dir_names(a, where->config_dir, is_user_script, &names);
	for (size_t i = 0; i < names.n; i++)
		add_user_script(a, s, where, names.v[i], in, p);
	for (size_t d = 0; d < ARRAY_SIZE(program_dirs); d++) {
		const char *dir = arena_printf(a, "%s/%s", where->config_dir, program_dirs[d]);
		names = (struct text_vec)VEC_INIT;
		dir_names(a, dir, NULL, &names);
		for (size_t i = 0; i < names.n; i++)
			add_program(a, program_dirs[d], names.v[i],
				    arena_printf(a, "%s/%s", dir, names.v[i]), in, p);
	}
}

bool scripts_save(struct arena *a, const char *dir, const struct inputs *in, struct err *err)
{
	const struct inputs_where where = { .last_good_dir = dir };
	const struct file_attr attr = { 0600, (uid_t)-1, (gid_t)-1 };
	struct text_vec names = VEC_INIT;
	struct map present;
	bool ok = true;

	map_init(&present, a, in->user_scripts.n);
	for (size_t i = 0; i < in->user_scripts.n; i++) {
		struct user_script *x = &in->user_scripts.v[i];
		(void)map_add(&present, x->name, x);
		if (x->good && x->judged && !is_known_good(a, &where, x->name, x->text))
			ok = file_replace(arena_printf(a, "%s/%s", dir, x->name), x->text.p,
					  x->text.n, &attr, FILE_DURABLE, NULL, err) &&
			     ok;
	}
	dir_names(a, dir, is_user_script, &names);
	for (size_t i = 0; i < names.n; i++)
		if (map_get(&present, names.v[i]) == NULL)
			(void)unlink(arena_printf(a, "%s/%s", dir, names.v[i]));
	return ok;
}

/* One number for many files: the text stays short. */
static void stamp_dir(struct arena *a, const char *dir, bool (*wanted)(const char *name),
		      struct buf *out)
{
	struct text_vec names = VEC_INIT;
	uint64_t h = 1;
	struct stat st;

	dir_names(a, dir, wanted, &names);
	for (size_t i = 0; i < names.n; i++) {
		if (stat(arena_printf(a, "%s/%s", dir, names.v[i]), &st) < 0)
			continue;
		const int64_t what[] = { (int64_t)st.st_ino, (int64_t)st.st_size,
					 (int64_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec };
		h = h * 31 + hash_bytes(names.v[i], strlen(names.v[i]));
		h = h * 31 + hash_bytes(what, sizeof(what));
	}
	buf_printf(out, "%s %zu %016" PRIx64 "\n", dir, names.n, h);
}

void scripts_stamp(struct arena *a, const char *config_dir, struct buf *out)
{
	stamp_dir(a, config_dir, is_user_script, out);
	for (size_t d = 0; d < ARRAY_SIZE(program_dirs); d++)
		stamp_dir(a, arena_printf(a, "%s/%s", config_dir, program_dirs[d]), NULL, out);
}
