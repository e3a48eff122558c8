/* SPDX-License-Identifier: MIT */
/*
 * `setup`: the table of sub-commands, and the choice among them. The table is the documentation:
 * overview, usage texts, hints, completion and the manual page are made from its rows.
 *
 * Exit status: 0 done, 1 refused or failed or arguments missing, 2 unknown command.
 *
 * SOURCES
 *	docs/compatibility.md "setup".
 */
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/names.h"
#include "cli/rows.h"
#include "cli/say.h"
#include "plan/paths.h"

#define WORDS_MAX (CMD_ARGS_MAX + 8)

/* The fourth column: description, an empty line, examples; either may be missing. */
const struct cmd_row setup_rows[] = {
	{ "email add <email> [<password>]", email_add, "add an account",
	  "Without a password it is asked for twice, or read as two lines from standard input.\n"
	  "\n"
	  "setup email add anna@example.com\n"
	  "printf 'secret\\nsecret\\n' | docker exec -i mailserver setup email add anna@example.com\n" },
	{ "email add --from <file>", email_add_from, "add all accounts of a file, or none",
	  "One account a line: its address, a blank and the password; or address|{SCHEME}hash, as in\n"
	  "postfix-accounts.cf. Lines that begin with # are comments. All wrong lines are reported, and then\n"
	  "nothing is added. With - the lines come from standard input.\n"
	  "\n"
	  "setup email add --from /tmp/docker-mailserver/new-accounts\n"
	  "docker exec -i mailserver setup email add --from - <new-accounts\n" },
	{ "email update <account> [<password>]", email_update, "set the password of an account",
	  "Other fields of the account stay as they are.\n"
	  "\n"
	  "setup email update anna@example.com\n" },
	{ "email del [-y] [-n] <account>...", email_del,
	  "delete accounts with their aliases and quotas",
	  "-y deletes the mail data too, -n keeps it; with neither the question is asked once.\n"
	  "\n"
	  "setup email del -n anna@example.com\n"
	  "setup email del -y anna@example.com ben@example.com\n" },
	{ "email list [--json] [<account>...]", email_list,
	  "list accounts, their usage and aliases",
	  "\n"
	  "setup email list\n"
	  "setup email list --json anna@example.com\n" },
	{ "email restrict", restrict_none, "forbid somebody to send or to receive",
	  "\n"
	  "setup email restrict help\n"
	  "setup email restrict list send\n" },
	{ "email restrict add <send|receive> [<restricted>]", restrict_add,
	  "forbid an address or a domain to send or to receive",
	  "In force at once, on every port, also for users who have logged in, with +extensions, and\n"
	  "whatever sender a user gives. It counts for the address that is named in SMTP, not for aliases\n"
	  "that lead to it. A domain stands for those below it too.\n"
	  "\n"
	  "setup email restrict add send ben@example.com\n"
	  "setup email restrict add receive example.org\n" },
	{ "email restrict del <send|receive> [<known-restricted>]", restrict_del,
	  "lift a restriction",
	  "\n"
	  "setup email restrict del send ben@example.com\n" },
	{ "email restrict list [--json] <send|receive>", restrict_list,
	  "list who may not send or receive",
	  "--json shows every rule of the file with its action, also those that allow.\n"
	  "\n"
	  "setup email restrict list send\n"
	  "setup email restrict list --json receive\n" },
	{ "alias add <alias> <recipient>", alias_add, "add an alias, or a recipient to an alias",
	  "An alias is an address, @domain (what no account and no other alias takes), or a bare name.\n"
	  "Recipients may be elsewhere, and several: a@example.com,b@example.org\n"
	  "\n"
	  "setup alias add info@example.com anna@example.com\n"
	  "setup alias add @example.com anna@example.com\n" },
	{ "alias del <known-alias> <known-recipient>", alias_del,
	  "remove a recipient from an alias",
	  "The alias itself goes with its last recipient. _ stands for every alias.\n"
	  "\n"
	  "setup alias del info@example.com anna@example.com\n"
	  "setup alias del _ anna@example.com\n" },
	{ "alias list [--json]", alias_list, "list aliases",
	  "\n"
	  "setup alias list\n" },
	{ "quota set <account> [<quota>]", quota_set, "limit the size of a mailbox",
	  "A number with one of the units B k M G T (binary), or 0 for no limit. Without one it is asked for.\n"
	  "\n"
	  "setup quota set anna@example.com 5G\n" },
	{ "quota del <account>", quota_del, "take the limit away: the default counts again",
	  "\n"
	  "setup quota del anna@example.com\n" },
	{ "dovecot-master add <master> [<password>]", master_add,
	  "add a master account, which can log in as every user",
	  "The login is USER*NAME with the master's password, over IMAP, POP3, ManageSieve and submission:\n"
	  "anna@example.com*admin. A master account has no mailbox and is no login by itself.\n"
	  "\n"
	  "setup dovecot-master add admin\n"
	  "printf 'secret\\nsecret\\n' | docker exec -i mailserver setup dovecot-master add admin\n" },
	{ "dovecot-master update <known-master> [<password>]", master_update,
	  "set the password of a master account",
	  "\n"
	  "setup dovecot-master update admin\n" },
	{ "dovecot-master del <known-master>...", master_del, "delete master accounts",
	  "Sessions that are open stay open.\n"
	  "\n"
	  "setup dovecot-master del admin\n" },
	{ "dovecot-master list [--json]", master_list, "list master accounts",
	  "\n"
	  "setup dovecot-master list\n" },
	{ "quota list [--json]", quota_list, "list the accounts with a limit of their own",
	  "The others have the limit POSTFIX_MAILBOX_SIZE_LIMIT. 'setup email list' shows usage too.\n"
	  "\n"
	  "setup quota list\n" },
	{ "relay add-domain <sender> <host> [<port>]", relay_add_domain,
	  "send mail of a domain, or of one address, through another server",
	  "The port is 25 if none is given; most relays take logins on 587, or 465 (TLS at once).\n"
	  "An earlier line for the sender is replaced.\n"
	  "\n"
	  "setup relay add-domain example.com smtp.example.org 587\n"
	  "setup relay add-domain anna@example.com smtp.example.net 465\n" },
	{ "relay exclude-domain <sender>", relay_exclude_domain,
	  "send mail of a domain, or of one address, directly",
	  "It goes neither through RELAY_HOST nor through DEFAULT_RELAY_HOST.\n"
	  "\n"
	  "setup relay exclude-domain example.com\n" },
	{ "relay del-domain <sender>", relay_del_domain,
	  "forget the relay or the exclusion of a sender",
	  "The variables RELAY_HOST and DEFAULT_RELAY_HOST count again. A login stays; see del-auth.\n"
	  "\n"
	  "setup relay del-domain example.com\n" },
	{ "relay add-auth <login-of> <user> [<password>]", relay_add_auth,
	  "log in with this user name at the relay",
	  "For mail of a domain or an address, or for all mail through a relay, written as in the list.\n"
	  "Without a password it is asked for twice, or read as two lines from standard input.\n"
	  "Once there is a login, mail leaves for that relay only with TLS.\n"
	  "\n"
	  "setup relay add-auth example.com alice\n"
	  "setup relay add-auth '[smtp.example.org]:587' alice\n" },
	{ "relay del-auth <login-of>", relay_del_auth, "forget a login",
	  "\n"
	  "setup relay del-auth example.com\n" },
	{ "relay list [--json]", relay_list,
	  "show which mail goes through which relay, and the logins",
	  "Lines with * are senders and their relays, lines with - logins. Passwords are not shown.\n"
	  "\n"
	  "setup relay list\n" },
	{ "config dkim [-f] [--force] [<dkim>...]", config_dkim,
	  "make DKIM keys, and print the records for the DNS",
	  "In any order: keysize N (1024 to 4096, default 2048), selector S (default mail), domain D[,D...]\n"
	  "(default: all domains of accounts and aliases), keytype rsa or ed25519 (default rsa).\n"
	  "A key that is there stays, unless -f or --force is given; its record is printed again.\n"
	  "The running server signs with a new key at once.\n"
	  "\n"
	  "setup config dkim\n"
	  "setup config dkim keysize 4096 domain example.com,example.org\n"
	  "setup config dkim selector 2026b domain example.com\n" },
	{ "config dkim list [--json]", config_dkim_list,
	  "list DKIM keys, whose mail they sign, and their records",
	  "\n"
	  "setup config dkim list\n"
	  "setup config dkim list --json\n" },
	{ "tls show [--json]", tls_show, "show what every port offers to TLS clients",
	  "Connects to the server's own ports. Beside each row stands its level in the guideline of NCSC-NL that\n"
	  "internet.nl tests: good, sufficient, phase out, insufficient. A list has the level of its worst.\n"
	  "\n"
	  "setup tls show\n"
	  "setup tls show --json\n" },
	{ "tls dane [--json] [<file>...]", tls_dane, "print TLSA records (DANE) of the certificate",
	  "3 1 1: the digest of the public key. Other mail servers look at port 25. Files are certificates,\n"
	  "requests or keys in PEM form that are to be used next: publish their records beside the current one,\n"
	  "at least two TTLs before the key changes. The zone must be signed (DNSSEC).\n"
	  "Names of ssl-sni.cf and ssl-sni/ have records too; name=file is the next key of one of them.\n"
	  "\n"
	  "setup tls dane\n"
	  "setup tls dane /tmp/docker-mailserver/ssl/next-key.pem\n"
	  "setup tls dane mail.example.org=/tmp/docker-mailserver/ssl/next-org-key.pem\n" },
	{ "tls report [<day>] [<domain>]", tls_report,
	  "print reports about TLS with mail that leaves (TLSRPT)",
	  "ENABLE_TLSRPT=1 counts sessions with domains that ask for reports (_smtp._tls.DOMAIN in the DNS). The\n"
	  "report of one domain is printed as RFC 8460 has it, those of all domains as an array. Days are UTC;\n"
	  "without one it is today, so far.\n"
	  "\n"
	  "setup tls report\n"
	  "setup tls report yesterday example.com\n"
	  "setup tls report 2026-11-28 example.com\n" },
	{ "tls report list [--json]", tls_report_list,
	  "list days and domains with their numbers of TLS sessions",
	  "\n"
	  "setup tls report list\n"
	  "setup tls report list --json\n" },
	{ "debug show-mail-logs", debug_logs, "print /var/log/mail/mail.log",
	  "\n"
	  "setup debug show-mail-logs | grep anna@example.com\n" },
	{ "debug login [<command>...]", debug_login,
	  "a shell in the container, or one command there",
	  "Several words are a program and its arguments; one word with blanks is a line for the shell.\n"
	  "The exit status is that of the command.\n"
	  "\n"
	  "setup debug login\n"
	  "setup debug login postqueue -p\n"
	  "setup debug login 'postqueue -p | tail -n 1'\n" },
	{ "debug who-may-send-as <account>", debug_who_may_send_as,
	  "show which accounts may send as an address, and the lines that allow it",
	  "The same whether SPOOF_PROTECTION is on or not; off, everybody may send as anybody.\n"
	  "\n"
	  "setup debug who-may-send-as info@example.com\n" },
	{ "completion <bash|zsh>", completion_print,
	  "print what makes the shell complete these commands",
	  "Words, flags, accounts, aliases and domains are completed. In the container bash does so already;\n"
	  "on the host the same script serves ./setup.sh.\n"
	  "\n"
	  "source <(./setup.sh completion bash)\n"
	  "docker exec mailserver setup completion zsh >~/.zfunc/_setup\n" },
#define LATER(pattern, summary) { pattern, NULL, summary, "" },
#include "cli/later.def"
#undef LATER
	{ NULL, NULL, NULL, NULL },
};

bool cli_is_setup_name(const char *name)
{
	return cli_find_name(name) != NULL;
}

static int not_yet(const struct cmd_row *row)
{
	size_t n = strcspn(row->pattern, "[<");

	while (n > 0 && row->pattern[n - 1] == ' ')
		n--;
	say_error("'setup %.*s' is not in this image yet (%s)", (int)n, row->pattern, row->summary);
	return 1;
}

static int unknown(const struct err *err)
{
	fprintf(stderr, "setup: %s\nsetup: 'setup help' shows all commands\n", err->text);
	return 2;
}

static int show_version(void)
{
	printf("mailserver %s\n", MAILSERVER_VERSION);
	return 0;
}

/* Help about the n words: one row, or the overview of several; false when nothing begins so. */
static bool show_help_about(int n, char *const *words)
{
	const struct cmd_row *found = NULL;
	int count = 0, row_words;

	for (const struct cmd_row *row = setup_rows; row->pattern; row++) {
		if (!pattern_begins(row, n, words))
			continue;
		count++;
		if (pattern_words(row, n, words, &row_words) == row_words)
			found = row;
	}
	/* A row that others go on from ("config dkim"): its own help, then the list. */
	if (count > 1 && found) {
		help_row(found);
		putchar('\n');
	}
	if (count != 1 || found == NULL)
		return help_overview(setup_rows, n, words);
	help_row(found);
	return true;
}

/* `help WORD…` and `WORD… help`. Words that nobody knows are *status_r 2. */
static bool show_help(int argc, char *const *argv, int *status_r)
{
	struct err err = ERR_INIT;
	struct cmd cmd;

	*status_r = 0;
	if (!pattern_is_help(argv[0]))
		return pattern_is_help(argv[argc - 1]) && show_help_about(argc - 1, argv);
	if (argc > 1 && pattern_is_help(argv[argc - 1]))
		argc--;
	if (show_help_about(argc - 1, argv + 1))
		return true;
	/* With a row there are arguments behind its words: no matter. */
	if (pattern_match(setup_rows, argc - 1, argv + 1, &cmd, &err) != PATTERN_UNKNOWN)
		help_row(cmd.row);
	else
		*status_r = unknown(&err);
	return true;
}

/* Asked by the scripts of `setup completion`; not for people. */
static int show_completions(int n, char *const *words)
{
	autobuf struct buf out = BUF_INIT;

	complete_words(setup_rows, PATH_CONFIG, n, words, &out);
	return write_all(STDOUT_FILENO, out.p, out.n) ? 0 : 1;
}

static int run(int argc, char *const *argv)
{
	struct err err = ERR_INIT;
	struct cmd cmd;
	enum pattern_result result;
	int status;

	if (argc == 0)
		return help_overview(setup_rows, 0, NULL) ? 0 : 1;
	if (argc == 1 && (streq(argv[0], "--version") || streq(argv[0], "version")))
		return show_version();
	if (streq(argv[0], "complete"))
		return show_completions(argc - 1, argv + 1);
	if (show_help(argc, argv, &status))
		return status;
	result = pattern_match(setup_rows, argc, argv, &cmd, &err);
	cmd.config_dir = PATH_CONFIG;
	switch (result) {
	case PATTERN_OK:
		return cmd.row->run ? cmd.row->run(&cmd) : not_yet(cmd.row);
	case PATTERN_HELP:
		help_row(cmd.row);
		return 0;
	case PATTERN_FEW:
		help_row(cmd.row);
		say_error("%s", err.text);
		return 1;
	case PATTERN_MANY:
	case PATTERN_BAD:
		say_error("%s", err.text);
		fprintf(stderr, "usage: setup %s ('help' explains it)\n", cmd.row->pattern);
		return 1;
	case PATTERN_UNKNOWN:
		return unknown(&err);
	}
	BUG("pattern result %d", (int)result);
}

int cli_setup(int argc, char **argv)
{
	const struct cli_name *name = argc > 0 ? cli_find_name(argv[0]) : NULL;
	char *words[WORDS_MAX];
	char prefix[64] = "";
	int n = 0;

	log_set_plain(true);
	if (argc - 1 > CMD_ARGS_MAX) {
		say_error("more than %d arguments", CMD_ARGS_MAX);
		return 1;
	}
	if (name) {
		(void)snprintf(prefix, sizeof(prefix), "%s", name->words);
		char *space = strchr(prefix, ' ');
		words[n++] = prefix;
		if (space) {
			*space = '\0';
			words[n++] = space + 1;
		}
	}
	for (int i = 1; i < argc; i++)
		words[n++] = argv[i];
	return run(n, words);
}
