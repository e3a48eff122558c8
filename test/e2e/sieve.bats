#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Sieve from the config directory: scripts for everybody, scripts of accounts, programs; and our own scripts.
#
# Spam is marked by hand here: a message handed to sendmail in the container keeps its X-Spam-Flag.

load lib/e2e

anna() { fetch mail anna@example.test secret "$@"; }
ben() { fetch mail ben@example.test secret "$@"; }
uma() { fetch mail uma@example.test secret "$@"; }

# local_mail SERVER TO SUBJECT [HEADER…]
local_mail() {
	local name=$1 to=$2 subject=$3
	shift 3
	{
		printf 'From: local@example.test\nTo: %s\nSubject: %s\n' "$to" "$subject"
		[ $# -eq 0 ] || printf '%s\n' "$@"
		printf '\ntext\n'
	} | in_server "$name" sendmail -f local@example.test "$to"
}

# Past the filters, which take such headers out: lmtp_mail TO SUBJECT HEADER
lmtp_mail() {
	in_server mail swaks --protocol LMTP --socket /run/dovecot/lmtp --from bob@other.test --to "$1" --header "Subject: $2" \
		--add-header "$3" </dev/null
}

unread() {
	tools python3 - "$(address mail)" "$@" <<-'EOF'
		import imaplib, ssl, sys
		host, user, folder = sys.argv[1:]
		tls = ssl.create_default_context(); tls.check_hostname = False; tls.verify_mode = ssl.CERT_NONE
		c = imaplib.IMAP4(host); c.starttls(tls); c.login(user, "secret"); c.select(folder, readonly=True)
		print(len(c.search(None, "UNSEEN")[1][0].split()))
	EOF
}

# Sets and activates a script through ManageSieve: manage_sieve USER NAME <script
manage_sieve() {
	tools python3 -c 'if True:
		import base64, socket, ssl, sys
		host, user, name = sys.argv[1:]
		script = sys.stdin.buffer.read()
		tls = ssl.create_default_context(); tls.check_hostname = False; tls.verify_mode = ssl.CERT_NONE
		def answer(f):
		    lines = []
		    while not lines or lines[-1].split()[0] not in (b"OK", b"NO", b"BYE"):
		        line = f.readline()
		        if not line: sys.exit("connection lost")
		        lines.append(line)
		    if not lines[-1].startswith(b"OK"): sys.exit(repr(lines))
		s = socket.create_connection((host, 4190), timeout=15); f = s.makefile("rb"); answer(f)
		s.sendall(b"STARTTLS\r\n"); answer(f)
		s = tls.wrap_socket(s); f = s.makefile("rb"); answer(f)
		login = base64.b64encode(b"\0" + user.encode() + b"\0secret")
		for command in (b"AUTHENTICATE \"PLAIN\" \"" + login + b"\"\r\n",
		                b"PUTSCRIPT \"" + name.encode() + b"\" {%d+}\r\n" % len(script) + script + b"\r\n",
		                b"SETACTIVE \"" + name.encode() + b"\"\r\n"):
		    s.sendall(command); answer(f)' "$(address mail)" "$@"
}

setup_file() {
	e2e_require_image
	e2e_build_tools
	e2e_start
	local dir
	dir=$(config mail)
	{
		account_line anna@example.test secret
		account_line ben@example.test secret
		account_line uma@example.test secret
	} >"$dir/postfix-accounts.cf"
	cat >"$dir/before.dovecot.sieve" <<-'EOF'
		require ["editheader", "fileinto", "mailbox"];
		addheader :last "X-Order" "before";
		if header :contains "Subject" "to-before" { fileinto :create "Before"; }
	EOF
	cat >"$dir/after.dovecot.sieve" <<-'EOF'
		require ["editheader"];
		addheader :last "X-Order" "after";
	EOF
	cat >"$dir/anna@example.test.dovecot.sieve" <<-'EOF'
		require ["fileinto", "mailbox", "vnd.dovecot.pipe", "vnd.dovecot.filter", "copy", "vacation"];
		if header :contains "Subject" "to-pipe" { pipe :copy "whoami" ["argument"]; }
		if header :contains "Subject" "to-filter" { filter "shout"; }
		if header :contains "Subject" "to-lists" { fileinto :create "Lists"; }
		if header :contains "Subject" "[SPAM]" { fileinto :create "Seen-by-user"; }
		if header :contains "Subject" "on-leave" { vacation :subject "away" "I am away"; }
	EOF
	mkdir "$dir/sieve-pipe" "$dir/sieve-filter"
	printf '#!/bin/sh\n{ id -u; id -G; echo "$1 $USER"; cat; } >/var/mail/piped\n' >"$dir/sieve-pipe/whoami"
	printf '#!/bin/sh\nexec tr a-z A-Z\n' >"$dir/sieve-filter/shout"
	server_start mail --read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL $(printf -- '--cap-add %s ' $E2E_CAPABILITIES) \
		-e ENABLE_MANAGESIEVE=1 -e MARK_SPAM_AS_READ=1 -e 'SPAM_SUBJECT=[SPAM] 50% "ü" \ ${1} '
}

teardown_file() { e2e_stop; }

@test "scripts for everybody run before and after those of users" {
	mail_in mail ben@example.test order-1
	run ben order-1
	assert_output $'X-Order: before\r'
	assert_output $'X-Order: after\r'
	mail_in mail ben@example.test to-before-1
	run ben to-before-1 Before
	assert_output 'X-Order: before'
	# Its message is no longer to be kept as it is: nothing runs after it.
	refute_output 'X-Order: after'
}

@test "no script is compiled for each message: nothing about it in the log" {
	mail_in mail anna@example.test quiet-1
	run anna quiet-1
	assert_status 0
	run log_of mail
	refute_output 'pre-compiled'
	refute_output 'svbin'
}

@test "an account has the script of its file" {
	mail_in mail anna@example.test to-lists-1
	run anna to-lists-1 Lists
	assert_status 0
	run in_server mail stat -c '%U %a' /var/mail/example.test/anna/home/.dovecot.sieve
	assert_output 'vmail 600'
}

@test "a changed file is live; what the user sets by ManageSieve stays until the file changes again" {
	local file before
	file=$(config mail)/uma@example.test.dovecot.sieve
	before=$(log_lines mail)
	echo 'require ["fileinto", "mailbox"]; fileinto :create "One";' >"$file"
	wait_until 10 log_after_has mail "$before" 'changes are in use: scripts'
	mail_in mail uma@example.test uma-1
	run uma uma-1 One
	assert_status 0

	manage_sieve uma@example.test mine <<<'require ["fileinto", "mailbox"]; fileinto :create "Mine";'
	in_server mail setup alias add info@example.test uma@example.test
	mail_in mail uma@example.test uma-2
	run uma uma-2 Mine
	assert_status 0

	# Through the link of ManageSieve over the active script, as before.
	before=$(log_lines mail)
	echo 'require ["fileinto", "mailbox"]; fileinto :create "Two";' >"$file"
	wait_until 10 log_after_has mail "$before" 'changes are in use: scripts'
	mail_in mail uma@example.test uma-3
	run uma uma-3 Two
	assert_status 0
	run in_server mail readlink /var/mail/example.test/uma/home/.dovecot.sieve
	assert_output 'sieve/mine.sieve'

	before=$(log_lines mail)
	rm "$file"
	wait_until 10 log_after_has mail "$before" 'changes are in use: scripts'
	mail_in mail uma@example.test uma-4
	run uma uma-4 INBOX
	assert_status 0
}

@test "a script waits for its account" {
	echo 'require ["fileinto", "mailbox"]; fileinto :create "Waited";' >"$(config mail)/late@example.test.dovecot.sieve"
	wait_until 10 log_has mail "there is no account 'late@example.test'"
	in_server mail setup email add late@example.test secret
	mail_in mail late@example.test late-1
	run fetch mail late@example.test secret late-1 Waited
	assert_status 0
}

@test "a script that does not compile is named with its line; the last good one stays" {
	local file before
	file=$(config mail)/before.dovecot.sieve
	cp "$file" "$BATS_TEST_TMPDIR/good"
	printf 'require ["fileinto"];\n\nfoo "bar";\n' >"$file"
	wait_until 10 log_has mail "before.dovecot.sieve:3: unknown command 'foo'"
	run in_server mail mailserver healthcheck
	assert_status 1
	assert_output 'before.dovecot.sieve:3'
	mail_in mail ben@example.test last-good-1
	run ben last-good-1
	assert_output 'X-Order: before'

	# Also over a restart.
	server_boot_again
	mail_in mail ben@example.test last-good-2
	run ben last-good-2
	assert_output 'X-Order: before'

	before=$(log_lines mail)
	cp "$BATS_TEST_TMPDIR/good" "$file"
	wait_until 10 log_after_has mail "$before" 'everything is accepted again'
	wait_until 10 is_healthy mail
}

server_boot_again() {
	"$ENGINE" restart "$LAB-mail" >/dev/null
	server_boot mail
	wait_until 60 is_ready mail
}

@test "scripts for everybody come and go; one that is not there costs a delivery nothing" {
	local before file
	file=$(config mail)/before.dovecot.sieve
	before=$(log_lines mail)
	mv "$file" "$BATS_TEST_TMPDIR/good"
	wait_until 10 log_after_has mail "$before" 'changes are in use: scripts for everybody'
	mail_in mail ben@example.test order-2
	run ben order-2
	refute_output 'X-Order: before'
	assert_output 'X-Order: after'
	run in_server mail doveconf -n
	refute_output 'user_before'
	assert_output 'user_after'

	before=$(log_lines mail)
	cp "$BATS_TEST_TMPDIR/good" "$file"
	wait_until 10 log_after_has mail "$before" 'changes are in use: scripts for everybody'
	mail_in mail ben@example.test order-3
	run ben order-3
	assert_output $'X-Order: before\r'
	assert_output $'X-Order: after\r'
}

@test "a bad script of one account leaves the one it has" {
	local file before
	file=$(config mail)/anna@example.test.dovecot.sieve
	cp "$file" "$BATS_TEST_TMPDIR/good"
	printf 'keep;\nnonsense;\n' >"$file"
	wait_until 10 log_has mail "anna@example.test.dovecot.sieve:2: unknown command 'nonsense'"
	mail_in mail anna@example.test to-lists-2
	run anna to-lists-2 Lists
	assert_status 0
	run in_server mail mailserver healthcheck
	assert_status 1
	before=$(log_lines mail)
	cp "$BATS_TEST_TMPDIR/good" "$file"
	wait_until 10 log_after_has mail "$before" 'everything is accepted again'
}

@test "config check judges scripts without a server" {
	local dir
	dir=$(config other)
	account_line anna@example.test secret >"$dir/postfix-accounts.cf"
	printf 'keep;\n\nbad;\n' >"$dir/after.dovecot.sieve"
	run "$ENGINE" run --rm --network none --hostname mail.example.test -v "$dir:/tmp/docker-mailserver:ro" "$IMAGE" \
		mailserver config check
	assert_status 78
	assert_output 'after.dovecot.sieve:3: unknown command'
}

@test "programs run as the mail user, never as root, and without groups of the server" {
	mail_in mail anna@example.test to-pipe-1
	run anna to-pipe-1
	assert_status 0
	wait_until 10 in_server mail test -s /var/mail/piped
	run in_server mail cat /var/mail/piped
	assert_equal "$(sed -n 1,3p <<<"$output")" $'5000\n5000\nargument anna@example.test'
	assert_output 'Subject: to-pipe-1'
}

@test "a filter changes the message; a new program is live, a removed one is gone" {
	local before dir
	dir=$(config mail)
	mail_in mail anna@example.test to-filter-1
	run anna TO-FILTER-1
	assert_output 'SUBJECT: TO-FILTER-1'
	before=$(log_lines mail)
	printf '#!/bin/sh\nexit 0\n' >"$dir/sieve-pipe/second"
	wait_until 10 log_after_has mail "$before" 'changes are in use: scripts'
	in_server mail test -x /var/mail-state/lib-dovecot/sieve-pipe/second
	before=$(log_lines mail)
	rm "$dir/sieve-pipe/second"
	wait_until 10 log_after_has mail "$before" 'changes are in use: scripts'
	run in_server mail test -e /var/mail-state/lib-dovecot/sieve-pipe/second
	assert_status 1
}

@test "spam goes to Junk, read, with a prefix that may hold anything" {
	local_mail mail ben@example.test 'Grüße spam-1' 'X-Spam-Flag: YES'
	run ben 'spam-1' Junk
	assert_status 0
	assert_output 'X-Order: after'
	run tools python3 -c 'import email, email.header, sys
print(str(email.header.make_header(email.header.decode_header(email.message_from_string(sys.stdin.read())["Subject"]))))' <<<"$output"
	assert_output '[SPAM] 50% "ü" \ ${1} Grüße spam-1'
	assert_equal "$(unread ben@example.test Junk)" 0
}

@test "users' scripts see the prefix, and their word counts" {
	local_mail mail anna@example.test 'spam-2' 'X-Spam-Flag: YES'
	run anna spam-2 Seen-by-user
	assert_status 0
}

@test "what DMARC asks to quarantine goes to Junk, by this server's own word only" {
	lmtp_mail ben@example.test dmarc-1 'Authentication-Results: mail.example.test; dmarc=fail (p=quarantine dis=none) header.from=x'
	run ben dmarc-1 Junk
	assert_status 0
	refute_output '[SPAM]'
	lmtp_mail ben@example.test dmarc-2 'Authentication-Results: mx.other.test; dmarc=fail (p=quarantine dis=none) header.from=x'
	run ben dmarc-2
	assert_status 0
	lmtp_mail ben@example.test dmarc-3 'Authentication-Results: mail.example.test; dmarc=pass (p=quarantine dis=none) header.from=x'
	run ben dmarc-3
	assert_status 0
}

@test "a sender's own X-Spam headers are not believed" {
	mail_in mail ben@example.test forged-1 --header 'X-Spam-Flag: YES' --header 'x-spam: Yes' --header 'X-Spam-Status: Yes, score=99'
	run ben forged-1
	assert_status 0
	refute_match '^[Xx]-[Ss]pam'
	mail_out mail anna@example.test secret ben@example.test forged-2 --header 'X-Spam-Flag: YES'
	run ben forged-2
	refute_match '^[Xx]-[Ss]pam'
}

@test "a message inside a message keeps its headers" {
	tools sh -c 'printf "From: a@other.test\nSubject: nested-1\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\nX-Spam-Flag: YES\nSubject: inside\n\ntext\n" >/tmp/nested'
	tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to ben@example.test --data @/tmp/nested
	run ben nested-1
	assert_output 'X-Spam-Flag: YES'
}

@test "vacation answers once" {
	mail_in mail anna@example.test on-leave-1
	mail_in mail anna@example.test on-leave-2
	run anna on-leave-2
	assert_status 0
	mx_wait away
	wait_until 10 queue_is_empty mail
	assert_equal "$(tools sh -c "grep -l 'Subject: .*away' /srv/mx/mail/*.eml | wc -l")" 1
}

# The answers with this subject that other.test has got.
answers() { tools sh -c "grep -l 'Subject: .*$1' /srv/mx/mail/*.eml 2>/dev/null | wc -l"; }

# vacation_mail WORD FROM [swaks options…]: a message for anna's script, from an envelope sender.
vacation_mail() {
	local word=$1 from=$2
	shift 2
	tools swaks --server "$(address mail)" --ehlo mx.other.test --from "$from" --to anna@example.test \
		--header "Subject: on-leave $word" --header "Message-Id: <$word@other.test>" "$@"
	anna "on-leave $word" >/dev/null
}

@test "the answer comes from the user, to the sender, and says that it is automatic" {
	local n
	vacation_mail from-whom eve@other.test --header 'From: Eve <eve@other.test>'
	wait_until 20 eval '[ "$(answers away)" -ge 2 ]'
	n=$(tools sh -c "grep -l 'In-Reply-To: <from-whom@other.test>' /srv/mx/mail/*.eml")
	[ -n "$n" ]
	run tools cat "$n"
	assert_match '^From: <?anna@example\.test>?'
	assert_match '^To: .*eve@other\.test'
	assert_match '^Auto-Submitted: auto-replied'
	assert_match '^Message-ID: <.+@mail\.example\.test>'
	# Nothing may come back to it: no loop.
	run tools cat "${n%.eml}.json"
	assert_output '"from": "<>"'
	assert_output '"to": ["eve@other.test"]'
}

@test "no answer to lists, bulk mail, other automatic mail, bounces, and mail that is not for the user by name" {
	local before
	before=$(answers away)
	vacation_mail list-id lists@other.test --header 'List-Id: <news.other.test>'
	vacation_mail bulk bulk@other.test --header 'Precedence: bulk'
	vacation_mail auto robot@other.test --header 'Auto-Submitted: auto-replied'
	vacation_mail owner owner-news@other.test
	vacation_mail daemon mailer-daemon@other.test
	vacation_mail bounce '<>'
	vacation_mail bcc carl@other.test --header 'To: somebody@other.test'
	wait_until 10 queue_is_empty mail
	assert_equal "$(answers away)" "$before"
}

@test "two users on leave write to each other: one answer each at most, then silence" {
	local before script='require ["vacation"]; vacation :subject "gone too" "me too";'
	manage_sieve ben@example.test leave <<<"$script"
	before=$(log_lines mail)
	mail_out mail ben@example.test secret anna@example.test 'on-leave loop'
	anna 'on-leave loop' >/dev/null
	ben away >/dev/null
	wait_until 10 queue_is_empty mail
	run log_after mail "$before"
	# Ben's message and Anna's answer; none to that.
	assert_equal "$(grep -c 'status=sent' <<<"$output")" 2
	manage_sieve ben@example.test leave <<<'keep;'
}

@test "another mail user: pipe and filter run as that one, with nothing of root" {
	local dir
	dir=$(config uid)
	account_line anna@example.test secret >"$dir/postfix-accounts.cf"
	mkdir "$dir/sieve-pipe" "$dir/sieve-filter"
	printf '#!/bin/sh\n{ grep -E "^(Uid|Gid|Groups|CapEff)" /proc/self/status; echo "$1 $USER"; cat; } >/var/mail/piped\n' >"$dir/sieve-pipe/whoami"
	printf '#!/bin/sh\nsed "s/^text.*/filtered by $(id -u):$(id -g)/"\n' >"$dir/sieve-filter/change"
	printf '%s\n' 'require ["vnd.dovecot.pipe", "vnd.dovecot.filter", "copy"];' 'pipe :copy "whoami" ["one two"];' \
		'filter "change";' >"$dir/anna@example.test.dovecot.sieve"
	server_start uid -e DMS_VMAIL_UID=5555 -e DMS_VMAIL_GID=5556
	mail_in uid anna@example.test other-uid-1 --body text
	run fetch uid anna@example.test secret other-uid-1
	assert_status 0
	assert_output 'filtered by 5555:5556'
	run in_server uid cat /var/mail/piped
	assert_match '^Uid:.5555.5555.5555.5555$'
	assert_match '^Gid:.5556.5556.5556.5556$'
	assert_match '^Groups:[[:blank:]]*(5556)?[[:blank:]]*$'
	assert_match '^CapEff:.0+$'
	assert_output 'one two anna@example.test'
	assert_output 'Subject: other-uid-1'
	run in_server uid stat -c %u:%g /var/mail/piped
	assert_equal "$output" 5555:5556
	rm "$dir/sieve-pipe/whoami"
	wait_until 10 in_server uid test ! -e /var/mail-state/lib-dovecot/programs/sieve-pipe/whoami
	in_server uid test ! -e /var/mail-state/lib-dovecot/sieve-pipe/whoami
	server_remove uid
}

has_junk_script() { in_server plain doveconf -n | grep -q 'sieve_script to_junk'; }

has_no_junk_script() { ! has_junk_script; }

# brings_junk_script FILE TEXT: the server "plain", which has no script for Junk, gets it with this file.
brings_junk_script() {
	wait_until 20 has_no_junk_script
	printf '%s\n' "$2" >"$(config plain)/$1"
	wait_until 20 has_junk_script
	rm "$(config plain)/$1"
}

@test "where nothing marks mail no script sorts it: a message to two users is one file; a filter of one's own brings the script back" {
	local dir lines
	dir=$(config plain)
	{
		account_line anna@example.test secret
		account_line ben@example.test secret
	} >"$dir/postfix-accounts.cf"
	server_start plain -e ENABLE_OPENDMARC=0
	mail_in plain anna@example.test,ben@example.test two-users-1
	fetch plain anna@example.test secret two-users-1
	fetch plain ben@example.test secret two-users-1
	run in_server plain sh -c 'cd /var/mail/example.test && stat -c %h anna/*/*,S=* ben/*/*,S=*'
	assert_equal "$output" $'2\n2'
	local_mail plain ben@example.test unsorted-1 'X-Spam-Flag: YES'
	fetch plain ben@example.test secret unsorted-1

	lines=$(log_lines plain)
	echo 'non_smtpd_milters =' >"$dir/postfix-main.cf"
	wait_until 20 log_after_has plain "$lines" 'changes are in use'
	local_mail plain ben@example.test sorted-1 'X-Spam-Flag: YES'
	fetch plain ben@example.test secret sorted-1 Junk
	rm "$dir/postfix-main.cf"
	brings_junk_script postfix-main.cf 'header_checks ='
	brings_junk_script postfix-main.cf 'smtpd_proxy_filter ='
	brings_junk_script dovecot.cf $'service lmtp {\n}'
	server_remove plain

	server_start plain -e ENABLE_OPENDMARC=0 -e MOVE_SPAM_TO_JUNK=1
	local_mail plain ben@example.test sorted-2 'X-Spam-Flag: YES'
	fetch plain ben@example.test secret sorted-2 Junk
	server_remove plain
}
