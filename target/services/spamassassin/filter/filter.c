/* SPDX-License-Identifier: MIT */
/*
 * filter DATABASE KEYS <patterns: makes databases for Hyperscan of what reduce.pl prints
 *
 * A line is a key and patterns, separated by tabs. An empty one parts those that say most of what the rule does from
 * those that know only its beginning. Taken is the first of the former that is SMALL, or the smallest of them, if it is not
 * LARGE; or else the first of the latter that is not, or the smallest of all. A rule of which none is accepted is left out. KEYS
 * gets the keys that are in the databases, a line each, in the order of their numbers. DATABASE.0 and so on have
 * GROUP rules each: one of all would take ten times as long to make. Runs when the image is made; BodyFilter.xs reads the result.
 *
 * SOURCES
 *	Vectorscan/Hyperscan, "Compiling Patterns", "Serialization".
 */
#include <hs/hs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 2000 /* BodyFilter.xs: DATABASES_MAX * GROUP */
#define GROUP 32
#define SMALL ((size_t)16 * 1024)
#define LARGE ((size_t)48 * 1024)
#define FLAGS (HS_FLAG_SINGLEMATCH | HS_FLAG_MULTILINE | HS_FLAG_DOTALL)

static const hs_platform_info_t any = { 0 }; /* any processor that the library runs on */
static const char *patterns[RULES_MAX];
static unsigned flags[RULES_MAX], ids[RULES_MAX];

static void die(const char *what)
{
	fprintf(stderr, "filter: %s\n", what);
	exit(1);
}

static size_t size_of(const char *pattern)
{
	hs_database_t *db;
	hs_compile_error_t *error;
	size_t n = 0;

	if (hs_compile(pattern, FLAGS, HS_MODE_BLOCK, &any, &db, &error) != HS_SUCCESS) {
		hs_free_compile_error(error);
		return SIZE_MAX;
	}
	if (hs_database_size(db, &n) != HS_SUCCESS)
		die("no size");
	hs_free_database(db);
	return n;
}

static const char *choose(char *list)
{
	const char *best = NULL;
	size_t least = SIZE_MAX, enough = SMALL;

	for (char *p; least > enough && (p = strsep(&list, "\t"));) {
		if (*p == '\0') {
			enough = LARGE;
			continue;
		}
		size_t n = size_of(p);
		if (n < least) {
			least = n;
			best = p;
		}
	}
	return best;
}

static size_t save(const char *path, const hs_database_t *db)
{
	char *bytes;
	size_t n;
	FILE *f = fopen(path, "w");

	if (hs_serialize_database(db, &bytes, &n) != HS_SUCCESS)
		die("serialize");
	if (f == NULL || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
		die(path);
	free(bytes);
	return n;
}

static size_t make(const char *path, unsigned first, unsigned n)
{
	hs_compile_error_t *error;
	hs_database_t *db;

	if (hs_compile_multi(patterns + first, flags + first, ids + first, n, HS_MODE_BLOCK, &any,
			     &db, &error) != HS_SUCCESS)
		die(error->message);
	size_t bytes = save(path, db);
	hs_free_database(db);
	return bytes;
}

int main(int argc, char **argv)
{
	char *line = NULL, path[4096];
	size_t room = 0, bytes = 0;
	unsigned count = 0, left_out = 0;
	FILE *keys = argc == 3 ? fopen(argv[2], "w") : NULL;

	if (keys == NULL)
		die("usage: filter DATABASE KEYS <PATTERNS");
	while (getline(&line, &room, stdin) > 0) {
		char *rest = strdup(line);
		rest[strcspn(rest, "\n")] = '\0';
		char *key = strsep(&rest, "\t");
		const char *pattern = rest ? choose(rest) : NULL;
		if (pattern == NULL) {
			left_out++;
			continue;
		}
		if (count == RULES_MAX)
			die("too many rules");
		patterns[count] = pattern;
		flags[count] = FLAGS;
		ids[count] = count;
		count++;
		fprintf(keys, "%s\n", key);
	}
	if (fclose(keys) != 0)
		die(argv[2]);
	for (unsigned i = 0; i < count; i += GROUP) {
		snprintf(path, sizeof(path), "%s.%u", argv[1], i / GROUP);
		bytes += make(path, i, count - i < GROUP ? count - i : GROUP);
	}
	printf("%u rules, %u left out, %zu bytes\n", count, left_out, bytes);
	return 0;
}
