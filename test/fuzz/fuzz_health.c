/* SPDX-License-Identifier: MIT */
/*
 * What servers answer to the probes. First byte: which conversation, 0 to 3 (+ 4: with TLS), 8: the supervisor's answer, 9: only its
 * XML. The text that says what is wrong must be one printable line.
 */
#include "base/err.h"
#include "plan/control.h"
#include "plan/talk.h"
#include "plan/xmlrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			BUG("control character in a message");
}

static void check_talk(enum probe_kind kind, bool tls, struct str text)
{
	size_t size = text.n;
	enum talk_state state = TALK_MORE;
	const char *say = NULL;
	struct talk t;
	struct str line;

	talk_init(&t, kind, size % 2 == 0, tls);
	while (state != TALK_OK && state != TALK_BAD && str_next_line(&text, &line)) {
		state = talk_hear(&t, line, &say);
		if (state == TALK_TLS)
			talk_encrypted(&t, &say);
	}
	if ((state == TALK_BAD) != (t.why[0] != '\0'))
		BUG("a reason without failure, or the other way round");
	check_text(t.why);
}

static void see(void *ctx, const struct xmlrpc_program *p)
{
	(void)ctx;
	if (p->name[0] == '\0')
		BUG("a program without name");
	check_text(p->name);
	check_text(p->state);
	check_text(p->error);
	check_text(p->about);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const programs[] = { "one", "two", NULL };
	struct str text = { (const char *)data + 1, size - 1 };
	struct err err = ERR_INIT;
	char why[200];

	if (size == 0)
		return 0;
	if (data[0] < 8) {
		check_talk((enum probe_kind)(data[0] & 3), (data[0] & 4) != 0, text);
	} else if (data[0] == 8) {
		(void)control_is_complete(text);
		if (!control_judge(text, programs, why, sizeof(why)) && why[0] == '\0')
			BUG("no reason");
		check_text(why);
	} else if (!xmlrpc_programs(text, see, NULL, &err)) {
		check_text(err.text);
	}
	return 0;
}
