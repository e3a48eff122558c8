/* SPDX-License-Identifier: MIT */
/*
 * Input: an answer of spamd, and the same bytes as what the mail server says to the milter. An accepted answer has a
 * score and a status without a line that is not folded; no session ends in anything but an end.
 */
#include <sys/mman.h>

#include "base/file.h"
#include "base/log.h"
#include "spamassassin/milter.h"
#include "spamassassin/spamd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct spamd_verdict *v)
{
	for (const char *at = strchr(v->status, '\n'); at; at = strchr(at + 1, '\n'))
		if (at[1] != '\t')
			BUG("a line of the status is not folded");
}

static void serve(const uint8_t *data, size_t size)
{
	const struct spam_milter conf = { .socket = "/nonexistent/spamd", .timeout_ms = 1000 };
	autoclose int in = memfd_create("in", MFD_CLOEXEC);
	autoclose int out = memfd_create("out", MFD_CLOEXEC);

	if (in < 0 || out < 0 || !write_all(in, data, size) || lseek(in, 0, SEEK_SET) < 0)
		return;
	spam_milter_serve(&conf, in, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spamd_verdict v;
	struct err err = ERR_INIT;
	struct spam_milter conf;
	struct arena a;

	log_set_threshold(LOG_LVL_ERROR);
	arena_init(&a, "fuzz");
	if (spamd_parse(&a, (struct str){ (const char *)data, size }, &v, &err))
		check(&v);
	(void)!spam_milter_parse(&a, "f", arena_strndup(&a, (const char *)data, size), &conf, &err);
	serve(data, size);
	arena_fini(&a);
	return 0;
}
