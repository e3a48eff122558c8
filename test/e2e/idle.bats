#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# IMAP clients that wait in IDLE: held by one small process for all, told of new mail at once, never sent away.

load lib/e2e
load lib/certs

PORTS='143 993'

setup_file() {
	e2e_require_image
	e2e_build_tools
	e2e_start
	ca_start
	{
		account_line anna@example.test secret
		account_line nora@example.test secret
	} >"$(config idle)/postfix-accounts.cf"
	echo 'require ["fileinto", "mailbox"]; fileinto :create "Lists";' >"$(config idle)/nora@example.test.dovecot.sieve"
	cert_make /config/idle-cert mail.example.test
	server_start idle -e SSL_TYPE=manual -e SSL_CERT_PATH=/cert/fullchain.pem -e SSL_KEY_PATH=/cert/privkey.pem \
		-v "$(config idle-cert):/cert:ro"
}

teardown_file() { e2e_stop; }

# A test leaves no client behind.
teardown() { tools pkill -f 'talk[.]py|idlers[.]py' || :; }

# talk NAME PORT [USER [compress]]: a client, of anna's; say NAME LINE… sends, heard NAME REGEX is what it was told.
talk() {
	local name=$1 port=$2 user=${3:-anna@example.test}
	rm -f "$LAB_DIR/$name.say"
	mkfifo "$LAB_DIR/$name.say"
	tools python3 -c "$(cat "$E2E_DIR/lib/talk.py")" "$(address idle)" "$port" "$user" secret "${@:4}" \
		<>"$LAB_DIR/$name.say" >"$LAB_DIR/$name.heard" 2>&1 3>&- &
	wait_until 10 heard "$name" '^ready$'
}

say() {
	local name=$1
	shift
	# Through cat, as one write(2) for all lines; printf makes one for each, between which the client may read.
	cat <<<"$(printf '%s\n' "$@")" >"$LAB_DIR/$name.say"
}

# heard NAME REGEX: a line is so.
heard() { grep -qE -- "$2" "$LAB_DIR/$1.heard"; }

# heard_times NAME REGEX NUMBER: at least so many lines are so.
heard_times() { [ "$(grep -cE -- "$2" "$LAB_DIR/$1.heard")" -ge "$3" ]; }

# lists NAME FOLDER: the client asks, and has been told of it now or before.
lists() {
	say "$1" 'l LIST "" *'
	heard "$1" "^\\* LIST .* $2\$"
}

held() { in_server idle doveadm -f tab who -1 | awk '$2 == "imap-hibernate"' | wc -l; }

are_held() { [ "$(held)" -eq "$1" ]; }

# wait_held NUMBER: so many sessions, and no others, are with the process that holds them.
wait_held() {
	wait_until 15 are_held "$1"
	wait_until 60 sh -c "! '$ENGINE' exec '$LAB-idle' pgrep -f '^dovecot/imap( |\$)' >/dev/null"
}

# announced SUBJECT NAME…: a message comes in, and all these clients are told within a second of its delivery.
announced() {
	local subject=$1 name number sent
	shift
	for name in "$@"; do
		number=$(grep -c ' EXISTS$' "$LAB_DIR/$name.heard" || :)
		echo $((number + 1)) >"$LAB_DIR/$name.wanted"
	done
	mail_in idle anna@example.test "$subject" >/dev/null
	sent=$(now_ms)
	for name in "$@"; do
		wait_until 10 heard_times "$name" ' EXISTS$' "$(cat "$LAB_DIR/$name.wanted")"
	done
	echo "announced $(($(now_ms) - sent)) ms after it was accepted"
	[ $(($(now_ms) - sent)) -lt 2000 ]
}

@test "clients in IDLE on 143 and 993 are held without a process of their own, and told of new mail at once" {
	local port
	for port in $PORTS; do
		talk "c$port" "$port"
		say "c$port" 'a IDLE'
		wait_until 10 heard "c$port" '^\+ idling'
	done
	wait_held 2
	run in_server idle ps -C imap-hibernate -o user=
	assert_equal "$output" vmail
	announced "$(unique)" c143 c993
	# And again: it is held once more after it was told.
	wait_held 2
	announced "$(unique)" c143 c993
}

@test "a held session goes on with its next command: flags of others are seen, and BAD input is answered" {
	talk one 993
	talk two 143
	say one 'a IDLE'
	wait_until 10 heard one '^\+ idling'
	wait_until 15 are_held 1
	say two 'b STORE 1 +FLAGS (\Flagged)'
	wait_until 10 heard one '^\* 1 FETCH .*\\Flagged'
	wait_until 15 are_held 1
	say one DONE 'c FETCH 1 (FLAGS)'
	wait_until 10 heard one '^a OK'
	wait_until 10 heard one '^c OK'
	# DONE and IDLE in one packet, as a client renews it: nothing is woken.
	say one 'd IDLE'
	wait_until 15 are_held 1
	say one DONE 'e IDLE'
	wait_until 10 heard one '^d OK'
	are_held 1
	say one 'nonsense'
	wait_until 10 heard one '^e BAD'
	say one 'f NOOP'
	wait_until 10 heard one '^f OK'
}

@test "an account added, a renewed certificate and new settings of Dovecot leave held sessions as they are" {
	local lines before
	talk c143 143
	talk c993 993
	say c143 'a IDLE'
	say c993 'a IDLE'
	wait_held 2
	before=$(in_server idle pgrep -f '^dovecot/imap-hibernate')
	in_server idle setup email add ben@example.test secret
	login idle ben@example.test secret
	cert_make /config/idle-cert mail.example.test 60
	wait_until 20 serves idle 993 "$(fingerprint /config/idle-cert/fullchain.pem)"
	lines=$(log_lines idle)
	echo 'imap_idle_notify_interval = 3 mins' >"$(config idle)/dovecot.cf"
	wait_until 20 log_after_has idle "$lines" 'changes are in use'
	assert_equal "$(in_server idle pgrep -o -f '^dovecot/imap-hibernate')" "$before"
	are_held 2
	announced "$(unique)" c143 c993
	wait_until 15 are_held 2
	announced "$(unique)" c143 c993
	run cat "$LAB_DIR/c143.heard" "$LAB_DIR/c993.heard"
	refute_output BYE
	refute_output closed
}

@test "a client that compresses is told as well" {
	talk packed 993 anna@example.test compress
	say packed 'a IDLE'
	wait_until 10 heard packed '^\+ idling'
	announced "$(unique)" packed
	say packed DONE
	wait_until 10 heard packed '^a OK'
}

@test "a held session of an account that is removed ends" {
	in_server idle setup email add gone@example.test secret
	talk gone 993 gone@example.test
	say gone 'a IDLE'
	wait_until 15 are_held 1
	in_server idle setup email del -y gone@example.test
	wait_until 10 heard gone '^closed$'
	heard gone '^\* BYE'
}

# said_times WHAT NUMBER: the clients of idlers.py have said so at least so many times.
said_times() { [ "$(grep -c " $1" "$LAB_DIR/idlers")" -ge "$2" ]; }

# Five for each user: all of them come back at the same moment, and ten from one address are what Dovecot allows.
@test "the process that holds 20 sessions is killed: all come back at once, and are held again" {
	local users=(kim@example.test lea@example.test mia@example.test noa@example.test) user killed_ms
	for user in "${users[@]}"; do
		in_server idle setup email add "$user" secret
	done
	rm -f "$LAB_DIR/idlers.end"
	mkfifo "$LAB_DIR/idlers.end"
	: >"$LAB_DIR/idlers"
	tools python3 -c "$(cat "$E2E_DIR/lib/idlers.py")" "$(address idle)" secret 5 "${users[@]}" \
		<>"$LAB_DIR/idlers.end" >"$LAB_DIR/idlers" 2>&1 3>&- &
	wait_until 20 said_times waits 20
	wait_held 20
	killed_ms=$(now_ms)
	in_server idle pkill -KILL -f '^dovecot/imap-hibernate'
	wait_until 5 said_times gone 20
	wait_until 10 said_times waits 40
	echo "# all are back $(($(now_ms) - killed_ms)) ms after the kill" >&3
	run cat "$LAB_DIR/idlers"
	refute_output refused
	is_healthy idle
	wait_held 20
	for user in "${users[@]}"; do
		mail_in idle "$user" "$(unique)" >/dev/null
	done
	wait_until 10 said_times told 20
	wait_held 20
	run cat "$LAB_DIR/idlers"
	assert_equal "$(grep -c gone <<<"$output")" 20
}

@test "imap_hibernate_timeout = 0 in dovecot.cf: each session keeps its process" {
	local lines
	lines=$(log_lines idle)
	echo 'imap_hibernate_timeout = 0' >"$(config idle)/dovecot.cf"
	wait_until 20 log_after_has idle "$lines" 'changes are in use'
	run in_server idle doveconf -f protocol=imap -h imap_hibernate_timeout
	assert_equal "$output" 0
	talk own 993
	say own 'a IDLE'
	wait_until 10 heard own '^\+ idling'
	announced "$(unique)" own
	assert_equal "$(held)" 0
}

@test "an open session learns of a folder that a delivery makes (LIST), and of what comes into it (NOTIFY)" {
	talk nora 143 nora@example.test
	say nora 'a LIST "" *'
	wait_until 10 heard nora '^a OK'
	run heard nora '^\* LIST .* Lists$'
	assert_status 1
	mail_in idle nora@example.test lists-1
	wait_until 10 in_server idle test -d /var/mail/example.test/nora/.Lists
	wait_until 10 lists nora Lists
	say nora 'n NOTIFY SET (PERSONAL (MessageNew MessageExpunge))'
	wait_until 10 heard nora '^n OK'
	mail_in idle nora@example.test lists-2
	wait_until 10 heard nora '^\* STATUS Lists \(MESSAGES 2 '
}
