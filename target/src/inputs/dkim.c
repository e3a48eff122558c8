/* SPDX-License-Identifier: MIT */
/*
 * One directory is read whole, into a set of its own with findings of its own; the set of the last good
 * copies takes its place when there are errors. A copy has the same files under the same names, so it
 * is read by the same code.
 */
#include "inputs/dkim.h"

#include <dirent.h>
#include <fnmatch.h>

#include "base/file.h"
#include "base/linefile.h"

#define COPY_WAIT_MS 10000

struct job {
	struct arena *a;
	const struct inputs_where *where;
	const char *dir; /* that holds DKIM_DIR: the configuration directory or the copies */
	struct dkim set;
	struct problems *p;
};

/* Where a path of the KeyTable lies; NULL: outside of the configuration directory. */
static const char *key_file(const char *source)
{
	static const char etc[] = DKIM_ETC, config[] = "/tmp/docker-mailserver/" DKIM_DIR "/";

	if (has_prefix(source, etc))
		return source + sizeof(etc) - 1;
	return has_prefix(source, config) ? source + sizeof(config) - 1 : NULL;
}

static bool has_dots(const char *path)
{
	return strstr(path, "/../") || has_prefix(path, "../") || has_suffix(path, "/..");
}

static const char *subject_of(struct job *j, const char *file, unsigned line)
{
	return arena_printf(j->a, "%s:%u", file, line);
}

static void keep_text(struct job *j, const char *name, struct str text)
{
	*VEC_PUSH(j->a, &j->set.texts) = (struct dkim_text){ name, text };
}

/* The file's text, "" if there is none; false when it can't be read (reported). */
static bool read_table(struct job *j, const char *name, struct str *text_r, bool *missing_r)
{
	struct err err = ERR_INIT;
	char *text;
	size_t n;

	*missing_r = false;
	if (file_read(j->a, arena_printf(j->a, "%s/%s", j->dir, name), LINEFILE_MAX, &text, &n,
		      &err)) {
		*text_r = (struct str){ text, n };
		keep_text(j, name, *text_r);
		return true;
	}
	*text_r = (struct str){ "", 0 };
	*missing_r = err.sys == ENOENT || err.sys == ENOTDIR;
	if (!*missing_r)
		problems_add(j->p, SEV_ERROR, name, "make it a readable text file", "%s", err.text);
	return *missing_r;
}

/* The record that `setup` and opendkim-genkey(8) write beside a key. */
static void check_record(struct job *j, const char *file, const char *subject,
			 const struct dkim_facts *facts)
{
	struct err err = ERR_INIT;
	char *text;
	size_t n;

	if (!has_suffix(file, ".private"))
		return;
	const char *name = arena_printf(j->a, DKIM_DIR "/%.*s.txt",
					(int)(strlen(file) - strlen(".private")), file);
	if (!file_read(j->a, arena_printf(j->a, "%s/%s", j->dir, name), DKIM_KEY_FILE_MAX, &text,
		       &n, &err))
		return;
	const char *published = dkim_record_public_key(j->a, (struct str){ text, n });
	if (*published && !streq(published, facts->public_key))
		problems_add(j->p, SEV_WARNING, subject,
			     "publish the record that belongs to the key: setup config dkim list",
			     "%s has the public key of another private key", name);
}

static void take_key(struct job *j, struct dkim_key *key, const char *file, const char *subject,
		     struct str text)
{
	struct dkim_facts facts;
	struct err err = ERR_INIT;

	if (!dkim_key_read(j->a, text, &facts, &err)) {
		problems_add(j->p, SEV_ERROR, subject,
			     "put a private key in PEM form there, or make one: "
			     "setup config dkim --force",
			     "%s %s", file ? key->source : "the third field", err.text);
		return;
	}
	key->text = arena_strndup(j->a, text.p, text.n);
	key->is_ed25519 = facts.kind == DKIM_ED25519;
	if (file)
		check_record(j, file, subject, &facts);
}

static void read_key(struct job *j, struct dkim_key *key)
{
	const char *subject = subject_of(j, DKIM_KEY_TABLE, key->line);
	const char *file = key_file(key->source), *path = key->source;
	struct err err = ERR_INIT;
	char *text;
	size_t n;

	if (*path != '/' && *path != '.') {
		take_key(j, key, NULL, subject, str_from(path));
		return;
	}
	if (*path == '.' || has_dots(path)) {
		problems_add(j->p, SEV_ERROR, subject, "write " DKIM_ETC "keys/DOMAIN/…",
			     "the path '%s' is not absolute, or has '..' in it", path);
		return;
	}
	if (file)
		path = arena_printf(j->a, "%s/" DKIM_DIR "/%s", j->dir, file);
	else if (j->where->state_dir == NULL && !j->where->must_exist)
		return; /* a path of the server, seen from a laptop */
	if (!file_read(j->a, path, DKIM_KEY_FILE_MAX, &text, &n, &err)) {
		problems_add(j->p, SEV_ERROR, subject,
			     file ? "put the key there, make one with setup config dkim, "
				    "or remove the line"
				  : "mount the key there, or remove the line",
			     "no key '%s': %s", key->source,
			     err.sys ? strerror(err.sys) : err.text);
		return;
	}
	if (file)
		keep_text(j, arena_printf(j->a, DKIM_DIR "/%s", file), (struct str){ text, n });
	take_key(j, key, file ? file : path, subject, (struct str){ text, n });
}

/* Each key has its place by domain and selector, and the DNS record has room for one. */
static void check_selectors(struct job *j)
{
	struct map seen;

	map_init(&seen, j->a, j->set.keys.n);
	for (size_t i = 0; i < j->set.keys.n; i++) {
		struct dkim_key *key = &j->set.keys.v[i];
		const char *name = arena_printf(j->a, "%s/%s", key->domain, key->selector);
		if (map_add(&seen, name, key))
			continue;
		const struct dkim_key *first = map_get(&seen, name);
		if (first->text && key->text && !streq(first->text, key->text))
			problems_add(j->p, SEV_ERROR, subject_of(j, DKIM_KEY_TABLE, key->line),
				     "give one of them another selector",
				     "line %u has another key for the selector '%s' of '%s'",
				     first->line, key->selector, key->domain);
	}
}

static const struct dkim_key *find_key(const struct dkim *set, const char *name)
{
	for (size_t i = 0; i < set->keys.n; i++)
		if (streq(set->keys.v[i].name, name))
			return &set->keys.v[i];
	return NULL;
}

static void check_pattern(struct job *j, struct map *first, const struct dkim_rule *rule,
			  const struct dkim_key *key, const char *subject)
{
	/* The cast: the map holds pointers without const, and is only read. */
	if (map_add(first, rule->pattern, (void *)(uintptr_t)key))
		return;
	const struct dkim_key *other = map_get(first, rule->pattern);
	if (other != key)
		problems_add(j->p, SEV_WARNING, subject,
			     "remove the line of the key that is not in use",
			     "'%s' has the key '%s' in an earlier line: that one signs",
			     rule->pattern, other->name);
}

/* The signer has one algorithm for all keys. RSA is what every receiver knows, so Ed25519 keys sign
 * only where no rule names an RSA key. */
static void choose_kind(struct job *j)
{
	size_t ed25519 = 0, all = 0;

	for (size_t i = 0; i < j->set.rules.n; i++) {
		const struct dkim_key *key = find_key(&j->set, j->set.rules.v[i].key);
		ed25519 += key && key->is_ed25519;
		all += key != NULL;
	}
	j->set.is_ed25519 = all > 0 && ed25519 == all;
	for (size_t i = 0; ed25519 > 0 && ed25519 < all && i < j->set.rules.n; i++) {
		struct dkim_rule *rule = &j->set.rules.v[i];
		const struct dkim_key *key = find_key(&j->set, rule->key);
		rule->unused = key && key->is_ed25519;
		if (rule->unused)
			problems_add(
				j->p, SEV_WARNING, subject_of(j, DKIM_SIGNING_TABLE, rule->line),
				"keep the RSA key, which every receiver knows",
				"the Ed25519 key '%s' does not sign beside RSA keys: the signer "
				"has one algorithm for all",
				rule->key);
	}
}

static void check_rules(struct job *j)
{
	struct map first;

	choose_kind(j);
	map_init(&first, j->a, j->set.rules.n);
	for (size_t i = 0; i < j->set.rules.n; i++) {
		const struct dkim_rule *rule = &j->set.rules.v[i];
		const struct dkim_key *key = find_key(&j->set, rule->key);
		const char *subject = subject_of(j, DKIM_SIGNING_TABLE, rule->line);
		if (key == NULL)
			problems_add(j->p, SEV_ERROR, subject,
				     "add its line there, or remove this one",
				     "there is no key '%s' in " DKIM_KEY_TABLE, rule->key);
		else if (!rule->unused)
			check_pattern(j, &first, rule, key, subject);
	}
}

static bool is_in_table(const struct dkim *set, const char *file)
{
	for (size_t i = 0; i < set->keys.n; i++) {
		const char *known = key_file(set->keys.v[i].source);
		if (known && streq(known, file))
			return true;
	}
	return false;
}

/* Calls see for each entry of the directory that does not begin with a dot. */
static void visit(const char *path, void (*see)(struct job *j, const char *dir, const char *name),
		  struct job *j, const char *dir)
{
	DIR *d = opendir(path);
	const struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			see(j, dir, e->d_name);
	(void)closedir(d);
}

static void see_key(struct job *j, const char *domain, const char *name)
{
	const char *file = arena_printf(j->a, "keys/%s/%s", domain, name);

	if (!has_suffix(name, ".private") || is_in_table(&j->set, file))
		return;
	problems_add(j->p, SEV_WARNING, arena_printf(j->a, DKIM_DIR "/%s", file),
		     arena_printf(j->a, "setup config dkim selector %.*s domain %s puts it there",
				  (int)(strlen(name) - strlen(".private")), name, domain),
		     "the key is in no line of " DKIM_KEY_TABLE ": it signs nothing");
}

static void see_domain(struct job *j, const char *dir, const char *name)
{
	visit(arena_printf(j->a, "%s/%s", dir, name), see_key, j, name);
}

static void check_orphans(struct job *j)
{
	const char *dir = arena_printf(j->a, "%s/" DKIM_KEYS, j->dir);

	visit(dir, see_domain, j, dir);
}

static void read_set(struct job *j)
{
	struct str keys, rules, hosts;
	bool missing;

	if (j->dir == NULL)
		return;
	if (!read_table(j, DKIM_KEY_TABLE, &keys, &missing))
		return;
	if (!missing && read_table(j, DKIM_SIGNING_TABLE, &rules, &missing) &&
	    read_table(j, DKIM_HOSTS, &hosts, &missing)) {
		dkim_parse_keys(j->a, DKIM_KEY_TABLE, keys, &j->set.keys, j->p);
		dkim_parse_rules(j->a, DKIM_SIGNING_TABLE, rules, &j->set.rules, j->p);
		dkim_parse_hosts(j->a, DKIM_HOSTS, hosts, &j->set.hosts, j->p);
		for (size_t i = 0; i < j->set.keys.n; i++)
			read_key(j, &j->set.keys.v[i]);
		check_selectors(j);
		check_rules(j);
	}
	check_orphans(j);
}

static bool use_last_good(struct job *j)
{
	struct job copy = { .a = j->a, .where = j->where, .dir = j->where->last_good_dir };
	struct problems ignored;
	struct err err = ERR_INIT;
	autoclose int lock = -1;

	if (!j->where->fallback || copy.dir == NULL || !dir_exists(copy.dir))
		return false;
	(void)!dir_lock(copy.dir, COPY_WAIT_MS, &lock, &err); /* a copy may be on its way */
	problems_init(&ignored, j->a);
	copy.p = &ignored;
	read_set(&copy);
	if (problems_errors(&ignored) > 0)
		return false;
	j->set = copy.set;
	return true;
}

static uint64_t fold(uint64_t h, const char *text)
{
	return (h ^ (text ? hash_bytes(text, strlen(text)) : 1)) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t fingerprint(const struct dkim *set)
{
	uint64_t h = set->is_ed25519 ? 2 : 1;

	for (size_t i = 0; i < set->keys.n; i++) {
		const struct dkim_key *x = &set->keys.v[i];
		h = fold(fold(fold(fold(h, x->name), x->domain), x->selector), x->text);
	}
	for (size_t i = 0; i < set->rules.n; i++)
		if (!set->rules.v[i].unused)
			h = fold(fold(h, set->rules.v[i].pattern), set->rules.v[i].value);
	for (size_t i = 0; i < set->hosts.n; i++)
		h = fold(h, set->hosts.v[i]);
	return h;
}

void dkim_read(struct arena *a, const struct settings *s, const struct inputs_where *where,
	       bool vanished, struct inputs *in, struct problems *p)
{
	struct problems found;
	struct job j = { .a = a, .where = where, .dir = where->config_dir, .p = &found };

	if (!s->enable_opendkim)
		return;
	problems_init(&found, a);
	if (!vanished)
		read_set(&j);
	j.set.good = !vanished && problems_errors(&found) == 0;
	bool fallen = !j.set.good && use_last_good(&j);
	for (size_t i = 0; i < found.list.n; i++) {
		const struct problem *x = &found.list.v[i];
		problems_add(p, fallen && x->severity == SEV_ERROR ? SEV_WARNING : x->severity,
			     x->subject, x->hint, "%s", x->text);
	}
	if (fallen && !vanished) {
		*VEC_PUSH(a, &in->fallen) = DKIM_DIR;
		problems_add(p, SEV_WARNING, DKIM_DIR,
			     "correct the lines that are named; that takes effect at once",
			     "tables or keys have errors: their LAST GOOD COPIES are in use");
	}
	in->dkim = j.set;
	in->fingerprint[__builtin_ctz(INPUT_DKIM)] = fingerprint(&in->dkim);
}

static bool has_text(const struct dkim *dkim, const char *name)
{
	for (size_t i = 0; i < dkim->texts.n; i++)
		if (streq(dkim->texts.v[i].name, name))
			return true;
	return false;
}

static bool save_one(struct arena *a, const char *dir, const struct dkim_text *x, struct err *err)
{
	const struct file_attr file = { 0600, (uid_t)-1, (gid_t)-1 };
	const struct file_attr folder = { 0700, (uid_t)-1, (gid_t)-1 };
	const char *path = arena_printf(a, "%s/%s", dir, x->name);
	struct err ignored = ERR_INIT;
	char *old;
	size_t n;

	if (file_read(a, path, LINEFILE_MAX, &old, &n, &ignored) && n == x->text.n &&
	    memcmp(old, x->text.p, n) == 0)
		return true;
	return dir_make(arena_strndup(a, path, (size_t)(strrchr(path, '/') - path)), &folder,
			err) &&
	       file_replace(path, x->text.p, x->text.n, &file, FILE_DURABLE, NULL, err);
}

/* Keys that are gone are gone from the copies, directories that are empty then too. */
static void sweep(struct arena *a, const char *dir, const char *name, const struct dkim *dkim)
{
	const char *path = arena_printf(a, "%s/%s", dir, name);
	DIR *d = opendir(path);
	const struct dirent *e;

	if (d == NULL) {
		if (errno == ENOTDIR && !has_text(dkim, name))
			(void)unlink(path);
		return;
	}
	while ((e = readdir(d)) != NULL)
		if (!streq(e->d_name, ".") && !streq(e->d_name, ".."))
			sweep(a, dir, arena_printf(a, "%s/%s", name, e->d_name), dkim);
	(void)closedir(d);
	(void)rmdir(path);
}

bool dkim_save_last_good(struct arena *a, const struct inputs_where *where, const struct dkim *dkim,
			 struct err *err)
{
	for (size_t i = 0; i < dkim->texts.n; i++)
		if (!save_one(a, where->last_good_dir, &dkim->texts.v[i], err))
			return false;
	sweep(a, where->last_good_dir, DKIM_DIR, dkim);
	return true;
}

void dkim_watch_dirs(struct arena *a, const char *config_dir, struct text_vec *dirs)
{
	const char *keys;
	const struct dirent *e;
	DIR *d;

	if (config_dir == NULL)
		return;
	*VEC_PUSH(a, dirs) = arena_printf(a, "%s/" DKIM_DIR, config_dir);
	*VEC_PUSH(a, dirs) = keys = arena_printf(a, "%s/" DKIM_KEYS, config_dir);
	d = opendir(keys);
	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			*VEC_PUSH(a, dirs) = arena_printf(a, "%s/%s", keys, e->d_name);
	(void)closedir(d);
}

bool dkim_signs_domain(const struct dkim *dkim, const char *domain)
{
	char address[320];

	(void)snprintf(address, sizeof(address), "anyone@%s", domain);
	for (size_t i = 0; i < dkim->rules.n; i++)
		if (!dkim->rules.v[i].unused &&
		    fnmatch(dkim->rules.v[i].pattern, address, FNM_CASEFOLD | FNM_NOESCAPE) == 0)
			return find_key(dkim, dkim->rules.v[i].key) != NULL;
	return false;
}
