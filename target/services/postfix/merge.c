/* SPDX-License-Identifier: MIT */
/*
 * A file is a list of pieces: a logical line with its continuation lines, or anything else (comment,
 * empty line).
 */
#include "postfix/merge.h"

#include "base/file.h"

#define CONF_MAX ((size_t)4 << 20)

struct piece {
	struct str text; /* with line ends */
	const char *key; /* parameter, or "service/type"; NULL = comment, empty line */
};
VEC_TYPE(piece_vec, struct piece);

typedef const char *key_fn(struct arena *a, struct str line);

static const char *main_key(struct arena *a, struct str line)
{
	struct str name, value;

	return str_split(line, '=', &name, &value) ? str_dup(a, str_trim(name)) : NULL;
}

static const char *master_key(struct arena *a, struct str line)
{
	struct str service, type;

	if (!str_next_word(&line, " \t", &service) || !str_next_word(&line, " \t", &type))
		return NULL;
	return arena_printf(a, "%.*s/%.*s", (int)service.n, service.p, (int)type.n, type.p);
}

static bool read_pieces(struct arena *a, const char *path, key_fn *key_of, struct piece_vec *out,
			struct err *err)
{
	char *text;
	size_t n;

	if (!file_read(a, path, CONF_MAX, &text, &n, err))
		return false;
	struct str rest = { text, n }, line;
	const char *from = rest.p;
	for (; str_next_line(&rest, &line); from = rest.p) {
		struct str whole = { from, (size_t)(rest.p - from) };
		struct str trimmed = str_trim(line);
		bool is_data = trimmed.n > 0 && trimmed.p[0] != '#';
		bool continues = is_data && (line.p[0] == ' ' || line.p[0] == '\t');
		if (continues && out->n > 0 && out->v[out->n - 1].key) {
			out->v[out->n - 1].text.n += whole.n;
			continue;
		}
		*VEC_PUSH(a, out) =
			(struct piece){ .text = whole,
					.key = is_data && !continues ? key_of(a, line) : NULL };
	}
	return true;
}

static struct piece *find_piece(const struct piece_vec *pieces, const char *key)
{
	for (size_t i = 0; i < pieces->n; i++)
		if (pieces->v[i].key && streq(pieces->v[i].key, key))
			return &pieces->v[i];
	return NULL;
}

/* Exchanges the piece with the key, or adds one under a heading that names the file. */
static void put_piece(struct arena *a, struct piece_vec *pieces, const char *key, const char *text,
		      const struct override *x, const char **heading)
{
	struct piece *old = find_piece(pieces, key);

	if (old) {
		old->text = str_from(text);
		return;
	}
	if (*heading == NULL || !streq(*heading, x->file)) {
		*heading = x->file;
		*VEC_PUSH(a, pieces) = (struct piece){
			.text = str_from(arena_printf(a, "\n# --- From %s\n\n", x->file))
		};
	}
	*VEC_PUSH(a, pieces) = (struct piece){ .text = str_from(text), .key = key };
}

static bool write_pieces(const char *path, const struct piece_vec *pieces, struct err *err)
{
	const struct file_attr attr = { 0644, (uid_t)-1, (gid_t)-1 };
	autobuf struct buf out = BUF_INIT;

	for (size_t i = 0; i < pieces->n; i++)
		buf_add(&out, pieces->v[i].text.p, pieces->v[i].text.n);
	return file_replace(path, out.p, out.n, &attr, FILE_EPHEMERAL, NULL, err);
}

/* Restriction classes of one's own stand beside those that are there, which other settings need. */
static const char *new_value(struct arena *a, const struct piece_vec *pieces,
			     const struct override *x)
{
	const struct piece *old = find_piece(pieces, x->name);
	const char *all = x->value;
	struct str name, rest, word;

	if (!streq(x->name, "smtpd_restriction_classes") || old == NULL ||
	    !str_split(old->text, '=', &name, &rest))
		return all;
	while (str_next_word(&rest, ", \t\r\n", &word))
		all = arena_printf(a, "%s, %.*s", all, (int)word.n, word.p);
	return all;
}

bool merge_main(struct arena *a, const char *path, const struct override_vec *list, struct err *err)
{
	struct piece_vec pieces = VEC_INIT;
	const char *heading = NULL;

	if (list->n == 0)
		return true;
	if (!read_pieces(a, path, main_key, &pieces, err))
		return false;
	for (size_t i = 0; i < list->n; i++) {
		const struct override *x = &list->v[i];
		put_piece(a, &pieces, x->name,
			  arena_printf(a, "%s = %s\n", x->name, new_value(a, &pieces, x)), x,
			  &heading);
	}
	return write_pieces(path, &pieces, err);
}

/* Whether the line is "-o NAME=…", alone. */
static bool sets_option(struct str line, const char *name)
{
	struct str rest = str_trim(line), left, right;

	if (rest.n < 3 || memcmp(rest.p, "-o", 2) != 0)
		return false;
	rest = str_trim((struct str){ rest.p + 2, rest.n - 2 });
	if (rest.n > 0 && rest.p[0] == '{')
		rest = (struct str){ rest.p + 1, rest.n - 1 };
	return str_split(rest, '=', &left, &right) && str_is(str_trim(left), name);
}

/* The service without the option, then with it at its end. */
static struct str set_option(struct arena *a, struct str text, const struct override *x)
{
	bool plain = strpbrk(x->value, " \t") == NULL && *x->value != '{';
	autobuf struct buf out = BUF_INIT;
	struct str line;

	while (str_next_line(&text, &line))
		if (!sets_option(line, x->name))
			buf_printf(&out, "%.*s\n", (int)line.n, line.p);
	buf_printf(&out, plain ? "  -o %s=%s\n" : "  -o { %s = %s }\n", x->name, x->value);
	return str_from(buf_dup(a, &out));
}

static const char *list_keys(struct arena *a, const struct piece_vec *pieces)
{
	autobuf struct buf out = BUF_INIT;

	for (size_t i = 0; i < pieces->n; i++)
		if (pieces->v[i].key)
			buf_printf(&out, "%s%s", out.n ? ", " : "", pieces->v[i].key);
	return buf_dup(a, &out);
}

static void merge_option(struct arena *a, const struct piece_vec *pieces, const struct override *x,
			 struct problems *p)
{
	struct piece *service = find_piece(pieces, x->service);

	if (service)
		service->text = set_option(a, service->text, x);
	else
		problems_add(p, SEV_ERROR, arena_printf(a, "%s:%u", x->file, x->line),
			     arena_printf(a, "services: %s", list_keys(a, pieces)),
			     "there is no service '%s'", x->service);
}

bool merge_master(struct arena *a, const char *path, const struct override_vec *list,
		  struct problems *p, struct err *err)
{
	struct piece_vec pieces = VEC_INIT;
	const char *heading = NULL;

	if (list->n == 0)
		return true;
	if (!read_pieces(a, path, master_key, &pieces, err))
		return false;
	for (size_t i = 0; i < list->n; i++)
		if (*list->v[i].name == '\0')
			put_piece(a, &pieces, list->v[i].service,
				  arena_printf(a, "%s\n", list->v[i].value), &list->v[i], &heading);
	for (size_t i = 0; i < list->n; i++)
		if (*list->v[i].name != '\0')
			merge_option(a, &pieces, &list->v[i], p);
	return write_pieces(path, &pieces, err);
}
