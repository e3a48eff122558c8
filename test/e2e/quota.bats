#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Quotas end to end: answers at RCPT under every name of a full mailbox, IMAP QUOTA, refused APPENDs, warning mails.

load lib/e2e

setup_file() {
	e2e_start
	local dir
	dir=$(config quota)
	{
		account_line anna@example.test secret1
		account_line ben@example.test secret2
		account_line real@catch.test secret3
		account_line warn@example.test secret4
		account_line live@example.test secret5
	} >"$dir/postfix-accounts.cf"
	cat >"$dir/postfix-virtual.cf" <<-'END'
		info@example.test      anna@example.test
		far@example.test       info@example.test
		tagged@example.test    anna+lists@example.test
		team@example.test      anna@example.test, ben@example.test
		away@example.test      someone@other.test
		anna+jobs@example.test ben@example.test
		@catch.test            anna@example.test
	END
	server_start quota -e SSL_TYPE=self-signed -e POSTMASTER_ADDRESS=anna@example.test
	fill anna@example.test secret1 200
	in_setup quota set anna@example.test 100k
}

teardown_file() { e2e_stop; }

in_setup() { in_server quota setup "$@" </dev/null; }

imap() { tools curl -sk --user "$1:$2" "imaps://$(address quota)/$3" "${@:4}"; }

# append USER PASSWORD KIB [FOLDER]: a message of about that size, over IMAP.
append() {
	tools mt bigmail "$(($3 * 1024))" >"$BATS_FILE_TMPDIR/mail"
	tools sh -c 'cat >/tmp/mail' <"$BATS_FILE_TMPDIR/mail"
	imap "$1" "$2" "${4:-INBOX}" -T /tmp/mail -v
}

fill() { append "$@" >/dev/null 2>&1; }

# The answer to RCPT from outside.
rcpt() {
	run tools swaks --server "$(address quota)" --ehlo mx.other.test --from bob@other.test --to "$1" --quit-after RCPT
}

assert_full() {
	rcpt "$1"
	echo "recipient: $1"
	assert_status 24
	assert_match '<\*\* 552 5\.2\.2 .*Mailbox is full'
}

assert_taken() {
	rcpt "$1"
	echo "recipient: $1"
	assert_status 0
}

# --- at RCPT ----------------------------------------------------------------------------------------

@test "a full mailbox is refused at RCPT under each of its names" {
	local name
	for name in anna@example.test ANNA@example.test anna+tag@example.test info@example.test info+tag@example.test \
		far@example.test tagged@example.test abuse@example.test postmaster@example.test anybody@catch.test; do
		assert_full "$name"
	done
}

@test "an address that is not only the full mailbox's is not refused" {
	local name
	for name in ben@example.test team@example.test away@example.test anna+jobs@example.test real@catch.test \
		real+tag@catch.test; do
		assert_taken "$name"
	done
	rcpt nobody@example.test
	assert_status 24
	assert_match '<\*\* 550 5\.1\.1'
}

@test "an alias that is added, moved or removed counts at once" {
	in_setup alias add new@example.test anna@example.test
	assert_full new@example.test
	in_setup alias add new@example.test ben@example.test
	assert_taken new@example.test
	in_setup alias del new@example.test anna@example.test
	assert_taken new@example.test
	in_setup alias add ben2@example.test new@example.test
	in_setup alias add new@example.test anna@example.test
	in_setup alias del new@example.test ben@example.test
	assert_full ben2@example.test
	in_setup alias del ben2@example.test new@example.test
	in_setup alias del new@example.test anna@example.test
}

@test "an account that is added for a waiting alias, and filled, counts at once" {
	in_setup alias add soon@example.test coming@example.test
	assert_taken soon@example.test
	in_setup email add coming@example.test secret6
	fill coming@example.test secret6 200
	in_setup quota set coming@example.test 100k
	assert_full soon@example.test
	in_setup email del -y coming@example.test
}

@test "room again: a raised quota counts at once, under every name" {
	in_setup quota set anna@example.test 10M
	assert_taken anna@example.test
	assert_taken far@example.test
	in_setup quota set anna@example.test 100k
	assert_full far@example.test
}

@test "who has logged in may send to a full mailbox's alias; the message is returned, not lost" {
	local subject
	subject=$(unique)
	run mail_out quota ben@example.test secret2 info@example.test "$subject"
	assert_status 0
	run fetch quota ben@example.test secret2 'Undelivered Mail Returned to Sender'
	assert_status 0
	assert_output "$subject"
	assert_output '5.2.2'
}

@test "an alias is no login, no mailbox, and no user" {
	run login quota info@example.test secret1
	assert_status 1
	run in_server quota doveadm user info@example.test
	assert_output "doesn't exist"
	run in_server quota doveadm user '*'
	assert_equal "$(sort <<<"$output" | tr '\n' ' ')" \
		'anna@example.test ben@example.test live@example.test real@catch.test warn@example.test '
	run in_server quota sh -c 'printf "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<info@example.test>\r\nQUIT\r\n" |
		timeout 5 nc -U -N /run/dovecot/lmtp'
	assert_match '^550 5\.1\.1 <info@example\.test>'
}

@test "the policy service: never OK, and a message larger than a mailbox may take" {
	ask() { # RECIPIENT SIZE
		in_server quota sh -c 'printf "request=smtpd_access_policy\nrecipient=%s\nsize=%s\n\n" "$1" "$2" |
			timeout 5 nc -U -N /run/dovecot/quota-status' sh "$1" "$2"
	}
	assert_equal "$(ask ben@example.test 1000)" 'action=DUNNO'
	assert_equal "$(ask team@example.test 1000)" 'action=DUNNO'
	assert_equal "$(ask "o'neil@example.test" 1000)" 'action=DUNNO'
	assert_equal "$(ask nobody@nowhere.test 1000)" 'action=DUNNO'
	assert_equal "$(ask plain 1000)" 'action=DUNNO'
	# Dovecot 2.4.1 does not use the answer that it has for this (5.2.3).
	[[ $(ask ben@example.test 100000000) == 'action=552 5.2.'* ]]
	assert_equal "$(ask info@example.test 1000)" 'action=552 5.2.2 Mailbox is full'
}

@test "while no mailbox has a limit, nothing that knows limits is asked; with the first limit it is, at once" {
	local server=quota
	rcpt() {
		run tools swaks --server "$(address $server)" --ehlo mx.other.test --from bob@other.test --to "$1" --quit-after RCPT
	}
	server=free
	{
		account_line anna@example.test secret
		account_line ben@example.test secret
	} >"$(config free)/postfix-accounts.cf"
	server_start free
	in_server free mv /run/dovecot/quota-status /run/dovecot/away
	assert_taken anna@example.test
	in_server free setup quota set ben@example.test 1M </dev/null
	rcpt anna@example.test
	assert_match '<\*\* 451 4\.3\.5 '
	in_server free mv /run/dovecot/away /run/dovecot/quota-status
	assert_taken anna@example.test
	in_server free setup quota del ben@example.test </dev/null
	in_server free mv /run/dovecot/quota-status /run/dovecot/away
	assert_taken ben@example.test
	run log_of free
	refute_match 'restriction .* is ignored|unknown smtpd restriction'
	server_remove free
}

# --- IMAP -------------------------------------------------------------------------------------------

quota_root() { imap "$1" "$2" '' -X 'GETQUOTAROOT INBOX'; }

@test "IMAP QUOTA: limit and usage, at once after setup quota set and del" {
	run quota_root live@example.test secret5
	refute_match 'STORAGE'
	in_setup quota set live@example.test 3M
	run quota_root live@example.test secret5
	assert_match '^\* QUOTA "User quota" \(STORAGE 0 3072\)'
	fill live@example.test secret5 100
	run quota_root live@example.test secret5
	assert_match '^\* QUOTA "User quota" \(STORAGE 1[0-9][0-9] 3072\)'
	in_setup quota set live@example.test 5M
	run quota_root live@example.test secret5
	assert_match 'STORAGE 1[0-9][0-9] 5120'
	in_setup quota del live@example.test
	run quota_root live@example.test secret5
	refute_match 'STORAGE'
}

@test "what was delivered while there was no limit counts as soon as there is one" {
	local subject
	subject=$(unique)
	run mail_in quota live@example.test "$subject" --body "$(seq 20000)"
	assert_status 0
	run fetch quota live@example.test secret5 "$subject"
	assert_status 0
	in_setup quota set live@example.test 1M
	run quota_root live@example.test secret5
	assert_match 'STORAGE 2[0-9][0-9] 1024'
	in_setup quota del live@example.test
}

@test "what was stored and deleted over IMAP while there was no limit counts right, too" {
	imap live@example.test secret5 '' -X 'CREATE Kept'
	fill live@example.test secret5 200 Kept
	fill live@example.test secret5 300 Kept
	in_setup quota set live@example.test 5M
	run quota_root live@example.test secret5
	assert_match 'STORAGE [67][0-9][0-9] 5120'
	in_setup quota del live@example.test
	# One that was counted goes, one of another size comes.
	imap live@example.test secret5 Kept -X 'STORE 1 +FLAGS.SILENT (\Deleted)'
	imap live@example.test secret5 Kept -X EXPUNGE
	fill live@example.test secret5 900 Kept
	in_setup quota set live@example.test 5M
	run quota_root live@example.test secret5
	assert_match 'STORAGE 1[34][0-9][0-9] 5120'
	in_setup quota del live@example.test
}

@test "a message above the largest size is refused without any limit, too" {
	run append live@example.test secret5 12000
	[ "$status" -ne 0 ]
	assert_match '^< [A-Z0-9]+ NO '
}

@test "APPEND over the limit is refused; Trash takes 50 MB more" {
	run append anna@example.test secret1 50
	[ "$status" -ne 0 ]
	assert_output '[OVERQUOTA]'
	run append anna@example.test secret1 50 Trash
	assert_status 0
	# What SMTP may bring over the limit, IMAP may not.
	in_setup quota set live@example.test 300k
	run append live@example.test secret5 400
	[ "$status" -ne 0 ]
	assert_output '[OVERQUOTA]'
}

# --- warnings ---------------------------------------------------------------------------------------

# The mailbox of warn@example.test passes a limit; the warning arrives, and says so.
assert_warned() {
	run fetch quota warn@example.test secret4 'quota warning' INBOX
	assert_status 0
	assert_match '^From: postmaster@example\.test'
	assert_match '^To: warn@example\.test'
	assert_match '^Subject: quota warning'
	assert_match "now $1% full"
	imap warn@example.test secret4 INBOX -X 'UID STORE 1:* +FLAGS (\Deleted)' >/dev/null
	imap warn@example.test secret4 INBOX -X 'EXPUNGE' >/dev/null
}

@test "a warning at 80 %, one at 95 %, and one when there is room again, also while it is full" {
	in_setup quota set warn@example.test 1000k
	fill warn@example.test secret4 500 Sent
	run in_server quota doveadm mailbox status -u warn@example.test messages INBOX
	assert_output 'messages=0'
	fill warn@example.test secret4 320 Sent
	assert_warned 80
	fill warn@example.test secret4 150 Sent
	assert_warned 95
	# The last one fits only because quotas are not enforced on warnings.
	fill warn@example.test secret4 24 Sent
	in_setup quota set warn@example.test 900k
	assert_full warn@example.test
	imap warn@example.test secret4 Sent -X 'STORE 1 +FLAGS (\Deleted)' >/dev/null
	imap warn@example.test secret4 Sent -X 'EXPUNGE' >/dev/null
	assert_warned below
}
