#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What stands before a message is taken: postscreen, DNS lists, greylisting.

load lib/e2e

setup_file() {
	e2e_start
	server_start grey -e MAIL_ACCOUNTS='anna@example.test:secret1 ben@example.test:secret2' -e ENABLE_POSTGREY=1 \
		-e POSTGREY_DELAY=1 -e POSTGREY_TEXT='Come back, 100% sure' -e POSTGREY_AUTO_WHITELIST_CLIENTS=0 \
		-e POSTMASTER_ADDRESS=anna@example.test
}

teardown_file() { e2e_stop; }

# mail_from SERVER SENDER TO: one try; the answers.
mail_from() { run mail_in "$1" "$3" "$(unique)" --from "$2"; }

is_taken() {
	mail_from "$@"
	[ "$status" -eq 0 ]
}

greylisted() {
	mail_from "$@"
	assert_match '450 4.2.0 <.*>: Recipient address rejected: Come back, 100% sure'
}

write_list() { tools sh -c "cat >/config/grey/$1"; }

# --- greylisting ------------------------------------------------------------------------------------

@test "greylisting: an unknown sender is put off with 450, and let in when it comes again" {
	greylisted grey one@other.test anna@example.test
	wait_until 10 is_taken grey one@other.test anna@example.test
	is_taken grey one@other.test anna@example.test
}

@test "greylisting: each sender and recipient by itself; what is refused anyway is not put off" {
	greylisted grey two@other.test anna@example.test
	greylisted grey two@other.test ben@example.test
	mail_from grey two@other.test nobody@example.test
	assert_match '550 5.1.1'
}

@test "greylisting: users who are logged in are never put off" {
	run mail_out grey anna@example.test secret1 ben@example.test "$(unique)"
	assert_status 0
}

@test "greylisting: whitelist_clients.local counts at once, and no longer when the line is gone" {
	greylisted grey three@other.test anna@example.test
	echo "$(address tools) # the tests" | write_list whitelist_clients.local
	wait_until 10 is_taken grey four@other.test anna@example.test
	write_list whitelist_clients.local <<<'# empty'
	wait_until 10 log_has grey 'reloading whitelists' 2
	greylisted grey five@other.test anna@example.test
}

@test "greylisting: whitelist_recipients, and Debian's list of recipients" {
	echo ben@example.test | write_list whitelist_recipients
	wait_until 10 is_taken grey six@other.test ben@example.test
	greylisted grey six@other.test anna@example.test
	is_taken grey six@other.test abuse@example.test
	write_list whitelist_recipients <<<'# empty'
}

@test "greylisting: a bad line is named and not taken" {
	local mark
	mark=$(log_lines grey)
	echo '/(/' | write_list whitelist_clients.local
	wait_until 10 log_after_has grey "$mark" 'whitelist_clients.local:1'
	greylisted grey seven@other.test anna@example.test
	write_list whitelist_clients.local <<<'# empty'
	wait_until 20 is_healthy grey
}

@test "greylisting: while it is down mail is put off, health says so, and it comes back by itself" {
	in_server grey supervisorctl stop postgrey
	mail_from grey eight@other.test anna@example.test
	assert_match '4[0-9][0-9] 4\.'
	refute_match '^<.* 250 2.0.0'
	run in_server grey mailserver healthcheck
	assert_status 1
	assert_output 'greylisting'
	in_server grey supervisorctl start postgrey
	greylisted grey eight@other.test anna@example.test
	in_server grey pkill -KILL -u postgrey
	wait_until 20 is_healthy grey
	wait_until 10 is_taken grey eight@other.test anna@example.test
}

@test "greylisting: who is known stays known over a restart; the data are for the daemon only" {
	wait_until 10 is_taken grey nine@other.test anna@example.test
	server_restart grey
	is_taken grey nine@other.test anna@example.test
	run in_server grey stat -c '%U %a' /var/mail-state/lib-postgrey
	assert_output 'postgrey 700'
}
