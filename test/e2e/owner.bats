#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# DMS_VMAIL_UID and DMS_VMAIL_GID: mail that belongs to other ids than 5000.

load lib/e2e

setup_file() {
	e2e_require_image
	e2e_build_tools
	e2e_start
	local dir
	dir=$(config mail)
	account_line anna@example.test secret >"$dir/postfix-accounts.cf"
	echo 'require ["fileinto", "mailbox"]; if header :contains "Subject" "to-lists" { fileinto :create "Lists"; }' \
		>"$dir/anna@example.test.dovecot.sieve"
}

teardown_file() {
	e2e_stop
	"$ENGINE" volume ls -q --filter "name=^$LAB-" | xargs -r "$ENGINE" volume rm >/dev/null
}

# start UID GID: the server with the same volumes as before.
start() {
	[ -z "$("$ENGINE" ps -aq --filter "name=^/?$LAB-mail\$")" ] || server_remove mail
	# shellcheck disable=SC2046
	server_start mail -e DMS_VMAIL_UID="$1" -e DMS_VMAIL_GID="$2" -e ENABLE_MANAGESIEVE=1 \
		-v "$LAB-mail:/var/mail" -v "$LAB-state:/var/mail-state" \
		--read-only --tmpfs /run --tmpfs /tmp --cap-drop ALL $(printf -- '--cap-add %s ' $E2E_CAPABILITIES)
}

belongs_to() {
	assert_equal "$(in_server mail stat -c %u:%g /var/mail)" "$1:$2"
	run in_server mail find /var/mail '(' ! -uid "$1" -o ! -gid "$2" ')'
	assert_equal "$output" ''
}

@test "a fresh volume: delivery, IMAP, Sieve, and all files have these ids" {
	start 6001 6002
	mail_in mail anna@example.test fresh-1
	fetch mail anna@example.test secret fresh-1
	mail_in mail anna@example.test to-lists-1
	run fetch mail anna@example.test secret to-lists-1 Lists
	assert_status 0
	belongs_to 6001 6002
	run log_of mail
	refute_output 'giving it'
}

@test "a restart gives nothing away again" {
	server_restart mail
	mail_in mail anna@example.test restarted-1
	fetch mail anna@example.test secret restarted-1
	belongs_to 6001 6002
	run log_since_start mail
	refute_output 'giving it'
}

@test "other ids on a volume with mail: it is given over once, and goes on" {
	start 6003 6004
	run log_of mail
	assert_match '/var/mail belongs to 6001:6002: giving it and its content to 6003:6004'
	fetch mail anna@example.test secret fresh-1
	fetch mail anna@example.test secret to-lists-1 Lists
	mail_in mail anna@example.test to-lists-2
	fetch mail anna@example.test secret to-lists-2 Lists
	belongs_to 6003 6004
	server_restart mail
	run log_since_start mail
	refute_output 'giving it'
}

@test "another group alone is given over too, and back to the usual ids" {
	start 6003 6005
	belongs_to 6003 6005
	start 5000 5000
	belongs_to 5000 5000
	mail_in mail anna@example.test back-1
	fetch mail anna@example.test secret back-1
}

@test "setup email del removes the mail of such an account" {
	start 6006 6006
	in_server mail setup email add gone@example.test secret
	mail_in mail gone@example.test last-1
	fetch mail gone@example.test secret last-1
	in_server mail setup email del -y gone@example.test
	run in_server mail ls /var/mail/example.test
	refute_output gone
	assert_output anna
}

@test "files of somebody else in there are left alone" {
	in_server mail sh -c 'mkdir /var/mail/lost+found && touch /var/mail/lost+found/x'
	start 6007 6007
	assert_equal "$(in_server mail stat -c %u:%g /var/mail/lost+found/x)" 0:0
	fetch mail anna@example.test secret back-1
	in_server mail rm -r /var/mail/lost+found
}

@test "the id of a daemon is refused with its name; 0 is no choice" {
	run "$ENGINE" run --rm --network none --hostname mail.example.test -e DMS_VMAIL_UID=201 -e DMS_VMAIL_GID=6000 \
		"$IMAGE" mailserver config check
	assert_status 78
	assert_match "DMS_VMAIL_UID='201': this is the id of 'postfix'"
	run "$ENGINE" run --rm --network none --hostname mail.example.test -e DMS_VMAIL_GID=200 "$IMAGE" mailserver config check
	assert_status 78
	assert_match "DMS_VMAIL_GID='200': this is the id of 'clamav'"
	run "$ENGINE" run --rm --network none --hostname mail.example.test -e DMS_VMAIL_UID=0 "$IMAGE" mailserver config check
	assert_status 78
	assert_match "DMS_VMAIL_UID='0'"
}
