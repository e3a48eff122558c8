#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# How mail is stored: Maildir, sdbox, mdbox; conversion from one to another; compression; the full-text index.

load lib/e2e

FORMATS='maildir sdbox mdbox'

setup_file() {
	e2e_require_image
	e2e_build_tools
	e2e_start
	tools sh -c 'mt bigmail 900000 >/tmp/big'
	local format
	for format in $FORMATS; do
		{
			account_line anna@example.test secret
			account_line ben@example.test secret
			account_line carla@example.test secret
		} >"$(config "$format")/postfix-accounts.cf"
		echo 'ben@example.test:1M' >"$(config "$format")/dovecot-quotas.cf"
		echo 'require ["fileinto", "mailbox"]; if header :contains "Subject" "to-lists" { fileinto :create "Lists"; }' \
			>"$(config "$format")/anna@example.test.dovecot.sieve"
		cp "$(config "$format")/anna@example.test.dovecot.sieve" "$(config "$format")/carla@example.test.dovecot.sieve"
		# shellcheck disable=SC2046,SC2086
		server_start "$format" -e DOVECOT_MAILBOX_FORMAT="$format" -e ENABLE_FTS=1 -e ENABLE_SPAMASSASSIN=1 -e ENABLE_MANAGESIEVE=1 \
			-v "$LAB-$format-mail:/var/mail" -v "$LAB-$format-state:/var/mail-state" \
			--read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL $(printf -- '--cap-add %s ' $E2E_CAPABILITIES)
	done
}

teardown_file() {
	e2e_stop
	"$ENGINE" volume ls -q --filter "name=^$LAB-" | xargs -r "$ENGINE" volume rm >/dev/null
}

# imap NAME USER COMMAND…: one IMAP command after the other, with INBOX selected; what the server says.
imap() {
	tools python3 - "$(address "$1")" "${@:2}" <<-'END'
		import imaplib, ssl, sys
		host, user, *commands = sys.argv[1:]
		tls = ssl.create_default_context(); tls.check_hostname = False; tls.verify_mode = ssl.CERT_NONE
		c = imaplib.IMAP4(host, timeout=20); c.starttls(tls); c.login(user, "secret"); c.select("INBOX")
		for command in commands:
		    name, _, rest = command.partition(" ")
		    status, data = c._simple_command(name, rest) if rest else c._simple_command(name)
		    for key in list(c.untagged_responses):
		        for value in c.untagged_responses.pop(key):
		            if isinstance(value, tuple): value = b" ".join(value)
		            print(key, value.decode("utf-8", "replace") if isinstance(value, bytes) else value)
		    print(status, *[x.decode("utf-8", "replace") for x in data if isinstance(x, bytes)])
		    if status != "OK": sys.exit(1)
	END
}

# The numbers of messages of INBOX that a search finds.
search() { imap "$1" "$2" "SEARCH $3" | sed -n 's/^SEARCH *//p'; }

# One message, by what SpamAssassin's database tells of itself.
has_learned_spam() {
	in_server "$1" setpriv --reuid debian-spamd --regid debian-spamd --clear-groups \
		env HOME=/var/lib/spamassassin sa-learn --dump magic 2>/dev/null | grep -qE ' 1 +0  non-token data: nspam'
}

@test "each format: mail arrives, is sorted by Sieve, read and moved over IMAP" {
	local format
	for format in $FORMATS; do
		mail_in "$format" anna@example.test "plain-$format"
		fetch "$format" anna@example.test secret "plain-$format"
		mail_in "$format" anna@example.test "to-lists-$format"
		fetch "$format" anna@example.test secret "to-lists-$format" Lists
		imap "$format" anna@example.test 'MOVE 1 Trash' 'CREATE A.B' 'SUBSCRIBE A.B'
		fetch "$format" anna@example.test secret "plain-$format" Trash
	done
	in_server maildir test -d /var/mail/example.test/anna/.Lists/cur
	in_server sdbox test -d /var/mail/example.test/anna/mailboxes/Lists/dbox-Mails
	in_server mdbox test -e /var/mail/example.test/anna/storage/m.1
	in_server mdbox test -e /var/mail/example.test/anna/.dovecot.sieve
	in_server maildir test -e /var/mail/example.test/anna/home/.dovecot.sieve
}

@test "each format: an open session sees in STATUS and LIST what comes meanwhile, also into a new folder" {
	local format
	for format in $FORMATS; do
		run tools python3 - "$(address "$format")" <<-'END'
			import imaplib, smtplib, ssl, sys, time
			host = sys.argv[1]
			tls = ssl.create_default_context(); tls.check_hostname = False; tls.verify_mode = ssl.CERT_NONE
			c = imaplib.IMAP4(host, timeout=20); c.starttls(tls); c.login("carla@example.test", "secret")
			def count(box):
			    status, data = c.status(box, "(MESSAGES)")
			    return int(data[0].split()[-1].strip(b")")) if status == "OK" else 0
			def send(subject, box):
			    before = count(box)
			    with smtplib.SMTP(host, 25, "mx.other.test", timeout=20) as smtp:
			        smtp.sendmail("bob@other.test", ["carla@example.test"], "Subject: %s\r\n\r\nHello.\r\n" % subject)
			    deadline = time.monotonic() + 10
			    while count(box) != before + 1:
			        if time.monotonic() > deadline: sys.exit("%s has %d messages, not %d" % (box, count(box), before + 1))
			        time.sleep(0.02)
			print(c.list())
			for subject, box in (("plain", "INBOX"), ("plain", "INBOX"), ("to-lists", "Lists"), ("to-lists", "Lists")):
			    send(subject, box)
			if not any(line.endswith(b" Lists") for line in c.list()[1]): sys.exit("Lists is not listed")
			if c.select("Lists")[1] != [b"2"]: sys.exit("Lists: %s" % c.select("Lists"))
		END
		assert_status 0
	done
}

@test "each format: files are for the mail user only" {
	local format
	for format in $FORMATS; do
		# Dovecot keeps one number as the name of an empty file.
		run in_server "$format" find /var/mail/example.test ! -name 'dovecot-uidvalidity.*' '(' ! -user vmail -o -perm /077 ')'
		assert_equal "$output" ''
	done
}

@test "each format: a full mailbox is refused at RCPT, and its usage is shown" {
	local format
	for format in $FORMATS; do
		tools swaks --server "$(address "$format")" --ehlo mx.other.test --from bob@other.test --to ben@example.test --data @/tmp/big >/dev/null
		wait_until 10 queue_is_empty "$format"
		tools swaks --server "$(address "$format")" --ehlo mx.other.test --from bob@other.test --to ben@example.test --data @/tmp/big >/dev/null
		wait_until 10 queue_is_empty "$format"
		run mail_in "$format" ben@example.test over
		assert_output '552 5.2.2'
		run in_server "$format" doveadm quota get -u ben@example.test
		assert_match 'STORAGE +[0-9]{4} +1024 '
	done
}

@test "each format: what is moved to Junk is learned" {
	local format
	for format in $FORMATS; do
		mail_in "$format" anna@example.test "junk-$format"
		fetch "$format" anna@example.test secret "junk-$format"
		imap "$format" anna@example.test 'MOVE 1 Junk'
		wait_until 20 has_learned_spam "$format"
	done
}

@test "mdbox: purging is scheduled, and gives room back" {
	run in_server mdbox cat /etc/crontab
	assert_output '38 2 * * * root /usr/bin/doveadm purge -A'
	run in_server maildir cat /etc/crontab
	refute_output 'doveadm purge'
	run in_server mdbox du -s /var/mail/example.test/ben/storage
	local before=${output%%[[:space:]]*}
	imap mdbox ben@example.test 'STORE 1:* +FLAGS (\Deleted)' 'EXPUNGE'
	run in_server mdbox sh -c "$(in_server mdbox sed -n 's/^38 2 [*] [*] [*] root //p' /etc/crontab)"
	assert_status 0
	run in_server mdbox du -s /var/mail/example.test/ben/storage
	[ "$((${output%%[[:space:]]*} * 2))" -lt "$before" ]
}

@test "a search finds words of bodies that have just come, in every format" {
	local format
	for format in $FORMATS; do
		tools swaks --server "$(address "$format")" --ehlo mx.other.test --from bob@other.test --to anna@example.test \
			--header 'Subject: cellar' --header 'Content-Type: text/plain; charset=utf-8' --header 'MIME-Version: 1.0' \
			--header 'Content-Transfer-Encoding: 8bit' --body 'In the Weinkeller there is Crème brûlée from anna.b@example.test'
		fetch "$format" anna@example.test secret cellar
		assert_equal "$(search "$format" anna@example.test 'BODY weinkeller' | wc -w)" 1
		# A part of a word, another case, without the accent, as without an index.
		assert_equal "$(search "$format" anna@example.test 'BODY einkell' | wc -w)" 1
		assert_equal "$(search "$format" anna@example.test 'TEXT brulee' | wc -w)" 1
		assert_equal "$(search "$format" anna@example.test 'BODY anna.b@example.test' | wc -w)" 1
		assert_equal "$(search "$format" anna@example.test 'BODY winecellar' | wc -w)" 0
	done
}

@test "the index is made when mail arrives, before anybody searches" {
	in_server maildir setup quota set ben@example.test 0
	mail_in maildir ben@example.test 'indexed'
	fetch maildir ben@example.test secret indexed
	indexed() { in_server maildir find /var/mail/example.test/ben/fts-flatcurve -name '*.glass' | grep -q .; }
	wait_until 10 indexed
}

@test "mail that was there before the index was switched on is found too" {
	account_line anna@example.test secret >"$(config late)/postfix-accounts.cf"
	server_start late -v "$LAB-late-mail:/var/mail"
	mail_in late anna@example.test early --body 'elderberries'
	fetch late anna@example.test secret early
	run in_server late doveconf -h mail_plugins
	refute_output fts
	server_remove late
	server_start late -e ENABLE_FTS=1 -v "$LAB-late-mail:/var/mail"
	assert_equal "$(search late anna@example.test 'BODY elderberries')" 1
	server_remove late
}

@test "setup email del removes all of a mailbox, in every format" {
	local format
	for format in $FORMATS; do
		in_server "$format" setup email add gone@example.test secret
		mail_in "$format" gone@example.test last
		fetch "$format" gone@example.test secret last
		in_server "$format" test -d /var/mail/example.test/gone
		in_server "$format" setup email del -y gone@example.test
		run in_server "$format" ls -a /var/mail/example.test
		refute_output gone
	done
}

# All that a mail program keeps in mind of it.
contents() {
	imap "$1" anna@example.test 'STATUS Lists (MESSAGES UIDVALIDITY UIDNEXT)' 'LSUB "" *' \
		'FETCH 1:* (FLAGS UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])' | grep -Ev '^(OK|HIGHESTMODSEQ)' | sort
}

# What the documentation says, with the format filled in: lines of a block that begins with a comment line.
documented() {
	awk -v first="    # $1" 'index($0, first) == 1 { on = 1; next } on && !/^    / { exit } on { print substr($0, 5) }' \
		"$ROOT_DIR/docs/administration.md"
}

@test "another format than that of the mail is refused with the reason; the documented conversion keeps everything" {
	local script
	"$ENGINE" rm -f "$LAB-maildir" >/dev/null
	cp "$(config maildir)"/anna* "$(config maildir)"/postfix-accounts.cf "$(config wrong)/"
	server_create wrong -e DOVECOT_MAILBOX_FORMAT=mdbox -v "$LAB-maildir-mail:/var/mail" -v "$LAB-maildir-state:/var/mail-state"
	"$ENGINE" start "$LAB-wrong" >/dev/null
	wait_until 30 is_stopped wrong
	assert_equal "$(exit_status wrong)" 78
	run log_of wrong
	assert_match "DOVECOT_MAILBOX_FORMAT='mdbox': the mail of anna@example.test and 2 more is stored as maildir"
	assert_output 'Mailbox formats'
	server_remove wrong

	cp "$(config maildir)"/anna* "$(config maildir)"/postfix-accounts.cf "$(config old)/"
	server_start old -v "$LAB-maildir-mail:/var/mail" -v "$LAB-maildir-state:/var/mail-state" -e ENABLE_MANAGESIEVE=1
	imap old anna@example.test 'STORE 1 +FLAGS (\Flagged)'
	run contents old
	local before=$output
	script=$(documented 'in the running server')
	[ -n "$script" ]
	in_server old sh -euc "$script"
	server_remove old
	script=$(documented 'in a container with /var/mail')
	[ -n "$script" ]
	"$ENGINE" run --rm --network none -v "$LAB-maildir-mail:/var/mail" "$IMAGE" sh -euc "$script"

	cp "$(config maildir)"/anna* "$(config maildir)"/postfix-accounts.cf "$(config new)/"
	server_start new -e DOVECOT_MAILBOX_FORMAT=mdbox -v "$LAB-maildir-mail:/var/mail" -v "$LAB-maildir-state:/var/mail-state"
	run contents new
	assert_equal "$output" "$before"
	mail_in new anna@example.test to-lists-after
	run fetch new anna@example.test secret to-lists-after Lists
	assert_status 0
	run in_server new find /var/mail/example.test ! -user vmail
	assert_equal "$output" ''
	server_remove new
}

@test "compression through dovecot.cf: new mail is stored packed, old mail is read as it is" {
	account_line anna@example.test secret >"$(config packed)/postfix-accounts.cf"
	server_start packed
	mail_in packed anna@example.test unpacked
	fetch packed anna@example.test secret unpacked
	printf 'mail_plugins {\n  mail_compress = yes\n}\nmail_compress_write_method = zstd\n' >"$(config packed)/dovecot.cf"
	server_restart packed
	tools swaks --server "$(address packed)" --ehlo mx.other.test --from bob@other.test --to anna@example.test --data @/tmp/big >/dev/null
	wait_until 10 queue_is_empty packed
	run in_server packed sh -c 'find /var/mail/example.test/anna/cur /var/mail/example.test/anna/new -name "*,W=9*" -exec head -c 4 {} ";" | od -An -tx1'
	assert_output '28 b5 2f fd'
	run imap packed anna@example.test 'FETCH 2 (RFC822.SIZE)'
	assert_match 'RFC822.SIZE 9[0-9]{5}'
	run fetch packed anna@example.test secret unpacked
	assert_status 0
	server_remove packed
}
