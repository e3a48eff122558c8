#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Who may not send or receive: on every port, whatever sender is given, at once; `setup email restrict`.

load lib/e2e

setup_file() {
	e2e_start
	local dir
	dir=$(config res)
	{
		account_line anna@example.test secret1
		account_line ben@example.test secret2
		account_line ruben@example.test secret3
		account_line carla@second.test secret4
		account_line dora@sub.second.test secret5
	} >"$dir/postfix-accounts.cf"
	echo 'info@example.test anna@example.test' >"$dir/postfix-virtual.cf"
	server_start res -e SSL_TYPE=self-signed
}

teardown_file() { e2e_stop; }

teardown() { rm -f "$(config res)"/postfix-*-access.cf; }

in_setup() { in_server res setup "$@" </dev/null; }

restrict() {
	run in_setup email restrict "$@"
	assert_status 0
}

file() { cat "$(config res)/postfix-$1-access.cf"; }

# submit LOGIN PASSWORD [swaks options…]: to bob@other.test, up to RCPT.
submit() { run mail_out res "$1" "$2" bob@other.test "$(unique)" --quit-after RCPT "${@:3}"; }

may_submit() {
	submit "$@"
	echo "submit: $*"
	assert_status 0
}

may_not_submit() {
	submit "$@"
	echo "submit: $*"
	assert_status 24
	assert_match '<.\* 554 5\.7\.1 '
}

# rcpt TO [swaks options…]: from outside, up to RCPT.
rcpt() { run mail_in res "$1" "$(unique)" --quit-after RCPT "${@:2}"; }

may_receive() {
	rcpt "$@"
	echo "rcpt: $*"
	assert_status 0
}

may_not_receive() {
	rcpt "$@"
	echo "rcpt: $*"
	assert_status 24
	assert_match '<.\* 554 5\.7\.1 .*Recipient address rejected: Access denied'
}

# --- sending ----------------------------------------------------------------------------------------

@test "who may not send is refused on 587, 465 and 25, at once; nothing is reloaded; lifted at once" {
	local before
	before=$(daemon_pids res)
	may_submit ben@example.test secret2
	restrict add send ben@example.test
	assert_equal "$output" ''
	may_not_submit ben@example.test secret2
	may_not_submit ben@example.test secret2 --port 465 -tlsc
	rcpt anna@example.test --from ben@example.test
	assert_status 24
	assert_match '554 5\.7\.1 <ben@example\.test>: Sender address rejected: Access denied'
	restrict del send ben@example.test
	may_submit ben@example.test secret2
	may_submit ben@example.test secret2 --port 465 -tlsc
	assert_equal "$(daemon_pids res)" "$before"
}

@test "another sender, a tag, capitals, no sender at all are no way out" {
	restrict add send ben@example.test
	may_not_submit ben@example.test secret2 --from anna@example.test
	may_not_submit ben@example.test secret2 --from someone@other.test
	may_not_submit ben@example.test secret2 --from '<>'
	may_not_submit ben@example.test secret2 --from ben+tag@example.test
	may_not_submit BEN@Example.TEST secret2 --from Anna@Example.TEST
	may_not_submit ben@example.test secret2 --port 465 -tlsc --from anna@example.test
}

@test "nobody else is concerned: no part of an address is enough" {
	restrict add send ben@example.test
	may_submit ruben@example.test secret3
	may_submit anna@example.test secret1
	may_receive ben@example.test
	restrict add send anna@example.test
	may_not_submit anna@example.test secret1
	may_not_submit ben@example.test secret2
	may_submit ruben@example.test secret3
}

@test "somebody else may not send as the address either" {
	restrict add send ben@example.test
	may_not_submit anna@example.test secret1 --from ben@example.test
	may_submit anna@example.test secret1
}

@test "a session that is open is concerned too" {
	run tools python3 - "$(address res)" <<-'END'
		import smtplib, ssl, sys, time
		tls = ssl._create_unverified_context()
		client = smtplib.SMTP(sys.argv[1], 587, local_hostname="laptop.home.test", timeout=20)
		client.starttls(context=tls)
		client.login("ben@example.test", "secret2")
		def answer():
		    client.rset()
		    client.mail("ben@example.test")
		    return client.rcpt("bob@other.test")[0]
		print("before", answer())
		with open("/config/res/postfix-send-access.cf", "w") as file:
		    file.write("ben@example.test REJECT\n")
		end = time.monotonic() + 10
		while answer() != 554 and time.monotonic() < end:
		    time.sleep(0.05)
		print("after", answer())
	END
	assert_output 'before 250'
	assert_output 'after 554'
}

@test "a domain: all its accounts, also those below it and those added later, whatever sender is given" {
	restrict add send second.test
	may_not_submit carla@second.test secret4
	may_not_submit carla@second.test secret4 --from anna@example.test
	may_not_submit dora@sub.second.test secret5 --from anna@example.test
	may_submit anna@example.test secret1
	in_setup email add later@second.test secret6
	may_not_submit later@second.test secret6 --from anna@example.test
	restrict del send second.test
	may_submit later@second.test secret6
	in_setup email del -y later@second.test
}

@test "exceptions and other actions, as access(5) has them" {
	cat >"$(config res)/postfix-send-access.cf" <<-'END'
		# all but one
		example.test    550 5.7.1 Only
		    with permission
		anna@example.test  OK
		carla@      HOLD
	END
	wait_until 10 refuses_with 'Only with permission'
	submit ben@example.test secret2 --from carla@second.test
	assert_match '550 5\.7\.1 .*Only with permission'
	may_submit anna@example.test secret1
	# an exception is no way out for others
	submit ben@example.test secret2 --from anna@example.test
	assert_match '550 5\.7\.1 .*Only with permission'
	submit anna@example.test secret1 --from ben@example.test
	assert_match '550 5\.7\.1 .*Only with permission'
	run mail_out res carla@second.test secret4 anna@example.test "$(unique)"
	assert_status 0
	run in_server res postqueue -j
	assert_output '"queue_name": "hold"'
	in_server res postsuper -d ALL >/dev/null 2>&1
}

refuses_with() {
	submit ben@example.test secret2
	[[ $output == *"$1"* ]]
}

# --- receiving --------------------------------------------------------------------------------------

@test "who may not receive is refused from outside and from users, with a tag, at once, and back" {
	restrict add receive ben@example.test
	may_not_receive ben@example.test
	may_not_receive ben+tag@example.test
	may_not_receive BEN@Example.TEST
	run mail_out res anna@example.test secret1 ben@example.test "$(unique)" --quit-after RCPT
	assert_match '<.\* 554 5\.7\.1 <ben@example\.test>: Recipient address rejected: Access denied'
	run mail_out res anna@example.test secret1 ben@example.test "$(unique)" --quit-after RCPT --port 465 -tlsc
	assert_match '<.\* 554 5\.7\.1 '
	may_receive ruben@example.test
	may_submit ben@example.test secret2
	restrict del receive ben@example.test
	may_receive ben@example.test
}

@test "an address outside, an alias, a domain, a name everywhere" {
	restrict add receive bob@other.test
	assert_output "'bob@other.test' is no account, no alias"
	submit anna@example.test secret1
	assert_match '<.\* 554 5\.7\.1 <bob@other\.test>: Recipient address rejected'
	restrict add receive info@example.test
	may_not_receive info@example.test
	may_receive anna@example.test
	restrict add receive second.test
	refute_output WARN
	may_not_receive carla@second.test
	may_not_receive dora@sub.second.test
	restrict add receive ruben@
	may_not_receive ruben@example.test
}

@test "OK for a recipient does not open a relay" {
	echo 'other.test OK' >"$(config res)/postfix-receive-access.cf"
	restrict add receive ruben@example.test
	rcpt someone@other.test
	assert_status 24
	assert_match '554 5\.7\.1 .*Relay access denied'
}

# --- files ------------------------------------------------------------------------------------------

@test "a bad line keeps the last good state, is named with what is allowed, and can be mended" {
	restrict add send ben@example.test
	printf 'anna@example.test REJECT\ncarla@second.test REJCT\n' >"$(config res)/postfix-send-access.cf"
	wait_until 10 log_matches res "postfix-send-access\.cf:2.*'REJCT'.*not known"
	run in_server res mailserver config check
	assert_status 78
	assert_match 'postfix-send-access\.cf:2'
	assert_output DEFER_IF_PERMIT
	wait_until 10 is_unhealthy res
	may_not_submit ben@example.test secret2
	may_submit anna@example.test secret1
	run in_setup email restrict add receive ruben@example.test
	assert_status 0
	may_not_receive ruben@example.test
	printf 'anna@example.test REJECT\n' >"$(config res)/postfix-send-access.cf"
	wait_until 10 is_healthy res
	may_submit ben@example.test secret2
	may_not_submit anna@example.test secret1
}

# --- commands ---------------------------------------------------------------------------------------

@test "add: the line scripts know; what is there is refused; comments stay" {
	echo '# who sends nothing' >"$(config res)/postfix-send-access.cf"
	restrict add Send Ben@Example.TEST
	assert_equal "$(file send)" $'# who sends nothing\nben@example.test \t\t REJECT'
	run in_setup email restrict add send ben@example.test
	assert_status 1
	assert_output "User 'ben@example.test' already denied to send mails"
	run in_setup email restrict add SEND en@example.test
	assert_status 0
	restrict add receive ben@example.test
	run in_setup email restrict add receive ben@example.test
	assert_status 1
	assert_output "User 'ben@example.test' already denied to receive mails"
	echo 'anna@example.test OK' >>"$(config res)/postfix-send-access.cf"
	run in_setup email restrict add send anna@example.test
	assert_status 1
	assert_output 'postfix-send-access.cf:4'
}

@test "the address is asked for" {
	run in_server res setup email restrict add send <<<'ben@example.test'
	assert_status 0
	assert_equal "$(file send)" $'ben@example.test \t\t REJECT'
	run in_server res setup email restrict del send <<<'ben@example.test'
	assert_status 0
	run in_server res setup email restrict add send <<<''
	assert_status 1
	assert_output 'User must not be empty'
	run on_terminal res 'expect=Provide a username: ' 'send=ben@example.test\r' -- setup email restrict add send
	assert_status 0
	assert_equal "$(file send)" $'ben@example.test \t\t REJECT'
}

@test "del: only the very address; twice is no error; without a file it is" {
	run in_setup email restrict del send ben@example.test
	assert_status 1
	assert_output "User 'ben@example.test' not found"
	restrict add send ben@example.test
	restrict add send ben@example.test.org
	restrict del send BEN@example.test
	restrict del send ben@example.test
	assert_equal "$(file send)" $'ben@example.test.org \t\t REJECT'
}

@test "list: plain, as JSON, nobody" {
	restrict list send
	assert_output 'Everyone is allowed to send mails'
	restrict list receive
	assert_output 'Everyone is allowed to receive mails'
	restrict list --json send
	assert_equal "$output" '[]'
	printf '# x REJECT\nben@example.test \t\t REJECT\nanna@example.test OK\n' >"$(config res)/postfix-send-access.cf"
	restrict list SEND
	assert_equal "$output" $'ben@example.test \t\t REJECT'
	restrict list --json send
	assert_equal "$(tr -d ' \n' <<<"$output")" \
		'[{"address":"ben@example.test","action":"REJECT"},{"address":"anna@example.test","action":"OK"}]'
}

@test "wrong arguments" {
	local words
	while IFS= read -r words; do
		# shellcheck disable=SC2086 # words
		run in_setup email restrict $words
		echo "words: $words"
		assert_status 1
	done <<-'END'

		frob
		add
		add frob
		add frob ben@example.test
		del
		list
		list all
		add send ben@bad_domain.test
		add send a,b
		add send ben@example.test anna@example.test
	END
	run in_setup email restrict add help
	assert_status 0
	assert_output 'setup email restrict add send'
	run ls "$(config res)"
	refute_output access
}

@test "the old program name" {
	run in_server res restrict-access add send ben@example.test
	assert_status 0
	may_not_submit ben@example.test secret2
	run in_server res restrict-access list send
	assert_output 'ben@example.test'
	run in_server res restrict-access del send ben@example.test
	assert_status 0
	may_submit ben@example.test secret2
}

@test "several at the same time lose nothing" {
	local i
	for i in 1 2 3 4; do
		in_setup email restrict add send "many$i@example.test" &
	done
	wait
	assert_equal "$(file send | grep -c REJECT)" 4
}

@test "with the container stopped the file is edited, and counts after the start" {
	local image_run=("$ENGINE" run --rm -i --network none -v "$(config res):/tmp/docker-mailserver" "$IMAGE")
	"$ENGINE" stop "$LAB-res" >/dev/null
	run "${image_run[@]}" setup email restrict add send ben@example.test
	assert_status 0
	run "${image_run[@]}" setup email restrict list send
	assert_output 'ben@example.test'
	server_boot res
	server_ready res
	may_not_submit ben@example.test secret2
}
