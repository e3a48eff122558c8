#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Dovecot removes and makes its sockets when it reads its configuration again. Postfix is to notice nothing. Dovecot's own
# processes may still miss each other in that moment, the more so on a busy machine: a login or a delivery is then told to try again.

load lib/e2e

LINK=/run/mailserver/live/dovecot

setup_file() {
	e2e_start
	# Each process of Postfix serves one client: all of them look for Dovecot anew.
	echo 'max_use = 1' >"$(config busy)/postfix-main.cf"
	server_start busy -e MAIL_ACCOUNTS='anna@example.test:secret-anna' -e SSL_TYPE=self-signed
}

teardown_file() { e2e_stop; }

leads_to() { in_server busy readlink "$LINK"; }

is_home() { [ "$(leads_to)" = /run/dovecot ]; }

is_away() { ! is_home; }

stand_ins() { in_server busy pgrep -fc dovecot-stand-in || :; }

has_no_stand_in() { [ "$(stand_ins)" -eq 0 ]; }

messages() { tools mt count "$(address busy)" anna@example.test secret-anna; }

# What Dovecot itself has put off is tried again.
have_arrived() { in_server busy postqueue -f && [ "$(messages)" -eq "$1" ]; }

# stop_dovecot, go_on: its master hears no signals meanwhile, so that a reload takes as long as it may.
stop_dovecot() { in_server busy pkill -STOP -x dovecot; }

go_on() { in_server busy pkill -CONT -x dovecot; }

@test "twenty reloads among logins and deliveries: nobody is hung up on, Postfix misses no socket, every message arrives once" {
	local taken
	tools rm -f /tmp/enough
	tools python3 -c "$(cat "$E2E_DIR/lib/submit.py")" "$(address busy)" anna@example.test secret-anna /tmp/enough \
		>"$LAB_DIR/submitted" 3>&- &
	wait_until 20 log_has busy 'status=sent' 5
	for _ in {1..20}; do
		in_server busy mailserver dovecot-reload
	done
	tools touch /tmp/enough
	wait $!
	run cat "$LAB_DIR/submitted"
	echo "# $output" >&3
	refute_output Disconnected
	assert_match '^taken [1-9][0-9]+$'
	taken=${output##* }
	run log_of busy
	refute_match 'postfix.*(error|fatal):'
	refute_output 'Dovecot auth socket'
	refute_match 'status=deferred \((connect to|lost connection|conversation)'
	assert_equal "$(grep -c 'SIGHUP received' <<<"$output")" 20
	wait_until 60 have_arrived "$taken"
	is_home
	wait_until 120 has_no_stand_in
	run in_server busy ls /run/mailserver/live
	refute_output 'dovecot.'
}

@test "a reload that Dovecot does not hear ends with an error; who came meanwhile is served by the old sockets" {
	local client rc=0
	stop_dovecot
	in_server busy mailserver dovecot-reload >"$LAB_DIR/reload" 2>&1 3>&- &
	client=$!
	wait_until 5 is_away
	# Dovecot's processes live on; auth answers.
	run tools swaks --to anna@example.test --server "$(address busy)" --tls-on-connect --port 465 --quit-after AUTH \
		--auth-user anna@example.test --auth-password secret-anna
	assert_status 0
	assert_output '235 2.7.0'
	wait "$client" || rc=$?
	assert_equal "$rc" 75
	# doveadm may want Dovecot's configuration, for which the master would have to start a process.
	run cat "$LAB_DIR/reload"
	assert_match '^(the configuration was not taken up within 2 s|run /usr/bin/doveadm: not finished after 5000 ms, killed)$'
	is_home
	go_on
	wait_until 10 is_healthy busy
}

@test "the stand-in is killed, or the reload is: the sockets are Dovecot's again all the same" {
	local reload
	wait_until 120 has_no_stand_in
	stop_dovecot
	in_server busy mailserver dovecot-reload 3>&- &
	reload=$!
	wait_until 5 is_away
	in_server busy pkill -KILL -f dovecot-stand-in
	wait "$reload" || :
	is_home
	in_server busy mailserver dovecot-reload 3>&- &
	reload=$!
	wait_until 5 is_away
	in_server busy pkill -KILL -f 'mailserver dovecot-reload'
	wait_until 5 is_home
	wait "$reload" || :
	go_on
	wait_until 10 is_healthy busy
	run mail_in busy anna@example.test "$(unique after)"
	assert_status 0
}

@test "Dovecot is away for a while: only what came meanwhile waits, what comes then is delivered at once" {
	local subject
	server_start away -e MAIL_ACCOUNTS='anna@example.test:secret-anna'
	in_server away supervisorctl stop dovecot
	# Many at the same moment: one after the other would each be tried alone.
	in_server away sh -c 'for i in $(seq 30); do echo hello | sendmail -f bob@other.test anna@example.test & done; wait'
	wait_until 20 log_has away 'status=deferred' 30
	in_server away supervisorctl start dovecot
	wait_until 20 is_healthy away
	subject=$(unique later)
	run mail_in away anna@example.test "$subject"
	assert_status 0
	run fetch away anna@example.test secret-anna "$subject"
	assert_status 0
	run log_of away
	refute_output 'delivery temporarily suspended'
	assert_output 'Connection refused'
	server_remove away
}
