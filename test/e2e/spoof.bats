#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Who may send as whom (SPOOF_PROTECTION), and what submission takes out of a message. Tables are live: rights come
# and go with `setup alias`.

load lib/e2e

setup_file() {
	e2e_start
	local dir
	dir=$(config spoof)
	{
		account_line anna@example.test secret1
		account_line ben@example.test secret2
		account_line carla@example.test secret3
	} >"$dir/postfix-accounts.cf"
	cat >"$dir/postfix-virtual.cf" <<-'EOF'
		# one target, several, nested, and what nobody else takes
		info@example.test anna@example.test
		team@example.test anna@example.test,ben@example.test
		all@example.test team@example.test
		@example.test carla@example.test
	EOF
	cat >"$dir/postfix-regexp.cf" <<-'EOF'
		/^sales\..*@example\.test$/ team@example.test
		/^box-(.*)@example\.test$/ $1@example.test
	EOF
	server_start spoof -e SSL_TYPE=self-signed -e SPOOF_PROTECTION=1 -e POSTMASTER_ADDRESS=carla@example.test
	server_start open -e SSL_TYPE=self-signed -e MAIL_ACCOUNTS='anna@example.test:secret1'
}

teardown_file() { e2e_stop; }

# send_as SERVER LOGIN PASSWORD SENDER [swaks options…]
send_as() {
	local server=$1 login=$2 password=$3 sender=$4
	shift 4
	run mail_out "$server" "$login" "$password" bob@other.test "$(unique)" --from "$sender" "$@"
}

may() {
	send_as spoof "$@"
	assert_status 0
}

may_not() {
	send_as spoof "$@"
	refute_match '^<.* 250 2.1.5'
	assert_match "553 5.7.1 <.*>: Sender address rejected: not owned by user $1"
}

@test "own address, in any case, with a tag" {
	may anna@example.test secret1 anna@example.test
	may anna@example.test secret1 Anna@Example.TEST
	may anna@example.test secret1 anna+shop@example.test
}

@test "somebody else's address is refused with 553, on both ports" {
	may_not anna@example.test secret1 ben@example.test
	may_not anna@example.test secret1 ben+x@example.test
	send_as spoof anna@example.test secret1 ben@example.test --port 465 -tlsc
	assert_match '553 5.7.1 .*not owned by user anna@example.test'
}

@test "a foreign address, and one that is nobody's, are refused" {
	may_not anna@example.test secret1 bob@other.test
	may_not anna@example.test secret1 nobody@example.test
}

@test "aliases: one target, several, nested, with a tag" {
	may anna@example.test secret1 info@example.test
	may_not ben@example.test secret2 info@example.test
	may anna@example.test secret1 team@example.test
	may ben@example.test secret2 team@example.test
	may ben@example.test secret2 all@example.test
	may ben@example.test secret2 all+x@example.test
	may_not carla@example.test secret3 all@example.test
}

@test "patterns: to an alias, and with a part of the address" {
	may ben@example.test secret2 sales.eu@example.test
	may_not carla@example.test secret3 sales.eu@example.test
	may carla@example.test secret3 box-carla@example.test
	may_not anna@example.test secret1 box-carla@example.test
}

@test "role addresses belong to POSTMASTER_ADDRESS; a catch-all gives no right" {
	may_not carla@example.test secret3 whatever@example.test
	may_not anna@example.test secret1 postmaster@example.test
}

@test "the empty sender is allowed" {
	run mail_out spoof anna@example.test secret1 bob@other.test "$(unique)" --from '<>'
	assert_status 0
}

@test "a right comes with setup alias add, at once, and goes with del" {
	may_not ben@example.test secret2 press@example.test
	in_server spoof setup alias add press@example.test ben@example.test
	may ben@example.test secret2 press@example.test
	in_server spoof setup alias del press@example.test ben@example.test
	may_not ben@example.test secret2 press@example.test
}

@test "an account that was just added sends as itself, and as what was meant for it" {
	in_server spoof setup alias add later@example.test dora@example.test
	in_server spoof setup email add dora@example.test secret4
	may dora@example.test secret4 dora@example.test
	may dora@example.test secret4 dora+x@example.test
	may dora@example.test secret4 later@example.test
	may_not dora@example.test secret4 anna@example.test
	in_server spoof setup email del -y dora@example.test
}

@test "mail that comes in may have any sender: that is what SPF and DMARC are for" {
	run mail_in spoof anna@example.test "$(unique)"
	assert_status 0
}

@test "setup debug who-may-send-as names file and line, and agrees with the server" {
	run in_server spoof setup debug who-may-send-as all@example.test
	assert_status 0
	assert_output 'anna@example.test
    postfix-virtual.cf:4: all@example.test → team@example.test
    postfix-virtual.cf:3: team@example.test → anna@example.test'
	assert_output 'ben@example.test'
	refute_output 'carla'
	refute_output 'SPOOF_PROTECTION'
	run in_server spoof setup debug who-may-send-as sales.de@example.test
	assert_output 'postfix-regexp.cf:1: sales.de@example.test → team@example.test'
	run in_server spoof setup debug who-may-send-as carla+x@example.test
	assert_output 'postfix-accounts.cf:3: the account itself'
	run in_server spoof setup debug who-may-send-as bob@other.test
	assert_status 0
	assert_match '^nobody: '
}

@test "without SPOOF_PROTECTION everybody sends as anybody, and the command says so" {
	send_as open anna@example.test secret1 ben@example.test
	assert_status 0
	run in_server open setup debug who-may-send-as anna@example.test
	assert_status 0
	assert_output 'SPOOF_PROTECTION is off'
	assert_output 'MAIL_ACCOUNTS:1: the account itself'
}

# --- privacy on submission --------------------------------------------------------------------------

# submitted OPTIONS…: what mx.other.test gets of a message of anna.
submitted() {
	local subject
	subject=$(unique)
	run mail_out spoof anna@example.test secret1 bob@other.test "$subject" "$@"
	assert_status 0
	run tools cat "$(mx_wait "$subject").eml"
	assert_output "Subject: $subject"
}

@test "submission: address and name of the user's machine, and the login, are taken out" {
	local from
	for from in '--port 587 -tls' '--port 465 -tlsc'; do
		# shellcheck disable=SC2086
		submitted $from --header 'Received: from 127.0.0.1 (localhost [127.0.0.1]) by laptop.home.test' \
			--header 'X-Originating-IP: [192.0.2.7]'
		refute_output 'laptop.home.test'
		refute_output "$(address tools)"
		refute_output 'Authenticated sender'
		refute_output 'with ESMTPSA'
		refute_output 'X-Originating-IP'
		refute_output '192.0.2.7'
	done
}

@test "submission: the user's program is taken out, Microsoft's reactions are switched off" {
	submitted --header 'X-Mailer: Feather 2' --header 'User-Agent: Pigeon 1.0' --header 'X-Enigmail-Version: 3' \
		--header 'X-MS-Reactions: allow' --header 'MIME-Version: 1.0 (Feather 2)' --header 'X-Kept: yes'
	refute_output 'X-Mailer'
	refute_output 'User-Agent'
	refute_output 'Enigmail'
	refute_output 'Feather'
	assert_output 'X-MS-Reactions: disallow'
	refute_output 'X-MS-Reactions: allow'
	assert_match '^MIME-Version: 1\.0.?$'
	assert_output 'X-Kept: yes'
}

@test "submission: mail from one user to another is cleaned too, mail that comes in is left alone" {
	local subject
	subject=$(unique)
	run mail_out spoof anna@example.test secret1 ben@example.test "$subject" --header 'User-Agent: Pigeon 1.0'
	assert_status 0
	run fetch spoof ben@example.test secret2 "$subject"
	refute_output 'Pigeon'
	refute_output 'laptop.home.test'
	subject=$(unique)
	run mail_in spoof ben@example.test "$subject" --header 'User-Agent: Pigeon 1.0' --header 'X-Mailer: Feather' \
		--header 'X-Enigmail-Version: 3' --header 'X-Originating-IP: [192.0.2.7]' --header 'X-MS-Reactions: allow' \
		--header 'Mime-Version: 1.0 (Feather)' --header 'Received: from 127.0.0.1 by somewhere with ESMTPSA'
	assert_status 0
	run fetch spoof ben@example.test secret2 "$subject"
	assert_output 'User-Agent: Pigeon 1.0'
	assert_output 'X-Mailer: Feather'
	assert_output 'X-Enigmail-Version: 3'
	assert_output 'X-Originating-IP: [192.0.2.7]'
	assert_output 'X-MS-Reactions: allow'
	refute_output 'disallow'
	assert_output 'Mime-Version: 1.0 (Feather)'
	assert_output 'by somewhere with ESMTPSA'
}
