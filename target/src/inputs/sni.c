/* SPDX-License-Identifier: MIT */
/*
 * SOURCES
 *	RFC 6066 §3 (server_name); postconf(5) tls_server_sni_maps.
 */
#include "inputs/sni.h"

#include <dirent.h>

#include "base/file.h"
#include "base/linefile.h"
#include "base/net.h"

#define FORM "a line is: name certificate key"

/* NULL = is a name that clients may ask for. */
static const char *name_problem(const char *name)
{
	const char *host = has_prefix(name, "*.") ? name + 2 : name;

	if (is_ip_address(name))
		return "is an address: clients ask for names only";
	if (strchr(host, '*'))
		return "has a '*' that does not stand for the whole first label";
	if (!is_hostname(host) || !strchr(host, '.'))
		return "is no full host name such as mail.example.org or *.example.org";
	return NULL;
}

static const struct sni_entry *find(const struct sni_entry_vec *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->v[i].name, name))
			return &list->v[i];
	return NULL;
}

/* The entry, when its name is good and new. */
static void add(struct arena *a, const struct sni_entry *e, const char *form,
		struct sni_entry_vec *out, struct problems *p)
{
	const char *problem = name_problem(e->name);
	const struct sni_entry *first = find(out, e->name);

	if (problem)
		problems_add(p, SEV_ERROR, e->subject, form, "'%s' %s", e->name, problem);
	else if (first)
		problems_add(p, SEV_WARNING, e->subject, "remove one of the two",
			     "'%s' is in %s already: that one counts", e->name, first->subject);
	else if (out->n == SNI_MAX)
		problems_add(p, SEV_ERROR, e->subject, "remove some",
			     "there are more than %d names", SNI_MAX);
	else
		*VEC_PUSH(a, out) = *e;
}

static const char *whole_path(struct arena *a, const char *config_dir, struct str path)
{
	return path.p[0] == '/' ? str_dup(a, path)
				: arena_printf(a, "%s/%.*s", config_dir, (int)path.n, path.p);
}

static void parse_line(struct arena *a, const char *config_dir, struct str line,
		       const char *subject, struct sni_entry_vec *out, struct problems *p)
{
	struct str words[4], rest = line;
	size_t n = 0;

	while (n < ARRAY_SIZE(words) && str_next_word(&rest, " \t", &words[n]))
		n++;
	if (n != 3) {
		problems_add(p, SEV_ERROR, subject, FORM, "the line has %s than three words",
			     n < 3 ? "less" : "more");
		return;
	}
	struct sni_entry e = { .name = str_lower(a, words[0]),
			       .cert = whole_path(a, config_dir, words[1]),
			       .key = whole_path(a, config_dir, words[2]),
			       .subject = subject };
	add(a, &e, FORM, out, p);
}

void sni_parse(struct arena *a, const char *config_dir, struct str text, struct sni_entry_vec *out,
	       struct problems *p)
{
	struct linefile lf;
	struct str line;
	const char *bad;

	linefile_init(&lf, SNI_FILE, text);
	while (linefile_next(&lf, &line, &bad)) {
		const char *subject = arena_printf(a, SNI_FILE ":%u", lf.line);
		if (bad)
			problems_add(p, SEV_ERROR, subject, FORM, "the line %s", bad);
		else
			parse_line(a, config_dir, line, subject, out, p);
	}
}

static void take_dir(struct arena *a, const char *dir, const char *entry, struct sni_entry_vec *out,
		     struct problems *p)
{
	const char *path = arena_printf(a, "%s/%s", dir, entry);
	const char *subject = arena_printf(a, SNI_DIR "/%s", entry);
	struct sni_entry e = { .cert = arena_printf(a, "%s/fullchain.pem", path),
			       .key = arena_printf(a, "%s/privkey.pem", path),
			       .subject = subject };
	const char *old_key = arena_printf(a, "%s/key.pem", path);
	char *name = str_lower(a, str_from(entry));

	if (has_prefix(name, "_."))
		name[0] = '*';
	e.name = name;
	if (!file_exists(e.key) && file_exists(old_key))
		e.key = old_key;
	add(a, &e, "name the directory after the host, with _ for *", out, p);
}

static void read_dir(struct arena *a, const char *config_dir, struct sni_entry_vec *out,
		     struct problems *p)
{
	const char *dir = arena_printf(a, "%s/" SNI_DIR, config_dir);
	struct dirent **list = NULL;
	int n = scandir(dir, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		if (name[0] != '.' && dir_exists(arena_printf(a, "%s/%s", dir, name)))
			take_dir(a, dir, name, out, p);
		free(list[i]);
	}
	free(list);
}

const char *sni_file_name(struct arena *a, const char *name)
{
	return has_prefix(name, "*.") ? arena_printf(a, "_%s", name + 1) : name;
}

void sni_read(struct arena *a, const struct inputs_where *where, struct sni_entry_vec *out,
	      struct problems *p)
{
	struct err err = ERR_INIT;
	char *text;
	size_t n;

	if (where->config_dir == NULL)
		return;
	if (file_read(a, arena_printf(a, "%s/" SNI_FILE, where->config_dir), LINEFILE_MAX, &text,
		      &n, &err))
		sni_parse(a, where->config_dir, (struct str){ text, n }, out, p);
	else if (err.sys != ENOENT && err.sys != ENOTDIR)
		problems_add(p, SEV_ERROR, SNI_FILE, "make it a readable text file", "%s",
			     err.text);
	read_dir(a, where->config_dir, out, p);
}
