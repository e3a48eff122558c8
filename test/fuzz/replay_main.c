/* SPDX-License-Identifier: MIT */
/*
 * Runs LLVMFuzzerTestOneInput() over the files given as arguments: the corpus replay of `make check`, which
 * needs no libFuzzer. The input is copied to a block of exactly its size, so that reading past it is seen.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"

#define INPUT_MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay(const char *path, struct err *err)
{
	struct arena a;
	char *text = NULL;
	size_t n = 0;
	arena_init(&a, "input");
	bool done = file_read(&a, path, INPUT_MAX, &text, &n, err);
	if (done) {
		uint8_t *data = xmalloc(n);
		memcpy(data, text, n);
		(void)LLVMFuzzerTestOneInput(data, n);
		free(data);
	}
	arena_fini(&a);
	return done;
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	for (int i = 1; i < argc; i++) {
		if (!replay(argv[i], &err)) {
			(void)fprintf(stderr, "%s\n", err.text);
			return ERR_IO;
		}
	}
	return 0;
}
