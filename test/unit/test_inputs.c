/* SPDX-License-Identifier: MIT */
/* inputs and effective: files together, the environment, last good copies, fingerprints, the
 * effective aliases. */
#include "unit/inputs_unit.h"

#include "inputs/accounts.h"
#include "inputs/aliases.h"
#include "inputs/quotas.h"

#define HASH "{SHA512-CRYPT}$6$salt$hash"
#define ANNA "anna@firma.example|" HASH "\n"
#define BEN "ben@firma.example|" HASH "\n"

struct fixture {
	struct temp t;
	struct settings s;
	struct inputs_where where;
	struct inputs in;
	struct problems p;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;

	temp_open(&f->t);
	f->s = plain_settings();
	f->where.config_dir = temp_path(&f->t, "config");
	f->where.last_good_dir = temp_path(&f->t, "good");
	f->where.salt_key = temp_path(&f->t, "salt.key");
	assert_done(dir_make(f->where.config_dir, NULL, &err), &err);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	temp_close(&f->t);
	free(f);
	return 0;
}

static void put(struct fixture *f, const char *name, const char *text)
{
	temp_write(arena_printf(&f->t.arena, "%s/%s", f->where.config_dir, name), text);
}

static void drop(struct fixture *f, const char *name)
{
	assert_int_equal(unlink(arena_printf(&f->t.arena, "%s/%s", f->where.config_dir, name)), 0);
}

static void read_inputs(struct fixture *f)
{
	problems_init(&f->p, &f->t.arena);
	inputs_read(&f->t.arena, &f->s, &f->where, &f->in, &f->p);
}

static void test_unreadable(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_done(dir_make(temp_path(&f->t, "config/" ACCOUNTS_FILE), NULL, &err), &err);
	read_inputs(f);
	assert_finding(&f->p, SEV_ERROR, ACCOUNTS_FILE, "not a regular file");
	assert_int_equal(f->in.accounts.n, 0);
}

static void test_all_bad_files_are_told(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA "x\n");
	put(f, ALIASES_FILE, "y\n");
	put(f, REGEXP_FILE, "z\n");
	put(f, LOCAL_ALIASES_FILE, "w\n");
	put(f, QUOTAS_FILE, "v\n");
	read_inputs(f);
	assert_int_equal(problems_errors(&f->p), 5);
	assert_finding(&f->p, SEV_ERROR, ACCOUNTS_FILE ":2", "no '@'");
	assert_finding(&f->p, SEV_ERROR, QUOTAS_FILE ":1", "no ':'");
}

static void test_nothing(void **state)
{
	struct fixture *f = *state;

	f->where.config_dir = temp_path(&f->t, "missing");
	read_inputs(f);
	assert_no_findings(&f->p);
	assert_int_equal(f->in.accounts.n + f->in.aliases.n + f->in.domains.n, 0);
	assert_string_equal(f->in.regexp, "");
	assert_null(inputs_find_account(&f->in, "a@x.example"));
	f->where.config_dir = NULL;
	read_inputs(f);
	assert_no_findings(&f->p);
	static const struct inputs empty;
	assert_null(inputs_find_account(&empty, "a@x.example"));
	assert_null(inputs_find_alias(&empty, "a@x.example"));
	assert_false(inputs_hosts_domain(&empty, "x.example"));
}

static void test_together(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA BEN "z@zwei.example|" HASH "\n");
	put(f, ALIASES_FILE,
	    "info@drei.example anna@firma.example\nx@localhost ben@firma.example\n"
	    "root ben@firma.example\n"
	    "@acht.example ben@firma.example\n");
	put(f, QUOTAS_FILE, "BEN@firma.example:5G\njoben@firma.example:1G\n");
	put(f, REGEXP_FILE, "# c\n/a/ b@x.example\n");
	put(f, LOCAL_ALIASES_FILE, "devnull: /dev/null\n");
	read_inputs(f);
	assert_finding(&f->p, SEV_WARNING, QUOTAS_FILE ":2", "no account 'joben@firma.example'");
	assert_int_equal(problems_errors(&f->p), 0);
	static const char *const domains[] = { "acht.example", "drei.example", "firma.example",
					       "zwei.example" };
	assert_int_equal(f->in.domains.n, ARRAY_SIZE(domains));
	for (size_t i = 0; i < ARRAY_SIZE(domains); i++)
		assert_string_equal(f->in.domains.v[i], domains[i]);
	assert_string_equal(inputs_find_account(&f->in, "ben@firma.example")->quota, "5G");
	assert_null(inputs_find_account(&f->in, "anna@firma.example")->quota);
	assert_string_equal(inputs_find_alias(&f->in, "info@drei.example")->targets,
			    "anna@firma.example");
	assert_true(inputs_hosts_domain(&f->in, "zwei.example"));
	assert_false(inputs_hosts_domain(&f->in, "localhost"));
	assert_string_equal(f->in.regexp, "/a/ b@x.example\n");
	assert_string_equal(f->in.local_aliases, "devnull: /dev/null\n");
}

static void test_environment(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA);
	put(f, ALIASES_FILE, "info@firma.example anna@firma.example\n");
	f->s.mail_accounts = "anna@firma.example:anders neu@firma.example:geheim";
	f->s.mail_aliases =
		"info@firma.example=neu@firma.example mehr@firma.example=neu@firma.example";
	read_inputs(f);
	assert_finding(&f->p, SEV_NOTE, "MAIL_ACCOUNTS:1", "the file counts");
	assert_finding(&f->p, SEV_NOTE, "MAIL_ALIASES:1", "the file counts");
	assert_int_equal(f->in.accounts.n, 2);
	assert_str(inputs_find_account(&f->in, "anna@firma.example")->hash, HASH);
	assert_str(inputs_find_account(&f->in, "neu@firma.example")->hash, PASSWORD_PLACEHOLDER);
	assert_string_equal(inputs_find_account(&f->in, "neu@firma.example")->file,
			    "MAIL_ACCOUNTS");
	assert_string_equal(inputs_find_alias(&f->in, "info@firma.example")->targets,
			    "anna@firma.example");
	assert_non_null(inputs_find_alias(&f->in, "mehr@firma.example"));
	/* In a server: real hashes, the same each time. */
	f->where.state_dir = temp_path(&f->t, "state");
	read_inputs(f);
	uint64_t before = f->in.fingerprint[0];
	assert_true(has_prefix(inputs_find_account(&f->in, "neu@firma.example")->hash.p,
			       "{SHA512-CRYPT}$6$"));
	read_inputs(f);
	assert_true(f->in.fingerprint[0] == before);
	f->s.mail_accounts = "anna@firma.example:anders neu@firma.example:geheimer";
	read_inputs(f);
	assert_false(f->in.fingerprint[0] == before);
	f->where.salt_key = temp_path(&f->t, "no/such/key");
	read_inputs(f);
	assert_finding(&f->p, SEV_ERROR, "MAIL_ACCOUNTS", "can't hash");
}

/* Which fingerprints differ after a change. */
static unsigned changed_by(struct fixture *f, const char *name, const char *text)
{
	uint64_t before[INPUT_BITS];
	unsigned bits = 0;

	memcpy(before, f->in.fingerprint, sizeof(before));
	put(f, name, text);
	read_inputs(f);
	for (unsigned i = 0; i < INPUT_BITS; i++)
		bits |= (unsigned)(before[i] != f->in.fingerprint[i]) << i;
	return bits;
}

static void test_fingerprints(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA BEN);
	put(f, ALIASES_FILE, "a@firma.example b@x.example,c@x.example\n");
	put(f, REGEXP_FILE, "/a/ b@x.example\n");
	put(f, LOCAL_ALIASES_FILE, "a: b\n");
	put(f, QUOTAS_FILE, "anna@firma.example:5G\n");
	read_inputs(f);
	assert_int_equal(changed_by(f, ACCOUNTS_FILE, "# comment\n" ANNA "\n\n" BEN), 0);
	assert_int_equal(changed_by(f, ACCOUNTS_FILE, ANNA BEN ANNA), 0);
	assert_int_equal(
		changed_by(f, ALIASES_FILE, "A@firma.example  b@x.example,\n  c@x.example\n"), 0);
	assert_int_equal(changed_by(f, REGEXP_FILE, "# c\n/a/ b@x.example"), 0);
	assert_int_equal(changed_by(f, LOCAL_ALIASES_FILE, "\na: b\n# c\n"), 0);
	assert_int_equal(changed_by(f, QUOTAS_FILE, "ANNA@firma.example : 5G\n"), 0);
	assert_int_equal(changed_by(f, ACCOUNTS_FILE, "anna@firma.example|{PLAIN}x\n" BEN),
			 INPUT_ACCOUNTS);
	assert_int_equal(changed_by(f, ACCOUNTS_FILE, "anna@firma.example|{PLAIN}x|a=b\n" BEN),
			 INPUT_ACCOUNTS);
	assert_int_equal(changed_by(f, ALIASES_FILE, "a@firma.example b@x.example\n"),
			 INPUT_ALIASES);
	assert_int_equal(changed_by(f, REGEXP_FILE, "/b/ b@x.example\n"), INPUT_REGEXP);
	assert_int_equal(changed_by(f, LOCAL_ALIASES_FILE, "a: c\n"), INPUT_LOCAL_ALIASES);
	assert_int_equal(changed_by(f, QUOTAS_FILE, "anna@firma.example:6G\n"), INPUT_QUOTAS);
	assert_int_equal(changed_by(f, QUOTAS_FILE, ""), INPUT_QUOTAS);
}

static void save(struct fixture *f)
{
	struct err err = ERR_INIT;

	int lock = -1;

	read_inputs(f);
	assert_done(inputs_lock_last_good(&f->where, &lock, &err), &err);
	assert_done(inputs_save_last_good(&f->where, &f->in, &err), &err);
	assert_int_equal(close(lock), 0);
}

static void test_last_good(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	put(f, ACCOUNTS_FILE, ANNA BEN);
	put(f, ALIASES_FILE, "a@firma.example anna@firma.example\n");
	save(f);
	assert_int_equal(stat(temp_path(&f->t, "good"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	put(f, ACCOUNTS_FILE, ANNA "bad\n");
	put(f, ALIASES_FILE, "b@firma.example anna@firma.example\n");
	/* Without permission to fall back the errors stay errors. */
	read_inputs(f);
	assert_finding(&f->p, SEV_ERROR, ACCOUNTS_FILE ":2", "no '@'");
	assert_false(f->in.fallen.n > 0);
	f->where.fallback = true;
	read_inputs(f);
	assert_int_equal(problems_errors(&f->p), 0);
	assert_finding(&f->p, SEV_WARNING, ACCOUNTS_FILE ":2", "no '@'");
	assert_finding(&f->p, SEV_WARNING, ACCOUNTS_FILE, "LAST GOOD COPY");
	assert_true(f->in.fallen.n > 0);
	assert_non_null(inputs_find_account(&f->in, "ben@firma.example"));
	/* The other file is taken as it is. */
	assert_non_null(inputs_find_alias(&f->in, "b@firma.example"));
	/* A bad file is never saved, a good one is. */
	save(f);
	put(f, ALIASES_FILE, "bad\n");
	read_inputs(f);
	assert_int_equal(problems_errors(&f->p), 0);
	assert_non_null(inputs_find_account(&f->in, "ben@firma.example"));
	assert_non_null(inputs_find_alias(&f->in, "b@firma.example"));
	/* A file that is gone is gone from the copies too: then no file is the last good state. */
	put(f, QUOTAS_FILE, "");
	drop(f, ACCOUNTS_FILE);
	drop(f, ALIASES_FILE);
	save(f);
	put(f, ACCOUNTS_FILE, "bad\n");
	read_inputs(f);
	assert_finding(&f->p, SEV_WARNING, ACCOUNTS_FILE ":1", "no '@'");
	assert_true(f->in.fallen.n > 0);
	assert_int_equal(f->in.accounts.n, 0);
}

static void test_save_errors(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	temp_write(temp_path(&f->t, "good"), "a file in place of the directory");
	int lock = -1;

	assert_false(inputs_lock_last_good(&f->where, &lock, &err));
	put(f, ACCOUNTS_FILE, ANNA);
	read_inputs(f);
	assert_false(inputs_save_last_good(&f->where, &f->in, &err));
}

static const struct alias *find(const struct alias_vec *list, const char *key)
{
	const struct alias *found = NULL;

	for (size_t i = 0; i < list->n; i++)
		if (streq(list->v[i].key, key)) {
			assert_null(found);
			found = &list->v[i];
		}
	return found;
}

static struct alias_vec effective(struct fixture *f)
{
	struct alias_vec out = VEC_INIT;

	read_inputs(f);
	inputs_effective_aliases(&f->t.arena, &f->s, &f->in, &out);
	return out;
}

static void test_catch_all(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA BEN "c@zwei.example|" HASH "\n");
	put(f, ALIASES_FILE,
	    "@firma.example anna@firma.example\nben@firma.example ben@firma.example,x@y.example\n");
	struct alias_vec out = effective(f);
	assert_string_equal(find(&out, "anna@firma.example")->targets, "anna@firma.example");
	assert_string_equal(find(&out, "anna@firma.example")->file, ALIAS_IDENTITY);
	assert_string_equal(find(&out, "ben@firma.example")->targets,
			    "ben@firma.example,x@y.example");
	assert_null(find(&out, "c@zwei.example"));
	/* The catch-all has the role addresses of its domain. */
	assert_null(find(&out, "postmaster@firma.example"));
	assert_no_findings(&f->p);
	assert_string_equal(find(&out, "abuse@zwei.example")->targets, "postmaster@firma.example");
}

static void test_roles(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA "abuse@zwei.example|" HASH "\n");
	struct alias_vec out = effective(f);
	/* Nobody receives POSTMASTER_ADDRESS: no alias leads there. */
	assert_int_equal(out.n, 0);
	assert_finding(&f->p, SEV_NOTE, "POSTMASTER_ADDRESS='postmaster@firma.example'",
		       "nobody receives it");
	f->s.postmaster_address = "Anna+post@Firma.example";
	out = effective(f);
	assert_no_findings(&f->p);
	assert_string_equal(find(&out, "postmaster@firma.example")->targets,
			    "Anna+post@Firma.example");
	assert_true(alias_is_role(find(&out, "postmaster@zwei.example")));
	assert_null(find(&out, "abuse@zwei.example"));
	assert_non_null(find(&out, "abuse@firma.example"));
	f->s.postmaster_address = "extern@anderswo.example";
	out = effective(f);
	assert_int_equal(out.n, 3);
	assert_no_findings(&f->p);
	/* A local user of the host: only if aliases(5) knows it. */
	f->s.postmaster_address = "chef@mail.firma.example";
	assert_int_equal(effective(f).n, 0);
	put(f, LOCAL_ALIASES_FILE, "chef: extern@anderswo.example\n");
	assert_int_equal(effective(f).n, 3);
}

static void test_roles_never_loop(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA "b@zwei.example|" HASH "\n");
	/* The default address is an alias, by way of another domain's role address. */
	put(f, ALIASES_FILE, "postmaster@firma.example abuse@zwei.example,anna@firma.example\n");
	struct alias_vec out = effective(f);
	assert_string_equal(find(&out, "postmaster@firma.example")->file, ALIASES_FILE);
	assert_null(find(&out, "abuse@zwei.example"));
	assert_string_equal(find(&out, "postmaster@zwei.example")->targets,
			    "postmaster@firma.example");
	assert_string_equal(find(&out, "abuse@firma.example")->targets, "postmaster@firma.example");
}

static void test_relations(void **state)
{
	struct fixture *f = *state;

	f->s.postmaster_address = "extern@anderswo.example";
	put(f, ACCOUNTS_FILE, ANNA BEN);
	put(f, ALIASES_FILE,
	    "anna@firma.example extern@anderswo.example\n"
	    "ben@firma.example ben@firma.example,extern@anderswo.example\n"
	    "gone@firma.example nobody@firma.example\n"
	    "tag@firma.example ben+tag@firma.example\n"
	    "r1@firma.example r2@firma.example\n"
	    "r2@firma.example r1@firma.example\n"
	    "s1@firma.example s2@firma.example\n"
	    "s2@firma.example s1@firma.example,ben@firma.example\n"
	    "self@firma.example self@firma.example\n"
	    "bare root\n");
	read_inputs(f);
	assert_finding(&f->p, SEV_NOTE, ALIASES_FILE ":1", "keep a copy");
	assert_finding(&f->p, SEV_WARNING, ALIASES_FILE ":3", "no account and no alias");
	assert_finding(&f->p, SEV_WARNING, ALIASES_FILE ":5", "circle");
	assert_finding(&f->p, SEV_WARNING, ALIASES_FILE ":6",
		       "r2@firma.example → r1@firma.example");
	assert_finding(&f->p, SEV_WARNING, ALIASES_FILE ":8",
		       "s2@firma.example → s1@firma.example → s2@firma.example");
	assert_int_equal(f->p.list.n, 6);
	/* Patterns may receive what no line does. */
	put(f, REGEXP_FILE, "/nobody/ ben@firma.example\n");
	read_inputs(f);
	assert_int_equal(f->p.list.n, 5);
}

static void test_everything_gone(void **state)
{
	struct fixture *f = *state;

	f->where.state_dir = NULL;
	put(f, ACCOUNTS_FILE, ANNA);
	save(f);
	drop(f, ACCOUNTS_FILE);
	f->where.fallback = false; /* a running server keeps what it has */
	read_inputs(f);
	assert_int_equal(problems_errors(&f->p), 1);
	f->where.fallback = true; /* a start takes the copies */
	read_inputs(f);
	assert_int_equal(problems_errors(&f->p), 0);
	assert_true(f->in.fallen.n > 0);
	assert_int_equal(f->in.accounts.n, 1);
}

static void test_new_bad_file_at_restart(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA);
	save(f);
	put(f, ALIASES_FILE, "nonsense\n");
	f->where.fallback = true;
	read_inputs(f);
	assert_int_equal(problems_errors(&f->p), 0);
	assert_true(f->in.fallen.n > 0);
	assert_int_equal(f->in.accounts.n, 1);
	assert_int_equal(f->in.aliases.n, 0);
}

static bool has_warning(const struct fixture *f, const char *subject)
{
	for (size_t i = 0; i < f->p.list.n; i++)
		if (f->p.list.v[i].severity == SEV_WARNING &&
		    streq(f->p.list.v[i].subject, subject))
			return true;
	return false;
}

static void test_files_of_later(void **state)
{
	struct fixture *f = *state;

	put(f, ACCOUNTS_FILE, ANNA);
	put(f, "fetchmail.cf", "poll mail.example\n");
	put(f, "amavis.cf", "");
	read_inputs(f);
	assert_int_equal(problems_errors(&f->p), 0);
	assert_int_equal(problems_count(&f->p, SEV_WARNING), 1);
	assert_true(has_warning(f, "fetchmail.cf"));
}

/* A bad override is an error also where a last good copy exists, and does not touch the rest. */
static void test_overrides(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	put(f, ACCOUNTS_FILE, ANNA);
	put(f, "postfix-main.cf", "a = 1\n");
	put(f, "postfix-master.cf", "smtp/inet/b=2\n");
	put(f, "dovecot.cf", "c = 3\n");
	read_inputs(f);
	assert_int_equal(f->in.main_cf.n, 1);
	assert_int_equal(f->in.master_cf.n, 1);
	assert_int_equal(f->in.dovecot_cf.n, 1);
	before = f->in.fingerprint[__builtin_ctz(INPUT_OVERRIDES)];
	save(f);
	put(f, "dovecot.cf", "c = 4\n");
	read_inputs(f);
	assert_true(f->in.fingerprint[__builtin_ctz(INPUT_OVERRIDES)] != before);
	put(f, "postfix-main.cf", "nonsense\n");
	f->where.fallback = true;
	read_inputs(f);
	assert_int_equal(f->in.override_errors, 1);
	assert_int_equal(problems_errors(&f->p), 1);
	assert_int_equal(f->in.fallen.n, 0);
	assert_int_equal(f->in.accounts.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files_of_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_overrides, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_everything_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_new_bad_file_at_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all_bad_files_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_save_errors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_environment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fingerprints, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_last_good, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_catch_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_roles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_roles_never_loop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_relations, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
