#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# What stands before a message is taken: postscreen, DNS lists, greylisting.

load lib/e2e

setup_file() {
	e2e_start
	dns_lists_good
	server_start grey -e MAIL_ACCOUNTS='anna@example.test:secret1 ben@example.test:secret2' -e ENABLE_POSTGREY=1 \
		-e POSTGREY_DELAY=1 -e POSTGREY_TEXT='Come back, 100% sure' -e POSTGREY_AUTO_WHITELIST_CLIENTS=0 \
		-e POSTMASTER_ADDRESS=anna@example.test
}

teardown_file() { e2e_stop; }

# The lists, as far as the name server of the tests knows them: list_client HOST… with the address of the tools.
reversed() { awk -F. '{ print $4 "." $3 "." $2 "." $1 }' <<<"$(address tools)"; }


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

@test "greylisting: while it hangs mail is put off, health says so, and it is ended and started again" {
	local pid mark
	pid=$(in_server grey pgrep -o -u postgrey)
	mark=$(log_lines grey)
	in_server grey kill -STOP "$pid"
	run in_server grey mailserver healthcheck
	assert_status 1
	assert_match 'greylisting.*no answer'
	run mail_in grey anna@example.test "$(unique)" --from ten@other.test --timeout 100
	assert_match '<\*\* +4[0-9][0-9] '
	wait_until 100 is_healthy grey
	[ "$(in_server grey pgrep -o -u postgrey)" != "$pid" ]
	log_after_has grey "$mark" 'postgrey hangs'
	greylisted grey newcomer@other.test anna@example.test # ten was asked for again when the new one was there
}

@test "greylisting: a visit of the health check is not logged" {
	local mark
	mark=$(log_lines grey)
	in_server grey mailserver healthcheck
	run log_after grey "$mark"
	refute_output postgrey
}

@test "greylisting: who is known stays known over a restart; the data are for the daemon only" {
	wait_until 10 is_taken grey nine@other.test anna@example.test
	server_restart grey
	is_taken grey nine@other.test anna@example.test
	run in_server grey stat -c '%U %a' /var/mail-state/lib-postgrey
	assert_output 'postgrey 700'
}

# --- postscreen -------------------------------------------------------------------------------------

# early HOST: talks before the greeting; what the server said.
early() {
	tools python3 - "$1" <<-'EOF'
		import socket, sys
		s = socket.create_connection((sys.argv[1], 25), timeout=20)
		s.sendall(b"EHLO robot.test\r\n")
		s.settimeout(20)
		f = s.makefile("rb")
		said = []
		try:
		    while True:
		        line = f.readline()
		        if not line:
		            break
		        said.append(line.decode())
		        if line[3:4] == b" " and len(said) == 2:
		            s.sendall(b"MAIL FROM:<bob@other.test>\r\n")
		        if line.startswith(b"250 2.1.0"):
		            s.sendall(b"RCPT TO:<anna@example.test>\r\n")
		        if line.startswith((b"250 2.1.5", b"5", b"4")):
		            break
		except OSError as why:
		    said.append(str(why))
		print("".join(said))
	EOF
}

@test "postscreen: who talks before the greeting is refused, whoever waits is let in and known over a restart" {
	local mark took
	server_start screen -e MAIL_ACCOUNTS='anna@example.test:secret1' -e POSTSCREEN_GREET_WAIT=3
	early "$(address screen)" >/dev/null
	wait_until 10 log_has screen PREGREET
	took=$(now_ms)
	mail_from screen bob@other.test anna@example.test
	assert_status 0
	[ $(($(now_ms) - took)) -ge 2500 ]
	wait_until 5 log_has screen 'PASS NEW'
	server_restart screen
	took=$(now_ms)
	mail_from screen bob@other.test anna@example.test
	assert_status 0
	[ $(($(now_ms) - took)) -lt 2500 ]
	log_has screen 'PASS OLD'
}

@test "postscreen: the container itself does not wait, and may not relay either" {
	local took
	took=$(now_ms)
	run in_server screen swaks --server 127.0.0.1 --from bob@other.test --to carol@elsewhere.test
	[ $(($(now_ms) - took)) -lt 2500 ]
	assert_match '554 5.7.1 .*Relay access denied'
}

@test "postscreen: trusted networks do not wait" {
	local took
	server_start trusted -e MAIL_ACCOUNTS='anna@example.test:secret1' -e POSTSCREEN_GREET_WAIT=8 \
		-e PERMIT_DOCKER=connected-networks
	took=$(now_ms)
	mail_from trusted bob@other.test anna@example.test
	assert_status 0
	[ $(($(now_ms) - took)) -lt 7500 ]
	server_remove trusted
}

@test "postscreen: STARTTLS, and no AUTH, while and after the client is looked at" {
	run mail_in screen anna@example.test "$(unique)" -tls
	assert_status 0
	refute_output 'AUTH'
	server_remove screen
}

@test "DNS lists: an answer that says no (127.255.255.254) lists nobody" {
	dns_add <<<"host-record=$(reversed).zen.spamhaus.org,127.255.255.254"
	server_start refused -e MAIL_ACCOUNTS='anna@example.test:secret1' -e ENABLE_DNSBL=1
	wait_until 20 is_taken refused bob@other.test anna@example.test
	server_remove refused
}

@test "DNS lists: a listed client is refused and named, a list of friends lets it in, ignore lets it in" {
	server_create listed -e MAIL_ACCOUNTS='anna@example.test:secret1' -e ENABLE_DNSBL=1
	server_boot listed
	dns_add <<<"host-record=$(reversed).zen.spamhaus.org,127.0.0.4"
	server_ready listed
	mail_from listed bob@other.test anna@example.test
	assert_match '550 5.7.1 Service unavailable; client .* blocked using zen.spamhaus.org'
	run in_server listed swaks --server 127.0.0.1 --from bob@other.test --to anna@example.test
	assert_status 0
	dns_add <<<"host-record=$(reversed).list.dnswl.org,127.0.5.3"
	wait_until 20 is_taken listed bob@other.test anna@example.test
	server_remove listed
	server_start ignored -e MAIL_ACCOUNTS='anna@example.test:secret1' -e ENABLE_DNSBL=1 -e POSTSCREEN_ACTION=ignore
	mail_from ignored bob@other.test anna@example.test
	assert_status 0
	server_remove ignored
}
