/* SPDX-License-Identifier: MIT */
/* Input: a dovecot-masters.cf. What is accepted is a good name with a hash, each once, and reads the same again. */
#include "base/err.h"
#include "inputs/masters.h"
#include "inputs/password.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct master_vec list = VEC_INIT, again = VEC_INIT;
	autobuf struct buf out = BUF_INIT;
	struct problems p;
	struct arena a;
	const char *prefix;

	arena_init(&a, "fuzz");
	problems_init(&p, &a);
	masters_parse(&a, "f", text, &list, &p);
	for (size_t i = 0; i < list.n; i++) {
		enum password_form form = password_judge(str_from(list.v[i].hash), &prefix);
		if (master_name_problem(list.v[i].name))
			BUG("accepted '%s'", list.v[i].name);
		if (form != PASSWORD_HASHED && form != PASSWORD_REFUSED)
			BUG("accepted a password that is no hash");
		buf_printf(&out, "%s|%s\n", list.v[i].name, list.v[i].hash);
	}
	masters_parse(&a, "f", (struct str){ out.p, out.n }, &again, &p);
	if (again.n != list.n)
		BUG("the list changes when read again");
	arena_fini(&a);
	return 0;
}
