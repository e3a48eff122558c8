#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Mail in, mail out, mail refused; how it lies in the mailbox. One server, one mail exchanger of another domain.

load lib/e2e

setup_file() {
	e2e_start
	server_start mail -e SSL_TYPE=self-signed -e ENABLE_POP3=1 \
		-e MAIL_ACCOUNTS='anna@example.test:secret1 ben@example.test:secret2 carla@example.test:secret3' \
		-e MAIL_ALIASES='info@example.test=anna@example.test team@example.test=anna@example.test,ben@example.test'
}

teardown_file() { e2e_stop; }

deliver_and_fetch() {
	local subject=$1
	shift
	run mail_in mail anna@example.test "$subject" "$@"
	assert_status 0
	run fetch mail anna@example.test secret1 "$subject"
	assert_status 0
}

# --- in ---------------------------------------------------------------------------------------------

@test "mail to port 25 is read over IMAP" {
	deliver_and_fetch "$(unique)" --body 'the body of the message'
	assert_output 'the body of the message'
}

@test "mail to port 25 is read over POP3" {
	local subject
	subject=$(unique)
	run mail_in mail ben@example.test "$subject" --body 'read with POP'
	assert_status 0
	run tools mt pop3 "$(address mail)" ben@example.test secret2 "$subject"
	assert_status 0
	assert_output 'read with POP'
}

@test "mail to port 25 with STARTTLS" {
	deliver_and_fetch "$(unique)" -tls
	assert_match 'with ESMTPS'
}

@test "the delivered message has Return-Path and Delivered-To, and came by LMTP" {
	deliver_and_fetch "$(unique)"
	assert_match '^Return-Path: <bob@other.test>'
	assert_match '^Delivered-To: anna@example.test'
	assert_output 'with LMTP'
	assert_match '^Received: from mx.other.test'
}

@test "inbound headers stay as they are" {
	deliver_and_fetch "$(unique)" --header 'User-Agent: Pigeon 1.0' --header 'X-Mailer: Feather' \
		--header 'X-Originating-IP: [192.0.2.7]' --header 'Mime-Version: 1.0'
	assert_output 'User-Agent: Pigeon 1.0'
	assert_output 'X-Mailer: Feather'
	assert_output 'X-Originating-IP: [192.0.2.7]'
	refute_output 'X-MS-Reactions'
}

@test "UTF-8 and 8-bit text in headers and body arrives byte for byte" {
	local subject
	subject=$(unique)
	printf 'From: Jörg <bob@other.test>\r\nTo: anna@example.test\r\nSubject: %s Grüße\r\nX-Latin: Gr\374\337e\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSchöne Grüße aus Köln ☃\r\n' \
		"$subject" >"$LAB_DIR/config/eight.eml"
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to anna@example.test --data @/config/eight.eml
	assert_status 0
	fetch mail anna@example.test secret1 "$subject" >"$LAB_DIR/eight.got"
	grep -qaF "Subject: $subject Grüße" "$LAB_DIR/eight.got"
	grep -qaF 'From: Jörg <bob@other.test>' "$LAB_DIR/eight.got"
	LC_ALL=C grep -qaF "X-Latin: Gr"$'\374\337'"e" "$LAB_DIR/eight.got"
	grep -qaF 'Schöne Grüße aus Köln ☃' "$LAB_DIR/eight.got"
}

@test "RFC 2047 and UTF-8 subjects are searched and read alike" {
	deliver_and_fetch "$(unique utf)" --header 'X-Note: =?utf-8?Q?Gr=C3=BC=C3=9Fe?='
	assert_output '=?utf-8?Q?Gr=C3=BC=C3=9Fe?='
}

@test "plus addressing: the tag is kept, the mail is in the INBOX" {
	local subject
	subject=$(unique)
	run mail_in mail anna+news.letter@example.test "$subject"
	assert_status 0
	run fetch mail anna@example.test secret1 "$subject"
	assert_status 0
	assert_match '^Delivered-To: anna\+news.letter@example.test'
}

@test "upper case in the recipient does not matter" {
	local subject
	subject=$(unique)
	run mail_in mail AnnA@Example.TEST "$subject"
	assert_status 0
	run fetch mail anna@example.test secret1 "$subject"
	assert_status 0
}

@test "aliases of the environment: one target and several" {
	local subject user
	subject=$(unique)
	run mail_in mail info@example.test,team@example.test "$subject"
	assert_status 0
	for user in anna:secret1 ben:secret2; do
		run fetch mail "${user%:*}@example.test" "${user#*:}" "$subject"
		assert_status 0
	done
}

@test "a login under an alias name is refused" {
	run login mail info@example.test secret1
	assert_status 1
}

@test "forty messages at once to one mailbox: none is put off" {
	local mark
	mark=$(log_lines mail)
	run tools mt burst "$(address mail)" carla@example.test 40 8
	assert_status 0
	wait_until 30 carla_has 40
	run log_after mail "$mark"
	refute_output 'status=deferred'
}

carla_has() { [ "$(tools mt count "$(address mail)" carla@example.test secret3)" -eq "$1" ]; }

# --- refused ----------------------------------------------------------------------------------------

@test "unknown recipient: 550 5.1.1 at RCPT" {
	run mail_in mail nobody@example.test "$(unique)"
	assert_status 24
	assert_match 'RCPT TO:<nobody@example.test>'
	assert_match '<\*\* +550 5\.1\.1'
}

@test "a known and an unknown recipient: only the unknown one is refused" {
	local subject
	subject=$(unique)
	run mail_in mail nobody@example.test,anna@example.test "$subject"
	assert_match '<\*\* +550 5\.1\.1'
	run fetch mail anna@example.test secret1 "$subject"
	assert_status 0
}

@test "relaying is refused on 25" {
	run mail_in mail someone@other.test "$(unique)"
	assert_status 24
	assert_match '<\*\* +[45]54 [45]\.7\.1'
	assert_output 'Relay access denied'
}

@test "strangers cannot write to the machine itself" {
	local to
	for to in root@localhost postmaster@localhost root@localhost.example.test; do
		run tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to "$to" --quit-after RCPT
		assert_match '<\*\* +5[0-9][0-9]'
	done
}

@test "relaying tricks are refused on 25" {
	local to
	for to in 'someone%other.test@example.test' '"someone@other.test"@example.test' '@example.test:someone@other.test' \
		'other.test!someone@example.test'; do
		run tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to "$to" --quit-after RCPT
		assert_match '<\*\* +[45][0-9][0-9]'
	done
}

@test "587 and 465 take nothing without a login" {
	run tools swaks --server "$(address mail)" --port 587 -tls --ehlo laptop.home.test --from anna@example.test --to someone@other.test
	assert_status 24
	run tools swaks --server "$(address mail)" --port 465 -tlsc --ehlo laptop.home.test --from anna@example.test --to anna@example.test
	assert_status 24
}

@test "a wrong password is refused by submission, IMAP and POP3" {
	run mail_out mail anna@example.test wrong someone@other.test "$(unique)"
	assert_status 28
	assert_output '535 5.7.8'
	run login mail anna@example.test wrong
	assert_status 1
	assert_output 'AUTHENTICATIONFAILED'
	run tools mt login pop3 "$(address mail)" anna@example.test wrong
	assert_status 1
}

@test "a wrong password is in the log, but never the password" {
	run login mail anna@example.test 'a-password-nobody-has'
	assert_status 1
	wait_until 10 log_matches mail 'anna@example.test.*(auth failed|[Pp]assword mismatch)'
	run log_of mail
	refute_output 'a-password-nobody-has'
	refute_output 'secret1'
}

@test "sender domain that does not exist: refused" {
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@nowhere.test --to anna@example.test
	assert_match '<\*\* +[45]50 [45]\.1\.8'
	refute_match '<- +354'
	wait_until 10 log_matches mail 'reject: DATA .* <bob@nowhere.test>: Sender address rejected: Domain not found; .* to=<anna@'
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@nowhere.test --to anna@example.test,ben@example.test
	assert_match '<\*\* +[45]50 [45]\.1\.8'
	refute_match '<- +354'
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --from '<>' --to anna@example.test
	assert_status 0
}

@test "DNS is asked about a sender once for each message, not for each recipient" {
	dns_add <<<log-queries
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@nosuch-once.test \
		--to anna@example.test,ben@example.test,postmaster@example.test,abuse@example.test
	assert_match '<\*\* +[45]50 [45]\.1\.8'
	wait_until 5 log_has tools 'query[MX] nosuch-once.test'
	assert_equal "$(log_of tools | grep -cF 'query[MX] nosuch-once.test')" 1
}

@test "HELO that is no host name: refused" {
	run tools swaks --server "$(address mail)" --ehlo 'not_a host!' --from bob@other.test --to anna@example.test
	[ "$status" -ne 0 ]
	run tools swaks --server "$(address mail)" --ehlo unqualified --from bob@other.test --to anna@example.test
	assert_status 24
	assert_match '<\*\* +504 5\.5\.2'
}

@test "a message of 25 MiB is refused with 552, when its size is announced and when it is not" {
	tools sh -c 'mt bigmail 26214400 >/tmp/big.eml'
	run tools curl -sv --crlf --url "smtp://$(address mail):25/mx.other.test" --mail-from 'bob@other.test' \
		--mail-rcpt anna@example.test --upload-file /tmp/big.eml
	[ "$status" -ne 0 ]
	assert_match '^< 552 5\.3\.4'
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to anna@example.test \
		--data @/tmp/big.eml --suppress-data --timeout 60
	[ "$status" -ne 0 ]
	assert_match '<\*\* +552 5\.3\.4'
}

@test "a message below the limit passes" {
	tools sh -c 'mt bigmail 9000000 >/tmp/nine.eml'
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --from bob@other.test --to anna@example.test \
		--data @/tmp/nine.eml --suppress-data --timeout 60
	assert_status 0
	fetch mail anna@example.test secret1 'big 9000000' >"$LAB_DIR/nine.got"
	[ "$(wc -c <"$LAB_DIR/nine.got")" -gt 9000000 ]
}

@test "a bare line feed does not end the data" {
	run tools python3 - "$(address mail)" <<-'END'
		import socket, sys
		with socket.create_connection((sys.argv[1], 25), timeout=20) as sock:
		    file = sock.makefile("rb")
		    def answer():
		        line = file.readline()
		        while line[3:4] == b"-":
		            line = file.readline()
		        return line.decode().strip()
		    print(answer())
		    for text in (b"EHLO mx.other.test", b"MAIL FROM:<bob@other.test>", b"RCPT TO:<anna@example.test>", b"DATA"):
		        sock.sendall(text + b"\r\n")
		        print(answer())
		    sock.sendall(b"Subject: smuggled\r\n\r\nfirst\n.\nMAIL FROM:<evil@other.test>\r\nRCPT TO:<anna@example.test>\r\nDATA\r\nSubject: second\r\n\r\nx\r\n.\r\n")
		    print("end:", answer())
		    sock.settimeout(2)
		    try:
		        print("more:", answer())
		    except OSError:
		        print("nothing more")
	END
	assert_status 0
	refute_match '^more: (250|354)'
}

@test "VRFY is off, SMTPUTF8 and DSN are not offered on 25" {
	run tools mt talk "$(address mail)" 25 'EHLO mx.other.test' 'VRFY anna@example.test' QUIT
	assert_match '502 5\.5\.1'
	run tools swaks --server "$(address mail)" --ehlo mx.other.test --quit-after EHLO
	refute_output 'SMTPUTF8'
	refute_match '250[- ]DSN'
	assert_output '8BITMIME'
	assert_match 'SIZE 10240000'
}

# --- out --------------------------------------------------------------------------------------------

@test "587 with STARTTLS to the other domain's mail exchanger, encrypted on the way" {
	local subject number
	subject=$(unique)
	run mail_out mail anna@example.test secret1 someone@other.test "$subject" --body 'hello over there'
	assert_status 0
	number=$(mx_wait "$subject")
	run tools cat "$number.json" "$number.eml"
	assert_output '"tls": true'
	assert_output '"ehlo": "mail.example.test"'
	assert_output '"from": "anna@example.test"'
	assert_output 'hello over there'
}

@test "465 with implicit TLS to the other domain's mail exchanger" {
	local subject number
	subject=$(unique)
	run mail_out mail ben@example.test secret2 someone@other.test "$subject" --port 465 -tlsc
	assert_status 0
	mx_wait "$subject"
}

@test "AUTH LOGIN works too" {
	run tools swaks --server "$(address mail)" --port 465 -tlsc --ehlo laptop.home.test --from anna@example.test --to ben@example.test \
		--auth LOGIN --auth-user anna@example.test --auth-password secret1
	assert_status 0
}

@test "submission hides the client's program and address" {
	local subject number
	subject=$(unique)
	run mail_out mail anna@example.test secret1 someone@other.test "$subject" --port 465 -tlsc \
		--header 'User-Agent: Pigeon 1.0' --header 'X-Mailer: Feather' --header 'X-Originating-IP: [192.0.2.7]' \
		--header 'X-Enigmail-Version: 2' --header 'Mime-Version: 1.0 (Feather)'
	assert_status 0
	number=$(mx_wait "$subject")
	run tools cat "$number.eml"
	refute_match '^(User-Agent|X-Mailer|X-Originating-IP|X-Enigmail)'
	refute_output 'laptop.home.test'
	refute_output "$(address tools)"
	refute_output 'ESMTPSA'
	assert_match '^MIME-Version: 1\.0'
}

@test "mail between two accounts" {
	local subject
	subject=$(unique)
	run mail_out mail anna@example.test secret1 ben@example.test "$subject"
	assert_status 0
	run fetch mail ben@example.test secret2 "$subject"
	assert_status 0
	assert_match '^Return-Path: <anna@example.test>'
}

@test "mail that the other side refuses for good comes back to the sender" {
	local subject
	subject=$(unique)
	run mail_out mail anna@example.test secret1 reject@other.test "$subject"
	assert_status 0
	run fetch mail anna@example.test secret1 'Undelivered Mail Returned to Sender'
	assert_status 0
	assert_output 'reject@other.test'
}

@test "mail that the other side puts off stays in the queue and goes out later" {
	local subject
	subject=$(unique)
	tools touch /srv/mx/hold
	run mail_out mail anna@example.test secret1 wait@other.test "$subject"
	assert_status 0
	wait_until 20 log_matches mail 'wait@other.test.*status=deferred'
	[ "$(queue_length mail)" -eq 1 ]
	tools rm /srv/mx/hold
	in_server mail postqueue -f
	mx_wait "$subject"
	wait_until 10 queue_is_empty mail
}

@test "mail from inside the container, by sendmail" {
	local subject
	subject=$(unique)
	run in_server mail sh -c "printf 'Subject: $subject\n\nfrom cron\n' | sendmail anna@example.test"
	assert_status 0
	run fetch mail anna@example.test secret1 "$subject"
	assert_status 0
}

# --- mailboxes --------------------------------------------------------------------------------------

@test "special-use folders exist and are subscribed" {
	run tools mt folders "$(address mail)" anna@example.test secret1
	assert_status 0
	local folder
	for folder in Drafts Junk Sent Trash; do
		assert_match "^$folder \\\\$folder\$"
		assert_match "^$folder subscribed\$"
	done
	refute_output Archive
}

@test "mail lies in /var/mail/DOMAIN/LOCAL, readable only by the mail user" {
	deliver_and_fetch "$(unique)"
	run in_server mail sh -c 'ls /var/mail/example.test/anna/cur /var/mail/example.test/anna/new | grep -c .'
	assert_status 0
	run in_server mail find /var/mail/example.test '(' -perm /077 ! -name 'dovecot-uidvalidity.*' -o ! -user 5000 -o ! -group 5000 ')' -ls
	assert_status 0
	assert_equal "$output" ''
}

@test "a second user of the container reads no mail" {
	run "$ENGINE" exec -u nobody "$LAB-mail" sh -c 'cat /var/mail/example.test/anna/*/* || ls /var/mail/example.test/anna'
	[ "$status" -ne 0 ]
}

# --- a conversation ---------------------------------------------------------------------------------

# "USER PID" of the processes of this name; Postfix has a program named lmtp too.
processes() { in_server mail ps -C "$1" -o user=,pid= | grep -v postfix; }

@test "sessions and deliveries run as the mail user, and one process serves several users in turn" {
	local name before subject
	subject=$(unique)
	mail_in mail ben@example.test "$subject" >/dev/null
	run tools mt pop3 "$(address mail)" ben@example.test secret2 "$subject"
	assert_status 0
	deliver_and_fetch "$(unique)"
	for name in imap pop3 lmtp; do
		run processes "$name"
		assert_match '^vmail '
		refute_match '^root '
	done
	before=$(processes imap)
	run tools curl -sk --user ben@example.test:secret2 "imaps://$(address mail)/INBOX" -X 'STATUS INBOX (MESSAGES)'
	assert_status 0
	assert_equal "$(processes imap)" "$before"
}

@test "a conversation with mutt, msmtp and mbsync" {
	local subject
	subject=$(unique walk)
	tools bash -eu -s mail.example.test <<-'END'
		for who in anna:secret1 ben:secret2; do
		    user=${who%:*} home=/home/${who%:*}
		    mkdir -p "$home/mail"
		    printf '%s\n' 'defaults' 'tls on' 'tls_certcheck off' 'auth on' 'account default' "host $1" 'port 465' \
		        'tls_starttls off' "from $user@example.test" "user $user@example.test" "password ${who#*:}" >"$home/msmtprc"
		    chmod 600 "$home/msmtprc"
		    printf '%s\n' 'IMAPAccount a' "Host $1" 'Port 993' "User $user@example.test" "Pass ${who#*:}" 'TLSType IMAPS' \
		        "CertificateFile $home/cert.pem" '' 'IMAPStore far' 'Account a' '' 'MaildirStore near' "Path $home/mail/" \
		        "Inbox $home/mail/INBOX" 'SubFolders Verbatim' '' 'Channel all' 'Far :far:' 'Near :near:' 'Patterns *' 'Create Both' 'Sync All' 'SyncState *' >"$home/mbsyncrc"
		    printf '%s\n' "set from=$user@example.test" "set sendmail='msmtp -C $home/msmtprc'" 'set use_from=yes' 'set copy=yes' \
		        'set mbox_type=Maildir' "set folder=$home/mail" "set spoolfile=$home/mail/INBOX" "set record=$home/mail/Sent" >"$home/muttrc"
		    openssl s_client -connect "$1:993" </dev/null 2>/dev/null | openssl x509 >"$home/cert.pem"
		done
	END
	sync_box() { tools mbsync -q -c "/home/$1/mbsyncrc" all; }
	box_has() { sync_box "$1" && tools sh -c "grep -rlq -- '$2' /home/$1/mail/INBOX"; }
	sync_box anna
	sync_box ben
	tools sh -c "echo 'Shall we walk?' | mutt -n -F /home/anna/muttrc -s '$subject' -- ben@example.test"
	wait_until 20 box_has ben 'Shall we walk?'
	tools sh -c "printf 'Yes, at five.\n' | mutt -n -F /home/ben/muttrc -s 'Re: $subject' -- anna@example.test"
	wait_until 20 box_has anna 'Yes, at five.'
	sync_box anna
	# The copy in Sent came back to the server, where IMAP shows it.
	run fetch mail anna@example.test secret1 "$subject" Sent
	assert_status 0
	assert_output 'Shall we walk?'
}
